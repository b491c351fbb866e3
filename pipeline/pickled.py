"""What the pickles among a stage's inputs refer to, each looked into once. Unpickles nothing, and knows no stage."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from . import digest, tree
from .code import Memo, Unpickled
from .formats.kinds import is_pickle
from .inputs import Found
from .model import Artifact, Input
from .store import Damaged, Store
from .workspace import Scanned, UnfitFile, Workspace

_SCHEMA = 1
"""Raised with every change of what is found in a pickle."""

References = tuple[str, ...] | None
"""`module:name`, sorted; None if the pickle may refer to anything."""


_NOTHING = Found(None, None, {}, {})


class Pickled:
    """Keeps what it finds by the digest of the bytes: whoever has the same bytes finds the same."""

    def __init__(self, workspace: Workspace, store: Store, memo: Memo) -> None:
        self._workspace = workspace
        self._store = store
        self._memo = memo

    def of(
        self, declared: Input, found: Found, *, of_any_name: bool, locked: Mapping[str, References] | None
    ) -> dict[str, References]:
        """Return by path what each pickle in an input refers to.

        Args:
            declared: The input.
            found: Its bytes.
            of_any_name: Files whose name does not say what they are may be pickles too.
            locked: What the lock file says of the stage's pickles, where it may stand in for bytes that are nowhere.
        """
        artifacts = {declared.path: found.artifact} if found.files is None else found.files
        known: dict[str, References] = {}
        for path, artifact in artifacts.items():
            if artifact is None:
                continue
            files = self._pickles(path, artifact, found, of_any_name=of_any_name)
            if files is None:
                below = {p: r for p, r in (locked or {}).items() if p == path or p.startswith(path + "/")}
                known |= {path: None} if locked is None else below
                continue
            for file, name in files.items():
                known[file] = self._references(name, found.raw.get(name, file), (locked or {}).get(file))
        return known

    def recalled(self, path: str, artifact: Artifact, *, of_any_name: bool) -> dict[str, References] | None:
        """Return the same of an artifact that may be gone, as it was found before; None if it never was."""
        files = self._pickles(path, artifact, _NOTHING, of_any_name=of_any_name)
        if files is None:
            return None
        kept = {file: self._memo.get(_key("references", name)) for file, name in files.items()}
        known = {file: _read(found) for file, found in kept.items() if found is not None}
        return known if len(known) == len(files) else None

    def _pickles(
        self, path: str, artifact: Artifact, found: Found, *, of_any_name: bool
    ) -> dict[str, str] | None:
        """Return path and digest of what are pickles; None if it cannot be told."""
        if artifact.kind != "tree":
            is_one = is_pickle(path) or (
                is_pickle(path, of_any_name=of_any_name) and self._begins(path, artifact.digest, found)
            )
            return None if is_one is None else {path: artifact.digest} if is_one else {}
        key = _key("any name" if of_any_name else "folder", artifact.digest)
        kept = self._memo.get(key)
        if kept is None:
            inner = self._in_folder(path, artifact.digest, found.manifests)
            if inner is None:
                return None
            chosen: dict[str, str] = {}
            for inside, name in inner.items():
                file = Artifact("file", name, 0)
                pickles = self._pickles(f"{path}/{inside}", file, found, of_any_name=of_any_name)
                if pickles is None:
                    return None
                chosen |= dict.fromkeys((inside,) if pickles else (), name)
            kept = json.dumps(chosen).encode()
            self._memo.put(key, kept)
        return {f"{path}/{inside}": name for inside, name in json.loads(kept).items()}

    def _in_folder(self, path: str, name: str, manifests: Mapping[str, bytes]) -> dict[str, str] | None:
        try:
            return dict(self._below(name, manifests))
        except (KeyError, Damaged):
            scanned = self._scanned(path)
            if scanned is None or scanned.built is None or scanned.built.digest != name:
                return None
            return dict(self._below(name, scanned.built.manifests))

    def _below(
        self, name: str, manifests: Mapping[str, bytes], prefix: str = ""
    ) -> Iterator[tuple[str, str]]:
        data = manifests.get(name)
        for entry in tree.decode(data) if data is not None else self._store.tree(name):
            if entry.kind == "tree":
                yield from self._below(entry.digest, manifests, f"{prefix}{entry.name}/")
            elif entry.kind != "link":
                yield prefix + entry.name, entry.digest

    def _scanned(self, path: str) -> Scanned | None:
        try:
            return self._workspace.output_scanned(path)
        except UnfitFile:
            return None

    def _begins(self, path: str, name: str, found: Found) -> bool | None:
        """Say whether a file begins as a pickle does; None if its bytes are nowhere."""
        kept = self._memo.get(_key("begins", name))
        if kept is None:
            place = self._place(name, found.raw.get(name, path))
            if place is None:
                return None
            from .formats.pickles import begins

            kept = b"1" if begins(place) else b""
            if _holds(place, name):
                self._memo.put(_key("begins", name), kept)
        return kept != b""

    def _references(self, name: str, path: str, locked: References) -> References:
        kept = self._memo.get(_key("references", name))
        if kept is not None:
            return _read(kept)
        place = self._place(name, path)
        if place is None:
            return locked
        from .formats.pickles import references

        found = references(place)
        if not _holds(place, name):
            return None  # it was written to meanwhile: whoever uses it will say so
        self._memo.put(_key("references", name), json.dumps(found).encode())
        return found

    def _place(self, name: str, path: str) -> Path | None:
        """Return where the bytes of a digest lie; None if they are nowhere."""
        try:
            return Path(self._store.objects.checked(name))
        except (KeyError, Damaged):
            place = Path(self._workspace.root, path)
            return place if _holds(place, name) else None


def unpickled(references: Mapping[str, References]) -> Unpickled:
    """Put together what all the pickles of a stage refer to."""
    names = {name for found in references.values() for name in found or ()}
    unread = sorted(path for path, found in references.items() if found is None)
    return Unpickled(tuple(sorted(names)), tuple(unread))


def _key(what: str, name: str) -> str:
    # Another Python may know other steps of a pickle.
    return f"pickled:{_SCHEMA}:{sys.version_info.major}.{sys.version_info.minor}:{what}:{name}"


def _read(kept: bytes) -> References:
    found = json.loads(kept)
    return None if found is None else tuple(found)


def _holds(place: Path, name: str) -> bool:
    try:
        return os.path.isfile(place) and digest.of_file(place) == name
    except OSError:
        return False
