"""Finds a module of the project by its name, as Python's import system would. Reads folders, no source."""

import sys
from _imp import extension_suffixes
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from .sources import Sources, under

_ALWAYS_PYTHONS = frozenset(sys.builtin_module_names) | {
    "__main__",
    "_collections_abc",
    "_frozen_importlib",
    "_frozen_importlib_external",
    "_sitebuiltins",
    "abc",
    "codecs",
    "encodings",
    "genericpath",
    "importlib",
    "io",
    "ntpath",
    "os",
    "posixpath",
    "runpy",
    "site",
    "stat",
    "zipimport",
}
"""Built in, frozen, or loaded before the import path is looked at: no file of the project shadows these."""

_UNASKED = frozenset({"test", "tests"})
_MOST_DEPTH = 32


class Place(NamedTuple):
    """Where a module lies. `path` is empty for a namespace package; `folders` is empty for a plain module."""

    kind: Literal["source", "binary", "namespace"]
    path: str
    folders: tuple[str, ...]


class Places:
    """The modules under some import roots, first root first. Each name is looked up once."""

    def __init__(self, roots: Sequence[str], sources: Sources) -> None:
        self._roots = tuple("" if root == "." else root for root in roots)
        self._sources = sources
        self._found: dict[str, Place | None] = {}
        self._suffixes = (*extension_suffixes(), ".py", ".pyx")
        self._shared: set[str] = set()
        self._everything: dict[bool, tuple[str, ...]] = {}

    def find(self, name: str) -> Place | None:
        """Return the project's module of a dotted name; None where another one, or nothing, has that name."""
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def is_root(self, folder: str) -> bool:
        """Say whether modules are looked for in a folder."""
        return folder in self._roots

    def _find(self, name: str) -> Place | None:
        parent, _, last = name.rpartition(".")
        if not last:
            return None
        if parent:
            package = self.find(parent)
            if package is None or (self.is_shared(name) and self._sources.installed(name)):
                return None
            return self._look(package.folders, last) if package.folders else None
        if name in _ALWAYS_PYTHONS:
            return None
        place = self._look(self._roots, last)
        if place and place.kind == "namespace":
            # A regular package elsewhere beats a mere folder of the project, but for the modules that it lacks.
            if name in sys.stdlib_module_names:
                return None
            if self._sources.installed_regular(name):
                if not any(self._has_code(folder) for folder in place.folders):
                    return None
                self._shared.add(name)
        return place

    def is_shared(self, name: str) -> bool:
        """Say whether the outermost package of a name is a mere folder of the project, and installed as well.

        Of such a package the installed modules are as they are, and the project's are those that are not installed.
        """
        top = name.partition(".")[0]
        return self.find(top) is not None and top in self._shared

    def _has_code(self, folder: str, depth: int = 0) -> bool:
        return any(
            (is_folder and depth < _MOST_DEPTH and self._has_code(under(folder, name), depth + 1))
            or (not is_folder and name.endswith(self._suffixes))
            for name, is_folder in self._sources.listing(folder).items()
        )

    def _look(self, folders: tuple[str, ...], name: str) -> Place | None:
        portions = []
        for folder in folders:
            names = self._sources.listing(folder)
            if names.get(name):
                inner = under(folder, name)
                init = self._file(inner, "__init__")
                if init:
                    return init._replace(folders=(inner,))
            plain = self._file(folder, name)
            if plain:
                return plain
            if names.get(name):
                portions.append(under(folder, name))
        return Place("namespace", "", tuple(portions)) if portions else None

    def _file(self, folder: str, stem: str) -> Place | None:
        names = self._sources.listing(folder)
        for suffix in self._suffixes:
            if names.get(stem + suffix) is False:
                path = under(folder, stem + suffix)
                if self._sources.is_file(path):
                    return Place("source" if suffix == ".py" else "binary", path, ())
        return None

    def everything(self, *, has_tests: bool = False) -> tuple[str, ...]:
        """Return the names of all modules under the roots, each file once, under its first root's name.

        Without `has_tests`, tests, `setup.py` and `conftest.py` are left out: hardly anything imports them
        by a computed name, and what does fails, for the snapshot does not hold them: it is never stale.
        """
        if has_tests not in self._everything:
            seen: set[str] = set()
            names: dict[str, None] = {}
            for root in self._roots:
                for name, path in self._walk(root, has_tests=has_tests):
                    if path not in seen:
                        seen.add(path)
                        names[name] = None
            self._everything[has_tests] = tuple(names)
        return self._everything[has_tests]

    def _walk(self, root: str, *, has_tests: bool) -> Iterator[tuple[str, str]]:
        stack = [(root, "", 0)]
        while stack:
            folder, prefix, depth = stack.pop()
            for name, is_folder in self._sources.listing(folder).items():
                is_top = depth == 0
                if is_folder:
                    # A link may lead in a circle, so that there is an end to the depth.
                    if depth < _MOST_DEPTH and (has_tests or not (is_top and name in _UNASKED)):
                        stack.append((under(folder, name), f"{prefix}{name}.", depth + 1))
                    continue
                suffix = next((suffix for suffix in self._suffixes if name.endswith(suffix)), None)
                is_test = name == "conftest.py" or (is_top and name == "setup.py")
                if suffix is None or (is_test and not has_tests):
                    continue
                stem = name[: -len(suffix)]
                dotted = prefix.rstrip(".") if stem == "__init__" else prefix + stem
                if dotted:
                    yield dotted, under(folder, name)
