"""Looks at files and folders and names their bytes. Writes nothing."""

import os
import stat
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

from ..errors import Problem, UsageError
from ..model import Artifact
from ..statcache import NoCache, StatCache
from ..tree import Built, Leaf, build

Skip: TypeAlias = Callable[[str, bool], bool]
"""Asked with a project-relative path and whether it is a folder."""


class Scanned(NamedTuple):
    """What lies at a path: its artifact, and for a folder its manifests and leaves (paths inside it)."""

    artifact: Artifact
    built: Built | None
    leaves: tuple[Leaf, ...]


class UnfitFile(UsageError):
    """Something in a folder that is no file, folder or link that could be kept."""

    def __init__(self, path: str, what: str, help_text: str = "") -> None:
        self.path = path
        super().__init__(Problem(f"`{path}` {what}", help=help_text))


class Scanner:
    """Names the bytes of a tree. `follow` takes links for what they lead to; else they stay links."""

    def __init__(
        self, root: str, stats: StatCache | NoCache, skip: Skip, *, follow: bool, links_into: str = ""
    ) -> None:
        self._root = root
        self._stats = stats
        self._skip = skip
        self._follow = follow
        self._links_into = links_into
        """A folder whose files count as themselves where a link leads to them: the store's objects."""

    def scan(self, path: str) -> Scanned | None:
        """Return what lies at a project-relative path; None if nothing does. Raises UnfitFile."""
        absolute = os.path.join(self._root, path)
        try:
            status = os.stat(absolute)
        except (FileNotFoundError, NotADirectoryError):
            if os.path.islink(absolute):
                raise UnfitFile(
                    path, "is a link that leads nowhere", "make what it leads to, or remove it"
                ) from None
            return None
        except OSError as error:
            raise UnfitFile(path, f"cannot be read: {error.strerror}") from error
        if stat.S_ISREG(status.st_mode):
            return Scanned(self._file(absolute, path, status), None, ())
        if not stat.S_ISDIR(status.st_mode):
            raise UnfitFile(path, "is neither a file nor a folder")
        leaves = tuple(self._leaves(absolute, path, status))
        built = build(leaves)
        return Scanned(Artifact("tree", built.digest, built.size_bytes), built, leaves)

    def leaves(self, path: str) -> tuple[Leaf, ...]:
        """Return the leaves of a folder; none if there is no such folder."""
        absolute = os.path.join(self._root, path)
        try:
            status = os.stat(absolute)
        except OSError:
            return ()
        return tuple(self._leaves(absolute, path, status)) if stat.S_ISDIR(status.st_mode) else ()

    def _file(
        self, absolute: str, path: str, status: os.stat_result, row: tuple[Any, ...] | None = None
    ) -> Artifact:
        kind = "exec" if status.st_mode & 0o100 else "file"
        try:
            name = self._stats.known(absolute, status, row) or self._stats.digest_of(absolute, status)
        except OSError as error:
            raise UnfitFile(path, f"cannot be read: {error.strerror}") from error
        return Artifact("exec" if kind == "exec" else "file", name, status.st_size)

    def _leaves(self, absolute: str, path: str, status: os.stat_result) -> Iterator[Leaf]:
        rows = self._stats.rows_below(absolute)
        strip = len(absolute) + 1
        todo: list[tuple[str, tuple[tuple[int, int], ...]]] = [(absolute, ((status.st_dev, status.st_ino),))]
        while todo:
            folder, above = todo.pop()
            empty = True
            for entry in self._listing(folder):
                inside = entry.path[strip:]
                shown = inside if path == "." else f"{path}/{inside}"
                kind = self._kind(entry, shown)
                if self._skip(shown, kind == "folder"):
                    continue
                empty = False
                if kind == "folder":
                    identity = _identity(entry)
                    if identity in above:
                        raise UnfitFile(shown, "is a link to a folder that holds it", "remove the link")
                    todo.append((entry.path, (*above, identity)))
                elif kind == "link":
                    yield Leaf(inside, "link", self._target(entry, absolute, shown), 0)
                else:
                    row = rows.get(self._stats.key_of(entry.path))
                    artifact = self._file(entry.path, shown, entry.stat(), row)
                    yield Leaf(inside, artifact.kind, artifact.digest, artifact.size_bytes)
            if empty and folder != absolute:
                yield Leaf(folder[strip:], "folder", "", 0)

    def _listing(self, folder: str) -> list["os.DirEntry[str]"]:
        try:
            with os.scandir(folder) as entries:
                return list(entries)
        except OSError as error:
            raise UnfitFile(folder, f"cannot be listed: {error.strerror}") from error

    def _kind(self, entry: "os.DirEntry[str]", shown: str) -> str:
        if entry.is_symlink() and not self._follow and not self._is_object(entry):
            return "link"
        try:
            if entry.is_dir():
                return "folder"
            if entry.is_file():
                return "file"
        except OSError as error:
            raise UnfitFile(shown, f"cannot be read: {error.strerror}") from error
        if entry.is_symlink():
            raise UnfitFile(shown, "is a link that leads nowhere", "make what it leads to, or remove it")
        raise UnfitFile(shown, "is a special file, which cannot be kept", "write a regular file in its place")

    def _is_object(self, entry: "os.DirEntry[str]") -> bool:
        return bool(self._links_into) and os.readlink(entry.path).startswith(self._links_into + "/")

    def _target(self, entry: "os.DirEntry[str]", absolute: str, shown: str) -> str:
        target = os.readlink(entry.path)
        reached = os.path.normpath(os.path.join(os.path.dirname(entry.path), target))
        if target.startswith("/") or not (reached + "/").startswith(absolute + "/"):
            raise UnfitFile(shown, f"is a link that leaves its folder: `{target}`", "copy the file instead")
        return target


def check_names(leaves: tuple[Leaf, ...], path: str) -> None:
    """Refuse names that would be one on another file system. Raises UnfitFile."""
    import unicodedata

    seen: dict[str, str] = {}
    for leaf in leaves:
        folded = unicodedata.normalize("NFC", leaf.path).casefold()
        other = seen.setdefault(folded, leaf.path)
        if other != leaf.path:
            what = f"and `{path}/{other}` have the same name where case or Unicode form do not count"
            raise UnfitFile(f"{path}/{leaf.path}", what, "rename one of them")


def _identity(entry: "os.DirEntry[str]") -> tuple[int, int]:
    status = entry.stat()
    return (status.st_dev, status.st_ino)
