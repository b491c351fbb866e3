"""Walks and performers of several combinations behind one face each. Knows nodes, and no order of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from ..events import Failure
from ..model import Decision, Produced
from ..opened import OpenProject
from ..perform import Performed, Performer
from ..progress import Progress
from ..scheduler import Room
from ..walk import Fixed, Settings, Walk
from .union import Node, Union


class Walks:
    """Decides about a node as the first of its combinations does, and settles it for all of them."""

    def __init__(self, union: Union, opened: Sequence[OpenProject], settings: Sequence[Settings]) -> None:
        self._nodes = union.nodes
        self.each = [Walk(project, how) for project, how in zip(opened, settings, strict=True)]
        self.fixed: dict[str, Fixed] = {}

    def decide(self, name: str) -> Decision:
        node = self._nodes[name]
        walk = self.each[node.owner]
        decision = walk.decide(node.stage)
        if node.stage in walk.fixed:
            self.fixed[name] = walk.fixed[node.stage]
        return decision

    def outputs_of(self, name: str, decision: Decision) -> Mapping[str, Produced] | None:
        node = self._nodes[name]
        return self.each[node.owner].outputs_of(node.stage, decision)

    def settle(self, name: str, outputs: Mapping[str, Produced]) -> None:
        node = self._nodes[name]
        own = self.each[node.owner]
        for number in node.members:
            walk = self.each[number]
            # The others would find the same, and must be able to tell what made their inputs.
            if node.stage in own.fixed:
                walk.fixed[node.stage] = own.fixed[node.stage]
            if node.stage in own.hits:
                walk.hits[node.stage] = own.hits[node.stage]
            walk.settle(node.stage, outputs)


class Performers:
    """Performs each node as a stage of the first of its combinations, whose run has the log."""

    def __init__(
        self,
        union: Union,
        opened: Sequence[OpenProject],
        walks: Walks,
        runs: Sequence[str],
        progress: Progress,
        cancelled: Callable[[], bool],
    ) -> None:
        self._nodes = union.nodes
        self._each = []
        for project, walk, run, named in zip(opened, walks.each, runs, union.named, strict=True):
            told = _Told(progress, named)
            self._each.append(
                Performer(
                    project,
                    walk,
                    run,
                    waiting_for=told.waiting_for,
                    started=told.started,
                    cancelled=cancelled,
                    places=False,
                )
            )

    def open(self) -> None:
        self._each[0].open()
        for performer in self._each:
            performer.executor = self._each[0].executor

    def close(self) -> None:
        self._each[0].close()

    def closing_notices(self) -> list[str]:
        return list(dict.fromkeys(text for one in self._each for text in one.closing_notices()))

    def keep_source(self, names: Iterable[str]) -> None:
        owned: dict[int, list[str]] = {}
        for name in names:
            owned.setdefault(self._nodes[name].owner, []).append(self._nodes[name].stage)
        for number, stages in owned.items():
            self._each[number].keep_source(stages)

    def restore(self, outputs: Mapping[str, Produced]) -> Performed:
        return self._each[0].restore(outputs)

    def execute(self, name: str, room: Room, *, forced: bool) -> Performed:
        node = self._nodes[name]
        performed = self._each[node.owner].execute(node.stage, room, forced=forced)
        return (
            performed._replace(failure=_of_node(performed.failure, node)) if performed.failure else performed
        )


class _Told:
    """Tells of the stages of one combination by the names of their nodes."""

    def __init__(self, progress: Progress, named: Mapping[str, str]) -> None:
        self._progress = progress
        self._named = named

    def started(self, stage: str) -> None:
        self._progress.started(self._named[stage])

    def waiting_for(self, stage: str, who: str) -> None:
        self._progress.waiting_for(self._named[stage], who)


def _of_node(failure: Failure, node: Node) -> Failure:
    text = failure.text.replace(f"`{node.stage}`", f"`{node.name}`", 1)
    return failure._replace(
        text=text, help=failure.help.replace(f"`pipe run {node.stage}`", "the sweep again")
    )
