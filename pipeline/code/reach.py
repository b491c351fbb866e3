"""What some modules and scripts reach, at any depth, and how each of it counts. Reads nothing itself."""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from . import constructs, units
from .edges import below, steps
from .facts import Construct, Import
from .graph import Graph, Node, absolute_name, raise_if_broken
from .resolve import Target, resolver
from .units import Selection
from .values import Code, Parts, Signature, Unpickled, Widening

NO_PICKLES = Unpickled()
UNREAD = "a pickle that cannot be looked into"


class Reach(NamedTuple):
    """A closure. `units` maps a unit's name to its digest; the rest is as in `Code`."""

    units: dict[str, str]
    files: dict[str, str]
    others: frozenset[str]
    absent: frozenset[str]
    widened: frozenset[Widening]
    by_bytes: frozenset[str]
    places: dict[str, tuple[str, int]]
    reached_by: dict[str, str | None]
    parts: dict[str, Parts | None]


class _Walk:
    """One walk from its starts, nearest things first. Widening only adds, so that it ends."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.steps = steps(graph)
        self.nodes: dict[str, Node] = {}
        self.via: dict[Target, Target | None] = {}
        """In the order in which they were reached."""
        self.mains: set[str] = set()
        self.whole: set[str] = set()
        """Modules that count by their bytes."""
        self.valued: set[str] = set()
        self.flags: set[str] = set()
        self.widened: set[Widening] = set()
        self.others: set[str] = set()
        self.absent: set[str] = set()
        self._applied: set[str] = set()
        self._loaded: dict[str, Target] = {}
        self._todo: deque[Target] = deque()

    def start(self, node: Node, *, is_main: bool) -> None:
        raise_if_broken(node)
        self.nodes[node.key] = node
        if is_main:
            self.mains.add(node.key)
        self._push([Target("load", node.key)], None)

    def start_at(self, node: Node, name: str) -> None:
        """Start with one definition. If it cannot be seen it may be any."""
        found = resolver(self.graph).name(node, name, (), as_value=False)
        self._push(found or [Target("value", node.key)], None)
        self.start(node, is_main=False)

    def unpickle(self, unpickled: Unpickled) -> None:
        """Let what some pickles refer to count as if the stage named it: loading them imports it."""
        for reference in unpickled.names:
            module, _, name = reference.partition(":")
            first = name.partition(".")[0]
            node = self.graph.node(module)
            if node is not None:
                self.start_at(node, first)
                continue
            links = self.graph.links([Import(0, module, [first], 1)], "")
            self.others |= links.others
            self.absent |= links.absent
            self._push([Target("load", name) for name in sorted(links.project)], None)
        kind = "everything"
        self.widen((kind, Widening(UNREAD, path, 1, constructs.reaches(kind))) for path in unpickled.unread)

    def widen(self, widenings: Iterable[tuple[str, Widening]]) -> None:
        for kind, widening in widenings:
            self.flags.add(kind)
            self.widened.add(widening)

    def run(self) -> None:
        while self._todo or self.flags - self._applied:
            while self._todo:
                self._visit(self._todo.popleft())
            for flag in sorted(self.flags - self._applied):
                self._applied.add(flag)
                if flag in ("everything", "tests"):
                    names = self.graph.places.everything(has_tests=flag == "tests")
                    self._push([Target("load", name) for name in names], None)
                for node in list(self.nodes.values()):
                    self._apply(flag, node, self._loaded.get(node.key))

    def _push(self, targets: Iterable[Target], via: Target | None) -> None:
        for target in targets:
            if target not in self.via:
                self.via[target] = via
                self._todo.append(target)

    def _visit(self, target: Target) -> None:
        node = self.nodes.get(target.module) or self.graph.node(target.module)
        if node is None:
            return
        if target.kind == "load":
            self._load(target, node)
        elif target.kind == "value":
            self._value(target, node)
        found = self.steps.of(target, node)
        self.others |= found.others
        self.absent |= found.absent
        self.widened.update(found.widened)
        self._push(found.targets, target)
        if target.kind == "piece":
            for item in node.facts.pieces[target.number].constructs:
                self._construct(item, node, target)

    def _load(self, target: Target, node: Node) -> None:
        # What is found by name alone may be broken as long as nobody imports it: then its bytes count.
        if not ({"everything", "tests"} & self._applied):
            raise_if_broken(node)
        self.nodes[node.key] = node
        if self.graph.places.is_shared(node.name):
            self.others.add(node.name.partition(".")[0])
        self._loaded[node.key] = target
        if node.key in self.mains:
            self._push(self.steps.main_of(node), target)
        if node.key.rpartition(".")[0] in self.valued:
            self._push([Target("value", node.key)], target)
        for flag in sorted(self._applied):
            self._apply(flag, node, target)

    def _value(self, target: Target, node: Node) -> None:
        """A module that is passed on gives its submodules too, as far as they are loaded."""
        self.valued.add(node.key)
        inner = [key for key in self.nodes if key.rpartition(".")[0] == node.key]
        self._push([Target("value", key) for key in inner], target)

    def _apply(self, flag: str, node: Node, via: Target | None) -> None:
        """Let a widening of all that is reached have its effect on one module."""
        if flag == "main":
            self.mains.add(node.key)
            self._push(self.steps.main_of(node), via)
        elif flag == "bytes":
            self._make_whole(node, via)
        elif flag in ("definitions", "everything", "tests"):
            self._push([Target("value", node.key)], via)

    def _make_whole(self, node: Node, via: Target | None) -> None:
        self.whole.add(node.key)
        self._push(self.steps.all_of(node), via)

    def _construct(self, item: Construct, node: Node, via: Target) -> None:
        kind, _, value = item.kind.partition(":")
        reaches = constructs.reaches(item.kind)
        if kind == "own":
            self._make_whole(node, via)
        elif kind == "module":
            self._push([Target("value", node.key)], via)
        elif kind == "prefix":
            package = absolute_name(value, node.package)
            names = self.graph.places.everything() if package else ()
            found = list(below(names, package or ""))
            self._push([Target("value", name) for name in found], via)
        elif kind == "path":
            if self._is_root(node, int(value)):
                return
            self.flags.add("everything")
            reaches = constructs.reaches("everything")
        else:
            self.flags.add(kind)
        self.widened.add(Widening(item.construct, node.path or node.name, item.line, reaches))

    def _is_root(self, node: Node, levels: int) -> bool:
        """Say whether the folder so far above a file is one where modules are looked for anyway."""
        folders = node.path.split("/")
        if not node.path or levels > len(folders):
            return False
        return self.graph.places.is_root("/".join(folders[: len(folders) - levels]))

    def result(self) -> Reach:
        selections = {key: Selection(node) for key, node in self.nodes.items()}
        for target in self.via:
            selection = selections.get(target.module)
            if selection is None:
                continue
            if target.kind == "piece":
                selection.pieces.add(target.number)
            elif target.kind == "alias":
                selection.taken.setdefault(target.number, set()).add(target.name)
        for key in self.whole:
            selections[key].is_raw = True
        counted: dict[str, str] = {}
        by_bytes: set[str] = set()
        places: dict[str, tuple[str, int]] = {}
        for selection in selections.values():
            found = units.of_selection(selection)
            counted |= found.digests
            places |= found.places
            if selection.is_raw and selection.node.path:
                by_bytes |= found.digests.keys()
        return Reach(
            counted,
            {node.path: node.digest for node in self.nodes.values() if node.path},
            frozenset(self.others),
            frozenset(self.absent),
            frozenset(self.widened),
            frozenset(by_bytes),
            places,
            units.parents(self.via, selections, counted),
            units.parts_by_path(selections.values()),
        )


def of_starts(
    graph: Graph,
    starts: Iterable[tuple[Node, bool]],
    widenings: Iterable[tuple[str, Widening]] = (),
    *,
    unpickled: Unpickled = NO_PICKLES,
) -> Reach:
    """Return what scripts and modules reach; each start comes with whether it is run as a script."""
    walk = _Walk(graph)
    walk.widen(widenings)
    walk.unpickle(unpickled)
    for node, is_main in starts:
        walk.start(node, is_main=is_main)
    walk.run()
    return walk.result()


def of_definition(graph: Graph, node: Node, name: str, unpickled: Unpickled) -> Reach:
    """Return what one top-level definition of a module reaches, and what it unpickles."""
    walk = _Walk(graph)
    walk.start_at(node, name)
    walk.unpickle(unpickled)
    walk.run()
    return walk.result()


def code(reaches: Iterable[Reach], signature: Signature | None = None) -> Code:
    """Put closures together. Units of one name and other bytes (a `helper` beside each of two scripts) are
    told apart by their digest."""
    every = list(reaches)
    counted: dict[str, str] = {}
    places: dict[str, tuple[str, int]] = {}
    reached_by: dict[str, str | None] = {}
    by_bytes: set[str] = set()
    parts: dict[str, Parts | None] = {}
    for reach in every:
        for name, digest in reach.units.items():
            unit = name if counted.get(name, digest) == digest else f"{name} ({digest[:12]})"
            counted[unit] = digest
            if name in reach.places:
                places[unit] = reach.places[name]
            reached_by.setdefault(unit, reach.reached_by.get(name))
            if name in reach.by_bytes:
                by_bytes.add(unit)
        for path, part in reach.parts.items():
            parts[path] = units.both(parts[path], part) if path in parts else part
    return Code(
        units=dict(sorted(counted.items())),
        files=dict(sorted((path, digest) for reach in every for path, digest in reach.files.items())),
        imports=tuple(sorted({name for reach in every for name in reach.others})),
        absent=tuple(sorted({name for reach in every for name in reach.absent})),
        widened=tuple(sorted({item for reach in every for item in reach.widened})),
        signature=signature,
        needs_bytes=tuple(sorted(by_bytes)),
        places=dict(sorted(places.items())),
        reached_by=dict(sorted(reached_by.items())),
        parts=dict(sorted(parts.items())),
    )
