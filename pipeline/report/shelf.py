"""Reads records and bytes of a store for a page, and changes nothing: what is damaged is as good as absent."""

import os
from functools import lru_cache

from .. import digest
from ..store import layout
from ..store.manifests import Manifests
from ..store.objects import bytes_of
from ..store.records import Records

_MOST_BYTES = 64 << 20


class Shelf:
    """What one store holds."""

    def __init__(self, root: str) -> None:
        self._root = root
        self.records = Records(root)
        self.entries = Manifests(root)
        self.text = lru_cache(1024)(self._text)

    def size(self, name: str, kind: str) -> int | None:
        """Return the size of a file or of all that a folder holds; None if the store does not have it."""
        if kind == "tree":
            entries = self.entries(name)
            return None if entries is None else sum(entry.size_bytes for entry in entries)
        try:
            return os.lstat(self._path(name)).st_size
        except OSError:
            return None

    def file(self, name: str) -> str | None:
        """Return the path of an object whose bytes are right; None too if it is too large to be looked at."""
        path = self._path(name)
        try:
            is_small = (
                os.path.isfile(path) and not os.path.islink(path) and os.lstat(path).st_size <= _MOST_BYTES
            )
            return path if is_small and digest.of_file(path) == name else None
        except OSError:
            return None

    def data(self, name: str, most: int) -> bytes | None:
        """Return an object's bytes if they are there, right, and no more than so many."""
        try:
            path = self._path(name)
            data = bytes_of(path) if os.lstat(path).st_size <= most else None
        except OSError:
            return None
        return data if data is not None and digest.of_bytes(data) == name else None

    def _text(self, name: str) -> str | None:
        data = self.data(name, 4 << 20)
        return (
            None
            if data is None
            else data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
        )

    def _path(self, name: str) -> str:
        return layout.sharded(self._root, "objects", name)
