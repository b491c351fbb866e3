"""What some modules and scripts reach, at any depth, and how each of them counts. Reads nothing itself."""

from collections.abc import Iterable
from typing import NamedTuple

from .constructs import REACHES
from .graph import Graph, Node, raise_if_broken
from .values import Code, Signature, Widening


class Reach(NamedTuple):
    """A closure. `units` maps a unit's name to its digest; the rest is as in `Code`."""

    units: dict[str, str]
    files: dict[str, str]
    others: frozenset[str]
    absent: frozenset[str]
    widened: frozenset[Widening]
    by_bytes: frozenset[str]
    flags: frozenset[str]


class _Walk:
    """One walk from its starts. Widening only adds, so that each node is visited at most twice."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: dict[str, Node] = {}
        self.mains: set[str] = set()
        self.flags: set[str] = set()
        self.own: set[str] = set()
        self.widened: set[Widening] = set()
        self._applied: set[str] = set()
        self._todo: list[tuple[Node, bool]] = []

    def start(self, node: Node, *, is_main: bool) -> None:
        raise_if_broken(node)
        self._push(node, is_main)

    def widen(self, widenings: Iterable[tuple[str, Widening]]) -> None:
        for kind, widening in widenings:
            self.flags.add(kind)
            self.widened.add(widening)

    def run(self) -> None:
        while self._todo or self.flags - self._applied:
            while self._todo:
                self._visit(*self._todo.pop())
            for flag in sorted(self.flags - self._applied):
                self._applied.add(flag)
                if flag in ("everything", "tests"):
                    names = self.graph.places.everything(has_tests=flag == "tests")
                    self._push_names(names, strict=False)
                if flag == "main":
                    self._todo += [(node, True) for node in self.nodes.values()]

    def _push(self, node: Node, is_main: bool) -> None:
        is_main = is_main or "main" in self.flags
        if node.name not in self.nodes or (is_main and node.name not in self.mains):
            self.nodes[node.name] = node
            if is_main:
                self.mains.add(node.name)
            self._todo.append((node, is_main))

    def _push_names(self, names: Iterable[str], *, strict: bool) -> None:
        for name in names:
            if name not in self.nodes or "main" in self.flags:
                node = self.graph.node(name)
                if node is not None:
                    if strict:
                        raise_if_broken(node)
                    self._push(node, False)

    def _visit(self, node: Node, is_main: bool) -> None:
        if is_main:
            self.mains.add(node.name)
        for item in node.facts.constructs:
            if item.is_main and not is_main:
                continue
            if item.kind == "own":
                self.own.add(node.name)
            else:
                self.flags.add(item.kind)
            place = node.path or node.name
            self.widened.add(Widening(item.construct, place, item.line, REACHES[item.kind]))
        # What is found by name alone may be broken as long as nobody imports it: then its bytes count.
        strict = "everything" not in self._applied
        self._push_names((node.whole if is_main else node.imported).project, strict=strict)

    def result(self) -> Reach:
        by_bytes = set(self.nodes) if "bytes" in self.flags else self.own
        by_bytes |= {name for name, node in self.nodes.items() if not node.facts.imported}
        units: dict[str, str] = {}
        files: dict[str, str] = {}
        others: set[str] = set()
        absent: set[str] = set()
        for name, node in self.nodes.items():
            is_main = name in self.mains
            links = node.whole if is_main else node.imported
            others |= links.others
            absent |= links.absent
            if node.path:
                units[name] = node.unit(is_main=is_main, by_bytes=name in by_bytes)
                files[node.path] = node.digest
        by_bytes &= units.keys()
        return Reach(
            units,
            files,
            frozenset(others),
            frozenset(absent),
            frozenset(self.widened),
            frozenset(by_bytes),
            frozenset(self.flags),
        )


def of_starts(
    graph: Graph, starts: Iterable[tuple[Node, bool]], widenings: Iterable[tuple[str, Widening]] = ()
) -> Reach:
    """Return what scripts and modules reach; each start comes with whether it is run as a script."""
    walk = _Walk(graph)
    walk.widen(widenings)
    for node, is_main in starts:
        walk.start(node, is_main=is_main)
    walk.run()
    return walk.result()


def of_module(graph: Graph, node: Node) -> Reach:
    """Return what one module reaches. Modules that import the same ones share the work below them."""
    key = ("module", node.name)
    if key not in graph.reached:
        graph.reached[key] = _of_module(graph, node)
    found = graph.reached[key]
    assert isinstance(found, Reach)
    return found


def _of_module(graph: Graph, node: Node) -> Reach:
    if any(not item.is_main for item in node.facts.constructs) or node.facts.error:
        return of_starts(graph, [(node, False)])
    below = _of_names(graph, node.imported.project - {node.name})
    if below.flags:
        return of_starts(graph, [(node, False)])
    if node.name in below.units:
        return below
    return below._replace(
        units={**below.units, node.name: node.unit(is_main=False, by_bytes=False)},
        files={**below.files, node.path: node.digest},
        others=below.others | node.imported.others,
        absent=below.absent | node.imported.absent,
    )


def _of_names(graph: Graph, names: frozenset[str]) -> Reach:
    key = ("names", names)
    if key not in graph.reached:
        nodes = [node for node in map(graph.node, sorted(names)) if node is not None]
        graph.reached[key] = of_starts(graph, [(node, False) for node in nodes])
    found = graph.reached[key]
    assert isinstance(found, Reach)
    return found


def code(reaches: Iterable[Reach], signature: Signature | None = None) -> Code:
    """Put closures together. Units of one name and other bytes (a `helper` beside each of two scripts) are
    told apart by their digest."""
    units: dict[str, str] = {}
    files: dict[str, str] = {}
    others: set[str] = set()
    absent: set[str] = set()
    widened: set[Widening] = set()
    by_bytes: set[str] = set()
    for reach in reaches:
        for name, digest in reach.units.items():
            units[name if units.get(name, digest) == digest else f"{name} ({digest[:12]})"] = digest
        files.update(reach.files)
        others |= reach.others
        absent |= reach.absent
        widened |= reach.widened
        by_bytes |= reach.by_bytes
    return Code(
        units=dict(sorted(units.items())),
        files=dict(sorted(files.items())),
        imports=tuple(sorted(others)),
        absent=tuple(sorted(absent)),
        widened=tuple(sorted(widened)),
        signature=signature,
        needs_bytes=tuple(sorted(by_bytes)),
    )
