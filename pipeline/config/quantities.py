"""Durations and sizes as people write them. Pure."""

import re

from .wrong import Wrong, kind_of, short

_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]*)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_BYTES = {
    "B": 1,
    **{name: 1024**power for power, name in enumerate(("KiB", "MiB", "GiB", "TiB"), 1)},
    **{name: 1000**power for power, name in enumerate(("KB", "MB", "GB", "TB"), 1)},
}


def seconds(value: object) -> float:
    """Return a duration such as `90s`, `10m`, `1.5h`. Raises Wrong."""
    result = _scaled(value, _SECONDS, "a duration", "10m", "units are s, m and h")
    return float(result)


def size_bytes(value: object) -> int:
    """Return a size such as `512MiB` or `2 GB`. Raises Wrong."""
    units = "units are B, KiB, MiB, GiB, TiB, KB, MB, GB and TB"
    return int(_scaled(value, _BYTES, "a size", "512MiB", units))


def _scaled(value: object, units: dict[str, int], what: str, example: str, advice: str) -> float:
    first = next(iter(units))
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise Wrong(
            f"expected {what} with its unit, got {kind_of(value)}", f"write `{value}{first}`; {advice}"
        )
    found = _NUMBER.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise Wrong(f"expected {what} such as `{example}`, got {kind_of(value)}", advice)
    factor = units.get(found[2])
    if factor is None:
        near = next((unit for unit in units if unit.lower() == found[2].lower()), None)
        unit = f"the unit `{found[2]}` is unknown" if found[2] else f"{what} needs its unit"
        raise Wrong(unit, f"write `{found[1]}{near or first}`; {advice}")
    scaled = float(found[1]) * factor
    if scaled <= 0:
        raise Wrong(f"expected {what} above zero, got {kind_of(value)}", f"write `1{first}` or more")
    if scaled >= 2**63:
        raise Wrong(f"`{short(found[0])}` is too large for {what}", f"write a smaller one; {advice}")
    return scaled
