"""Lists the recorded runs of a project. Prints nothing, and does not read pipeline.yaml."""

from pathlib import Path
from typing import NamedTuple

from . import history, layout
from .history import RunRecord


class Runs(NamedTuple):
    """What is recorded. `under_way` names runs that have not ended; `notes` say what could not be read."""

    records: tuple[RunRecord, ...]
    """Newest first."""
    under_way: tuple[str, ...]
    notes: tuple[str, ...]


def runs(root: Path) -> Runs:
    """Return the runs of the project at `root`."""
    pipe = layout.of(root).pipe
    notes: list[str] = []
    records = history.list_runs(pipe, notes.append)
    under_way = tuple(run for run in history.run_ids(pipe) if history.is_under_way(pipe, run))
    return Runs(tuple(records), under_way, tuple(notes))
