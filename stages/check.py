"""Stops the pipeline when the data is not what the model was built for. Writes nothing."""


def check(quality: dict, min_rows: int, min_match_rate: dict, late_rate_between: list) -> None:
    """Raise ValueError, naming everything that is wrong at once."""
    wrong = list(problems(quality, min_rows, min_match_rate, late_rate_between))
    if wrong:
        raise ValueError("; ".join(wrong))
    print("the data is as expected:", quality)


def problems(quality: dict, min_rows: int, min_match_rate: dict, late_rate_between: list) -> list[str]:
    """Return a phrase for each expectation that does not hold."""
    found = []
    if quality["rows"] < min_rows:
        found.append(f"{quality['rows']} rows, expected at least {min_rows}")
    for name, least in sorted(min_match_rate.items()):
        rate = quality[f"{name}_match_rate"]
        if rate < least:
            found.append(f"only {rate:.1%} of flights have their {name}, expected {least:.1%}")
    low, high = late_rate_between
    if not low <= quality["late_rate"] <= high:
        found.append(f"{quality['late_rate']:.1%} of flights are late, expected {low:.0%} to {high:.0%}")
    return found
