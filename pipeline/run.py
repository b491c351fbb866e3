"""`pipe run`: decides about each stage as what it reads becomes known, restores or executes it, records the run."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from . import history, lock, run_record, status
from .check import check, target_scope
from .errors import Interrupted, Problem, StageFailed
from .events import Listener
from .ingest import Ingest
from .lock import NO_KEY, Entry
from .loop import Going, Loop, Performing
from .model import Produced, RunResult
from .opened import OpenProject, expand_targets, open_project
from .state import StageRow
from .walk import Walk

if TYPE_CHECKING:
    from .perform import Performed


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


class _Run(Loop):
    def __init__(
        self,
        opened: OpenProject,
        options: RunOptions,
        named: frozenset[str],
        scope: list[str],
        listener: Listener,
    ) -> None:
        rows = opened.state.stages()
        seconds = {n: r.wall_seconds for n, r in rows.items() if r.wall_seconds is not None}
        forced = (named if options.targets else frozenset(scope)) if options.force else frozenset()
        going = Going(opened.graph, scope, forced, seconds, options.jobs, options.keep_going)
        super().__init__(going, opened.store, listener)
        self._opened = opened
        self._options = options
        self._entries: dict[str, Entry] = {}

    def run(self) -> RunResult:
        opened = self._opened
        opened.prepare()
        started, clock = time.time(), time.monotonic()
        self._id = history.new_run_id(opened.layout.pipe, started)
        try:
            self._go()
        finally:
            result = self._finish(started, time.monotonic() - clock)
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
        self._walk: Walk = Walk(self._opened, settings)
        super()._start_over()

    def _new_performer(self) -> Performing:
        from .perform import Performer

        return Performer(
            self._opened,
            self._walk,
            self._id,
            waiting_for=self._progress.waiting_for,
            started=self._progress.started,
            cancelled=self._cancel.is_set,
        )

    def _succeeded(self, name: str, performed: "Performed", outputs: Mapping[str, Produced]) -> bool:
        before = self._opened.lock.get(name)
        executed = performed.outcome == "executed"
        if name in self._walk.fixed:
            key = self._walk.fixed[name].action.key
            memory = performed.memory_bytes if executed else None
            self._opened.state.put_stages({name: StageRow(key, self._seconds.get(name), memory)})
        self._note_entry(name, outputs)
        return executed and before is not None and dict(before.outputs) == dict(outputs)

    def _was_fresh(self, name: str, outputs: Mapping[str, Produced]) -> None:
        self._note_entry(name, outputs)
        if self._opened.project.stages[name].frozen:
            Ingest(self._opened).outputs(outputs)  # nobody can make it again, so the store keeps the bytes

    def _is_given_up(self, _: str) -> bool:
        return False  # a failure stops the whole run, or nothing but what needs it

    def _is_stopping(self) -> bool:
        return super()._is_stopping() or (self._failed and not self._keep_going)

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
        self._cancel_rest()
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
            self._opened,
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
