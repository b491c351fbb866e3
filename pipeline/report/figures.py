"""Metrics as people compare them: cards for a stage, a table for a few instances, the spread of many. Reads nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..formats import preview
from ..render.words import count
from . import trend
from .exhibit import Exhibits
from .markup import Html, breakable, element
from .metrics import Metric, change, is_number, number, of_stage
from .subject import Made, Subject, Told

_MOST_CARDS = 12
_MOST_COLUMNS = 9
_MOST_ROWS = 12
_MOST_STAGES = 24
_BINS = 24

Found = Sequence[Mapping[str, Metric]]


def section(subject: Subject, links: Mapping[str, str], exhibits: Exhibits) -> list[Html]:
    """Show all metrics, those of the last stages first: they are what the others were made for."""
    by_base: dict[str, list[Told]] = {}
    for told in subject.stages.values():
        if told.metrics or _curves(told):
            by_base.setdefault(told.base, []).append(told)
    out: list[Html] = []
    for base, instances in list(reversed(by_base.items()))[:_MOST_STAGES]:
        found = [of_stage(told, subject.past) for told in instances]
        body: Html | None
        if not any(found):
            body = None
        elif len(instances) == 1:
            body = _cards(found[0])
        elif len(instances) <= _MOST_ROWS:
            body = _table(instances, found, links)
        else:
            body = _spread(instances, found, links)
        drawn = [_drawn(told, exhibits) for told in instances[:_MOST_ROWS]]
        head = element("h3", None, element("a", {"href": f"#{links[base]}"}, base))
        out.append(element("div", {"class": "metrics"}, head, body, drawn))
    return out


def _curves(told: Told) -> list[Made]:
    """Return the metrics of a stage that are tables: their columns are drawn."""
    return [made for made in told.outputs if made.is_metric and preview.is_table(made.path)]


def _drawn(told: Told, exhibits: Exhibits) -> list[Html]:
    out = []
    for made in _curves(told):
        seen = exhibits.plots(made)
        if seen is not None:
            out += [element("p", {"class": "note"}, element("code", None, made.path)), seen]
    return out


def _cards(found: Mapping[str, Metric]) -> Html:
    cards = [_card(metric) for metric in list(found.values())[:_MOST_CARDS]]
    rest = len(found) - len(cards)
    more = element("p", {"class": "note"}, f"and {rest} more, in the stage's own section") if rest else None
    return element("div", None, element("dl", {"class": "cards"}, cards), more)


def _card(metric: Metric) -> Html:
    said, way = change(metric.before, metric.value)
    judged = f", {metric.judged}" if metric.judged else ""
    name = "value" if is_number(metric.value) else "value word"
    line = _spark(metric)
    return element(
        "div",
        {"class": "card"},
        element("dt", None, breakable(metric.name)),
        element("dd", {"class": name}, number(metric.value)),
        element("dd", {"class": f"change {way} {metric.judged}".rstrip()}, said, judged) if said else None,
        element("dd", None, line) if line is not None else None,
    )


def _spark(metric: Metric) -> Html | None:
    values = [value if is_number(value) else None for value in metric.past]
    known = [value for value in values if value is not None]
    if len(known) < 3 or len(set(known)) == 1:
        return None
    label = f"{metric.name} over {len(known)} runs: {number(known[0])} to {number(known[-1])}"
    return trend.spark(values, label)


def _table(told: Sequence[Told], found: Found, links: Mapping[str, str]) -> Html:
    names = list(dict.fromkeys(name for metrics in found for name in metrics))
    telling = [n for n in names if len({number(m[n].value) for m in found if n in m}) > 1]
    columns = [n for n in telling if all(is_number(m[n].value) for m in found if n in m)][:_MOST_COLUMNS]
    columns = columns or names[:_MOST_COLUMNS]
    ranges = {n: _range([m[n].value for m in found if n in m]) for n in columns}
    rows = []
    for stage, metrics in zip(told, found, strict=True):
        link = element("a", {"href": f"#{links[stage.name]}"}, stage.instance)
        cells = [_cell(metrics.get(name), ranges[name]) for name in columns]
        rows.append(element("tr", None, element("th", {"scope": "row"}, link), cells))
    heads = [element("th", {"scope": "col", "class": "number"}, name) for name in columns]
    head = element("tr", None, element("th", {"scope": "col"}, "instance"), heads)
    grid = element("table", {"class": "compared"}, element("thead", None, head), element("tbody", None, rows))
    rest = len(names) - len(columns)
    said = f"{count(rest, 'more value')}, the same in all instances or no number, in their own sections"
    frame = {"class": "scroll", "tabindex": 0, "role": "region", "aria-label": f"metrics of {told[0].base}"}
    note = element("p", {"class": "note"}, said) if rest else None
    return element("div", None, element("div", frame, grid), note)


def _range(values: Sequence[Any]) -> tuple[float, float] | None:
    known = [value for value in values if is_number(value)]
    return (min(known), max(known)) if known and min(known) < max(known) else None


def _cell(metric: Metric | None, between: tuple[float, float] | None) -> Html:
    if metric is None:
        return element("td", {"class": "number"}, "–")
    said, way = change(metric.before, metric.value)
    judged = f" {metric.judged}" if metric.judged else ""
    moved = element("small", {"class": "change"}, said.partition(" (")[0], judged) if way == "moved" else None
    attributes = {"class": "number"}
    if between is not None and is_number(metric.value):
        share = (metric.value - between[0]) / (between[1] - between[0])
        attributes = {"class": "number scaled", "style": f"--p:{100 * share:.0f}%"}
    return element("td", attributes, number(metric.value), moved)


def _spread(told: Sequence[Told], found: Found, links: Mapping[str, str]) -> Html:
    """Show how each metric is spread over many instances, and which of them are at its ends."""
    cards: list[Html] = []
    for name in dict.fromkeys(name for metrics in found for name in metrics):
        known = [(m[name].value, stage.name) for m, stage in zip(found, told, strict=True) if name in m]
        numbers = sorted((value, stage) for value, stage in known if is_number(value))
        if len(numbers) == len(known) and numbers[0][0] < numbers[-1][0] and len(cards) < _MOST_CARDS:
            cards.append(_distribution(name, numbers, links))
    return element("dl", {"class": "cards wide"}, cards)


def _distribution(name: str, numbers: Sequence[tuple[float, str]], links: Mapping[str, str]) -> Html:
    low, high = numbers[0][0], numbers[-1][0]
    middle = numbers[len(numbers) // 2][0]
    bars = [0] * _BINS
    for value, _ in numbers:
        bars[min(_BINS - 1, int(_BINS * (value - low) / (high - low)))] += 1
    ends = []
    for word, (value, stage) in (("lowest", numbers[0]), ("highest", numbers[-1])):
        link = element("a", {"href": f"#{links[stage]}"}, stage.partition("@")[2])
        ends.append(element("dd", {"class": "change"}, f"{word} {number(value)} ", link))
    picture = trend.histogram(bars, f"{name}: from {number(low)} to {number(high)}")
    median = element("dd", {"class": "value"}, number(middle), element("small", None, " median"))
    return element(
        "div",
        {"class": "card"},
        element("dt", None, breakable(name)),
        median,
        element("dd", None, picture),
        ends,
    )
