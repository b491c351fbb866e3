"""`pipe run`: decides about each stage as what it reads becomes known, restores or executes it, records the run."""

import json
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from . import action as actions
from . import history, lock, machine, status
from .check import check, target_scope
from .errors import Interrupted, PipeError, Problem, StageFailed, StoreError, usage
from .events import Listener
from .ingest import Ingest, InputLost
from .lock import Entry
from .model import Decision, Produced, Reason, Resources, RunResult, StageResult
from .opened import OpenProject, expand_targets, open_project
from .perform import Performed, Performer
from .scheduler import UNKNOWN_SECONDS, Budget, Room, Schedule, priorities
from .state import StageRow
from .store import Damaged
from .walk import Walk

_METRICS_BYTES = 64 << 10
"""A metrics file up to this size stands in the run's record."""


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
        named = (
            expand_targets(opened, options.targets)
            if not opened.problems
            else frozenset(opened.project.stages)
        )
        scope = target_scope(opened, named)
        check(opened, scope, allow_missing=options.allow_missing)
        if options.locked:
            _refuse_execution(opened, scope, options)
        if options.debug:
            from .debug import debug

            return debug(opened, named, listener)
        return _Run(opened, options, named, scope, listener).run()
    finally:
        opened.close()


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
        self._listener = listener
        self._telling = threading.RLock()
        self._cancel = threading.Event()
        self._signal = 0
        self._forced = (named if options.targets else frozenset(scope)) if options.force else frozenset()
        self._rows = opened.state.stages()
        self._seconds = {n: r.wall_seconds for n, r in self._rows.items() if r.wall_seconds is not None}
        self._results: dict[str, StageResult] = {}
        self._entries: dict[str, Entry] = {}
        self._ended: queue.SimpleQueue[tuple[str, Room, Performed | BaseException]] = queue.SimpleQueue()
        self._running: set[str] = set()
        self._fatal: BaseException | None = None
        self._failed = False

    def run(self) -> RunResult:
        opened = self._opened
        opened.store.prepare(opened.layout.root)
        started, clock = time.time(), time.monotonic()
        self._run = history.new_run_id(opened.layout.pipe, started)
        self._start_over()
        with self._tell() as listener:
            listener.planned(len(self._scope), self._left_seconds())
        restore_signals = self._catch_signals()
        try:
            self._loop()
        finally:
            restore_signals()
            self._performer.close()
            result = self._finish(started, time.monotonic() - clock)
        if self._fatal is not None:
            raise self._fatal
        if self._signal:
            interrupted = Interrupted("interrupted; finished work is kept")
            interrupted.exit_code = 128 + self._signal
            interrupted.result = result  # type: ignore[attr-defined]
            raise interrupted
        return result

    def _start_over(self) -> None:
        settings = status.settings_of(
            allow_missing=self._options.allow_missing,
            forced=self._forced - {n for n, r in self._results.items() if r.outcome == "executed"},
            always_as_locked=self._options.locked,
        )
        self._walk = Walk(self._opened, settings)
        self._schedule = Schedule(
            self._opened.graph, self._scope, priorities(self._opened.graph, self._seconds)
        )
        jobs = self._options.jobs or len(machine.processors())
        self._budget = Budget(jobs, machine.processors(), machine.memory_bytes(), machine.gpus())
        self._performer = Performer(
            self._opened,
            self._walk,
            self._run,
            waiting_for=self._waiting_for,
            started=self._started,
            cancelled=self._cancel.is_set,
        )
        self._waiting: list[tuple[str, Decision]] = []

    def _loop(self) -> None:
        while True:
            self._decide_ready()
            self._start_waiting()
            if not self._running:
                break
            name, room, performed = self._ended.get()
            self._running.discard(name)
            self._budget.give_back(room)
            self._take(name, performed)

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
                self._waiting.append((name, decision))

    def _start_waiting(self) -> None:
        if self._is_stopping():
            return
        # In the order in which they became ready; one that needs more room than there is lets others pass.
        kept = []
        for name, decision in self._waiting:
            stage = self._opened.project.stages[name]
            wanted = stage.resources if decision.verdict == "stale" else Resources()
            if wanted.gpus > len(machine.gpus()):
                self._stop_for(
                    usage(f"stage `{name}` wants {wanted.gpus} GPUs; this machine has {len(machine.gpus())}")
                )
                return
            room = self._budget.take(wanted)
            if room is None:
                kept.append((name, decision))
            else:
                self._start(name, decision, room)
        self._waiting = kept

    def _start(self, name: str, decision: Decision, room: Room) -> None:
        self._results[name] = self._result(name, decision)
        self._running.add(name)
        if decision.verdict == "stale":
            self._performer.open()
        threading.Thread(target=self._work, args=(name, decision, room), daemon=True).start()

    def _work(self, name: str, decision: Decision, room: Room) -> None:
        performed: Performed | BaseException
        try:
            outputs = self._walk.outputs_of(name, decision)
            if outputs is None:
                performed = self._performer.execute(name, room, forced=name in self._forced)
            else:
                performed = self._performer.restore(outputs)
        except BaseException as error:
            performed = error
        self._ended.put((name, room, performed))

    def _take(self, name: str, performed: Performed | BaseException) -> None:
        if isinstance(performed, KeyError | Damaged):
            # The store could not give what it seemed to have: decide again, now that this is known.
            self._schedule.put_back(name)
        elif isinstance(performed, InputLost):
            self._schedule_again(name)
        elif isinstance(performed, BaseException):
            self._stop_for(performed)
        elif performed.outputs is None:
            self._take_failure(name, performed)
        else:
            self._take_success(name, performed)

    def _take_success(self, name: str, performed: Performed) -> None:
        assert performed.outputs is not None
        before = self._opened.lock.get(name)
        same = (
            performed.outcome == "executed"
            and before is not None
            and dict(before.outputs) == dict(performed.outputs)
        )
        result = self._results[name]._replace(
            outcome=performed.outcome,
            outputs=performed.outputs,
            wall_seconds=performed.wall_seconds,
            same_output=same,
        )
        key = self._walk.fixed[name].action.key if name in self._walk.fixed else ""
        seconds, memory = self._seconds.get(name), None
        if performed.outcome == "executed":
            self._seconds[name] = seconds = performed.wall_seconds
            memory = performed.memory_bytes
        if key:
            self._opened.state.put_stages({name: StageRow(key, seconds, memory)})
        self._walk.settle(name, performed.outputs)
        self._note_entry(name, performed.outputs)
        with self._tell() as listener:
            for notice in performed.notices:
                listener.notice(notice)
        self._end(name, result)
        self._schedule.ended_well(name)

    def _take_failure(self, name: str, performed: Performed) -> None:
        if performed.interrupted and not self._signal and performed.failure is None:
            self._end(name, self._results[name]._replace(outcome="cancelled"))
            return
        self._failed = True
        failure = performed.failure
        result = self._results[name]._replace(
            outcome="failed" if failure else "cancelled",
            wall_seconds=performed.wall_seconds,
            error=f"{failure.text}: {failure.cause}" if failure else None,
        )
        if failure:
            with self._tell() as listener:
                listener.failed(name, failure)
        self._end(name, result)
        for blocked in self._schedule.ended_badly(name):
            reason = Reason("waiting", name, f"{name} failed")
            self._end(blocked, StageResult(blocked, "blocked", reasons=(reason,)))

    def _settle_fresh(self, name: str, decision: Decision) -> None:
        outputs = self._walk.outputs_of(name, decision) or {}
        self._walk.settle(name, outputs)
        self._note_entry(name, outputs)
        if self._opened.project.stages[name].frozen:
            self._keep_frozen(outputs)
        already = self._results.get(name)
        if already is None or already.outcome not in ("executed", "restored"):
            self._end(name, self._result(name, decision)._replace(outcome="fresh", outputs=outputs))
        self._schedule.ended_well(name)

    def _keep_frozen(self, outputs: Mapping[str, Produced]) -> None:
        # Nobody can make it again, so the store keeps the bytes.
        for produced in outputs.values():
            if not self._opened.store.holds(produced.artifact):
                Ingest(self._opened).output(produced.path, produced.artifact)

    def _schedule_again(self, name: str) -> None:
        """Begin the walk anew: what an input was made of is lost, so its stage must be decided about again."""
        if self._running:
            # Others go on; the stage is looked at once more when the rest has ended.
            self._waiting.append((name, Decision("stale")))
            return
        self._performer.close()
        if self._results[name].error == "input lost":
            self._stop_for(
                StoreError(Problem(f"an input of stage `{name}` can be had neither from store nor workspace"))
            )
            return
        self._results[name] = self._results[name]._replace(error="input lost")
        self._start_over()

    def _note_entry(self, name: str, outputs: Mapping[str, Produced]) -> None:
        if self._options.overrides:
            return
        fixed = self._walk.fixed.get(name)
        if fixed is None:
            return
        old = self._opened.lock.get(name)
        action = fixed.action
        if old is not None and old.key == action.key and dict(old.outputs) == dict(outputs):
            self._entries[name] = old
            return
        inputs = dict(actions.kind_and_artifacts(action.recipe))
        portable = actions.portable(action.recipe)
        self._entries[name] = Entry(action.key, portable, dict(action.recipe["params"]), inputs, outputs)

    def _finish(self, started: float, wall_seconds: float) -> RunResult:
        for name in self._scope:
            if name not in self._results or self._results[name].outcome == "running":
                self._end(name, StageResult(name, "cancelled"))
        ok = all(result.outcome in ("fresh", "restored", "executed") for result in self._results.values())
        ok = ok and self._fatal is None and not self._signal
        ordered = {name: self._results[name] for name in self._scope}
        ends = tuple(n for n in self._scope if not any(c in ordered for c in self._opened.graph.children[n]))
        result = RunResult(self._run, ok, wall_seconds, ordered, ends)
        if not self._options.overrides and not self._options.locked:
            # Read again: another `pipe` may have written it meanwhile.
            declared = frozenset(self._opened.project.stages)
            lock.write(
                self._opened.layout.root,
                lock.merged(lock.read(self._opened.layout.root), self._entries, declared),
            )
        self._opened.state.flush()
        history.write(self._opened.layout.pipe, self._record(result, started))
        return result

    def _record(self, result: RunResult, started: float) -> history.RunRecord:
        stages = self._opened.project.stages
        flags = [
            f"--{n.replace('_', '-')}" for n in ("force", "keep_going", "locked") if getattr(self._options, n)
        ]
        return history.record_of(
            result,
            started=started,
            targets=self._options.targets,
            overrides=self._options.overrides,
            flags=flags,
            params={name: dict(stages[name].params) for name in result.stages},
            metrics={name: self._metrics(name, stage) for name, stage in result.stages.items()},
            git_commit=history.git_commit(self._opened.layout.root),
        )

    def _metrics(self, name: str, result: StageResult) -> dict[str, Any]:
        found = {}
        for output in self._opened.project.stages[name].outputs:
            produced = result.outputs.get(output.name)
            if not output.is_metric or produced is None or not produced.path.endswith(".json"):
                continue
            if produced.artifact.size_bytes <= _METRICS_BYTES:
                try:
                    path = os.path.join(self._opened.layout.root, produced.path)
                    found[output.name] = json.loads(Path(path).read_text(encoding="utf-8"))
                except (OSError, ValueError):
                    continue
        return found

    def _result(self, name: str, decision: Decision) -> StageResult:
        return StageResult(name, "running", key=decision.key, reasons=decision.reasons)

    def _end(self, name: str, result: StageResult) -> None:
        self._results[name] = result
        done = sum(r.outcome != "running" for r in self._results.values())
        with self._tell() as listener:
            listener.finished(result, done, len(self._scope), self._left_seconds())

    def _started(self, name: str) -> None:
        with self._tell() as listener:
            listener.started(name, self._seconds.get(name))

    def _waiting_for(self, name: str, who: str) -> None:
        with self._tell() as listener:
            listener.waiting_for(name, who)

    def _left_seconds(self) -> float | None:
        if not self._seconds:
            return None
        left = [n for n in self._scope if n not in self._results or self._results[n].outcome == "running"]
        return sum(self._seconds.get(name, UNKNOWN_SECONDS) for name in left)

    def _tell(self) -> "_Telling":
        return _Telling(self._listener, self._telling)

    def _is_stopping(self) -> bool:
        return (
            self._cancel.is_set()
            or self._fatal is not None
            or (self._failed and not self._options.keep_going)
        )

    def _stop_for(self, error: BaseException) -> None:
        self._fatal = self._fatal or error
        self._cancel.set()

    def _catch_signals(self) -> Callable[[], None]:
        if threading.current_thread() is not threading.main_thread():
            return lambda: None

        def caught(number: int, _frame: FrameType | None) -> None:
            self._signal = number
            self._cancel.set()

        old = {
            number: signal.signal(number, caught) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }

        def restore() -> None:
            for number, handler in old.items():
                signal.signal(number, handler)

        return restore


class _Telling:
    """The listener, for as long as nobody else tells it anything."""

    def __init__(self, listener: Listener, lock_: threading.RLock) -> None:
        self._listener = listener
        self._lock = lock_

    def __enter__(self) -> Listener:
        self._lock.acquire()
        return self._listener

    def __exit__(self, *_: object) -> None:
        self._lock.release()
