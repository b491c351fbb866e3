"""What the folders of a store hold, read without changing anything: damage is as good as absence. Knows no records."""

import os
from functools import lru_cache

from .. import digest, tree
from . import layout

_KEPT = 4096


class Manifests:
    """Looks manifests up; the latest ones are kept."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._kept = lru_cache(_KEPT)(self._read)

    def __call__(self, name: str) -> list[tree.Entry] | None:
        """Return a folder's entries; None if there is no such object, or one that is no manifest."""
        return self._kept(name)

    def forget(self) -> None:
        """Look at the store anew."""
        self._kept.cache_clear()

    def _read(self, name: str) -> list[tree.Entry] | None:
        try:
            descriptor = os.open(
                layout.sharded(self._root, "objects", name),
                os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC,
            )
            with open(descriptor, "rb") as file:
                data = file.read()
            return tree.decode(data) if digest.of_bytes(data) == name else None
        except (OSError, ValueError, RecursionError):
            return None
