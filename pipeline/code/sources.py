"""Reads the project's source files and folders, each once. Knows nothing of Python's syntax."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .. import digest as digests

NOT_CODE = frozenset({"__pycache__", "node_modules"})
_OF_PIPE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
"""Where `pipe` is installed. That is a folder of packages like others, unless `pipe` is installed editable:
then it is a checkout, whose `stages` and `tests` no project means."""
_NO_MODULES = (".dist-info", ".egg-info", ".egg-link", ".pth")
_FOREIGN = ("pyvenv.cfg", "conda-meta", "pipeline.yaml")


def under(folder: str, name: str) -> str:
    """Join two project-relative names; the project itself is the empty text."""
    return f"{folder}/{name}" if folder else name


def normal(path: str) -> str | None:
    """Return a project-relative path without `.` and `..`; None if it leaves the project or is absolute."""
    if path.startswith("/"):
        return None
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def is_of_pipe(folder: str) -> bool:
    """Say whether a folder of the import path is the checkout that `pipe` runs from, if it is installed editable."""
    return folder == _OF_PIPE and not folder.endswith("-packages")


def is_of_project(place: str, root: str) -> bool:
    """Say whether an absolute path is the project's code: inside it, and not in an environment inside it."""
    place = os.path.realpath(place)
    while place.startswith(root + os.sep):
        if os.path.basename(place)[0] == "." or os.path.exists(os.path.join(place, "pyvenv.cfg")):
            return False
        place = os.path.dirname(place)
    return place == root


class Sources:
    """The project's files as one invocation of `pipe` sees them: what was read once does not change any more.

    `digest_of` gives the digest of a file by its project-relative path, None if it is no file; `excluded`
    says which paths stages write: those are never code. `kept` is where the room keeps what it worked out.
    """

    def __init__(
        self, root: Path, *, digest_of: Callable[[str], str | None], excluded: Callable[[str], bool]
    ) -> None:
        self.root = str(root)
        self.kept: dict[Any, Any] = {}
        self._digest_of = digest_of
        self._excluded = excluded
        self._digests: dict[str, str | None] = {}
        self._bytes: dict[str, bytes] = {}
        self._listings: dict[str, Mapping[str, bool]] = {}
        self._installed: list[tuple[str, frozenset[str]]] | None = None

    def digest(self, path: str) -> str | None:
        """Return the digest of a file's bytes; None if it is no file or the output of a stage."""
        if path not in self._digests:
            self._digests[path] = None if self._excluded(path) else self._digest_of(path)
        return self._digests[path]

    def is_output(self, path: str) -> bool:
        """Say whether a stage writes this path."""
        return self._excluded(path)

    def read(self, path: str) -> bytes:
        """Return a file's bytes. Raises OSError as `open` does.

        The digest is put right if the file was edited since it was asked for: what is read is what counts.
        """
        data = self._bytes.get(path)
        if data is None:
            with open(os.path.join(self.root, path), "rb") as file:
                data = self._bytes[path] = file.read()
            self._digests[path] = digests.of_bytes(data)
        return data

    def is_file(self, path: str) -> bool:
        return self.digest(path) is not None

    def is_dir(self, path: str) -> bool:
        return os.path.isdir(os.path.join(self.root, path))

    def listing(self, folder: str) -> Mapping[str, bool]:
        """Return the names in a folder that may be code, sorted, each with whether it is a folder.

        Empty for what is no folder, for a virtual environment, and for a project of its own.
        """
        found = self._listings.get(folder)
        if found is None:
            found = self._listings[folder] = self._list(folder)
        return found

    def _list(self, folder: str) -> dict[str, bool]:
        names: dict[str, bool] = {}
        try:
            with os.scandir(os.path.join(self.root, folder)) as entries:
                for entry in entries:
                    if folder and entry.name in _FOREIGN:
                        return {}
                    if entry.name[0] != "." and entry.name not in NOT_CODE:
                        names[entry.name] = entry.is_dir()
        except OSError:
            return {}
        return {name: names[name] for name in sorted(names) if not self._excluded(under(folder, name))}

    def installed(self, dotted: str) -> bool:
        """Say whether a module of that name lies on the interpreter's path and is not the project's code."""
        return self._is_installed(dotted, regular=False)

    def installed_regular(self, name: str) -> bool:
        """The same for a module or a package with an `__init__`: it beats a mere folder of the project."""
        return self._is_installed(name, regular=True)

    def _is_installed(self, dotted: str, *, regular: bool) -> bool:
        first, *rest = dotted.split(".")
        for folder, names in self._installed_names():
            if first not in names:
                continue
            place = os.path.join(folder, first)
            if not rest:
                if not regular or not os.path.isdir(place) or _has_init(place):
                    return True
            elif _has_module(os.path.join(place, *rest[:-1]), rest[-1]):
                return True
        return False

    def _installed_names(self) -> list[tuple[str, frozenset[str]]]:
        if self._installed is None:
            self._installed = []
            root = os.path.realpath(self.root)
            for folder in sys.path:
                if is_of_project(folder, root) or is_of_pipe(folder):
                    continue
                try:
                    names = os.listdir(folder)
                except OSError:
                    continue
                self._installed.append(
                    (
                        folder,
                        frozenset(name.partition(".")[0] for name in names if not name.endswith(_NO_MODULES)),
                    )
                )
        return self._installed


def _has_init(folder: str) -> bool:
    return any(name.startswith("__init__.") for name in os.listdir(folder))


def _has_module(folder: str, name: str) -> bool:
    try:
        return any(entry.partition(".")[0] == name for entry in os.listdir(folder))
    except OSError:
        return False
