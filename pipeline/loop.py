"""Goes through stages as what they read becomes known: decides, waits for room, performs. Knows no lock file.

Who decides, who performs and what is kept of it is for a subclass to say: one project is run, or several at once.
"""

import queue
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from . import machine, signals
from .errors import PipeError, Problem, StoreError, usage
from .events import Listener
from .graph import Graph
from .ingest import InputLost
from .model import Decision, Produced, Reason, Resources, StageResult
from .progress import Progress
from .scheduler import Budget, Room, Schedule, Waiting, priorities
from .store import Damaged, Store
from .walk import Fixed

if TYPE_CHECKING:
    from .perform import Performed


class Deciding(Protocol):
    """Decides about stages, as a `Walk` does."""

    fixed: dict[str, Fixed]

    def decide(self, name: str) -> Decision: ...
    def settle(self, name: str, outputs: Mapping[str, Produced]) -> None: ...
    def outputs_of(self, name: str, decision: Decision) -> Mapping[str, Produced] | None: ...


class Performing(Protocol):
    """Carries out what was decided, as a `Performer` does."""

    def open(self) -> None: ...
    def close(self) -> None: ...
    def closing_notices(self) -> list[str]: ...
    def keep_source(self, names: Iterable[str]) -> None: ...
    def restore(self, outputs: Mapping[str, Produced]) -> "Performed": ...
    def execute(self, name: str, room: Room, *, forced: bool) -> "Performed": ...


class Going(NamedTuple):
    """What to go through, and how. `seconds` is what each stage took the last time, as far as that is known."""

    graph: Graph
    scope: Sequence[str]
    forced: frozenset[str]
    seconds: dict[str, float]
    jobs: int | None
    keep_going: bool


class Loop:
    """One run from its first decision to its last result. Subclasses say what `_walk` and `_new_performer` are."""

    _walk: Deciding

    def __init__(self, going: Going, store: Store, listener: Listener) -> None:
        self._graph = going.graph
        self._scope = list(going.scope)
        self._jobs = going.jobs or len(machine.processors())
        self._keep_going = going.keep_going
        self._forced = going.forced
        self._seconds = going.seconds
        self._store = store
        self._cancel = threading.Event()
        self._signal = 0
        self._progress = Progress(self._scope, self._seconds, self._jobs, listener)
        self._ended: queue.SimpleQueue[tuple[str, Room, Performed | BaseException]] = queue.SimpleQueue()
        self._running: dict[str, StageResult] = {}
        self._decided: dict[str, Decision] = {}
        self._lost: set[str] = set()
        self._begins_anew = False
        self._fatal: BaseException | None = None
        self._failed = False

    def _go(self) -> None:
        """Bring all stages to their ends, or as far as one may get; what went wrong is `_fatal` and `_signal`."""
        self._clock = time.monotonic()
        self._start_over()
        known = [self._seconds[name] for name in self._scope if name in self._seconds]
        self._progress.planned(sum(known) if known else None)
        restore_signals = signals.catch(self._stop_by)
        try:
            self._loop()
        finally:
            restore_signals()
            self._close_performer()

    def _new_performer(self) -> Performing:
        raise NotImplementedError

    def _succeeded(self, name: str, performed: "Performed", outputs: Mapping[str, Produced]) -> bool:
        """Keep what a stage gave; says whether that is what it had given before."""
        raise NotImplementedError

    def _was_fresh(self, name: str, outputs: Mapping[str, Produced]) -> None:
        """Keep what a stage has that needed nothing."""
        raise NotImplementedError

    def _is_given_up(self, name: str) -> bool:
        """Say whether a stage is not to start, for something failed that it belongs to."""
        raise NotImplementedError

    def _start_over(self) -> None:
        self._schedule = Schedule(self._graph, self._scope, priorities(self._graph, self._seconds))
        self._waiting = Waiting(self._jobs)
        self._budget = Budget(self._jobs, machine.processors(), machine.memory_bytes(), machine.gpus())
        self._performer: Performing | None = None
        self._begins_anew = False
        self._same: dict[str, list[str]] = {}
        """By the key of each action that is under way, the other stages that are to execute just that."""

    def _ready_performer(self) -> Performing:
        """Return what executes and restores, loaded when first needed: with nothing to do it never is."""
        if self._performer is None:
            self._performer = self._new_performer()
        return self._performer

    def _close_performer(self) -> None:
        if self._performer is not None:
            self._performer.close()
            for notice in self._performer.closing_notices():
                self._progress.notice(notice)

    def _loop(self) -> None:
        while True:
            self._decide_ready()
            if self._start_waiting():
                continue
            if not self._running:
                if not self._begins_anew or self._is_stopping():
                    return
                self._close_performer()
                self._start_over()
                continue
            name, room, performed = self._ended.get()
            result = self._running.pop(name)
            self._budget.give_back(room)
            self._take(result, performed)
            for other in self._with_same_action(name):
                if getattr(performed, "failure", None) is not None:
                    self._take(result._replace(name=other), performed)  # it would fail once more
                else:
                    self._schedule.put_back(other)

    def _with_same_action(self, name: str) -> list[str]:
        """Return the stages that waited until this one's action has ended, or will not begin."""
        fixed = self._walk.fixed.get(name)
        return self._same.pop(fixed.action.key, []) if fixed is not None else []

    def _decide_ready(self) -> None:
        while not self._is_stopping() and (name := self._schedule.next_ready()) is not None:
            if self._is_given_up(name):
                continue
            try:
                decision = self._walk.decide(name)
                if decision.verdict == "fresh":
                    self._settle_fresh(name, decision)
                else:
                    self._wait_for_room(name, decision)
            except PipeError as error:
                self._stop_for(error)
                return

    def _wait_for_room(self, name: str, decision: Decision) -> None:
        stage = self._graph.stages[name]
        wanted = stage.resources if decision.verdict == "stale" else Resources()
        if wanted.gpus and wanted.gpus > (there := len(machine.gpus())):
            self._stop_for(usage(f"stage `{name}` wants {wanted.gpus} GPUs; this machine has {there}"))
            return
        if (fixed := self._walk.fixed.get(name)) is not None:
            key = fixed.action.key
            self._store.pin.hold(key, fixed.artifacts)  # no gc removes what the stage is about to use
            if decision.verdict == "stale":
                if key in self._same:
                    self._same[key].append(name)
                    return
                self._same[key] = []
        self._decided[name] = decision
        self._waiting.add(name, self._schedule.place(name), wanted)

    def _start_waiting(self) -> bool:
        """Start what there is room for. Says whether stages have become ready, for others will not start."""
        while not self._is_stopping() and (taken := self._waiting.take(self._budget)) is not None:
            name, room = taken
            decision = self._decided.pop(name)
            if not self._is_given_up(name):
                self._start(name, decision, room)
                continue
            self._budget.give_back(room)
            others = self._with_same_action(name)
            for other in others:
                self._schedule.put_back(other)
            if others:
                return True
        return False

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

    def _work(self, performer: Performing, name: str, decision: Decision, room: Room) -> None:
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
        self._begins_anew = True

    def _take_success(
        self, result: StageResult, performed: "Performed", outputs: Mapping[str, Produced]
    ) -> None:
        name = result.name
        if performed.outcome == "executed":
            self._seconds[name] = performed.wall_seconds
        same = self._succeeded(name, performed, outputs)
        self._walk.settle(name, outputs)
        for notice in performed.notices:
            self._progress.notice(notice)
        ended = result._replace(outcome=performed.outcome, wall_seconds=performed.wall_seconds)
        self._end(ended._replace(outputs=outputs, same_output=same))
        self._schedule.ended_well(name)

    def _take_failure(self, result: StageResult, performed: "Performed") -> None:
        failure = performed.failure
        if failure is None:
            self._end(result._replace(outcome="cancelled", wall_seconds=performed.wall_seconds))
            return
        self._failed = True
        error = f"{failure.text}: {failure.cause}" if failure.cause else failure.text
        self._progress.failed(result.name, failure)
        self._end(result._replace(outcome="failed", wall_seconds=performed.wall_seconds, error=error))
        for blocked in self._schedule.ended_badly(result.name):
            reason = Reason("waiting", result.name, f"{result.name} failed")
            self._end(StageResult(blocked, "blocked", reasons=(reason,)))

    def _settle_fresh(self, name: str, decision: Decision) -> None:
        outputs = self._walk.outputs_of(name, decision) or {}
        self._walk.settle(name, outputs)
        self._was_fresh(name, outputs)
        if name not in self._progress.results:
            reasons = decision.reasons or self._cut_off(name)
            self._end(StageResult(name, "fresh", key=decision.key, reasons=reasons, outputs=outputs))
        self._schedule.ended_well(name)

    def _cut_off(self, name: str) -> tuple[Reason, ...]:
        """Name the stages above that ran and gave what they had given before: that is why this one need not run."""
        results = self._progress.results
        above = [p for p in self._graph.parents[name] if p in results and results[p].same_output]
        return tuple(Reason("waiting", p, f"cut off: {p} gave the same output") for p in above)

    def _end(self, result: StageResult) -> None:
        """Take a stage's outcome, whatever it is."""
        self._progress.end(result)

    def _cancel_rest(self) -> None:
        for name in self._progress.unfinished():
            self._end(StageResult(name, "cancelled"))

    def _is_stopping(self) -> bool:
        return self._cancel.is_set() or self._fatal is not None

    def _stop_by(self, number: int) -> None:
        self._signal = number
        self._cancel.set()

    def _stop_for(self, error: BaseException) -> None:
        self._fatal = self._fatal or error
        self._cancel.set()
