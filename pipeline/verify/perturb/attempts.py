"""Builds a stage again in another world, on the inputs that it had. Records nothing, and decides nothing."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from ... import machine as shared
from ... import status
from ...execute.capture import Uncaptured, capture
from ...execute.local import Order
from ...model import Produced, Stage
from ...opened import OpenProject
from ...perform import Performer
from ...scheduler import Budget, Room
from ...walk import Walk
from ..build import Built
from .machine import Machine
from .variables import Setting, surroundings

_SERVERS = 6
"""Each world that is read when an interpreter starts needs its own; they are shared by stages that load the same."""
_MORE_SECONDS = 60.0
_TIMES_AS_LONG = 10.0
_FIRST_PROCESS, _PROCESSES, _MOST_PLACES = 1009, 300, 60
"""Stages that are built at the same time are given process ids that are apart."""


class Outcome(NamedTuple):
    """What came out of one build. `failure` is empty if the stage came to its end."""

    outputs: Mapping[str, Produced]
    failure: str = ""
    is_late: bool = False

    @property
    def is_made(self) -> bool:
        return not self.failure


class Attempts:
    """Builds the stages of one finished build again. Usable from several threads; `close` it."""

    def __init__(
        self,
        built: Built,
        executed: Iterable[str],
        machine: Machine,
        *,
        jobs: int,
        cancelled: Callable[[], bool],
    ) -> None:
        self._built = built
        self._machine = machine
        self._cancelled = cancelled
        self._walk = _settled(built)
        self._performer = Performer(
            built.opened,
            self._walk,
            "perturb",
            waiting_for=lambda *_: None,
            started=lambda _: None,
            cancelled=cancelled,
        )
        self._performer.open(servers=_SERVERS)
        self._orders: dict[str, Order] = {}
        self._budget = Budget(jobs, shared.processors(), shared.memory_bytes(), shared.gpus())
        self._room_changed = threading.Condition()
        self.stages = {name: self._built.opened.project.stages[name] for name in executed}
        self.builds = dict.fromkeys(self.stages, 0)
        """How often each was built again."""

    def preload(self, name: str) -> tuple[str, ...]:
        """Return the packages that a stage has loaded when it starts: who has the same shares a server."""
        return self._walk.fixed[name].surveyed.preload

    def build(self, name: str, setting: Setting, *, keeps: bool) -> Outcome:
        """Build a stage in a setting; with `keeps` its outputs are in the build's own store afterwards."""
        stage = self.stages[name]
        room = self._take(stage)
        try:
            return self._build(stage, setting, room, keeps=keeps)
        finally:
            with self._room_changed:
                self._budget.give_back(room)
                self._room_changed.notify_all()

    def close(self) -> None:
        self._performer.close()

    def _take(self, stage: Stage) -> Room:
        with self._room_changed:
            while (room := self._budget.take(stage.resources)) is None:
                self._room_changed.wait()
            return room

    def _build(self, stage: Stage, setting: Setting, room: Room, *, keeps: bool) -> Outcome:
        executor = self._performer.executor
        assert executor is not None, "it was opened"
        order = self._order(stage, setting, room)
        self.builds[stage.name] += 1
        ran = executor.execute(order, self._cancelled)
        try:
            if ran.failure is not None:
                return Outcome({}, ran.failure.cause or ran.failure.text, ran.failure.late)
            captured = capture(ran.folder, order)
            if keeps:
                batch = self._built.opened.store.batch()
                try:
                    captured.put(batch)
                    batch.commit()
                finally:
                    batch.discard()
            return Outcome(captured.outputs)
        except Uncaptured as uncaptured:
            return Outcome({}, uncaptured.text)
        finally:
            ran.folder.remove()

    def _order(self, stage: Stage, setting: Setting, room: Room) -> Order:
        since_ns = time.time_ns()
        order = self._orders.get(stage.name)
        if order is None:
            order = self._orders[stage.name] = self._performer.order(
                stage, self._walk.fixed[stage.name], room
            )
        place = list(self.stages).index(stage.name) % _MOST_PLACES
        first_process = _FIRST_PROCESS + place * _PROCESSES
        where = surroundings(stage, setting, self._machine, first_process=first_process)
        altered = where.world.altered._replace(since_ns=since_ns)
        usual_seconds = self._built.results[stage.name].wall_seconds
        patient = stage._replace(timeout_seconds=usual_seconds * _TIMES_AS_LONG + _MORE_SECONDS)
        return order._replace(
            stage=patient,
            log=f"{order.log}.{threading.get_ident()}",
            keeps_scratch=False,
            watched=False,
            world=where.world._replace(altered=altered),
            processors=where.processors or room[0],
            gpus=room[1],
        )


def _settled(built: Built) -> Walk:
    """Walk through a finished build, so that every action is as it was executed."""
    opened: OpenProject = built.opened
    walk = Walk(opened, status.settings_of())
    for name in opened.graph.order:
        result = built.results.get(name)
        if result is not None and result.outcome == "executed":
            walk.fix(opened.project.stages[name])
            walk.settle(name, result.outputs)
        elif opened.project.stages[name].frozen:
            walk.settle(name, walk.outputs_of(name, walk.decide(name)) or {})
    os.makedirs(opened.layout.runs / "perturb", exist_ok=True)
    return walk
