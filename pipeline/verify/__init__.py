"""`pipe verify`: builds everything from nothing elsewhere, and compares. Changes nothing of the project."""

import os
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from .. import action as actions
from .. import config, lock, signals
from .. import graph as graphs
from ..check import check
from ..errors import Interrupted, usage
from ..events import Listener
from ..model import Reason
from ..opened import OpenProject, expand_targets, open_project
from . import bytes as stored
from . import judge, locked, proven, suspected
from .build import Built, Given, build
from .judge import Side
from .plan import Part, Plan, plan
from .result import OK, OutputFound, Perturbation, StageFound, VerifyOptions, VerifyResult

__all__ = ["OK", "OutputFound", "Perturbation", "StageFound", "VerifyOptions", "VerifyResult", "verify"]


def verify(root: Path, options: VerifyOptions, listener: Listener) -> VerifyResult:
    """Execute the targets and what they need in an empty folder, and compare with the lock file.

    Raises UsageError for what is wrong with the project, and for a lock file that is missing or cannot be read;
    StoreError if bytes that are not to be made again cannot be had; Interrupted.
    """
    restore_signals = signals.catch(_Stop())
    try:
        opened = open_project(root)
        try:
            return _verify(opened, options, listener)
        finally:
            opened.close()
    finally:
        restore_signals()


class _Stop:
    """Ends what goes on at the first signal. A second one does not end what cleans up after it."""

    def __init__(self) -> None:
        self._is_stopping = False

    def __call__(self, number: int) -> None:
        if not self._is_stopping:
            self._is_stopping = True
            raise Interrupted(128 + number, None)


def _verify(opened: OpenProject, options: VerifyOptions, listener: Listener) -> VerifyResult:
    clock = time.monotonic()
    planned = _plan(opened, options)
    needed = [path for part in planned.parts for path in part.given]
    given = locked.given(opened, needed, needs_lock=not options.twice)
    found: dict[str, StageFound] = {}
    for name, why in planned.recorded.items():
        used = {path: what for path, what in given.items() if opened.graph.writers[path] == name}
        found[name] = locked.stage(name, opened.lock.get(name), used, why, needs_lock=not options.twice)
    for part in planned.parts:
        own = {path: given[path] for path in part.given}
        found |= _judged(opened, part, own, options, listener)
    ordered = {name: found[name] for name in opened.graph.order if name in found}
    traced = {name: _traced(opened, stage, ordered) for name, stage in ordered.items()}
    stages = {name: suspected.by_whom(opened, stage) for name, stage in traced.items()}
    executed = sum(len(part.executed) for part in planned.parts)
    ok = executed > 0 and all(stage.verdict in OK for stage in stages.values())
    return VerifyResult(ok, stages, executed, time.monotonic() - clock, options.twice, options.perturb)


def _plan(opened: OpenProject, options: VerifyOptions) -> Plan:
    if not options.twice and not os.path.lexists(opened.layout.root / lock.NAME):
        help_text = "`pipe run` writes it; `pipe verify --twice` compares two builds without it"
        raise usage(f"there is no {lock.NAME} to compare with", help=help_text)
    if opened.problems or opened.graph.faults:
        check(opened, ())
    named = expand_targets(opened, options.targets)
    planned = plan(opened.graph, named, skip=options.skip, only=options.only)
    check(opened, [name for part in planned.parts for name in part.executed])
    return planned


def _judged(
    opened: OpenProject, part: Part, given: Given, options: VerifyOptions, listener: Listener
) -> dict[str, StageFound]:
    stages = {name: opened.project.stages[name] for name in part.executed}
    with ExitStack() as lasting:
        builds = [
            lasting.enter_context(
                build(opened, part, given, number=number, jobs=options.jobs, listener=listener)
            )
            for number in range(2 if options.twice else 1)
        ]
        found = {}
        for name, stage in stages.items():
            expected = _side(builds[0], name) if options.twice else _locked(opened, name)
            failed = next((b for b in builds if b.results[name].outcome in judge.UNMADE), builds[-1])
            found[name] = judge.stage(stage, failed.results[name], expected, _side(failed, name))
            if not options.twice and found[name].verdict == "different":
                found[name] = found[name]._replace(reasons=_changed(opened, builds[0], name))
        found = judge.by_consumers(found, stages, lambda path: _readers(builds[0], path))
        if options.perturb:
            from .perturb import perturb

            found = perturb(builds[0], found, listener, jobs=options.jobs)
        proven.add(opened, builds[0], found)
        return found


def _side(built: Built, name: str) -> Side:
    return Side(built.results[name].outputs, lambda produced: stored.find(built.opened, produced))


def _locked(opened: OpenProject, name: str) -> Side | None:
    entry = opened.lock.get(name)
    return Side(entry.outputs, lambda produced: stored.find(opened, produced)) if entry is not None else None


def _readers(built: Built, path: str) -> list[str]:
    """Return the stages of a build that read an output."""
    graph = built.opened.graph
    return [
        name
        for name in graph.children[graph.writers[path]]
        if any(
            path in graphs.feeding(declared, graph.writers, graph.output_paths)
            for declared in graph.stages[name].inputs
        )
    ]


def _changed(opened: OpenProject, built: Built, name: str) -> tuple[Reason, ...]:
    """Say in what a stage was made of something else than the lock file says; other inputs are not told here."""
    was, now = opened.lock.get(name), built.entries.get(name)
    if was is None or now is None or was.key == now.key:
        return ()
    action = built.opened.store.records.action(now.key)
    if action is None:
        return ()
    last = opened.store.records.action(was.key)
    if last is not None:
        places = built.opened.survey.of(built.opened.project.stages[name]).around.places
        found = actions.differences(last.recipe, action.recipe, places=places)
    else:
        found = actions.differences_from_lock(was.params, was.inputs, was.recipe, action.recipe)
    made = built.opened.graph.writers
    return tuple(reason for reason in found if reason.cause != "input" or reason.subject not in made)


def _traced(opened: OpenProject, stage: StageFound, found: Mapping[str, StageFound]) -> StageFound:
    """Add to a stage that is not as expected where it stands, and the stages above that are to blame."""
    if stage.verdict in OK:
        return stage
    above = [found[name] for name in opened.graph.parents[stage.name] if name in found]
    bad = tuple(parent.name for parent in above if parent.verdict not in OK and _is_other(parent))
    near = tuple(
        Reason("input", parent.name, f"what it reads of {parent.name} is equivalent, not identical")
        for parent in above
        if parent.verdict == "equivalent"
    )
    mark = config.mark(opened.layout.root, opened.project.stages[stage.name].base)
    if stage.culprit is not None:
        return stage._replace(mark=mark)  # it was built again on the same inputs: nothing above is to blame
    return stage._replace(follows=stage.follows or bad, reasons=(*stage.reasons, *near), mark=mark)


def _is_other(stage: StageFound) -> bool:
    return any(output.expected != output.actual for output in stage.outputs.values())
