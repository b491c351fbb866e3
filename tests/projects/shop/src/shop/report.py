from .plugins import find
from .text.tools import initials


def report(totals: dict[str, dict], title):
    from .late import footer

    rows = [(path.rsplit("-", 1)[-1], found["taxed"]) for path, found in totals.items()]
    return f"{title} ({initials(title)})\n{find('plain').render(rows)}\n{footer()}\n"
