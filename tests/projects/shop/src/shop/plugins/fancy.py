def render(rows):
    return "\n".join(f"* {name} = {value}" for name, value in rows)
