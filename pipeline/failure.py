"""Makes of a failed attempt what the user is shown: place, cause, the log's end, what to do. Decides nothing."""

import os
from collections.abc import Collection, Sequence

from .events import Failure
from .execute import log
from .execute.local import ChildFailure, Order, Ran
from .layout import Layout
from .model import Stage


def of(
    stage: Stage, order: Order, ran: Ran, failure: ChildFailure, layout: Layout, *, attempts: int
) -> Failure:
    """Describe why a stage failed, after so many attempts."""
    tried = f" in each of {attempts} attempts" if attempts > 1 else ""
    text = f"stage `{stage.name}` failed after {ran.wall_seconds:.1f} s{tried}"
    again = f"nothing of `{stage.name}` was recorded; correct it and run `pipe run {stage.name}`"
    help_text = failure.help or again
    tail = log.tail(order.log)
    given = {*order.inputs, *order.source, *(output.path for output in stage.outputs)}
    path = undeclared_read([failure.cause or "", *tail[-4:]], layout, ran.folder.project, given)
    if path is not None:
        text = f"stage `{stage.name}` read `{path}`, which it does not declare"
        help_text = f"add `{_name_for(path)}: {path}` to its inputs in pipeline.yaml"
    return Failure(
        text=text,
        at=failure.at or "",
        cause=failure.cause or failure.text,
        log=os.path.relpath(order.log, layout.root),
        tail=tail,
        folder=os.path.relpath(layout.failed / stage.name, layout.root),
        help=help_text,
    )


def undeclared_read(lines: Sequence[str], layout: Layout, folder: str, given: Collection[str]) -> str | None:
    """Return the project's file that a message says is not there, though it is: it was not declared.

    `folder` is where the stage saw the project.
    """
    for line in lines:
        if "No such file" not in line and "FileNotFound" not in line and "cannot open" not in line:
            continue
        for name in _names_in(line):
            path = os.path.normpath(name.removeprefix(f"{folder}/"))
            if path.startswith(("/", "..")) or path == "." or path in given:
                continue
            if os.path.lexists(os.path.join(layout.root, path)):
                return path
    return None


def _names_in(line: str) -> list[str]:
    """Return what may be a file's name: what stands in quotes, whole, and every word."""
    quoted = [part for mark in "'\"`" for part in line.split(mark)[1::2] if part]
    return quoted + line.translate({ord(c): " " for c in "'\":,()[]`"}).split()


def _name_for(path: str) -> str:
    stem = os.path.basename(path).partition(".")[0]
    return "".join(c if c.isalnum() or c == "_" else "_" for c in stem) or "input"
