"""Makes of a failed attempt what the user is shown: place, cause, the log's end, what to do. Decides nothing."""

import os
import re
from collections.abc import Collection, Mapping, Sequence

from .events import Failure
from .execute import log
from .execute.child_failure import ChildFailure
from .execute.local import Order, Ran
from .layout import Layout
from .model import Stage

_MISSING = (
    re.compile(r"NameError: name '(?P<name>\w+)' is not defined"),
    re.compile(r"ImportError: cannot import name '(?P<name>\w+)' from '(?P<module>[\w.]+)'"),
    re.compile(r"AttributeError: module '(?P<module>[\w.]+)' has no attribute '(?P<name>\w+)'"),
)


def of(
    stage: Stage, order: Order, ran: Ran, failure: ChildFailure, layout: Layout, *, attempts: int
) -> Failure:
    """Describe why a stage failed, after so many attempts."""
    tried = f" in each of {attempts} attempts" if attempts > 1 else ""
    text = f"stage `{stage.name}` failed after {_seconds(ran.wall_seconds)}{tried}"
    again = f"nothing of `{stage.name}` was recorded; correct it and run `pipe run {stage.name}`"
    help_text = failure.help or again
    tail = log.tail(order.log)
    given = {*order.inputs, *order.source, *(output.path for output in stage.outputs)}
    unseen = left_out([failure.cause or "", *tail[-4:][::-1]], failure.at or "", order.left_out)
    if unseen is not None:
        cause, help_text = unseen
        failure = failure._replace(text=cause, cause=None)
    lines = [failure.cause or "", *log.tail(order.log, 60)]
    refused = undeclared_reads(lines, layout, ran.folder.project, given)
    written = undeclared_writes(lines, ran.folder.project)
    if refused:
        shown = " and ".join(f"`{path}`" for path in refused)
        text = f"stage `{stage.name}` read {shown}, which it does not declare"
        help_text = f"add {_lines(refused)} to its inputs in pipeline.yaml"
    elif written and written[0] in given:
        text = f"stage `{stage.name}` tried to write its input `{written[0]}`"
        help_text = "write an output of another path, or work on a copy"
    elif written:
        text = f"stage `{stage.name}` tried to write `{written[0]}`, which it does not declare"
        help_text = (
            f"add {_lines(written[:1])} to its outputs in pipeline.yaml, or to its scratch if it is no result"
        )
    return Failure(
        text=text,
        at=failure.at or "",
        cause=failure.cause or failure.text,
        log=os.path.relpath(order.log, layout.root),
        tail=tail,
        folder=os.path.relpath(layout.failed / stage.name, layout.root),
        help=help_text,
    )


def left_out(lines: Sequence[str], at: str, names: Mapping[str, Mapping[str, int]]) -> tuple[str, str] | None:
    """Explain an error that says a name is not there which the project has: nothing showed that it is used.

    `names` holds by path what the snapshot lacks. Returns what happened and what helps; None for other errors.
    """
    for line in lines:
        match = next(filter(None, (pattern.search(line) for pattern in _MISSING)), None)
        if match is None:
            continue
        name, module = match.group("name"), match.groupdict().get("module")
        paths = [path for path, lacking in names.items() if name in lacking]
        if module is not None:
            inside = module.replace(".", "/")
            paths = [
                path for path in paths if f"/{path}".endswith((f"/{inside}.py", f"/{inside}/__init__.py"))
            ]
        elif len(paths) > 1:
            paths = [path for path in paths if at.startswith(f"{path}:")] or paths
        if paths:
            path = paths[0]
            stem = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            owner = module or stem
            place = f"`{name}` of `{owner}` ({path}:{names[path][name]})"
            help_text = f"mention `{name}` where it is used, or `from {owner} import {name}` there"
            return f"{place} is used, but pipe did not see it used", help_text
    return None


def undeclared_reads(lines: Sequence[str], layout: Layout, folder: str, given: Collection[str]) -> list[str]:
    """Return the project's files that messages say are not there, though they are: they were not declared.

    `folder` is where the stage saw the project.
    """
    found: dict[str, None] = {}
    for line in lines:
        if "No such file" not in line and "FileNotFound" not in line and "cannot open" not in line:
            continue
        for name in _names_in(line):
            path = os.path.normpath(name.removeprefix(f"{folder}/").removeprefix(f"{layout.root}/"))
            if path.startswith(("/", "..")) or path == "." or path in given:
                continue
            if os.path.lexists(os.path.join(layout.root, path)):
                found[path] = None
    return list(found)


def undeclared_writes(lines: Sequence[str], folder: str) -> list[str]:
    """Return the paths of the stage's folder that messages say could not be written."""
    found: dict[str, None] = {}
    for line in lines:
        if "Read-only file system" not in line:
            continue
        for part in (part for mark in "'\"`" for part in line.split(mark)[1::2]):
            path = os.path.normpath(part.removeprefix(f"{folder}/"))
            if not path.startswith(("/", "..")) and path != ".":
                found[path] = None
        first, _, rest = line.partition(": Read-only file system")
        if not rest and (path := first.rpartition(" ")[2]) and not path.startswith(("/", "..")):
            found[os.path.normpath(path)] = None
    return list(found)


def _lines(paths: Sequence[str]) -> str:
    return " and ".join(f"`{_name_for(path)}: {path}`" for path in paths)


def _names_in(line: str) -> list[str]:
    """Return what may be a file's name: what stands in quotes, whole, and every word."""
    quoted = [part for mark in "'\"`" for part in line.split(mark)[1::2] if part]
    return quoted + line.translate({ord(c): " " for c in "'\":,()[]`"}).split()


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 0.1 else f"{seconds:.1f} s"


def _name_for(path: str) -> str:
    stem = os.path.basename(path).partition(".")[0]
    return "".join(c if c.isalnum() or c == "_" else "_" for c in stem) or "input"
