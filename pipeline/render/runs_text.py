"""Recorded runs as a table: for people, as CSV, as columns. Reads no record itself."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .. import pattern
from ..metrics import find, short_names
from ..runs import Row, Runs
from . import table
from .run_lines import OUTCOMES
from .style import Style
from .words import duration, figure, printable, some

_NONE = "-"


class Column(NamedTuple):
    """A parameter or a metric, by its whole name."""

    name: str
    short: str
    is_metric: bool

    def of(self, rows: Sequence[Row]) -> list[Any]:
        """Return its value in each of the runs; None where it has none."""
        name = self.name
        if self.is_metric:
            return [row.metrics.get(name) for row in rows]
        return [row.params.get(name) for row in rows]


def columns(found: Runs, asked: Sequence[str]) -> list[Column]:
    """Return the columns to show: those asked for (globs too), else what differs between the runs.

    Raises UsageError for a name that no run here has.
    """
    params = _names(row.params for row in found.rows)
    judged = {name for row in found.rows for name in row.better}
    metrics = sorted(_names(row.metrics for row in found.rows), key=lambda name: name not in judged)
    short = short_names([*params, *metrics])
    every = [Column(name, short[name], False) for name in params]
    every += [Column(name, short[name], True) for name in metrics if name not in params]
    if not asked:
        best = found.best.name if found.best else None
        return [column for column in every if column.name == best or _differs(column, found.rows)]
    chosen: dict[Column, None] = {}
    for word in asked:
        fitting = [c for c in every if pattern.matches(word, c.name) or pattern.matches(word, c.short)]
        if not fitting and found.rows and word != "*":
            name = find(word, [column.name for column in every], what="parameter or metric")
            fitting = [column for column in every if column.name == name]
        chosen.update(dict.fromkeys(fitting))
    return list(chosen)


def text_of(found: Runs, shown: Sequence[Column], style: Style, *, wide: int | None) -> str:
    """Write one line for each run. Lists and what else is no single value have no place in a table."""
    rows = found.rows
    if not rows:
        return ""
    head = ["run", "", "time"]
    made = [
        [row.run for row in rows],
        ["ok" if row.ok else "failed" for row in rows],
        [duration(row.wall_seconds) for row in rows],
    ]
    if any(row.run in found.tags for row in rows):
        head.append("tags")
        made.append([" ".join(found.tags.get(row.run, ())) for row in rows])
    for column in shown:
        values = column.of(rows)
        kinds = set(map(type, values))
        if not {list, dict} & kinds:
            head.append(printable(column.short))
            plain = kinds == {float}
            made.append([f"{v:.6g}" for v in values] if plain else [_figure(value) for value in values])
    head.append("stages")
    told: dict[tuple[tuple[str, int], ...], str] = {}  # most runs came out like another one
    made.append([_outcomes(row, told) for row in rows])
    asked = [_asked(row, shown) for row in rows]
    if any(asked):
        head.append("asked")
        made.append(asked)
    colours = {1: ["fresh" if row.ok else "failed" for row in rows]}
    return table.text_of(head, made, style, most=wide, fixed=2, colours=colours)


def csv_of(found: Runs, shown: Sequence[Column]) -> str:
    """Write the runs as CSV, with a head of whole names. What is no single value is JSON."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    made = as_columns(found, shown)
    writer.writerow(made)
    for line in zip(*made.values(), strict=True):
        writer.writerow(["" if value is None else _cell(value) for value in line])
    return out.getvalue().removesuffix("\n")


def as_columns(found: Runs, shown: Sequence[Column]) -> dict[str, list[Any]]:
    """Return the runs column by column, with the names that a file of them has."""
    rows = found.rows
    made: dict[str, list[Any]] = {
        "run": [row.run for row in rows],
        "started": [row.started for row in rows],
        "ok": [row.ok for row in rows],
        "wall_seconds": [row.wall_seconds for row in rows],
        "sweep": [row.sweep for row in rows],
        "tags": [" ".join(found.tags.get(row.run, ())) for row in rows],
        "git_commit": [row.git_commit for row in rows],
    }
    for column in shown:
        name = column.name
        while name in made:
            name = f"{'metric' if column.is_metric else 'param'}:{name}"
        made[name] = column.of(rows)
    return made


def as_plain(found: Runs, records: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the runs for --json, each with its whole record where that can be read."""
    runs = []
    for row in found.rows:
        more = {"params": dict(row.params), "metrics": dict(row.metrics), "outcomes": dict(row.outcomes)}
        whole = records.get(row.run) or {"run": row.run, "started": row.started, "ok": row.ok}
        runs.append({**whole, **more, "tags": list(found.tags.get(row.run, ()))})
    best = found.best
    return {
        "runs": runs,
        "total": found.total,
        "best": {"metric": best.name, "better": best.better} if best else None,
        "under_way": list(found.under_way),
        "notes": list(found.notes),
    }


def _figure(value: Any) -> str:
    return _NONE if value is None else figure(value)


def _names(sets: Iterable[Mapping[str, Any]]) -> list[str]:
    found: dict[str, None] = {}
    for each in sets:
        if not each.keys() <= found.keys():  # most runs have the names that others have
            found.update(dict.fromkeys(each))
    return list(found)


def _differs(column: Column, rows: Sequence[Row]) -> bool:
    values = column.of(rows)
    if column.is_metric:  # a run that failed lacks them all
        values = [value for value in values if value is not None]
    return bool(values) and values.count(values[0]) < len(values)


def _outcomes(row: Row, told: dict[tuple[tuple[str, int], ...], str]) -> str:
    found = tuple(row.outcomes.items())
    if found not in told:
        counts = (f"{row.outcomes[each]:,} {each}" for each in OUTCOMES if row.outcomes.get(each))
        told[found] = ", ".join(counts)
    return told[found]


def _asked(row: Row, shown: Sequence[Column]) -> str:
    """Write what was asked for, without parameters that have a column."""
    if not (row.overrides or row.targets or row.flags):
        return ""
    names = {column.name for column in shown}
    sets = [f"-S {key}={figure(value)}" for key, value in row.overrides.items() if key not in names]
    return printable(some([*row.targets, *row.flags, *sets], 6))


def _cell(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return json.dumps(value, ensure_ascii=False)
    return value
