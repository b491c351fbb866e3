"""The metrics of recorded runs: what they are called, and which of two values is better. Pure: reads no record.

A metric's whole name is `STAGE.OUTPUT.KEY…`; whoever asks may leave out of its beginning what is not needed.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from .dotted import leaves
from .errors import usage
from .history import RunRecord

Direction = Literal["higher", "lower"]


class Wanted(NamedTuple):
    """A metric, by its whole name, and which way it gets better."""

    name: str
    better: Direction


def of_record(record: RunRecord) -> dict[str, Any]:
    """Return what a run's metrics files held, by whole names."""
    found = {}
    for stage, each in record.stages.items():
        found.update({f"{stage}.{name}": value for name, value in leaves(each.metrics).items()})
    return found


def directions(records: Iterable[RunRecord]) -> dict[str, Direction]:
    """Return which way metrics get better, by whole names, as the first record that says so has it."""
    found: dict[str, Direction] = {}
    for record in records:
        for stage, each in record.stages.items():
            for name, direction in each.better.items():
                found.setdefault(f"{stage}.{name}", "lower" if direction == "lower" else "higher")
    return found


def short_names(names: Collection[str]) -> dict[str, str]:
    """Return for each name the shortest end of it, in whole parts, that no other one has."""
    ends: dict[str, int] = {}
    for name in names:
        for end in _ends(name):
            ends[end] = ends.get(end, 0) + 1
    return {name: next((end for end in _ends(name) if ends[end] == 1), name) for name in names}


def find(asked: str, names: Collection[str], what: str = "metric") -> str:
    """Return the whole name that ends as asked. Raises UsageError if there is none, or several."""
    if asked in names:
        return asked
    found = [name for name in names if name.endswith(f".{asked}")]
    if len(found) == 1:
        return found[0]
    if found:
        shown = ", ".join(f"`{name}`" for name in found[:5])
        raise usage(f"`{asked}` is the end of {len(found)} names", help=f"give more of it: {shown}")
    import difflib

    short = short_names(names)
    near = difflib.get_close_matches(asked, [*short.values(), *names], n=1)
    known = ", ".join(f"`{name}`" for name in list(short.values())[:8])
    none = "a stage has some when it declares a small JSON file under `metrics`"
    help_text = f"did you mean `{near[0]}`?" if near else f"there are {known}" if known else none
    raise usage(f"no run here has a {what} `{asked}`", help=help_text)


def wanted(text: str, names: Collection[str], known: Mapping[str, Direction]) -> Wanted:
    """Return what `--best` means: `-loss` the lowest, `+auc` the highest, else as declared, else the highest."""
    name = find(text.lstrip("+-") if text[:1] in "+-" else text, names)
    if text[:1] in ("+", "-"):
        return Wanted(name, "lower" if text[0] == "-" else "higher")
    return Wanted(name, known.get(name, "higher"))


def best(what: Wanted, values: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the place of the best value, of equal ones the first; None if there is no number at all."""
    sign = 1.0 if what.better == "lower" else -1.0
    numbers = [
        (sign * each[what.name], place) for place, each in enumerate(values) if is_number(each.get(what.name))
    ]
    return min(numbers)[1] if numbers else None


def is_number(value: Any) -> bool:
    """Say whether a value can be better than another one."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _ends(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[place:]) for place in range(len(parts) - 1, -1, -1)]
