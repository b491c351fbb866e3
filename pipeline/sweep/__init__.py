"""`pipe run --sweep`: each combination of parameters a run of its own, in the store alone. Knows no lock file.

What combinations have in common is executed once, and all that is ready runs at the same time, of whichever
combination it is. The workspace stays as it is, whatever comes out.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import config, history, layout, run_record, status
from ..check import check, target_scope
from ..errors import Interrupted, Problem, UsageError
from ..events import Listener
from ..history import RunRecord
from ..ingest import Ingest
from ..loop import Going, Loop, Performing
from ..model import Decision, Produced, RunResult, StageResult
from ..opened import OpenProject, expand_targets, opened_with
from ..run import RunOptions
from ..walk import Settings
from . import combinations
from .combinations import Axes, axes
from .several import Performers, Walks
from .union import Node, Part, Union, unite

if TYPE_CHECKING:
    from ..perform import Performed

__all__ = ["Axes", "Combination", "SweepForecast", "SweepResult", "axes", "combinations", "forecast", "sweep"]


class Combination(NamedTuple):
    """One combination's run. `overrides` has what was swept alone; the record all that was changed."""

    overrides: Mapping[str, Any]
    result: RunResult
    record: RunRecord


class SweepResult(NamedTuple):
    sweep: str
    """The name of the first run, which the records of all have."""
    ok: bool
    wall_seconds: float
    runs: tuple[Combination, ...]


class SweepForecast(NamedTuple):
    """What a sweep would do. `decisions` is by node, each a stage that combinations may share."""

    decisions: Mapping[str, Decision]
    bases: Mapping[str, str]
    runs: tuple[tuple[Mapping[str, Any], Mapping[str, Decision]], ...]
    """The swept values of each combination, and the decision about each of its stages."""
    executions: int
    """How many stages would run at most, what is shared counted once."""
    estimate_seconds: float | None
    wall_seconds: float


def sweep(root: Path, options: RunOptions, swept: Axes, listener: Listener) -> SweepResult:
    """Run every combination. Those that fail do not hinder the others, and make the result not `ok`.

    Raises as `run` does; Interrupted has the combinations as its `result`, those that were cut off among them.
    """
    opened = _open(root, options, swept)
    try:
        return _Sweep(opened, options, swept, listener).run()
    finally:
        opened.close()


def forecast(root: Path, options: RunOptions, swept: Axes) -> SweepForecast:
    """Decide about every combination. Executes nothing. Raises UsageError as `run` does."""
    started = time.monotonic()
    opened = _open(root, options, swept, secrets=False)
    try:
        forced = opened.union.nodes.keys() & opened.forced
        walks = Walks(opened.union, opened.each, opened.settings(frozenset(forced), options))
        decisions = {}
        for name in opened.union.graph.order:
            decision = decisions[name] = walks.decide(name)
            outputs = walks.outputs_of(name, decision)
            if outputs is not None:
                walks.settle(name, outputs)
        runs = tuple(
            (part.overrides, {stage: decisions[node] for stage, node in named.items()})
            for part, named in zip(opened.parts, opened.union.named, strict=True)
        )
        nodes = opened.union.nodes
        open_ones = [name for name, decision in decisions.items() if decision.verdict in ("stale", "waiting")]
        keys = {decisions[name].key or name for name in open_ones}
        rows = opened.each[0].state.stages()
        known = [
            w for n in open_ones if (r := rows.get(nodes[n].stage)) and (w := r.wall_seconds) is not None
        ]
        bases = {name: node.stage for name, node in nodes.items()}
        estimate = sum(known) if known else None
        return SweepForecast(decisions, bases, runs, len(keys), estimate, time.monotonic() - started)
    finally:
        opened.close()


class _Opened(NamedTuple):
    """All combinations, read and checked. `forced` are the nodes that `-f` means."""

    each: Sequence[OpenProject]
    parts: Sequence[Part]
    union: Union
    forced: frozenset[str]

    def settings(self, forced: frozenset[str], options: RunOptions) -> list[Settings]:
        """Return how the walk of each combination sees the project."""
        return [
            status.settings_of(
                allow_missing=options.allow_missing,
                forced=frozenset(stage for stage, node in named.items() if node in forced),
            )
            for named in self.union.named
        ]

    def close(self) -> None:
        self.each[0].close()


def _open(root: Path, options: RunOptions, swept: Axes, *, secrets: bool = True) -> _Opened:
    where = layout.of(root)
    layout.prepare_if_writable(where)
    each: list[OpenProject] = []
    try:
        parts, forced = [], []
        for overrides in swept.combinations():
            loaded = config.load(where.root, overrides={**options.overrides, **overrides})
            opened = each[0].variant(loaded) if each else opened_with(where, loaded)
            each.append(opened)
            if opened.problems or opened.graph.faults:
                check(opened, ())
            named = expand_targets(opened, options.targets)
            scope = target_scope(opened, named)
            parts.append(Part(overrides, opened.graph, scope))
            forced.append((named if options.targets else frozenset(scope)) if options.force else frozenset())
        joined = unite(parts, swept)
        _check(each, joined, swept, parts, allow_missing=options.allow_missing, secrets=secrets)
        nodes = {joined.named[number][stage] for number, of in enumerate(forced) for stage in of}
        return _Opened(each, parts, joined, frozenset(nodes))
    except BaseException as error:
        if each:
            each[0].close()
        if isinstance(error, UsageError):
            raise UsageError(*(_of_sweep(problem, swept) for problem in error.problems)) from None
        raise


def _check(
    each: Sequence[OpenProject],
    joined: Union,
    swept: Axes,
    parts: Sequence[Part],
    *,
    allow_missing: bool,
    secrets: bool,
) -> None:
    """Raise UsageError with what is wrong with any combination, each mistake told once."""
    problems: dict[Problem, None] = {}
    for number, opened in enumerate(each):
        own = [node for node in joined.nodes.values() if node.owner == number]
        shared = [node.stage for node in own if len(node.members) == len(each)]
        others = [node.stage for node in own if len(node.members) < len(each)]
        for stages, label in ((shared, ""), (others, swept.label(parts[number].overrides))):
            try:
                check(opened, stages, allow_missing=allow_missing, secrets=secrets)
            except UsageError as error:
                told = (("with", label),) if label else ()
                problems |= dict.fromkeys(p._replace(facts=(*p.facts, *told)) for p in error.problems)
    if problems:
        raise UsageError(*problems)


def _of_sweep(problem: Problem, swept: Axes) -> Problem:
    """Name the option that was given: a combination is read as if all its values had been given with -S."""
    if not problem.text.startswith("-S: ") or not any(f"`{name}`" in problem.text for name in swept.values):
        return problem
    return problem._replace(
        text=problem.text.replace("-S: ", "--sweep: ", 1), help=problem.help.replace("`-S ", "`--sweep ")
    )


class _Sweep(Loop):
    def __init__(self, opened: _Opened, options: RunOptions, swept: Axes, listener: Listener) -> None:
        self._nodes = opened.union.nodes
        rows = opened.each[0].state.stages()
        seconds = {
            name: row.wall_seconds
            for name, node in self._nodes.items()
            if (row := rows.get(node.stage)) and row.wall_seconds is not None
        }
        order = opened.union.graph.order
        going = Going(opened.union.graph, order, opened.forced, seconds, options.jobs, options.keep_going)
        super().__init__(going, opened.each[0].store, listener)
        self._opened = opened
        self._options = options
        self._over: set[int] = set()
        """The combinations in which a stage failed, and of which no other is to start."""
        self._left = [set(named.values()) for named in opened.union.named]
        self._done: dict[int, Combination] = {}

    def run(self) -> SweepResult:
        first = self._opened.each[0]
        first.prepare()
        self._began, self._clock = time.time(), time.monotonic()
        self._ids = [history.new_run_id(first.layout.pipe, self._began) for _ in self._opened.each]
        try:
            self._go()
        finally:
            self._cancel_rest()
            first.state.flush()
        if self._fatal is not None:
            raise self._fatal
        runs = tuple(self._done[number] for number in range(len(self._ids)))
        ok = all(one.result.ok for one in runs)
        result = SweepResult(self._ids[0], ok, time.monotonic() - self._clock, runs)
        if self._signal:
            raise Interrupted(128 + self._signal, result)
        return result

    def _start_over(self) -> None:
        executed = {n for n, r in self._progress.results.items() if r.outcome == "executed"}
        settings = self._opened.settings(self._forced - executed, self._options)
        self._walk: Walks = Walks(self._opened.union, self._opened.each, settings)
        super()._start_over()

    def _new_performer(self) -> Performing:
        opened = self._opened
        return Performers(
            opened.union, opened.each, self._walk, self._ids, self._progress, self._cancel.is_set
        )

    def _succeeded(self, name: str, performed: "Performed", outputs: Mapping[str, Produced]) -> bool:
        return False  # the workspace and the lock file know of one combination, and not of which

    def _was_fresh(self, name: str, outputs: Mapping[str, Produced]) -> None:
        # The workspace goes its own way; what a combination gave must last.
        Ingest(self._opened.each[self._nodes[name].owner]).outputs(outputs)

    def _is_given_up(self, name: str) -> bool:
        return self._over.issuperset(self._nodes[name].members)

    def _take_failure(self, result: StageResult, performed: "Performed") -> None:
        super()._take_failure(result, performed)
        if performed.failure is not None and not self._keep_going:
            self._over.update(self._nodes[result.name].members)

    def _end(self, result: StageResult) -> None:
        if result.outcome == "restored":
            result = result._replace(reasons=())  # they are of the workspace, where nothing was put
        super()._end(result)
        for number in self._nodes[result.name].members:
            left = self._left[number]
            left.discard(result.name)
            if number not in self._done and not left:
                self._done[number] = self._record(number)

    def _record(self, number: int) -> Combination:
        opened, part = self._opened.each[number], self._opened.parts[number]
        stages = {stage: self._of_run(number, stage) for stage in part.scope}
        ok = all(stage.outcome in ("fresh", "restored", "executed") for stage in stages.values())
        ends = tuple(n for n in part.scope if not any(c in stages for c in part.graph.children[n]))
        result = RunResult(self._ids[number], ok, time.monotonic() - self._clock, stages, ends)
        options = self._options
        record = run_record.record(
            opened,
            result,
            started=self._began,
            targets=options.targets,
            overrides={**options.overrides, **part.overrides},
            flags=[f"--{n.replace('_', '-')}" for n in ("force", "keep_going") if getattr(options, n)],
            sweep=self._ids[0],
        )
        history.write(opened.layout.pipe, record)
        return Combination(part.overrides, result, record)

    def _of_run(self, number: int, stage: str) -> StageResult:
        """Return a stage's result in one combination: what another one executed came to this one from the store."""
        node: Node = self._nodes[self._opened.union.named[number][stage]]
        found = self._progress.results[node.name]._replace(name=stage)
        if found.outcome == "executed" and node.owner != number:
            return found._replace(outcome="restored", wall_seconds=0.0)
        return found
