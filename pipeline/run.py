"""`pipe run`: decides about each stage as what it reads becomes known, restores or executes it, records the run."""

import queue
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from . import history, lock, machine, run_record, signals, status
from .check import check, target_scope
from .errors import Interrupted, PipeError, Problem, StageFailed, StoreError, usage
from .events import Listener
from .ingest import Ingest, InputLost
from .lock import NO_KEY, Entry
from .model import Decision, Produced, Reason, Resources, RunResult, StageResult
from .opened import OpenProject, expand_targets, open_project
from .progress import Progress
from .scheduler import Budget, Room, Schedule, Waiting, priorities
from .state import StageRow
from .store import Damaged
from .walk import Walk

if TYPE_CHECKING:
    from .perform import Performed, Performer


class RunOptions(NamedTuple):
    targets: tuple[str, ...] = ()
    jobs: int | None = None
    keep_going: bool = False
    force: bool = False
    overrides: Mapping[str, Any] = {}
    locked: bool = False
    allow_missing: bool = False
    debug: bool = False


def run(root: Path, options: RunOptions, listener: Listener) -> RunResult:
    """Bring the targets and all that they need up to date.

    A stage that fails makes the result not `ok`. Raises UsageError with every problem there is, before anything
    runs; StageFailed with `locked` if something would have to execute; StoreError for disks and damage;
    Interrupted, with what was done until then as its `result`.
    """
    opened = open_project(root, options.overrides)
    try:
        return run_opened(opened, options, listener)
    finally:
        opened.close()


def run_opened(opened: OpenProject, options: RunOptions, listener: Listener) -> RunResult:
    """Do the same in a project that is open, and leave it open; the overrides were made when it was read."""
    named = (
        expand_targets(opened, options.targets) if not opened.problems else frozenset(opened.project.stages)
    )
    scope = target_scope(opened, named)
    check(opened, scope, allow_missing=options.allow_missing)
    if options.locked:
        _refuse_execution(opened, scope, options)
    if options.debug:
        from .debug import debug

        return debug(opened, named, listener)
    return _Run(opened, options, named, scope, listener).run()


def _refuse_execution(opened: OpenProject, scope: list[str], options: RunOptions) -> None:
    settings = status.settings_of(allow_missing=options.allow_missing, always_as_locked=True)
    decisions = status.forecast(opened, scope, settings)
    stale = {name: d for name, d in decisions.items() if d.verdict in ("stale", "waiting")}
    if stale:
        problems = [
            Problem(
                f"stage `{name}` would have to execute",
                facts=tuple(("why", r.text) for r in decision.reasons[:3]),
            )
            for name, decision in stale.items()
            if decision.verdict == "stale"
        ]
        last = problems[-1]._replace(
            help="`pipe run` without --locked executes it, then commit pipeline.lock"
        )
        raise StageFailed(*problems[:-1], last)


class _Run:
    def __init__(
        self,
        opened: OpenProject,
        options: RunOptions,
        named: frozenset[str],
        scope: list[str],
        listener: Listener,
    ) -> None:
        self._opened = opened
        self._options = options
        self._scope = scope
        self._jobs = options.jobs or len(machine.processors())
        self._cancel = threading.Event()
        self._signal = 0
        self._forced = (named if options.targets else frozenset(scope)) if options.force else frozenset()
        rows = opened.state.stages()
        self._seconds = {n: r.wall_seconds for n, r in rows.items() if r.wall_seconds is not None}
        self._progress = Progress(scope, self._seconds, self._jobs, listener)
        self._entries: dict[str, Entry] = {}
        self._ended: queue.SimpleQueue[tuple[str, Room, Performed | BaseException]] = queue.SimpleQueue()
        self._running: dict[str, StageResult] = {}
        self._decided: dict[str, Decision] = {}
        self._lost: set[str] = set()
        self._fatal: BaseException | None = None
        self._failed = False

    def run(self) -> RunResult:
        opened = self._opened
        opened.prepare()
        started, self._clock = time.time(), time.monotonic()
        self._id = history.new_run_id(opened.layout.pipe, started)
        self._start_over()
        known = [self._seconds[name] for name in self._scope if name in self._seconds]
        self._progress.planned(sum(known) if known else None)
        restore_signals = signals.catch(self._stop_by)
        try:
            self._loop()
        finally:
            restore_signals()
            self._close_performer()
            result = self._finish(started, time.monotonic() - self._clock)
        if self._fatal is not None:
            raise self._fatal
        if self._signal:
            raise Interrupted(128 + self._signal, result)
        return result

    def _start_over(self) -> None:
        executed = {n for n, r in self._progress.results.items() if r.outcome == "executed"}
        settings = status.settings_of(
            allow_missing=self._options.allow_missing,
            forced=self._forced - executed,
            always_as_locked=self._options.locked,
        )
        self._walk = Walk(self._opened, settings)
        self._schedule = Schedule(
            self._opened.graph, self._scope, priorities(self._opened.graph, self._seconds)
        )
        self._waiting = Waiting(self._jobs)
        self._budget = Budget(self._jobs, machine.processors(), machine.memory_bytes(), machine.gpus())
        self._performer: Performer | None = None

    def _ready_performer(self) -> "Performer":
        """Return what executes and restores, loaded when first needed: with nothing to do it never is."""
        if self._performer is None:
            from .perform import Performer

            self._performer = Performer(
                self._opened,
                self._walk,
                self._id,
                waiting_for=self._progress.waiting_for,
                started=self._progress.started,
                cancelled=self._cancel.is_set,
            )
        return self._performer

    def _close_performer(self) -> None:
        if self._performer is not None:
            self._performer.close()
            for notice in self._performer.closing_notices():
                self._progress.notice(notice)

    def _loop(self) -> None:
        while True:
            self._decide_ready()
            self._start_waiting()
            if not self._running:
                if self._lost and not self._is_stopping():
                    self._close_performer()
                    self._start_over()
                    continue
                return
            name, room, performed = self._ended.get()
            result = self._running.pop(name)
            self._budget.give_back(room)
            self._take(result, performed)

    def _decide_ready(self) -> None:
        while not self._is_stopping() and (name := self._schedule.next_ready()) is not None:
            try:
                decision = self._walk.decide(name)
            except PipeError as error:
                self._stop_for(error)
                return
            if decision.verdict == "fresh":
                self._settle_fresh(name, decision)
            else:
                self._wait_for_room(name, decision)

    def _wait_for_room(self, name: str, decision: Decision) -> None:
        stage = self._opened.project.stages[name]
        wanted = stage.resources if decision.verdict == "stale" else Resources()
        if wanted.gpus and wanted.gpus > (there := len(machine.gpus())):
            self._stop_for(usage(f"stage `{name}` wants {wanted.gpus} GPUs; this machine has {there}"))
            return
        if (fixed := self._walk.fixed.get(name)) is not None:  # no gc removes what the stage is about to use
            self._opened.store.pin.hold(fixed.action.key, fixed.artifacts)
        self._decided[name] = decision
        self._waiting.add(name, self._schedule.place(name), wanted)

    def _start_waiting(self) -> None:
        while not self._is_stopping() and (taken := self._waiting.take(self._budget)) is not None:
            name, room = taken
            self._start(name, self._decided.pop(name), room)

    def _start(self, name: str, decision: Decision, room: Room) -> None:
        since = time.monotonic() - self._clock
        self._running[name] = StageResult(
            name, "running", key=decision.key, reasons=decision.reasons, started_seconds=since
        )
        performer = self._ready_performer()
        if decision.verdict == "stale":
            performer.keep_source(self._scope)
            performer.open()
        threading.Thread(target=self._work, args=(performer, name, decision, room), daemon=True).start()

    def _work(self, performer: "Performer", name: str, decision: Decision, room: Room) -> None:
        performed: Performed | BaseException
        try:
            outputs = self._walk.outputs_of(name, decision)
            if outputs is None:
                performed = performer.execute(name, room, forced=name in self._forced)
            else:
                performed = performer.restore(outputs)
        except BaseException as error:
            performed = error
        self._ended.put((name, room, performed))

    def _take(self, result: StageResult, performed: "Performed | BaseException") -> None:
        if isinstance(performed, KeyError | Damaged):
            # The store could not give what it seemed to have: decide again, now that this is known.
            self._schedule.put_back(result.name)
        elif isinstance(performed, InputLost):
            self._take_lost(result.name)
        elif isinstance(performed, BaseException):
            self._stop_for(performed)
        elif performed.outputs is None:
            self._take_failure(result, performed)
        else:
            self._take_success(result, performed, performed.outputs)

    def _take_lost(self, name: str) -> None:
        """What an input was made of is gone: when the rest has ended, the walk begins anew and makes it again."""
        if name in self._lost:
            text = f"an input of stage `{name}` can be had neither from the store nor from the workspace"
            self._stop_for(
                StoreError(Problem(text, help="`pipe run -f` with the stages above it makes it again"))
            )
        self._lost.add(name)

    def _take_success(
        self, result: StageResult, performed: "Performed", outputs: Mapping[str, Produced]
    ) -> None:
        name = result.name
        before = self._opened.lock.get(name)
        executed = performed.outcome == "executed"
        same = executed and before is not None and dict(before.outputs) == dict(outputs)
        if executed:
            self._seconds[name] = performed.wall_seconds
        if name in self._walk.fixed:
            key = self._walk.fixed[name].action.key
            memory = performed.memory_bytes if executed else None
            self._opened.state.put_stages({name: StageRow(key, self._seconds.get(name), memory)})
        self._walk.settle(name, outputs)
        self._note_entry(name, outputs)
        for notice in performed.notices:
            self._progress.notice(notice)
        self._progress.end(
            result._replace(
                outcome=performed.outcome,
                outputs=outputs,
                wall_seconds=performed.wall_seconds,
                same_output=same,
            )
        )
        self._schedule.ended_well(name)

    def _take_failure(self, result: StageResult, performed: "Performed") -> None:
        failure = performed.failure
        if failure is None:
            self._progress.end(result._replace(outcome="cancelled", wall_seconds=performed.wall_seconds))
            return
        self._failed = True
        error = f"{failure.text}: {failure.cause}" if failure.cause else failure.text
        self._progress.failed(result.name, failure)
        self._progress.end(
            result._replace(outcome="failed", wall_seconds=performed.wall_seconds, error=error)
        )
        for blocked in self._schedule.ended_badly(result.name):
            reason = Reason("waiting", result.name, f"{result.name} failed")
            self._progress.end(StageResult(blocked, "blocked", reasons=(reason,)))

    def _settle_fresh(self, name: str, decision: Decision) -> None:
        outputs = self._walk.outputs_of(name, decision) or {}
        self._walk.settle(name, outputs)
        self._note_entry(name, outputs)
        if self._opened.project.stages[name].frozen:
            self._keep_frozen(outputs)
        if name not in self._progress.results:
            reasons = decision.reasons or self._cut_off(name)
            result = StageResult(name, "fresh", key=decision.key, reasons=reasons, outputs=outputs)
            self._progress.end(result)
        self._schedule.ended_well(name)

    def _cut_off(self, name: str) -> tuple[Reason, ...]:
        """Name the stages above that ran and gave what they had given before: that is why this one need not run."""
        results = self._progress.results
        above = [p for p in self._opened.graph.parents[name] if p in results and results[p].same_output]
        return tuple(Reason("waiting", p, f"cut off: {p} gave the same output") for p in above)

    def _keep_frozen(self, outputs: Mapping[str, Produced]) -> None:
        # Nobody can make it again, so the store keeps the bytes.
        for produced in outputs.values():
            if not self._opened.store.holds(produced.artifact):
                Ingest(self._opened).output(produced.path, produced.artifact)

    def _note_entry(self, name: str, outputs: Mapping[str, Produced]) -> None:
        fixed = self._walk.fixed.get(name)
        if self._options.overrides:
            return
        old = self._opened.lock.get(name)
        if fixed is None:
            # Frozen: nothing is executed, so there is no key; one of zeroes answers for no action once it thaws.
            params = dict(self._opened.project.stages[name].params)
            self._entries[name] = Entry(NO_KEY, NO_KEY, params, {}, outputs)
            return
        made = self._walk.hits.get(name)
        self._entries[name] = lock.entry_of(fixed.action, outputs, fixed.pickles, made, old)

    def _finish(self, started: float, wall_seconds: float) -> RunResult:
        for name in self._progress.unfinished():
            self._progress.end(StageResult(name, "cancelled"))
        ordered = self._progress.ordered()
        ok = all(result.outcome in ("fresh", "restored", "executed") for result in ordered.values())
        ok = ok and self._fatal is None and not self._signal
        ends = tuple(n for n in self._scope if not any(c in ordered for c in self._opened.graph.children[n]))
        result = RunResult(self._id, ok, wall_seconds, ordered, ends)
        root = self._opened.layout.root
        if not self._options.overrides and not self._options.locked:
            self._write_lock(root)
        self._opened.state.flush()
        options = self._options
        flags = [f"--{n.replace('_', '-')}" for n in ("force", "keep_going", "locked") if getattr(options, n)]
        record = run_record.record(
            self._opened.project,
            self._opened.graph,
            result,
            started=started,
            targets=options.targets,
            overrides=options.overrides,
            flags=flags,
        )
        history.write(self._opened.layout.pipe, record)
        return result

    def _write_lock(self, root: Path) -> None:
        old = self._opened.lock
        declared = frozenset(self._opened.project.stages)
        if old and lock.merged(old, self._entries, declared) == old:
            return
        # Read again: another `pipe` may have written it meanwhile.
        entries = lock.merged(lock.read(root), self._entries, declared)
        lock.write(root, entries, self._opened.workspace.temporary_for)

    def _is_stopping(self) -> bool:
        return (
            self._cancel.is_set()
            or self._fatal is not None
            or (self._failed and not self._options.keep_going)
        )

    def _stop_by(self, number: int) -> None:
        self._signal = number
        self._cancel.set()

    def _stop_for(self, error: BaseException) -> None:
        self._fatal = self._fatal or error
        self._cancel.set()
