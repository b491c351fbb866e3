"""`pipe diff`: in what two runs differ, or a run and the workspace. Executes nothing, and prints nothing."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .. import action as actions
from .. import history, metrics
from ..action import named_unit
from ..code_diff import between as code_between
from ..digest import canonical
from ..errors import usage
from ..formats.difference import Difference, between
from ..metrics import Direction
from ..model import Produced, Reason
from ..opened import OpenProject, open_project
from ..verify.bytes import find
from .sides import WORKSPACE, OfRun, OfWorkspace, Side

__all__ = ["Artifacts", "Code", "Diff", "Metric", "diff"]

_MOST_COMPARED = 100
"""So many results are compared by what is in them; of more, only the digests are told."""


class Code(NamedTuple):
    """One unit of code that changed. `stages` are those that reach it."""

    unit: str
    text: str
    stages: tuple[str, ...]
    diff: str | None


class Artifacts(NamedTuple):
    """What lay at one path. A digest is None on the side that has nothing there."""

    path: str
    old: str | None
    new: str | None
    difference: Difference | None
    gone: tuple[str, ...] = ()
    """The sides whose bytes can be had nowhere."""


class Metric(NamedTuple):
    """A metric that changed. `change` and `percent` are of numbers alone; `is_better` if it is known which way."""

    name: str
    old: Any
    new: Any
    change: float | None
    percent: float | None
    is_better: bool | None


class Diff(NamedTuple):
    """What differs. What is equal is left out."""

    runs: tuple[str, str]
    params: Mapping[str, tuple[Any, Any]]
    code: tuple[Code, ...]
    environment: Mapping[str, tuple[str | None, str | None]]
    inputs: tuple[Artifacts, ...]
    outputs: tuple[Artifacts, ...]
    metrics: tuple[Metric, ...]
    declarations: Mapping[str, tuple[str, ...]]
    """By stage what else its declaration says now."""
    added: tuple[str, ...]
    removed: tuple[str, ...]
    """Stages that only one side has."""
    seconds: Mapping[str, tuple[float, float]]
    """By stage, what those took whose action is another one."""
    unknown: tuple[str, ...]
    """Stages of which the record of an action is gone."""


def diff(root: Path, names: Sequence[str]) -> Diff:
    """Compare two runs; with one name, that run and the workspace; with none, the last two runs.

    Raises UsageError for names of no run, and for a project that cannot be read where the workspace is meant.
    """
    opened = open_project(root)
    try:
        pipe = opened.layout.pipe
        if len(names) > 2:
            raise usage(f"{len(names)} runs cannot be compared", help="name two: `pipe diff RUN RUN`")
        if not names:
            names = _last_two(opened)
        old: Side = OfRun(opened, history.read(pipe, names[0]))
        new: Side = OfRun(opened, history.read(pipe, names[1])) if len(names) == 2 else OfWorkspace(opened)
        return _diff(opened, old, new)
    finally:
        opened.close()


def _last_two(opened: OpenProject) -> list[str]:
    pipe = opened.layout.pipe
    found = []
    for run in history.run_ids(pipe):
        if history.has_record(pipe, run) and not history.damage_of(pipe, run):
            found.append(run)
        if len(found) == 2:
            return found[::-1]
    raise usage(
        "there are no two recorded runs to compare",
        help="`pipe diff last` compares the last one with the workspace" if found else "`pipe run` makes one",
    )


def _diff(opened: OpenProject, old: Side, new: Side) -> Diff:
    common = [name for name in old.stage_params if name in new.stage_params]
    reasons: dict[Reason, list[str]] = {}
    declarations: dict[str, tuple[str, ...]] = {}
    units: dict[str, tuple[str, list[str]]] = {}
    read: dict[tuple[str, str], Produced] = {}
    unknown = []
    for stage in common:
        if old.key(stage) is not None and old.key(stage) == new.key(stage):
            continue
        if old.key(stage) is None and new.name != WORKSPACE:
            continue  # it never came so far, or is frozen
        found = _reasons(old, new, stage, read)
        if found is None:
            unknown.append(stage)
            continue
        declared = []
        for reason in found:
            if reason.cause == "code":
                units.setdefault(reason.subject, (reason.text, []))[1].append(stage)
            elif reason.cause in ("command", "declaration"):
                declared.append(reason.text)
            else:
                reasons.setdefault(reason, []).append(stage)
        if declared:
            declarations[stage] = tuple(declared)
    return Diff(
        (old.name, new.name),
        _params(old, new, common),
        tuple(_code(opened, old, new, units)),
        {r.text.split(": ", 1)[0]: (r.old, r.new) for r in reasons if r.cause == "environment"},
        tuple(_inputs(opened, old, new, reasons, read)),
        tuple(_outputs(opened, old, new)),
        tuple(_metrics(old, new)),
        declarations,
        tuple(n for n in new.stage_params if n not in old.stage_params) if old.is_whole else (),
        tuple(n for n in old.stage_params if n not in new.stage_params) if new.is_whole else (),
        dict(_seconds(old, new, common)),
        tuple(unknown),
    )


def _reasons(
    old: Side, new: Side, stage: str, read: dict[tuple[str, str], Produced]
) -> tuple[Reason, ...] | None:
    """Return in what two actions of a stage differ; None if one of them is not known.

    What they read is put into `read`, by path and digest.
    """
    was = old.given(stage, None)
    now = new.given(stage, was.recipe if was else None) if was else None
    if was is None or now is None:
        return None if old.key(stage) is not None else ()
    for given in (was, now):
        for path, artifact in actions.kind_and_artifacts(given.recipe, without=given.unknown):
            read[path, artifact.digest] = Produced(path, artifact)
    return actions.differences(was.recipe, now.recipe, unknown=now.unknown, places=now.places or was.places)


def _params(old: Side, new: Side, common: Sequence[str]) -> dict[str, tuple[Any, Any]]:
    """Return parameters that differ, by dotted name; as `STAGE.NAME` what a stage was given besides."""
    found = dict(_changed(old.params, new.params))
    known = {canonical(list(pair)) for pair in found.values()}
    for stage in common:
        for name, pair in _changed(old.stage_params[stage], new.stage_params[stage]):
            if canonical(list(pair)) not in known:
                found[f"{stage}.{name}"] = pair
    return found


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name in dict.fromkeys((*old, *new)):
        was, now = old.get(name), new.get(name)
        if canonical(was) != canonical(now) or (name in old) != (name in new):
            yield name, (was, now)


def _code(
    opened: OpenProject, old: Side, new: Side, units: Mapping[str, tuple[str, list[str]]]
) -> Iterator[Code]:
    for unit, (text, stages) in units.items():
        before, after = old.version(stages[0]), new.version(stages[0])
        diff = code_between(before, after, unit, opened.project.pythonpath)
        place = after.places.get(unit) or before.places.get(unit)
        yield Code(unit, text or named_unit(unit, place), tuple(stages), diff)


def _inputs(
    opened: OpenProject,
    old: Side,
    new: Side,
    reasons: Mapping[Reason, list[str]],
    kinds: Mapping[tuple[str, str], Produced],
) -> Iterator[Artifacts]:
    """Yield raw inputs that changed. What stages hand over is told as outputs."""
    count = 0
    made = {*old.outputs, *new.outputs}
    for path, was, now in dict.fromkeys((r.subject, r.old, r.new) for r in reasons if r.cause == "input"):
        if path in made or any(path.startswith(f"{other}/") for other in made):
            continue
        before, after = (kinds.get((path, digest)) if digest else None for digest in (was, now))
        count += 1
        yield _compared(opened, path, before, after, (old.name, new.name), deep=count <= _MOST_COMPARED)


def _outputs(opened: OpenProject, old: Side, new: Side) -> Iterator[Artifacts]:
    told = old.metric_paths & new.metric_paths
    count = 0
    for path in dict.fromkeys((*old.outputs, *new.outputs)):
        was, now = old.outputs.get(path), new.outputs.get(path)
        if path in told or (was is not None and now is not None and was.artifact[:2] == now.artifact[:2]):
            continue
        count += 1
        yield _compared(opened, path, was, now, (old.name, new.name), deep=count <= _MOST_COMPARED)


def _compared(
    opened: OpenProject,
    path: str,
    old: Produced | None,
    new: Produced | None,
    names: tuple[str, str],
    *,
    deep: bool,
) -> Artifacts:
    digests = [side.artifact.digest if side else None for side in (old, new)]
    if old is None or new is None or not deep:
        return Artifacts(path, digests[0], digests[1], None)
    files = [find(opened, side) for side in (old, new)]
    gone = tuple(name for name, there in zip(names, files, strict=True) if there is None)
    difference = None
    if files[0] is not None and files[1] is not None:
        try:
            difference = between(files[0], files[1], path)
        except OSError:
            gone = names
    return Artifacts(path, digests[0], digests[1], difference, gone)


def _metrics(old: Side, new: Side) -> Iterator[Metric]:
    for name, (was, now) in _changed(old.metrics, new.metrics):
        way: Direction | None = new.better.get(name) or old.better.get(name)
        if not (metrics.is_number(was) and metrics.is_number(now)):
            yield Metric(name, was, now, None, None, None)
            continue
        change = now - was
        percent = 100 * change / abs(was) if was else None
        is_better = None if way is None or not change else (change > 0) == (way == "higher")
        yield Metric(name, was, now, change, percent, is_better)


def _seconds(old: Side, new: Side, common: Sequence[str]) -> Iterator[tuple[str, tuple[float, float]]]:
    for stage in common:
        if old.key(stage) != new.key(stage):
            was, now = old.seconds(stage), new.seconds(stage)
            if was is not None and now is not None:
                yield stage, (was, now)
