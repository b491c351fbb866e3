"""From a name to the definitions that it stands for, through any number of re-exports. Knows facts, no syntax.

What it finds are targets: a module that is loaded, a top-level statement, a name that an import statement takes,
or a module that is passed on as a value, so that anything may be taken from it.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Literal, NamedTuple

from . import bases
from .facts import Alias, Facts, Piece
from .graph import Graph, Node, absolute_name

_ASKED_OF_ANY = frozenset(
    ("__builtins__", "__cached__", "__doc__", "__file__", "__loader__", "__name__", "__package__", "__spec__")
)
"""What every module has, and what leads to nothing else in it."""

_MOST_INSIDE = 3


class Target(NamedTuple):
    kind: Literal["load", "piece", "alias", "value"]
    module: str
    """The key of its node."""
    number: int = 0
    name: str = ""


class Resolver:
    """Answers for one graph, each question once."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._names: dict[tuple[str, str, tuple[str, ...], bool], tuple[Target, ...]] = {}
        self._open: set[tuple[str, str, tuple[str, ...], bool]] = set()
        self._is_circle = False
        self._stars: dict[str, list[tuple[int, str]]] = {}
        self._bindings: dict[str, dict[str, list[int]]] = {}
        self._exports: dict[str, frozenset[str] | None] = {}
        self._loads: dict[str, set[str]] = {}
        self._quiet: dict[tuple[str, int], bool] = {}

    # Names

    def name(
        self, node: Node, name: str, rest: tuple[str, ...], *, as_value: bool = True
    ) -> tuple[Target, ...]:
        """Return what a module's global name stands for, `rest` being the attributes taken from it.

        `as_value` says that a module which is found may have anything taken from it.
        """
        key = (node.key, name, rest, as_value)
        known = self._names.get(key)
        if known is not None:
            return known
        if key in self._open or self._is_growing(node, name):
            self._is_circle = True
            return ()
        self._open.add(key)
        found = tuple(dict.fromkeys(self._name(node, name, rest, as_value)))
        self._open.remove(key)
        # Inside a circle an answer lacks what its beginning has; only that of the beginning is whole.
        if not self._is_circle or not self._open:
            self._names[key] = found
            self._is_circle = False
        return found

    def _is_growing(self, node: Node, name: str) -> bool:
        """Say whether a name stands for something in itself, again and again.

        It does where a package has `from .clean import clean`: its `clean` is `clean.clean`, and that of which?
        """
        same = (True for key, opened, *_ in self._open if opened == name and key == node.key)
        return sum(islice(same, _MOST_INSIDE)) == _MOST_INSIDE

    def _name(self, node: Node, name: str, rest: tuple[str, ...], as_value: bool) -> Iterator[Target]:
        for number in self._bound(node).get(name, ()):
            piece = node.facts.pieces[number]
            if piece.kind != "import":
                yield Target("piece", node.key, number)
                continue
            yield Target("alias", node.key, number, name)
            if self.is_spare(node, number):
                yield Target("piece", node.key, number)
            for alias in piece.aliases:
                if alias.name == name and alias.item != "*":
                    yield from self._alias(node, alias, rest, as_value)
        for origin in node.facts.origins.get(name, ()):
            dotted = absolute_name(origin, node.package)
            if dotted is not None:
                yield from self.dotted(dotted.split(".") + list(rest), as_value=as_value)
        yield from self._starred(node, name, rest, as_value)

    def _bound(self, node: Node) -> dict[str, list[int]]:
        found = self._bindings.get(node.key)
        if found is None:
            found = self._bindings[node.key] = {}
            for number, piece in enumerate(node.facts.pieces):
                for name in piece.names:
                    found.setdefault(name, []).append(number)
        return found

    def _alias(self, node: Node, alias: Alias, rest: tuple[str, ...], as_value: bool) -> Iterator[Target]:
        base = absolute_name("." * alias.level + alias.module, node.package)
        if base is None:
            return
        parts = base.split(".") if base else []
        if alias.item and self._graph.places.find(base) is not None:
            # The module is found by its name, whatever its package has under that name: `from .clean import clean`.
            yield from self._in_module(base, [alias.item, *rest], as_value)
            return
        if alias.item == "":
            parts = parts[:1]
        elif alias.item is not None:
            parts = [*parts, alias.item]
        yield from self.dotted([*parts, *rest], as_value=as_value)

    def _starred(self, node: Node, name: str, rest: tuple[str, ...], as_value: bool) -> Iterator[Target]:
        for number, base in self.stars(node):
            module = self._graph.node(base)
            exports = self.exports(base)
            if module is None:
                continue
            is_inner = self._graph.places.find(f"{base}.{name}") is not None
            if exports is not None and name not in exports and not is_inner:
                continue
            if exports is not None:
                yield Target("alias", node.key, number, name)
            yield from self.dotted([*base.split("."), name, *rest], as_value=as_value)

    def dotted(self, parts: list[str], *, as_value: bool = True) -> tuple[Target, ...]:
        """Return what an absolute dotted name stands for; nothing for what is not the project's."""
        if not parts or not parts[0] or self._graph.places.find(parts[0]) is None:
            return ()
        return tuple(self._in_module(parts[0], parts[1:], as_value))

    def _in_module(self, module: str, rest: list[str], as_value: bool) -> Iterator[Target]:
        node = self._graph.node(module)
        if node is not None:
            yield Target("load", module)
        if not rest:
            if as_value:
                yield Target("value", module)
            return
        inner = f"{module}.{rest[0]}"
        if node is not None:
            yield from self.name(node, rest[0], tuple(rest[1:]), as_value=as_value)
            is_odd = rest[0].startswith("__") and rest[0] not in _ASKED_OF_ANY
            if is_odd and rest[0] not in node.facts.names:
                yield Target("value", module)  # `module.__dict__`
        if self._graph.places.find(inner) is not None:
            yield from self._in_module(inner, rest[1:], as_value)

    # Stars

    def stars(self, node: Node) -> list[tuple[int, str]]:
        """Return each `from base import *` at the top level of a module, `base` being the project's."""
        if node.key not in self._stars:
            found = self._stars[node.key] = []
            for number, piece in enumerate(node.facts.pieces):
                for alias in piece.aliases:
                    if alias.item == "*":
                        base = absolute_name("." * alias.level + alias.module, node.package)
                        if base and self._graph.node(base) is not None:
                            found.append((number, base))
        return self._stars[node.key]

    def is_whole_star(self, node: Node, base: str) -> bool:
        """Say whether `from base import *` cannot be written as the names that are asked for.

        Either they are not to be known, or `base` imports the module that has the star: in such a circle a star
        takes what is there so far, where a name would be an error.
        """
        return self.exports(base) is None or self._is_circle_of(node, base)

    def _is_circle_of(self, node: Node, base: str) -> bool:
        return node.key in self._loaded_by(base)

    def _loaded_by(self, module: str) -> set[str]:
        """Return the modules of the project whose loading that of one may begin: its own parents begin before it."""
        if module not in self._loads:
            first = self._graph.node(module)
            above = set(first.parents) if first is not None else set()
            found, todo = set(above), [module]
            while todo:
                node = self._graph.node(todo.pop())
                if node is None or node.key in found:
                    continue
                found.add(node.key)
                for piece in node.facts.pieces:
                    if piece.kind != "def":  # what functions import comes later
                        todo += self._graph.links(piece.imports, node.package).project
            self._loads[module] = found - above
        return self._loads[module]

    def exports(self, module: str) -> frozenset[str] | None:
        """Return the names that `import *` takes from a module of the project; None if that is not to be known."""
        if module not in self._exports:
            found: set[str] | None = set()
            seen: set[str] = set()
            todo = [module]
            while todo and found is not None:
                base = todo.pop()
                if base in seen:
                    continue
                seen.add(base)
                node = self._graph.node(base)
                names = self._exported(node, todo) if node is not None else None
                found = found | names if names is not None else None
            self._exports[module] = frozenset(found) if found is not None else None
        return self._exports[module]

    def _exported(self, node: Node, todo: list[str]) -> frozenset[str] | None:
        """Return what one module exports itself, and add to `todo` those whose names it passes on."""
        facts = node.facts
        if facts.is_open_export or facts.error or node.is_whole:
            return None
        if facts.exports is not None:
            return frozenset(facts.exports)
        if facts.is_open and not self._only_by_stars(facts):
            return None
        found = {n for piece in facts.pieces if not piece.is_main for n in piece.names if n[0] != "_"}
        if not found.isdisjoint(facts.unsure):
            return None
        inner_stars = [a for p in facts.pieces for a in p.aliases if a.item == "*"]
        followed = self.stars(node)
        if len(followed) != len(inner_stars) or any(self._is_circle_of(node, base) for _, base in followed):
            return None
        todo += [base for _, base in followed]
        return frozenset(found)

    @staticmethod
    def _only_by_stars(facts: Facts) -> bool:
        has_nested = any(
            "*" in (i.names or ()) for p in facts.pieces if p.kind != "import" for i in p.imports
        )
        is_dynamic = any(c.kind in ("module", "everything") for p in facts.pieces for c in p.constructs)
        return "__getattr__" not in facts.names and not has_nested and not is_dynamic

    # Statements

    def must_run(self, node: Node, number: int) -> bool:
        """Say whether a statement counts as soon as its module is loaded."""
        if node.facts.pieces[number].kind == "import":
            return not self.is_spare(node, number)
        return not self.is_quiet(node, number)

    def is_spare(self, node: Node, number: int) -> bool:
        """Say whether an import statement may be left out whole as long as nobody asks for what it binds."""
        piece = node.facts.pieces[number]
        return bool(piece.aliases) and all(self._is_spare(piece, alias) for alias in piece.aliases)

    def _is_spare(self, piece: Piece, alias: Alias) -> bool:
        top = alias.module.partition(".")[0]
        return alias.name in piece.spare and not piece.constructs and self._graph.places.find(top) is None

    def is_quiet(self, node: Node, number: int) -> bool:
        """Say whether a statement does nothing but bind names, all its base classes considered."""
        key = (node.key, number)
        if key not in self._quiet:
            self._quiet[key] = False  # a class that is its own base is none
            piece = node.facts.pieces[number]
            self._quiet[key] = (
                piece.quiet is not None
                and all(self._is_quiet_base(node, base) for base in piece.quiet)
                and (piece.floats or not any(self._is_computed(node, chain) for chain in piece.uses))
            )
        return self._quiet[key]

    def _is_computed(self, node: Node, chain: str) -> bool:
        """Say whether the `__getattr__` of a module of the project is called for `module.name`."""
        first, *rest = chain.split(".")
        origin = absolute_name(node.facts.aliases.get(first, ""), node.package) if rest else None
        parts = [*origin.split("."), *rest] if origin else []
        for count in range(1, len(parts)):
            module, name = self._graph.node(".".join(parts[:count])), parts[count]
            if module is not None and "__getattr__" in module.facts.names and name not in module.facts.names:
                return self._graph.places.find(f"{module.name}.{name}") is None
        return False

    def _is_quiet_base(self, node: Node, chain: str) -> bool:
        first, *rest = chain.split(".")
        found = [t for t in self.name(node, first, tuple(rest)) if t.kind == "piece"]
        if not found:
            origin = node.facts.aliases.get(first, first)
            return bases.is_quiet_base(".".join([origin, *rest]))
        for target in found:
            module = self._graph.node(target.module)
            if module is None:
                return False
            piece = module.facts.pieces[target.number]
            is_class = piece.kind == "class" and not piece.hooks
            if not is_class or not self.is_quiet(module, target.number):
                return False
        return True

    def is_droppable(self, node: Node, number: int, name: str) -> bool:
        """Say whether a name can be left out of an import statement when nobody asks for it.

        A definition of the project's can, and what has no effect when it is imported; leaving out another module
        would not load it.
        """
        piece = node.facts.pieces[number]
        if piece.is_main or any(c.kind in ("own", "bytes") for c in piece.constructs):
            return False
        alias = next((a for a in piece.aliases if a.name == name), None)
        if alias is None or not alias.item:
            return False
        if self._is_spare(piece, alias):
            return True
        base = absolute_name("." * alias.level + alias.module, node.package)
        module = self._graph.node(base) if base else None
        if base is None or module is None or module.is_whole or module.facts.error:
            return False
        if alias.item == "*":
            return not self.is_whole_star(node, base)
        if self._graph.places.find(f"{base}.{alias.item}") is not None:
            return False
        return any(t.kind in ("piece", "alias") for t in self.name(module, alias.item, (), as_value=False))


def resolver(graph: Graph) -> Resolver:
    """Return the resolver of a graph."""
    if "resolver" not in graph.kept:
        graph.kept["resolver"] = Resolver(graph)
    found = graph.kept["resolver"]
    assert isinstance(found, Resolver)
    return found
