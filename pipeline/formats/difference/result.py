"""What a comparison gives, as plain values, and how single values are written in it. Opens no file."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

_SHOWN = 60
MOST_LINES = 40
"""What is told in detail of one file."""
CELLS = 50_000_000
"""How many values are looked at after the first that differs: the rest of a large file is not counted."""


class Tolerance(NamedTuple):
    """Two numbers are close if they are at most `atol + rtol * |expected|` apart, as numpy and pytest have it."""

    rtol: float = 0.0
    atol: float = 0.0


class Difference(NamedTuple):
    """What differs. `within` says that it is no more than a tolerance allows; without one nothing is.

    `text` is one line, the most important first. `lines` are the details, in order, bounded; empty where there
    is no more to say. `facts` are the same for programs: plain JSON values, always with "kind". All of it may
    hold text out of the files: who prints it makes it printable.
    """

    within: bool
    text: str
    lines: tuple[str, ...] = ()
    facts: Mapping[str, Any] = {}


Compare: TypeAlias = Callable[[str, str, Tolerance | None], Difference]
"""Compares two files whose bytes differ, by their paths. Raises FormatError and OSError for what it cannot read."""


def shown(value: Any) -> str:
    """Write a value, cut where it is long."""
    if value is None or value is True or value is False:
        text = {None: "null", True: "true", False: "false"}[value]
    elif hasattr(value, "isoformat"):
        text = value.isoformat()
    elif isinstance(value, str | bytes):
        text = repr(value[: _SHOWN + 1])
    else:
        try:
            text = repr(value)
        except ValueError:  # an integer of more digits than Python writes
            text = (
                f"an integer of {value.bit_length():,} bits"
                if isinstance(value, int)
                else type(value).__name__
            )
    return cut(text)


def both(expected: Any, actual: Any) -> tuple[str, str]:
    """Write two values that differ; of long texts the part where they begin to."""
    if isinstance(expected, str | bytes) and type(expected) is type(actual):
        pairs = enumerate(zip(expected, actual, strict=False))
        start = next((index for index, (a, b) in pairs if a != b), min(len(expected), len(actual))) - 15
        if start > 0 and max(len(expected), len(actual)) > 50:
            return f"…{shown(expected[start : start + 50])}", f"…{shown(actual[start : start + 50])}"
    return shown(expected), shown(actual)


def cut(text: str, most: int = _SHOWN) -> str:
    """Return a text, shortened if it is longer than what anybody reads in one line."""
    return text if len(text) <= most else text[:most] + "…"


def count(number: int, noun: str) -> str:
    """Write a number of things, as in `1 row` and `1,000 rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def counts(expected: int, actual: int, noun: str) -> str:
    """Write how many there are, and how many there were if that is another number."""
    return count(expected, noun) if expected == actual else f"{expected:,} -> {count(actual, noun)}"


def some(names: Iterable[str], most: int = 5) -> str:
    """Write the first names, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - most:,} more" if len(listed) > most else ""
    return ", ".join(cut(name) for name in listed[:most]) + more


def bounded(lines: Iterable[str]) -> tuple[str, ...]:
    """Keep of the details what is read, and say how much was left out."""
    listed = list(lines)
    if len(listed) <= MOST_LINES:
        return tuple(listed)
    return (*listed[: MOST_LINES - 1], f"… and {len(listed) - MOST_LINES + 1:,} lines more")


def parts_of_a_line(parts: list[str], most: int = 6) -> list[str]:
    """Return so many parts as one line holds: all of the end, for there stand the values."""
    if len(parts) <= most:
        return parts
    return [*parts[: most - 2], f"{len(parts) - most + 1:,} more changes of columns", parts[-1]]
