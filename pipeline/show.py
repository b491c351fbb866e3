"""Finds the record of one run. Prints nothing, and does not read pipeline.yaml."""

from pathlib import Path

from . import history, layout
from .history import RunRecord


def show(root: Path, run: str) -> RunRecord:
    """Return a run's record; `run` is a name, the beginning of one alone, or `last`.

    Raises UsageError if none fits.
    """
    return history.read(layout.of(root).pipe, run)
