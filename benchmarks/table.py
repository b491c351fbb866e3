"""The rows of a benchmark: what was measured, the goal, and whether it is met. Measures nothing."""

from collections.abc import Sequence
from typing import NamedTuple


class Row(NamedTuple):
    what: str
    value: float
    unit: str
    """`×` for a ratio, else a unit of time."""
    goal: float | None
    """At most this; None where a row is there to compare."""
    later: float | None = None
    """The goal of the issue on speed, where it asks for more."""
    note: str = ""
    """The times behind a ratio."""


def markdown(rows: Sequence[Row]) -> str:
    """Return the rows as a table that reads well in a terminal too."""
    head = ("what", "measured", "goal", "met", "later goal", "met", "medians")
    body = [
        (
            row.what,
            _figure(row.value, row.unit),
            _goal(row.goal, row.unit),
            _met(row.value, row.goal),
            _goal(row.later, row.unit),
            _met(row.value, row.later),
            row.note,
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in (head, *body)) for column in range(len(head))]
    lines = [_line(head, widths), _line(tuple("-" * width for width in widths), widths)]
    return "\n".join([*lines, *(_line(line, widths) for line in body)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def _figure(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f} {unit}"


def _goal(goal: float | None, unit: str) -> str:
    return "" if goal is None else f"≤ {goal:g} {unit}"


def _met(value: float, goal: float | None) -> str:
    if goal is None:
        return ""
    return "yes" if value <= goal else "NO"
