"""Makes of a failed attempt what the user is shown: place, cause, the log's end, what to do. Decides nothing."""

import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from .events import Failure
from .execute import log
from .execute.child_failure import ChildFailure
from .execute.local import Order, Ran
from .layout import Layout
from .model import Stage

_NOT_THERE = ("No such file", "FileNotFound", "cannot open", "Permission denied")
_READ_ONLY, _DENIED = "Read-only file system", "Permission denied"

_THROUGH_PROC = re.compile(r"^/proc/(?:self|\d+)/(?:root(?=/)|(?P<cwd>cwd/))")

_MISSING = (
    re.compile(r"NameError: name '(?P<name>\w+)' is not defined"),
    re.compile(r"ImportError: cannot import name '(?P<name>\w+)' from '(?P<module>[\w.]+)'"),
    re.compile(r"AttributeError: module '(?P<module>[\w.]+)' has no attribute '(?P<name>\w+)'"),
)


_TOO_LONG = "if it hides that a file is not there, `sandbox: warn` names it"


def of(
    stage: Stage,
    order: Order,
    ran: Ran,
    failure: ChildFailure,
    layout: Layout,
    *,
    attempts: int,
    asked: Sequence[str] | None,
) -> Failure:
    """Describe why a stage failed, after so many attempts.

    `asked` are files of the project that it was seen looking for and does not declare, whatever it said of them;
    None if it might have been seen, but nobody could wait for that.
    """
    tried = f" in each of {attempts} attempts" if attempts > 1 else ""
    text = f"stage `{stage.name}` failed after {_seconds(ran.wall_seconds)}{tried}"
    again = f"nothing of `{stage.name}` was recorded; correct it and run `pipe run {stage.name}`"
    help_text = failure.help or again
    if asked is None:
        help_text = f"{help_text}; {_TOO_LONG}"
    unseen = _left_out(order, failure)
    if unseen is not None:
        cause, help_text = unseen
        failure = failure._replace(text=cause, cause=None)
    read, written = _named(order, ran, failure, layout)
    refused = list(dict.fromkeys([*read, *(asked or ())]))
    if refused:
        shown = " and ".join(f"`{path}`" for path in refused)
        text = f"stage `{stage.name}` {'read' if read else 'looked for'} {shown}, which it does not declare"
        help_text = f"add {_lines(refused, stage)} to its inputs in pipeline.yaml"
    elif written and written[0] in _given(order):
        text = f"stage `{stage.name}` tried to write its input `{written[0]}`"
        help_text = "write an output of another path, or work on a copy"
    elif written:
        text = f"stage `{stage.name}` tried to write `{written[0]}`, which it does not declare"
        line = _lines(written[:1], stage)
        help_text = f"add {line} to its outputs in pipeline.yaml, or to its scratch if it is no result"
    return Failure(
        text=text,
        at=failure.at or "",
        cause=failure.cause or failure.text,
        log=os.path.relpath(order.log, layout.root),
        tail=log.tail(order.log),
        help=help_text,
    )


def is_explained(order: Order, ran: Ran, failure: ChildFailure, layout: Layout) -> bool:
    """Say whether the stage's own words tell why it failed: a file, or a name, that it does not have."""
    return _left_out(order, failure) is not None or any(_named(order, ran, failure, layout))


def _left_out(order: Order, failure: ChildFailure) -> tuple[str, str] | None:
    lines = [failure.cause or "", *log.tail(order.log)[-4:][::-1]]
    return left_out(lines, failure.at or "", order.left_out)


def _named(order: Order, ran: Ran, failure: ChildFailure, layout: Layout) -> tuple[list[str], list[str]]:
    """Return the paths that its words name: those it read, and those it wrote, without being allowed to."""
    lines = [failure.cause or "", *log.tail(order.log, 60)]
    given = _given(order)
    read = undeclared_reads(lines, layout, ran.folder.project, given)
    return read, undeclared_writes(lines, layout, ran.folder.project, given)


def _given(order: Order) -> set[str]:
    return {*order.inputs, *order.source, *(output.path for output in order.stage.outputs)}


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
        if not any(sign in line for sign in _NOT_THERE):
            continue
        for name in _names_in(line):
            path = _in_project(name, folder, os.fspath(layout.root))
            if path.startswith(("/", "..")) or path.split("/")[0] in (".", ".pipe") or path in given:
                continue
            if os.path.lexists(os.path.join(layout.root, path)):
                found[path] = None
    return list(found)


def _in_project(name: str, folder: str, root: str) -> str:
    """Return what a message's path is in the project, whatever way it took there; else an absolute path."""
    name = _THROUGH_PROC.sub(lambda match: f"{root}/" if match["cwd"] else "", name)
    if name.startswith("/") and not name.startswith((f"{folder}/", f"{root}/")) and os.path.islink(name):
        name = os.path.realpath(name)  # a link that the stage has made leads to what was refused
    return os.path.normpath(name.removeprefix(f"{folder}/").removeprefix(f"{root}/"))


def undeclared_writes(lines: Sequence[str], layout: Layout, folder: str, given: Collection[str]) -> list[str]:
    """Return the paths of the stage's folder that messages say could not be written."""
    found: dict[str, None] = {}
    for line in lines:
        sign = next((sign for sign in (_READ_ONLY, _DENIED) if sign in line), None)
        if sign is None:
            continue
        names = [part for mark in "'\"`" for part in line.split(mark)[1::2]]
        first, _, rest = line.partition(f": {sign}")
        if not rest:
            names.append(first.rpartition(" ")[2])
        for name in names:
            path = os.path.normpath(name.removeprefix(f"{folder}/")) if name else "."
            if path.startswith(("/", "..")) or path == ".":
                continue
            # What is denied and lies in the project was to be read, unless the stage could read it anyway.
            if sign == _READ_ONLY or path in given or not os.path.lexists(os.path.join(layout.root, path)):
                found[path] = None
    return list(found)


def lines_for(paths: Iterable[str], taken: Collection[str] = ()) -> list[str]:
    """Return for each path a line of `inputs:`, with a name of its own; `taken` are names in use."""
    names = set(taken)
    lines = []
    for path in paths:
        stem = os.path.basename(path).partition(".")[0]
        name = "".join(c if c.isalnum() or c == "_" else "_" for c in stem) or "input"
        number = 2
        whole = name
        while whole in names:
            whole, number = f"{name}_{number}", number + 1
        names.add(whole)
        lines.append(f"{whole}: {path}")
    return lines


def _lines(paths: Sequence[str], stage: Stage) -> str:
    taken = [declared.name for declared in stage.inputs]
    return " and ".join(f"`{line}`" for line in lines_for(paths, taken))


def _names_in(line: str) -> list[str]:
    """Return what may be a file's name: what stands in quotes, whole, and every word."""
    quoted = [part for mark in "'\"`" for part in line.split(mark)[1::2] if part]
    return quoted + line.translate({ord(c): " " for c in "'\":,()[]`"}).split()


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 0.1 else f"{seconds:.1f} s"
