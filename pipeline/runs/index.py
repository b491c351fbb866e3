"""What is asked of all runs at once, one row for each. Made from the records, and kept as a memo of them.

Reading ten thousand records takes seconds; what a table needs of them is read once, as each run ends.
"""

import gc
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from .. import history, metrics
from ..dotted import leaves
from ..history import RunRecord

_KEY = "runs:1"


class Memo(Protocol):
    def get(self, key: str) -> bytes | None: ...
    def put(self, key: str, value: bytes) -> None: ...


class Row(NamedTuple):
    """One run that ended. `params` and `metrics` are by whole name."""

    run: str
    started: str
    ok: bool
    wall_seconds: float
    targets: Sequence[str]
    overrides: Mapping[str, Any]
    flags: Sequence[str]
    git_commit: str | None
    sweep: str | None
    outcomes: Mapping[str, int]
    better: Mapping[str, str]
    stages: Sequence[str]
    params: Mapping[str, Any]
    metrics: Mapping[str, Any]


def rows(
    pipe_dir: str | os.PathLike[str], memo: Memo, note: Callable[[str], None]
) -> tuple[list[Row], list[str]]:
    """Return a row for each run that ended, the newest first, and the names of all others.

    `note` hears of records that cannot be read.
    """
    kept = _Kept(memo.get(_KEY))
    found = {}
    is_new = False
    names = history.run_ids(pipe_dir)
    for run in names:
        row = kept.rows.get(run)
        if row is None:
            row = _row(pipe_dir, run, note)
            is_new = is_new or row is not None
        if row is not None:
            found[run] = row
    if is_new or len(found) != len(kept.rows):
        memo.put(_KEY, _written(found.values()))
    return list(found.values()), [run for run in names if run not in found]


def params_of(record: RunRecord) -> dict[str, Any]:
    """Return a run's parameters by dotted name, and as `STAGE.NAME` those of stages that have no such value."""
    found = dict(record.parameters)
    known = {_text(value) for value in found.values()}
    for stage, each in record.stages.items():
        for name, value in leaves(each.params).items():
            if _text(value) not in known:
                found[f"{stage}.{name}"] = value
    return found


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _row(pipe_dir: str | os.PathLike[str], run: str, note: Callable[[str], None]) -> Row | None:
    try:
        record = history.load(pipe_dir, run)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        note(f"the record of run {run} is damaged and was left out: {error}")
        return None
    return row_of(record)


def row_of(record: RunRecord) -> Row:
    """Return what a table needs of a record."""
    return Row(
        record.run,
        record.started,
        record.ok,
        record.wall_seconds,
        list(record.targets),
        record.overrides,
        list(record.flags),
        record.git_commit,
        record.sweep,
        Counter(stage.outcome for stage in record.stages.values()),
        metrics.directions([record]),
        list(record.stages),
        params_of(record),
        metrics.of_record(record),
    )


_NAMED = (Row._fields.index("params"), Row._fields.index("metrics"))
_LISTS = (Row._fields.index("better"), Row._fields.index("stages"))


class _Kept:
    """The rows of a memo. Names and lists that runs have in common stand in it once."""

    def __init__(self, data: bytes | None) -> None:
        self.rows: dict[str, Row] = {}
        if data is None:
            return
        was_enabled = gc.isenabled()
        gc.disable()  # hundreds of thousands of values, none of them garbage
        try:
            whole = json.loads(data)
            shared = whole["shared"]
            for values in whole["rows"]:
                for place in _LISTS:
                    values[place] = shared[values[place]]
                for place in _NAMED:
                    names, own = values[place]
                    values[place] = dict(zip(shared[names], own, strict=True))
                self.rows[values[0]] = Row(*values)
        except (ValueError, TypeError, KeyError, IndexError):
            self.rows = {}  # of another version, or damaged: it can be made again
        finally:
            if was_enabled:
                gc.enable()


def _written(found: Any) -> bytes:
    numbers: dict[str, int] = {}
    shared: list[Any] = []

    def number(value: Any) -> int:
        text = json.dumps(value)
        if text not in numbers:
            numbers[text] = len(shared)
            shared.append(value)
        return numbers[text]

    out = []
    for row in found:
        values = list(row)
        for place in _LISTS:
            values[place] = number(values[place])
        for place in _NAMED:
            values[place] = [number(list(row[place])), list(row[place].values())]
        out.append(values)
    return json.dumps({"shared": shared, "rows": out}, separators=(",", ":")).encode()
