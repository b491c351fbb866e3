"""Every file of a store, by what it is for. Follows no link and reads no content."""

import os
import re
import stat
from collections.abc import Iterator
from typing import NamedTuple

from ..digest import is_digest
from . import layout

_LATER = re.compile(r"[0-9a-f]{16}")
_ROOT = re.compile(r"[0-9a-f]{16}")
_ASIDE = re.compile(r"([0-9a-f]{64})\..+")
_DAMAGED = re.compile(r".+\.damaged\.[0-9a-f]+")
_TEMPORARY = re.compile(r"\..+\.tmp")


class File(NamedTuple):
    """One name in a store.

    `kind` is `format`, `object`, `action`, `trace`, `evidence`, `lease`, `pin`, `root`, `temporary`, `aside` (what
    was put aside), `stranger` (no part of a store), or `folder` (where a folder of the store belongs there is none).
    """

    kind: str
    path: str
    name: str
    """The digest or key where the name says one; else the path inside the store."""
    status: os.stat_result

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.status.st_mode)


def all_of(root: str) -> Iterator[File]:
    """Yield all that lies in a store, sorted by kind and name. What vanishes meanwhile is left out.

    Raises OSError for a folder that cannot be listed.
    """
    for name, path, status in _listed(root, optional=False):
        if name in layout.FOLDERS or name in (layout.ASIDE, layout.EVIDENCE):
            if stat.S_ISDIR(status.st_mode):
                yield from _READERS[name](root, path)
            else:
                yield File("folder", path, name, status)
        elif name == "format":
            yield File("format", path, name, status)
        elif name != layout.TURN:
            yield File("temporary" if _TEMPORARY.fullmatch(name) else "stranger", path, name, status)


def _objects(root: str, folder: str) -> Iterator[File]:
    yield from _sharded(root, folder, "object")


def _actions(root: str, folder: str) -> Iterator[File]:
    yield from _sharded(root, folder, "action")


def _traces(root: str, folder: str) -> Iterator[File]:
    for found in _sharded(root, folder, "trace"):
        key = found.name.replace("/", "").removeprefix("traces").removesuffix(".d")
        if found.kind != "stranger" or not found.name.endswith(".d") or not is_digest(key):
            yield found
        elif not stat.S_ISDIR(found.status.st_mode):
            yield found._replace(kind="folder")
        else:
            for name, path, status in _listed(found.path):
                if _LATER.fullmatch(name):
                    yield File("trace", path, key, status)
                else:
                    yield _odd(root, path, status)


def _evidence(root: str, folder: str) -> Iterator[File]:
    for found in _sharded(root, folder, "evidence"):
        if found.kind != "evidence":
            yield found
        elif not stat.S_ISDIR(found.status.st_mode):
            yield found._replace(kind="folder")
        else:
            for name, path, status in _listed(found.path):
                if _LATER.fullmatch(name):
                    yield File("evidence", path, found.name, status)
                else:
                    yield _odd(root, path, status)


def _sharded(root: str, folder: str, kind: str) -> Iterator[File]:
    for shard, path, status in _listed(folder):
        if len(shard) != 2 or shard.strip("0123456789abcdef"):
            yield _odd(root, path, status)
        elif not stat.S_ISDIR(status.st_mode):
            yield File("folder", path, os.path.relpath(path, root), status)
        else:
            for rest, inside, found in _listed(path):
                if is_digest(shard + rest):
                    yield File(kind, inside, shard + rest, found)
                else:
                    yield _odd(root, inside, found)


def _leases(root: str, folder: str) -> Iterator[File]:
    for name, path, status in _listed(folder):
        yield File("lease", path, name, status) if is_digest(name) else _odd(root, path, status)


def _roots(root: str, folder: str) -> Iterator[File]:
    for name, path, status in _listed(folder):
        yield File("root", path, name, status) if _ROOT.fullmatch(name) else _odd(root, path, status)


def _pins(root: str, folder: str) -> Iterator[File]:
    for name, path, status in _listed(folder):
        yield File("pin", path, name, status) if _LATER.fullmatch(name) else _odd(root, path, status)


def _temporaries(root: str, folder: str) -> Iterator[File]:
    for _, path, status in _listed(folder):
        yield File("temporary", path, os.path.relpath(path, root), status)


def _aside(root: str, folder: str) -> Iterator[File]:
    for name, path, status in _listed(folder):
        found = _ASIDE.fullmatch(name)
        yield File("aside", path, found[1] if found else os.path.relpath(path, root), status)


def _odd(root: str, path: str, status: os.stat_result) -> File:
    name = os.path.basename(path)
    kind = "aside" if _DAMAGED.fullmatch(name) else "temporary" if _TEMPORARY.fullmatch(name) else "stranger"
    return File(kind, path, os.path.relpath(path, root), status)


_READERS = {
    "objects": _objects,
    "actions": _actions,
    "traces": _traces,
    layout.EVIDENCE: _evidence,
    "leases": _leases,
    "pins": _pins,
    "roots": _roots,
    "tmp": _temporaries,
    layout.ASIDE: _aside,
}


def _listed(folder: str, *, optional: bool = True) -> Iterator[tuple[str, str, os.stat_result]]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries)
    except FileNotFoundError:
        if not optional:
            raise
        return
    for name in names:
        path = f"{folder}/{name}"
        try:
            yield name, path, os.lstat(path)
        except FileNotFoundError:
            continue
