"""What a stage under `sandbox: warn` asked for in the project without declaring it. Decides nothing about a stage.

By path: the digest of a file's bytes, None for what was not there, `FOLDER` for a folder that was only looked for.
A path that ends with a slash stands for the names in that folder, those of folders with a slash, by the digest of
their canonical JSON.
"""

import json
import os
import stat
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from . import digest, lock, tree
from .model import Artifact, Reason, Stage
from .statcache import StatCache
from .workspace.ignore import is_always_left_out

Observed: TypeAlias = Mapping[str, str | None]

FOLDER = digest.of_bytes(b"folder\n")
EMPTY = digest.of_bytes(b"")
NO_FILES = tree.build(())
UNSURE = "0" * digest.HEX_LENGTH
"""Of a folder whose names changed while the stage ran: no folder has this, so the trace is never a hit."""

_IMPORTED = (".py", ".pyc", ".so")


class Asked(NamedTuple):
    """One access, with its path relative to the project ("." for the project itself)."""

    path: str
    kind: str
    by_import: bool = False
    """It looks like Python searching for a module: what that finds counts as code."""


class Changed(Exception):
    """A file that was read changed while the stage ran: which bytes it saw, nobody knows. Its argument is the path."""


class Observer:
    """Looks at the project as it is now."""

    def __init__(self, root: str, stats: StatCache) -> None:
        self._root = root
        self._stats = stats

    def observe(
        self, asked: Iterable[Asked], *, declared: Collection[str], written: Collection[str], since_ns: int
    ) -> dict[str, str | None]:
        """Return what was asked for and is not declared, as it is now; sorted. Raises Changed.

        `declared` are the paths that the stage was given, `written` those that it may write; `since_ns` is when it
        began, so that what changed meanwhile is found out.
        """
        found: dict[str, str | None] = {}
        for path, kind, by_import in self._looked_for(asked, (declared, written)):
            key = ("./" if path == "." else f"{path}/") if kind == "list" else path
            now = self.now(key, written)
            if by_import and (kind == "list" or now is None):
                continue
            if now == FOLDER and (path == "." or _is_above(path, (*declared, *written))):
                continue  # it lies in the stage's folder whatever the project holds
            if now not in (None, FOLDER) and self._changed_since(path, since_ns):
                if kind != "list":
                    raise Changed(path)
                now = UNSURE
            found[key] = now
        return dict(sorted(found.items()))

    def changed(self, observed: Observed, written: Collection[str]) -> tuple[Reason, ...]:
        """Return what is not any more as it was observed; empty if all is."""
        reasons = []
        for path, was in observed.items():
            now = self.now(path, written)
            if now != was:
                reasons.append(Reason("input", path, _said(path, was, now), was, now))
        return tuple(reasons)

    def now(self, key: str, written: Collection[str]) -> str | None:
        """Return what there is to observe at a path."""
        if key.endswith("/"):
            listing = self.listing(key, written)
            return None if listing is None else digest.of_bytes(listing)
        path = os.path.join(self._root, key)
        try:
            status = os.stat(path)
            if stat.S_ISREG(status.st_mode):
                return self._stats.digest_of(path, status)
        except OSError:
            return None
        return FOLDER

    def listing(self, key: str, written: Collection[str]) -> bytes | None:
        """Return the names in a folder, but for those of what the stage writes and of what `pipe` keeps."""
        folder = os.path.normpath(key)
        prefix = "" if folder == "." else folder + "/"
        own = {path[len(prefix) :].partition("/")[0] for path in written if path.startswith(prefix)}
        own.add(lock.NAME)
        try:
            with os.scandir(os.path.join(self._root, folder)) as entries:
                kept = [e for e in entries if e.name not in own and not is_always_left_out(e.name)]
                return digest.canonical(sorted(e.name + ("/" if e.is_dir() else "") for e in kept))
        except OSError:
            return None

    def _looked_for(self, asked: Iterable[Asked], known: Sequence[Collection[str]]) -> list[Asked]:
        """Return what counts: nothing that is declared, was made by the stage itself, or that tools leave behind."""
        made: set[str] = set()
        found: dict[Asked, None] = {}
        for path, kind, by_import in asked:
            if kind in ("write", "remove"):
                if not os.path.isdir(os.path.join(self._root, path)):
                    made.add(path)
            elif kind == "connect" or _is_left_out(path) or _is_in(path, made):
                continue
            elif not any(_is_in(path, paths) for paths in known):
                found[Asked(path, "list" if kind == "list" else "read", by_import)] = None
        return list(found)

    def _changed_since(self, path: str, since_ns: int) -> bool:
        try:
            status = os.stat(os.path.join(self._root, path))
        except OSError:
            return True
        return max(status.st_mtime_ns, status.st_ctime_ns) > since_ns


def relative(
    accesses: Iterable[Sequence[object]], roots: Sequence[str], code: Collection[str]
) -> list[Asked]:
    """Return the accesses below the roots, each the project for the stage. `code` are folders of its modules."""
    found = []
    for path, kind, _, _, asked, was_looked_at in accesses:
        inside = _inside(str(path), roots)
        if inside is None:
            continue
        by_import = str(asked).startswith("/") and (
            inside.endswith(_IMPORTED) if kind != "list" else bool(was_looked_at) and inside in code
        )
        found.append(Asked(inside, str(kind), by_import))
    return found


def _inside(path: str, roots: Sequence[str]) -> str | None:
    for root in roots:
        if path == root:
            return "."
        if path.startswith(root + "/"):
            return path[len(root) + 1 :]
    return None


def _said(path: str, old: str | None, new: str | None) -> str:
    if path.endswith("/"):
        return f"input {path}: its names changed"
    if old is None:
        return f"input {path} appeared"
    return f"input {path} is gone" if new is None else f"input {path} changed"


def is_known(path: str, given: Collection[str]) -> bool:
    """Say whether a path is among those given, lies in one, or is what tools and `pipe` leave behind."""
    return _is_left_out(path) or _is_in(path, given)


def written_by(stage: Stage) -> tuple[str, ...]:
    """Return the paths that a stage may write."""
    return (*(output.path for output in stage.outputs), *(path for _, path in stage.scratch))


def as_inputs(observed: Observed, read: Callable[[str], bytes]) -> dict[str, Artifact]:
    """Return artifacts that show a stage what it once observed; `read` gives the bytes of a listing.

    What it saw the name of and never looked at is an empty file or folder. Raises KeyError for a listing that is gone.
    """
    found: dict[str, Artifact] = {}
    folders = {path for path, name in observed.items() if name == FOLDER}
    for path, name in observed.items():
        if name in (None, FOLDER, UNSURE):
            continue
        if not path.endswith("/"):
            found[path] = Artifact("file", str(name), 0)
            continue
        prefix = "" if path == "./" else path
        for inside in json.loads(read(str(name))):
            if inside.endswith("/"):
                folders.add(prefix + inside[:-1])
            else:
                found.setdefault(prefix + inside, Artifact("file", EMPTY, 0))
    for folder in folders:
        if not _is_above(folder, found):
            found[folder] = Artifact("tree", NO_FILES.digest, 0)
    return found


def files(observed: Observed) -> list[str]:
    """Return the files whose bytes were there to be read."""
    return [path for path, name in observed.items() if name not in (None, FOLDER) and not path.endswith("/")]


def _is_in(path: str, paths: Collection[str]) -> bool:
    while path:
        if path in paths:
            return True
        path = path.rpartition("/")[0]
    return False


def _is_above(path: str, paths: Iterable[str]) -> bool:
    return any(other.startswith(path + "/") for other in paths)


def _is_left_out(path: str) -> bool:
    return path == lock.NAME or any(is_always_left_out(part) for part in path.split("/"))
