"""Which stage comes next, and whether there is room for it. Pure: knows neither threads nor files."""

import heapq
from collections.abc import Collection, Iterable, Mapping

from .graph import Graph
from .model import Resources

UNKNOWN_SECONDS = 1.0
"""What a stage that never ran is taken to last."""


def priorities(graph: Graph, seconds: Mapping[str, float]) -> dict[str, float]:
    """Return for each stage the length in seconds of the longest path from its start to the end of the graph."""
    longest: dict[str, float] = {}
    for name in reversed(graph.order):
        after = max((longest[child] for child in graph.children[name] if child in longest), default=0.0)
        longest[name] = seconds.get(name, UNKNOWN_SECONDS) + after
    return longest


class Schedule:
    """The stages of one run: each waits for its parents, is ready, and ends well or not.

    Those that are ready come in the order of the longest path that hangs on them ("critical path first").
    """

    def __init__(self, graph: Graph, scope: Collection[str], longest: Mapping[str, float]) -> None:
        self._graph = graph
        self._rank = {name: index for index, name in enumerate(n for n in graph.order if n in scope)}
        self._longest = longest
        self._missing = {name: sum(p in self._rank for p in graph.parents[name]) for name in self._rank}
        self._ready: list[tuple[tuple[float, int], str]] = []
        self._ended: set[str] = set()
        for name, missing in self._missing.items():
            if not missing:
                self._push(name)

    def next_ready(self) -> str | None:
        """Take the next stage whose parents ended well; None if there is none for now."""
        return heapq.heappop(self._ready)[1] if self._ready else None

    def put_back(self, name: str) -> None:
        """Make a stage that was taken ready again."""
        self._push(name)

    def place(self, name: str) -> tuple[float, int]:
        """Return what sorts stages by who should start first: the longest path, in tenths of a second.

        What differs by less starts as written: how long a short stage took is chance.
        """
        return -round(self._longest.get(name, 0.0), 1), self._rank[name]

    def ended_well(self, name: str) -> None:
        self._ended.add(name)
        for child in self._graph.children[name]:
            if child in self._missing and child not in self._ended:
                self._missing[child] -= 1
                if not self._missing[child]:
                    self._push(child)

    def ended_badly(self, name: str) -> list[str]:
        """Take a stage as failed; returns the stages that cannot run because of it, in order."""
        self._ended.add(name)
        blocked = []
        todo = [name]
        while todo:
            for child in self._graph.children[todo.pop()]:
                if child in self._rank and child not in self._ended:
                    self._ended.add(child)
                    blocked.append(child)
                    todo.append(child)
        return sorted(blocked, key=self._rank.__getitem__)

    def left(self) -> list[str]:
        """Return the stages that have not ended, in order."""
        return [name for name in self._rank if name not in self._ended]

    def _push(self, name: str) -> None:
        heapq.heappush(self._ready, (self.place(name), name))


class Waiting:
    """Stages that start as soon as there is room for them, in the order of their places.

    One that does not fit lets others pass, but only as often as there are slots: else a wide stage on which much
    hangs would wait until all the narrow ones are through. Stages that want the same fit or do not fit together,
    so of each kind only the first is looked at, however many wait.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._queues: dict[Resources, list[tuple[tuple[float, int], str]]] = {}
        self._passed: dict[str, int] = {}

    def add(self, name: str, place: tuple[float, int], wanted: Resources) -> None:
        heapq.heappush(self._queues.setdefault(wanted, []), (place, name))

    def take(self, budget: "Budget") -> tuple[str, "Room"] | None:
        """Take the first stage that fits, with the room that it got; None if none may start now."""
        too_wide: list[str] = []
        for wanted in sorted(self._queues, key=lambda each: self._queues[each][0]):
            queue = self._queues[wanted]
            room = budget.take(wanted)
            if room is not None:
                _, name = heapq.heappop(queue)
                if not queue:
                    del self._queues[wanted]
                self._passed.pop(name, None)
                for passed in too_wide:
                    self._passed[passed] = self._passed.get(passed, 0) + 1
                return name, room
            too_wide.append(queue[0][1])
            if self._passed.get(too_wide[-1], 0) >= self._slots:
                return None
        return None


class Room(tuple[tuple[int, ...], tuple[int, ...], int, int]):
    """What a stage was given: processors, GPUs, how many slots, how much memory in bytes."""

    __slots__ = ()


class Budget:
    """Slots, processors, memory and GPUs. A stage that wants more than there is gets everything, alone."""

    def __init__(
        self, slots: int, processors: Iterable[int], memory_bytes: int | None, gpus: Iterable[int]
    ) -> None:
        self._slots = self._all_slots = slots
        self._processors = sorted(processors)
        self._count = len(self._processors)
        self._memory = self._all_memory = memory_bytes
        self._gpus = sorted(gpus)

    def take(self, wanted: Resources) -> Room | None:
        """Return what the stage may use; None while others use too much of it."""
        slots = min(wanted.cpus, self._all_slots)
        memory = min(wanted.memory_bytes or 0, self._all_memory or 0)
        if slots > self._slots or (self._memory is not None and memory > self._memory):
            return None
        if wanted.gpus > len(self._gpus):
            return None
        self._slots -= slots
        if self._memory is not None:
            self._memory -= memory
        # With more slots than processors there is nothing to pin to.
        pinned = wanted.cpus <= len(self._processors) and self._all_slots <= self._count
        processors = tuple(self._processors[: wanted.cpus]) if pinned else ()
        self._processors = self._processors[len(processors) :]
        gpus, self._gpus = tuple(self._gpus[: wanted.gpus]), self._gpus[wanted.gpus :]
        return Room((processors, gpus, slots, memory))

    def give_back(self, room: Room) -> None:
        processors, gpus, slots, memory = room
        self._slots += slots
        self._processors = sorted([*self._processors, *processors])
        self._gpus = sorted([*self._gpus, *gpus])
        if self._memory is not None:
            self._memory += memory
