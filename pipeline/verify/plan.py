"""Which stages a verification executes, and of which it takes the recorded outputs. Reads no file."""

from collections.abc import Mapping
from typing import NamedTuple

from .. import graph as graphs
from .. import pattern
from ..errors import Problem, UsageError
from ..graph import Graph
from ..model import Stage


class Part(NamedTuple):
    """What one build executes, in the graph's order, and which outputs (by path) it is given."""

    executed: tuple[str, ...]
    given: tuple[str, ...]


class Plan(NamedTuple):
    parts: tuple[Part, ...]
    recorded: Mapping[str, str]
    """The stages that are not executed and whose outputs are used, or were asked for, each with the reason."""


def plan(graph: Graph, targets: frozenset[str], *, skip: tuple[str, ...], only: bool) -> Plan:
    """Lay out the builds. With `only`, no target of a build reads what another of the same build writes.

    Raises UsageError for a glob of `skip` that no stage matches.
    """
    skipped = _skipped(graph.stages, skip)
    stopped = {n for n, s in graph.stages.items() if n in skipped or s.frozen or s.always}
    reached = targets if only else _reached(graph, targets, stopped)
    executed = [name for name in graph.order if name in reached and name not in stopped]
    groups = _layers(graph, executed) if only else [executed]
    parts = tuple(Part(tuple(group), _given(graph, group)) for group in groups if group)
    used = {graph.writers[path] for part in parts for path in part.given}
    recorded = (used | (reached & stopped)) - set(executed)
    why = {name: _why(graph.stages[name], is_skipped=name in skipped) for name in graph.order}
    return Plan(parts, {name: why[name] for name in graph.order if name in recorded})


def _why(stage: Stage, *, is_skipped: bool) -> str:
    if is_skipped:
        return "skipped"
    if stage.frozen:
        return "frozen: never executed"
    return "declared `always`: it asks the outside world" if stage.always else "above the targets"


def _skipped(stages: Mapping[str, Stage], globs: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    for glob in globs:
        matched = {n for n, s in stages.items() if glob in (n, s.base) or pattern.matches(glob, n)}
        if not matched:
            text = f"`--skip {glob}` matches no stage"
            raise UsageError(Problem(text, help="`pipe graph` shows the stages"))
        found |= matched
    return found


def _reached(graph: Graph, targets: frozenset[str], stopped: set[str]) -> frozenset[str]:
    """Return the targets and all that they need; of a stage that is not executed nothing above is needed."""
    seen = set(targets)
    todo = list(targets)
    while todo:
        name = todo.pop()
        for parent in graph.parents[name] if name not in stopped else ():
            if parent not in seen:
                seen.add(parent)
                todo.append(parent)
    return frozenset(seen)


def _layers(graph: Graph, executed: list[str]) -> list[list[str]]:
    depth: dict[str, int] = {}
    for name in executed:  # in the graph's order, so what is above is known
        depth[name] = 1 + max(
            (depth[parent] for parent in graph.parents[name] if parent in depth), default=-1
        )
    return [[name for name in executed if depth[name] == layer] for layer in sorted(set(depth.values()))]


def _given(graph: Graph, executed: list[str]) -> tuple[str, ...]:
    """Return the paths of outputs that the executed stages read and do not write themselves."""
    own = set(executed)
    read = {
        path
        for name in executed
        for declared in graph.stages[name].inputs
        for path in graphs.feeding(declared, graph.writers, graph.output_paths)
    }
    return tuple(sorted(path for path in read if graph.writers[path] not in own))
