"""What stages measured, in this run and before, and how such values are written. Draws nothing."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..history import RunRecord
from .subject import Told


class Metric(NamedTuple):
    """One number or word, with what it was in the runs up to this one, oldest first; None where it was not measured."""

    name: str
    value: Any
    past: tuple[Any, ...]
    better: str = ""
    """`higher` or `lower`, if the stage says which way it gets better."""

    @property
    def judged(self) -> str:
        """Whether it got `better` or `worse`; empty if nobody can tell."""
        if (
            not self.better
            or not (is_number(self.before) and is_number(self.value))
            or self.before == self.value
        ):
            return ""
        return "better" if (self.value > self.before) == (self.better == "higher") else "worse"

    @property
    def before(self) -> Any:
        """What it was when it was last measured before this run; None if it never was."""
        return next((value for value in reversed(self.past[:-1]) if value is not None), None)


def of_stage(told: Told, past: Sequence[RunRecord]) -> dict[str, Metric]:
    """Return a stage's metrics by name, down to single values."""
    before = [leaves(run.stages[told.name].metrics) if told.name in run.stages else {} for run in past]
    only = f"{next(iter(told.metrics))}." if len(told.metrics) == 1 else ""
    return {
        name: Metric(name, value, tuple(run.get(name) for run in before), told.better.get(only + name, ""))
        for name, value in leaves(told.metrics).items()
    }


def leaves(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Flatten metrics: `scores.auc`, or `auc` if there is one output alone."""
    found: dict[str, Any] = {}
    todo = [((name,) if len(metrics) > 1 else (), value) for name, value in metrics.items()]
    for way, value in todo:  # grows while it is read
        if isinstance(value, dict):
            todo.extend(((*way, str(key)), inner) for key, inner in value.items())
        elif isinstance(value, list):
            todo.extend(((*way, str(index)), inner) for index, inner in enumerate(value[:20]))
        elif way:
            found[".".join(way)] = value
    return found


def is_number(value: Any) -> bool:
    """Say whether a value can be drawn and compared."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def number(value: Any) -> str:
    """Write a metric's value: whole numbers whole, others with four digits that count."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–" if value is None else str(value)
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return f"{int(value):,}" if abs(value) >= 10_000 else str(int(value))
    if not math.isfinite(value):
        return str(value)
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def change(old: Any, new: Any) -> tuple[str, str]:
    """Say how a value moved: a phrase, and `moved`, `same`, or "" where there is nothing to compare with."""
    if old is None:
        return "", ""
    if old == new:
        return "as before", "same"
    if not (is_number(old) and is_number(new)):
        return f"was {number(old)}", "moved"
    sign = "+" if new > old else "−"
    percent = f" ({sign}{abs((new - old) / old):.1%})" if old and abs((new - old) / old) < 10 else ""
    return f"{sign}{number(abs(new - old))}{percent}", "moved"
