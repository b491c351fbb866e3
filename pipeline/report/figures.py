"""Metrics as people compare them: cards for one stage, a table for the instances of a matrix. Reads nothing."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .. import history
from . import trend
from .markup import Html, element
from .subject import Subject, Told

_MOST_CARDS = 12
_MOST_COLUMNS = 9
_MOST_ROWS = 100
_MOST_STAGES = 24


class Metric(NamedTuple):
    """One number or word, with what it was in the runs before, oldest first; None where it was not measured."""

    name: str
    value: Any
    past: tuple[Any, ...]


def metrics_of(told: Told, past: Sequence[history.RunRecord]) -> dict[str, Metric]:
    """Return the leaves of a stage's metrics by name; the output's name is in front where there are several."""
    now = leaves(told.metrics)
    before = [leaves(run.stages[told.name].metrics) if told.name in run.stages else {} for run in past]
    return {name: Metric(name, value, tuple(run.get(name) for run in before)) for name, value in now.items()}


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


def section(subject: Subject, links: Mapping[str, str]) -> list[Html]:
    """Show all metrics, those of the last stages first: they are what the others were made for."""
    by_base: dict[str, list[Told]] = {}
    for told in subject.stages.values():
        if told.metrics:
            by_base.setdefault(told.base, []).append(told)
    out: list[Html] = []
    for base, instances in list(reversed(by_base.items()))[:_MOST_STAGES]:
        found = [metrics_of(told, subject.past) for told in instances]
        head = element("h3", None, element("a", {"href": f"#{links[base]}"}, base))
        body = _cards(found[0]) if len(instances) == 1 else _table(instances, found, links)
        out.append(element("div", {"class": "metrics"}, head, body))
    return out


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
    """Say how a value moved since the run before, and which way: `up`, `down`, `same` or "" if that is unknown."""
    if old is None:
        return "", ""
    if not (_is_number(old) and _is_number(new)):
        return ("as before", "same") if old == new else (f"was {number(old)}", "up")
    if old == new:
        return "as before", "same"
    moved = new - old
    sign = "+" if moved > 0 else "−"
    percent = f" ({sign}{abs(moved / old):.1%})" if old and abs(moved / old) < 10 else ""
    return f"{sign}{number(abs(moved))}{percent}", "up" if moved > 0 else "down"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _cards(found: Mapping[str, Metric]) -> Html:
    cards = []
    for metric in list(found.values())[:_MOST_CARDS]:
        said, way = change(metric.past[-2] if len(metric.past) > 1 else None, metric.value)
        cards.append(
            element(
                "div",
                {"class": "card"},
                element("dt", None, metric.name),
                element(
                    "dd",
                    {"class": "value" if _is_number(metric.value) else "value word"},
                    number(metric.value),
                ),
                element("dd", {"class": f"moved {way}"}, said) if said else None,
                element("dd", None, line) if (line := _spark(metric)) is not None else None,
            )
        )
    more = len(found) - len(cards)
    rest = (
        element("p", {"class": "note"}, f"and {more} more, in the stage's own section") if more > 0 else None
    )
    return element("div", None, element("dl", {"class": "cards"}, cards), rest)


def _spark(metric: Metric) -> Html | None:
    values = [value if _is_number(value) else None for value in metric.past]
    known = [value for value in values if value is not None]
    if len(known) < 3 or len(set(known)) == 1:
        return None
    label = f"{metric.name} over {len(known)} runs: {number(known[0])} to {number(known[-1])}"
    return trend.spark(values, label)


def _table(told: Sequence[Told], found: Sequence[Mapping[str, Metric]], links: Mapping[str, str]) -> Html:
    names = list(dict.fromkeys(name for metrics in found for name in metrics))
    telling = [n for n in names if len({number(m[n].value) for m in found if n in m}) > 1]
    columns = [n for n in telling if all(_is_number(m[n].value) for m in found if n in m)][:_MOST_COLUMNS]
    columns = columns or names[:_MOST_COLUMNS]
    heads = [
        element("th", {"scope": "col"}, "instance"),
        *(element("th", {"scope": "col", "class": "number"}, n) for n in columns),
    ]
    ranges = {n: _range([m[n].value for m in found if n in m]) for n in columns}
    rows = []
    for stage, metrics in list(zip(told, found, strict=True))[:_MOST_ROWS]:
        link = element("a", {"href": f"#{links[stage.name]}"}, stage.name.partition("@")[2] or stage.name)
        cells = [_cell(metrics.get(name), ranges[name]) for name in columns]
        rows.append(element("tr", None, element("th", {"scope": "row"}, link), cells))
    notes = []
    if len(told) > len(rows):
        notes.append(f"{len(told) - len(rows):,} more instances")
    if len(names) > len(columns):
        notes.append(f"{len(names) - len(columns)} more values, equal in all instances or no numbers")
    grid = element(
        "table",
        {"class": "compared"},
        element("thead", None, element("tr", None, heads)),
        element("tbody", None, rows),
    )
    note = element("p", {"class": "note"}, f"Not shown here: {'; '.join(notes)}.") if notes else None
    frame = {"class": "scroll", "tabindex": 0, "role": "region", "aria-label": f"metrics of {told[0].base}"}
    return element("div", None, element("div", frame, grid), note)


def _range(values: Sequence[Any]) -> tuple[float, float] | None:
    known = [value for value in values if _is_number(value)]
    return (min(known), max(known)) if known and min(known) < max(known) else None


def _cell(metric: Metric | None, between: tuple[float, float] | None) -> Html:
    if metric is None:
        return element("td", {"class": "number"}, "–")
    said, way = change(metric.past[-2] if len(metric.past) > 1 else None, metric.value)
    style = None
    if between is not None and _is_number(metric.value):
        style = f"--p:{100 * (metric.value - between[0]) / (between[1] - between[0]):.0f}%"
    moved = element("small", {"class": "moved"}, said.partition(" (")[0]) if way in ("up", "down") else None
    return element(
        "td", {"class": "number scaled" if style else "number", "style": style}, number(metric.value), moved
    )
