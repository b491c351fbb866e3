"""What follows from one target: the targets that it needs in turn. Knows one step, not the whole way."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .facts import Piece
from .graph import Graph, Node, absolute_name
from .resolve import Target, resolver
from .values import Widening


class Edges(NamedTuple):
    targets: tuple[Target, ...]
    others: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    widened: tuple[Widening, ...] = ()


class Steps:
    """Works out each step once for all stages of a graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._resolver = resolver(graph)
        self._kept: dict[Target, Edges] = {}

    def of(self, target: Target, node: Node) -> Edges:
        """Return what a target needs, nearest things first."""
        found = self._kept.get(target)
        if found is None:
            found = self._kept[target] = self._of(target, node)
        return found

    def _of(self, target: Target, node: Node) -> Edges:
        if target.kind == "load":
            return Edges(tuple(self._of_load(node)))
        if target.kind == "value":
            return Edges(tuple(dict.fromkeys(self._of_value(node))))
        if target.kind == "alias" and target.name == "*":
            return Edges(())  # the star stays as it is: all that it takes is noted where it stands
        if target.kind == "alias":
            return Edges(self._resolver.name(node, target.name, (), as_value=False))
        return self._of_piece(node, target.number)

    def _of_load(self, node: Node) -> Iterator[Target]:
        for parent in reversed(node.parents):
            yield Target("load", parent)
        if node.is_whole:
            yield from self.all_of(node)
            return
        for number, piece in enumerate(node.facts.pieces):
            if not piece.is_main and self._resolver.must_run(node, number):
                yield Target("piece", node.key, number)

    def _of_value(self, node: Node) -> Iterator[Target]:
        """All that can be had from a module: its definitions, and what can be had from the modules in it."""
        yield from self.all_of(node)
        names = {name for piece in node.facts.pieces if not piece.is_main for name in piece.names}
        for _, base in self._resolver.stars(node):
            names |= self._resolver.exports(base) or set()
        for name in sorted(names):
            yield from self._resolver.name(node, name, ())

    def all_of(self, node: Node) -> Iterator[Target]:
        """Give every statement of a module, and every name that it imports."""
        yield Target("load", node.key)
        for number, piece in enumerate(node.facts.pieces):
            if piece.is_main:
                continue
            yield Target("piece", node.key, number)
            for alias in piece.aliases:
                yield from self._taken(node, number, alias.name)

    def main_of(self, node: Node) -> Iterator[Target]:
        """Give what a module does only when it is run as a script."""
        for number, piece in enumerate(node.facts.pieces):
            if piece.is_main:
                yield Target("piece", node.key, number)

    def _taken(self, node: Node, number: int, name: str) -> Iterator[Target]:
        if name != "*":
            yield Target("alias", node.key, number, name)
            return
        for at, base in self._resolver.stars(node):
            if at == number and self._resolver.is_whole_star(node, base):
                yield Target("value", base)
                yield Target("alias", node.key, number, "*")
            elif at == number:
                for inner in sorted(self._resolver.exports(base) or ()):
                    yield Target("alias", node.key, number, inner)

    def _of_piece(self, node: Node, number: int) -> Edges:
        piece = node.facts.pieces[number]
        links = self._graph.links(piece.imports, node.package)
        targets = [Target("load", node.key)] if not node.is_whole else []
        targets += [Target("load", name) for name in sorted(links.project)]
        widened: list[Widening] = []
        if piece.kind == "import":
            targets += self._imported(node, number, piece, widened)
        else:
            targets += self._inside(node, piece)
        for name in piece.mentions:
            targets += self._resolver.name(node, name, (), as_value=False)
        for chain, line in piece.uses.items():
            found = self._used(node, chain)
            targets += found
            for target in found:
                if target.kind == "value" and target.module != node.key:
                    what = f"all definitions of `{target.module}`"
                    place = node.path or node.name
                    widened.append(Widening(f"{chain.lstrip(':.')} as a value", place, line, what))
        return Edges(tuple(dict.fromkeys(targets)), links.others, links.absent, tuple(widened))

    def _used(self, node: Node, chain: str) -> tuple[Target, ...]:
        if chain[0] != ":":
            first, *rest = chain.split(".")
            return self._resolver.name(node, first, tuple(rest))
        dotted = absolute_name(chain[1:], node.package)
        return self._resolver.dotted(dotted.split(".")) if dotted else ()

    def _imported(self, node: Node, number: int, piece: Piece, widened: list[Widening]) -> Iterator[Target]:
        """Give what a top-level import statement takes whoever asks for it."""
        for alias in piece.aliases:
            if self._resolver.is_droppable(node, number, alias.name):
                continue
            yield from self._taken(node, number, alias.name)
            if alias.item == "*" and any(at == number for at, _ in self._resolver.stars(node)):
                base = "." * alias.level + alias.module
                text = f"from {base} import *"
                widened.append(
                    Widening(text, node.path or node.name, piece.span[0], f"all definitions of `{base}`")
                )

    def _inside(self, node: Node, piece: Piece) -> Iterator[Target]:
        """Give what imports inside a statement take: they stay as they are."""
        for item in piece.imports:
            base = absolute_name("." * item.level + item.module, node.package)
            for name in item.names or () if base is not None else ():
                if name == "*":
                    yield from self._resolver.dotted((base or "").split("."))
                else:
                    yield from self._resolver.dotted(
                        [*(base.split(".") if base else []), name], as_value=False
                    )


def steps(graph: Graph) -> Steps:
    """Return the steps of a graph."""
    if "steps" not in graph.kept:
        graph.kept["steps"] = Steps(graph)
    found = graph.kept["steps"]
    assert isinstance(found, Steps)
    return found


def below(names: Iterable[str], package: str) -> Iterator[str]:
    """Give a package and the modules inside it, of those named."""
    for name in names:
        if name == package or name.startswith(f"{package}."):
            yield name
