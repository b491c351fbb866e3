"""The project's modules and what each one imports, found when asked for. Knows names and facts, no syntax."""

import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .. import digest as digests
from . import facts as known
from .facts import Construct, Facts, Import, Piece
from .places import Place, Places
from .sources import Sources
from .values import CodeError, Memo


class Links(NamedTuple):
    """What some code imports: modules of the project, others, and names that are nothing today."""

    project: frozenset[str]
    others: frozenset[str]
    absent: frozenset[str]


class Node(NamedTuple):
    """One module or script. `path` is empty for code that stands in a command; it is then no unit."""

    key: str
    """A module's name; nothing like one for a script."""
    name: str
    path: str
    digest: str
    facts: Facts
    package: str
    """What its relative imports start from."""
    parents: tuple[str, ...]
    """The packages above it that have code, innermost first."""
    is_whole: bool = False
    """All of it counts always, as of a notebook."""


_COMPILED = Construct("everything", "compiled module", 1)
_BINARY = Facts(
    [Piece("other", [], "", (1, 0, 1, 0), None, False, False, {}, [], [], [_COMPILED], [])],
    [],
    {},
    True,
    None,
    False,
    {},
    {},
)


class Graph:
    """All modules under one list of import roots. Lives as long as its `Sources`."""

    def __init__(self, roots: Sequence[str], sources: Sources, memo: Memo) -> None:
        self.sources = sources
        self.memo = memo
        self.places = Places(roots, sources)
        self.kept: dict[object, object] = {}
        """What follows from the graph, kept by whoever works it out."""
        self._nodes: dict[str, Node | None] = {}

    def node(self, name: str) -> Node | None:
        """Return the module of that name; None for a namespace package and for what is not the project's."""
        if name not in self._nodes:
            place = self.places.find(name)
            self._nodes[name] = self._make(name, place) if place and place.path else None
        return self._nodes[name]

    def _make(self, name: str, place: Place) -> Node:
        digest = self.sources.digest(place.path)
        assert digest is not None, f"{place.path} was found and is no file"
        facts = _BINARY if place.kind == "binary" else of_file(place.path, self.sources, self.memo)
        package = name if place.folders else name.rpartition(".")[0]
        # Asked for again: reading a file puts its digest right.
        now = self.sources.digest(place.path) or digest
        return Node(name, name, place.path, now, facts, package, self._parents(name), place.kind == "binary")

    def _parents(self, name: str) -> tuple[str, ...]:
        found = []
        parent = name.rpartition(".")[0]
        while parent:
            found += [parent] if self.node_exists(parent) else []
            parent = parent.rpartition(".")[0]
        return tuple(found)

    def script(
        self, path: str, facts: Facts | None = None, *, name: str = "", is_whole: bool = False
    ) -> Node:
        """Return a script's node; its units are named by its path. What is no `.py` file brings its `facts`."""
        is_whole = is_whole or facts is not None
        key = name or f"./{path}{' whole' if is_whole else ''}"
        if self._nodes.get(key) is None:
            known_facts = facts or of_file(path, self.sources, self.memo)
            digest = (self.sources.digest(path) if path else None) or ""
            self._nodes[key] = Node(key, name or path, path, digest, known_facts, "", (), is_whole)
        found = self._nodes[key]
        assert found is not None
        return found

    def links(self, imports: Iterable[Import], package: str) -> Links:
        """Return what imports load, seen from a package."""
        project: set[str] = set()
        others: set[str] = set()
        absent: set[str] = set()
        for item in imports:
            base = absolute(item, package)
            if base is None:
                absent.add("." * item.level + item.module)
            elif base == "" or self._follow(base, project, others, absent):
                for name in item.names or ():
                    self._follow_name(base, name, project, others, absent)
            elif item.names:
                self._note_others(base, item.names, others)
        return Links(
            frozenset(name for name in project if self.node_exists(name)),
            frozenset(others),
            frozenset(absent),
        )

    def node_exists(self, name: str) -> bool:
        place = self.places.find(name)
        return place is not None and bool(place.path)

    def _follow(self, dotted: str, project: set[str], others: set[str], absent: set[str]) -> bool:
        """Note a module with its parents; say whether it is the project's."""
        parts = dotted.split(".")
        for count in range(1, len(parts) + 1):
            name = ".".join(parts[:count])
            place = self.places.find(name)
            if place is not None:
                project.add(name)
                if count == 1 and self.places.is_shared(name):
                    others.add(dotted)
                continue
            if count == 1:
                self._note_other(dotted, others, absent)
            elif self.places.is_shared(name) and self.sources.installed(name):
                others.add(dotted)
            else:
                absent.add(name)
                parent = self.places.find(".".join(parts[: count - 1]))
                if parent and parent.kind == "namespace":
                    others.add(dotted)  # another portion of the namespace may be installed
            return False
        return True

    def _note_other(self, dotted: str, others: set[str], absent: set[str]) -> None:
        top = dotted.partition(".")[0]
        if top in sys.stdlib_module_names:
            others.add(top)
            return
        others.add(dotted)
        if not self.sources.installed(top):
            absent.add(top)

    def _note_others(self, base: str, names: list[str], others: set[str]) -> None:
        """Note modules taken by `from package import module`: a namespace's distributions differ by them."""
        if base.partition(".")[0] not in sys.stdlib_module_names:
            others.update(f"{base}.{name}" for name in names if self.sources.installed(f"{base}.{name}"))

    def _follow_name(
        self, base: str, name: str, project: set[str], others: set[str], absent: set[str]
    ) -> None:
        """Note what `from base import name` reaches, `base` being a package or module of the project."""
        place = self.places.find(base) if base else None
        # The facts, not the node: a node links to others, and imports go round in circles.
        is_source = place is not None and place.kind == "source"
        facts = of_file(place.path, self.sources, self.memo) if place and is_source else None
        if name == "*":
            if facts:
                project.update(self._starred(base, place, facts))
            return
        inner = f"{base}.{name}" if base else name
        if self.places.find(inner) is not None:
            project.add(inner)
        elif place and place.kind == "namespace":
            absent.add(inner)
            others.add(inner)
        elif facts and name not in facts.names and not facts.is_open:
            absent.add(inner)

    def _starred(self, base: str, place: Place | None, facts: Facts) -> Iterable[str]:
        """Return the submodules that `import *` loads: those in `__all__`, all of them if it is computed."""
        if facts.is_open_export and place:
            stems = {
                name.partition(".")[0] for folder in place.folders for name in self.sources.listing(folder)
            }
            names: Iterable[str] = stems - {"__init__"}
        else:
            names = facts.exports or ()
        return [
            inner for inner in (f"{base}.{name}" for name in names) if self.places.find(inner) is not None
        ]


def graph(roots: Sequence[str], sources: Sources, memo: Memo) -> Graph:
    """Return the graph for these roots; one for each `sources`."""
    key = ("graph", tuple(dict.fromkeys(roots)))
    if key not in sources.kept:
        sources.kept[key] = Graph(key[1], sources, memo)
    found = sources.kept[key]
    assert isinstance(found, Graph)
    return found


def absolute(item: Import, package: str) -> str | None:
    """Return the dotted module that an import names; None if it climbs over the top."""
    return absolute_name("." * item.level + item.module, package)


def absolute_name(origin: str, package: str) -> str | None:
    """Make a dotted name absolute that may begin with dots, seen from a package; None if it climbs too far."""
    level = len(origin) - len(origin.lstrip("."))
    if level == 0:
        return origin
    parts = package.split(".") if package else []
    if level > len(parts):
        return None
    return ".".join([*parts[: len(parts) - level + 1], *([origin[level:]] if origin[level:] else [])])


def of_file(path: str, sources: Sources, memo: Memo) -> Facts:
    """Return the facts of a Python file; each file is looked at once."""
    key = ("facts", path)
    if key not in sources.kept:
        sources.kept[key] = _of_file(path, sources, memo)
    found = sources.kept[key]
    assert isinstance(found, Facts)
    return found


def _of_file(path: str, sources: Sources, memo: Memo) -> Facts:
    digest = sources.digest(path)
    kept = known.recall(digest, memo) if digest else None
    if kept is not None:
        return kept
    from .analyse import analyse

    try:
        data = sources.read(path)
    except OSError as error:
        raise CodeError(
            f"`{path}` cannot be read: {error.strerror}", hint="make it readable", file=path
        ) from None
    facts = analyse(data)
    known.keep(digests.of_bytes(data), memo, facts)
    return facts


def raise_if_broken(node: Node) -> None:
    """Raise CodeError if a module that is certainly reached is no Python."""
    if node.facts.error:
        text, line, column = node.facts.error
        is_text = "unicode error" not in text and "null byte" not in text and "encoding problem" not in text
        what = (
            f"`{node.path}` is no valid Python: {text}"
            if is_text
            else f"`{node.path}` is not a text file: {text}"
        )
        raise CodeError(
            what,
            hint="correct it; a stage's code reaches it",
            file=node.path,
            line=line,
            column=column,
        )
