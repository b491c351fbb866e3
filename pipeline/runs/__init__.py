"""`pipe runs`: the recorded runs of a project, filtered and sorted. Prints nothing, and does not read pipeline.yaml."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from .. import history, layout, metrics, tags
from ..metrics import Wanted
from ..state import State
from . import index
from .index import Row, params_of
from .select import Selection, selected

__all__ = ["Row", "Runs", "Selection", "params_of", "runs"]


class Runs(NamedTuple):
    """What is recorded. `under_way` names runs that have not ended; `notes` say what could not be read."""

    rows: tuple[Row, ...]
    """Those that were asked for, newest first unless another order was asked for."""
    total: int
    """How many there are in all."""
    under_way: tuple[str, ...]
    notes: tuple[str, ...]
    tags: Mapping[str, tuple[str, ...]]
    """By run."""
    best: Wanted | None = None
    """The metric by which the best was asked for."""


def runs(root: Path, selection: Selection) -> Runs:
    """Return the runs of the project at `root` that were asked for. Raises UsageError for what no run has."""
    where = layout.of(root)
    notes: list[str] = []
    state = State(where.state)
    try:
        rows, others = index.rows(where.pipe, state, notes.append)
    finally:
        state.close()
    under_way = tuple(run for run in others if history.is_under_way(where.pipe, run))
    tagged = tags.by_run(where.pipe)
    best = None
    if selection.best is not None:
        names = {name for row in rows for name in row.metrics}
        best = metrics.wanted(selection.best, names, _directions(rows))
    found = selected(rows, selection, tagged, best)
    return Runs(tuple(found), len(rows), under_way, tuple(notes), tagged, best)


def _directions(rows: list[Row]) -> dict[str, metrics.Direction]:
    found: dict[str, metrics.Direction] = {}
    for row in rows:
        for name, direction in row.better.items():
            found.setdefault(name, "lower" if direction == "lower" else "higher")
    return found
