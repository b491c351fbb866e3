"""A sweep as text and as JSON: a table of its combinations and what they gave. Knows no engine."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from .. import metrics
from ..metrics import Wanted
from ..sweep import Axes, Combination, SweepForecast, SweepResult
from ..sweep.combinations import written
from . import as_json, table
from .run_lines import OUTCOMES
from .style import Style
from .words import count, duration, figure, printable

BEST = "*"


class Found:
    """What a sweep gave, looked at for its best: of `asked`, or of each metric that says which way is better."""

    def __init__(self, result: SweepResult, asked: str | None) -> None:
        records = [one.record for one in result.runs]
        self.values = [metrics.of_record(record) for record in records]
        self.names = list(dict.fromkeys(name for each in self.values for name in each))
        self.known = metrics.directions(records)
        self.asked = metrics.wanted(asked, self.names, self.known) if asked else None
        self.best = metrics.best(self.asked, self._of_good(result)) if self.asked else None

    def marked(self, result: SweepResult) -> set[tuple[int, str]]:
        """Return place and name of each value that is the best of its kind."""
        every = {name: Wanted(name, way) for name, way in self.known.items() if name in self.names}
        if self.asked:
            every[self.asked.name] = self.asked
        good = self._of_good(result)
        return {(at, name) for name, way in every.items() if (at := metrics.best(way, good)) is not None}

    def _of_good(self, result: SweepResult) -> list[Mapping[str, Any]]:
        pairs = zip(self.values, result.runs, strict=True)
        return [values if one.result.ok else {} for values, one in pairs]


def as_plain(result: SweepResult, found: Found) -> dict[str, Any]:
    """Return a sweep for --json: each run as `pipe run` has it, with what was swept and its metrics."""
    runs = [
        {**as_json.run(one.result), "overrides": dict(one.record.overrides), "metrics": values}
        for one, values in zip(result.runs, found.values, strict=True)
    ]
    best = None
    if found.best is not None and found.asked is not None:
        name, way = found.asked
        run = result.runs[found.best].result.run
        best = {"run": run, "metric": name, "better": way, "value": found.values[found.best][name]}
    return {
        "sweep": result.sweep,
        "ok": result.ok,
        "wall_seconds": round(result.wall_seconds, 6),
        "executions": _outcomes(result)["executed"],
        "best": best,
        "runs": runs,
    }


def text_of(
    result: SweepResult, found: Found, swept: Axes, style: Style, *, interrupted: bool = False
) -> str:
    """Write what a sweep did: one line for each combination, the best values marked."""
    bad = sum(not one.result.ok for one in result.runs)
    outcomes = _outcomes(result)
    parts = ", ".join(f"{outcomes[o]:,} {o}" for o in OUTCOMES if outcomes[o])
    verb = "interrupted: " if interrupted else f"{bad:,} failed: " if bad else ""
    combinations = count(len(result.runs), "combination")
    out = [f"{style.paint(verb, 'failed')}{combinations} in {duration(result.wall_seconds)}: {parts}"]
    out.append(_table(result, found, swept, style))
    if found.best is not None and found.asked is not None:
        one, name = result.runs[found.best], found.asked.name
        value = figure(found.values[found.best][name])
        label = printable(swept.label(one.overrides))
        out.append(
            f"best {metrics.short_names(found.names)[name]}: {value} with {label}, run {one.result.run}"
        )
    return "\n".join(out)


def _outcomes(result: SweepResult) -> Counter[str]:
    return Counter(stage.outcome for one in result.runs for stage in one.result.stages.values())


def _table(result: SweepResult, found: Found, swept: Axes, style: Style) -> str:
    short, names = swept.short_names(), metrics.short_names(found.names)
    marked = found.marked(result)
    head = [*(short[name] for name in swept.values), "run", ""]
    made = [[printable(written(one.overrides[name])) for one in result.runs] for name in swept.values]
    made += [[one.result.run for one in result.runs], [_verdict(one) for one in result.runs]]
    colours = {len(made) - 1: ["fresh" if one.result.ok else "failed" for one in result.runs]}
    fixed = len(made)
    for name in found.names:
        values = [each.get(name) for each in found.values]
        if any(isinstance(value, list | dict) for value in values):
            continue
        is_best = [(place, name) in marked for place in range(len(values))]
        colours[len(made)] = ["executed" if best else "" for best in is_best]
        head.append(printable(names[name]))
        texts = ["-" if value is None else figure(value) for value in values]
        made.append([text + BEST if best else text for text, best in zip(texts, is_best, strict=True)])
    return table.text_of(head, made, style, most=table.terminal_columns(), fixed=fixed, colours=colours)


def _verdict(one: Combination) -> str:
    if one.result.ok:
        return "ok"
    outcomes = {stage.outcome for stage in one.result.stages.values()}
    return "failed" if "failed" in outcomes else "cancelled"


def forecast_plain(found: SweepForecast) -> dict[str, Any]:
    """Return a dry run of a sweep for --json: each combination as `pipe run -n` has it."""
    runs = [
        {"run": None, "ok": True, "overrides": dict(overrides), "stages": as_json.forecast_stages(decisions)}
        for overrides, decisions in found.runs
    ]
    return {
        "sweep": None,
        "ok": True,
        "wall_seconds": round(found.wall_seconds, 6),
        "estimate_seconds": found.estimate_seconds,
        "executions": found.executions,
        "runs": runs,
    }


def forecast_line(found: SweepForecast) -> str:
    """Say how much a sweep would execute."""
    alone = sum(d.verdict in ("stale", "waiting") for _, decisions in found.runs for d in decisions.values())
    waits = any(decision.verdict == "waiting" for decision in found.decisions.values())
    most = "at most " if waits else ""
    head = f"{count(len(found.runs), 'combination')}: {most}{count(found.executions, 'execution')} in all"
    return f"{head}, {alone:,} were each run alone" if alone > found.executions else head
