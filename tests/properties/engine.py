"""Drives the engine over a world: the real one, and the same with one part replaced by a wrong one.

The parts are put together as `run` and `status` do it. Forkservers are kept from run to run: starting an interpreter
costs more than all that is tested here.
"""

import atexit
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline import status as statuses
from pipeline.check import check, target_scope
from pipeline.code import Memo
from pipeline.events import Silent
from pipeline.execute.local import LocalExecutor
from pipeline.execute.servers import Servers
from pipeline.layout import Layout
from pipeline.model import Decision, RunResult
from pipeline.opened import OpenProject, expand_targets, open_project
from pipeline.perform import Performer
from pipeline.run import RunOptions, _Run
from pipeline.store import Store
from pipeline.walk import Settings, Walk

_SERVERS: list[Servers] = []
_HOME = tempfile.mkdtemp(prefix="pipe-home-")


class WarmExecutor(LocalExecutor):
    """The local executor with forkservers that outlive it."""

    def __init__(
        self, layout: Layout, store: Store, level: str, memo: Memo, *, unwatched: Callable[[], str]
    ) -> None:
        super().__init__(layout, store, level, memo, unwatched=unwatched)
        if not _SERVERS:
            _SERVERS.append(Servers(most=4))
            atexit.register(_SERVERS[0].close)
        self._servers = _SERVERS[0]
        self._plan = self._plan._replace(home=_HOME)

    def close(self) -> None:
        pass


class WarmPerformer(Performer):
    def open(self) -> None:
        opened = self._opened
        self.executor = self.executor or WarmExecutor(
            self._layout, self._store, opened.level, opened.state, unwatched=lambda: opened.unwatched
        )


class Engine:
    """The engine. A wrong one overrides one of these."""

    walk: type[Walk] = Walk
    performer: type[Performer] = WarmPerformer

    def open(self, root: Path) -> OpenProject:
        return open_project(root)

    def settings(self, settings: Settings) -> Settings:
        """Return how a run sees the project."""
        return settings

    def forecast(self, opened: OpenProject, scope: list[str], settings: Settings) -> dict[str, Decision]:
        return statuses.forecast(opened, scope, settings)

    def run(self, root: Path, *targets: str, **options: Any) -> RunResult:
        opened = self.open(root)
        try:
            named = expand_targets(opened, targets)
            scope = target_scope(opened, named)
            check(opened, scope)
            given = RunOptions(targets=targets, **options)
            return _EngineRun(self, opened, given, named, scope).run()
        finally:
            opened.close()

    def status(self, root: Path, *targets: str, force: bool = False) -> dict[str, Decision]:
        opened = self.open(root)
        try:
            named = expand_targets(opened, targets)
            scope = target_scope(opened, named)
            check(opened, scope)
            return self.forecast(opened, scope, statuses.settings_of(forced=named if force else frozenset()))
        finally:
            opened.close()


class _EngineRun(_Run):
    def __init__(
        self,
        engine: Engine,
        opened: OpenProject,
        options: RunOptions,
        named: frozenset[str],
        scope: list[str],
    ) -> None:
        super().__init__(opened, options, named, scope, Silent())
        self._engine = engine

    def _catch_signals(self) -> Callable[[], None]:
        return lambda: None  # the test's own ones stay

    def _start_over(self) -> None:
        super()._start_over()
        self._walk = self._engine.walk(self._opened, self._engine.settings(self._walk._settings))
        self._performer = self._engine.performer(
            self._opened,
            self._walk,
            self._id,
            waiting_for=self._progress.waiting_for,
            started=self._progress.started,
            cancelled=self._cancel.is_set,
        )


def outcomes(result: RunResult, outcome: str) -> set[str]:
    """Return the stages that had an outcome."""
    return {name for name, stage in result.stages.items() if stage.outcome == outcome}


def is_writable(path: Path) -> bool:
    return os.access(path, os.W_OK)
