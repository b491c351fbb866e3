"""Finds the log of a stage, and follows it while the run goes on. Prints nothing."""

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from . import history, layout
from .errors import Problem, StoreError, UsageError

_POLL_SECONDS = 0.1
_CHUNK_BYTES = 1 << 16


class Log(NamedTuple):
    """Where a stage's latest log lies. The file need not be there yet while the run is under way."""

    stage: str
    run: str
    path: Path
    is_under_way: bool


def logs(root: Path, stage: str, *, follow: bool = False) -> Log:
    """Find the latest log of a stage.

    With `follow`, a run that is under way will do although the stage has not begun in it.
    Raises UsageError for a stage that nobody declares and that left no log, StoreError for one without a log.
    """
    pipe = layout.of(root).pipe
    found = history.run_ids(pipe)
    for run in found if _is_plain(stage) else ():
        path = _path(pipe, run, stage)
        if path.is_file():
            return Log(stage, run, path, history.is_under_way(pipe, run))
        if follow and run == found[0] and history.is_under_way(pipe, run) and stage in _declared(root):
            return Log(stage, run, path, True)
    raise _missing(stage, _declared(root), _logged(pipe, found[:50]))


def read(log: Log) -> Iterator[bytes]:
    """Yield the log as it is now, piece by piece."""
    with open(log.path, "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def follow(root: Path, log: Log) -> Iterator[bytes]:
    """Yield the log piece by piece as it grows, until its run has ended. It may begin later, or never."""
    pipe = layout.of(root).pipe
    position = 0
    while True:
        goes_on = history.is_under_way(pipe, log.run)  # asked before reading: what comes last is read too
        try:
            with open(log.path, "rb") as file:
                if os.fstat(file.fileno()).st_size < position:
                    position = 0  # begun anew, by another attempt
                file.seek(position)
                while chunk := file.read(_CHUNK_BYTES):
                    position += len(chunk)
                    yield chunk
        except FileNotFoundError:
            pass
        if not goes_on:
            return
        time.sleep(_POLL_SECONDS)


def _path(pipe: Path, run: str, stage: str) -> Path:
    return pipe / "runs" / run / f"{stage}.log"


def _is_plain(stage: str) -> bool:
    return bool(stage) and "/" not in stage and "\0" not in stage


def _declared(root: Path) -> list[str]:
    # A log can be read while pipeline.yaml is being edited and is wrong.
    from . import config

    try:
        return list(config.load(root, compiled=layout.of(root).compiled).project.stages)
    except UsageError:
        return []


def _logged(pipe: Path, runs: Sequence[str]) -> list[str]:
    names: set[str] = set()
    for run in runs:
        names.update(
            file.removesuffix(".log") for file in os.listdir(pipe / "runs" / run) if file.endswith(".log")
        )
    return sorted(names)


def _missing(stage: str, declared: Sequence[str], logged: Sequence[str]) -> UsageError | StoreError:
    if stage in declared:
        help_text = f"`pipe run -f {stage}` executes it"
        return StoreError(Problem(f"stage `{stage}` has no log: it never executed here", help=help_text))
    known = sorted({*declared, *logged})
    instances = [name for name in known if name.startswith(f"{stage}@")]
    if instances:
        text = f"stage `{stage}` has {len(instances)} instances, each with a log of its own"
        return UsageError(Problem(text, help=f"name one of them: {', '.join(instances[:5])}"))
    import difflib

    near = difflib.get_close_matches(stage, known, n=1)
    help_text = f"did you mean `{near[0]}`?" if near else "`pipe graph` lists the stages"
    return UsageError(Problem(f"there is no stage `{stage}`", help=help_text))
