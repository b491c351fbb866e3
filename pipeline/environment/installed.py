"""Which distributions lie on the import path, kept until a folder changes. Knows no project and no stage."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .. import digest
from ..code.sources import is_of_pipe
from ..code.values import Memo
from .machine import platform

_SCHEMA = 1
_LOOKED_AT = ("METADATA", "PKG-INFO", "RECORD", "top_level.txt", "direct_url.json")
_KINDS = (".dist-info", ".egg-info")


class Distribution(NamedTuple):
    name: str
    """Normalised."""
    version: str
    """With `@` and a commit or a digest where the version alone does not say which bytes these are."""
    provides: tuple[str, ...]
    """Outermost regular packages and modules, dotted; empty for one that is editable."""
    requires: tuple[str, ...]
    """Normalised names, whether installed or not."""
    source: str = ""
    """The folder that it was installed from; empty if it came from elsewhere."""
    folders: tuple[str, ...] = ()
    """Of one that is editable: the folders that it puts on the import path."""
    places: tuple[tuple[str, str], ...] = ()
    """Of one that is editable: where each of its modules lies."""


class Installed:
    """What lies on one import path. `folders` are its entries that exist, in order."""

    def __init__(self, folders: Sequence[str], found: Sequence[Distribution]) -> None:
        self.folders = tuple(folders)
        self.by_name: dict[str, Distribution] = {}
        self.editable: list[Distribution] = []
        self._by_module: dict[str, list[str]] = {}
        for item in found:
            if item.name in self.by_name:
                continue  # the one that comes first on the path is the one that is imported
            self.by_name[item.name] = item
            if item.folders or item.places:
                self.editable.append(item)
            for module in item.provides:
                self._by_module.setdefault(module, []).append(item.name)

    def places(self) -> list[str]:
        """Return where the modules of editable distributions lie: outside of every folder of packages."""
        found = [place for item in self.editable for _, place in item.places]
        return found + [
            place for item in self.editable for folder in item.folders for place in importable(folder)
        ]

    def owners(self, dotted: str) -> list[str]:
        """Return the names of the distributions that hold a module, by the longest name that one provides."""
        parts = dotted.split(".")
        for count in range(len(parts), 0, -1):
            found = self._by_module.get(".".join(parts[:count]))
            if found:
                return found
        return [item.name for item in self.editable if _lies_in(item, parts[0])]

    def below(self, dotted: str) -> list[str]:
        """Return the distributions that have a share in a namespace package."""
        prefix = dotted + "."
        return [
            name for module, names in self._by_module.items() if module.startswith(prefix) for name in names
        ]


def look(memo: Memo, *, path: Sequence[str] | None = None) -> Installed:
    """Scan the import path (`sys.path` if None), reading metadata only where something changed."""
    prefix = f"environment:{_SCHEMA}:{digest.of_value(dict(platform()))}"
    folders: list[str] = []
    found: list[Distribution] = []
    for entry in dict.fromkeys(os.path.abspath(entry) for entry in (sys.path if path is None else path)):
        state = None if is_of_pipe(entry) else _state(entry)
        if state is None:
            continue
        folders.append(entry)
        if not state:
            continue
        key = f"{prefix}:{digest.of_bytes(repr((entry, state)).encode())}"
        kept = memo.get(key)
        if kept is None:
            from .scan import scan

            kept = json.dumps(scan(entry), separators=(",", ":")).encode()
            memo.put(key, kept)
        # The checkout that `pipe` runs from is nothing that a stage can import.
        found += [item for item in _decoded(kept) if not any(map(is_of_pipe, item.folders))]
    return Installed(folders, found)


def _decoded(kept: bytes) -> Iterator[Distribution]:
    for name, version, provides, requires, source, folders, places in json.loads(kept):
        yield Distribution(
            name,
            version,
            tuple(provides),
            tuple(requires),
            source,
            tuple(folders),
            tuple((module, place) for module, place in places),
        )


def _state(folder: str) -> list[tuple[object, ...]] | None:
    """Return what changes whenever a distribution in a folder does; None if it is no folder."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith((*_KINDS, ".pth")))
    except OSError:
        return None
    state: list[tuple[object, ...]] = []
    for name in names:
        place = os.path.join(folder, name)
        state.append((name, *_stat(place)))
        if not name.endswith(".pth"):
            state += [(file, *_stat(os.path.join(place, file))) for file in _LOOKED_AT]
    if state:
        state.append(_stat(folder))
    return state


def _stat(path: str) -> tuple[object, ...]:
    try:
        stat = os.stat(path)
    except OSError:
        return ()
    return (stat.st_mtime_ns, stat.st_size)


def _lies_in(item: Distribution, module: str) -> bool:
    if any(name == module for name, _ in item.places):
        return True
    return any(module_place(folder, module) for folder in item.folders)


def importable(folder: str) -> list[str]:
    """Return what can be imported from a folder: modules, and folders with Python files in them."""
    places = []
    for name in sorted(os.listdir(folder)):
        place = os.path.join(folder, name)
        if name[0] == "." or name in ("__pycache__", "setup.py", "conftest.py", "tests", "docs", "build"):
            continue
        if name.endswith((".py", ".so", ".pyd")) or (
            name.isidentifier() and os.path.isdir(place) and any(n.endswith(".py") for n in os.listdir(place))
        ):
            places.append(place)
    return places


def module_place(folder: str, module: str) -> str | None:
    """Return the file or folder of a top-level module in a folder of the path; None if there is none."""
    inner = os.path.join(folder, module)
    if os.path.isdir(inner):
        return inner
    if os.path.isfile(inner + ".py"):
        return inner + ".py"
    try:
        names = os.listdir(folder)
    except OSError:
        return None
    compiled = [name for name in names if name.partition(".")[0] == module and name.endswith((".so", ".pyd"))]
    return os.path.join(folder, min(compiled)) if compiled else None
