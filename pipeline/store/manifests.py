"""What the folders of a store hold, read without changing anything: damage is as good as absence. Knows no records."""

from functools import lru_cache

from .. import digest, tree
from . import layout
from .objects import bytes_of

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
            data = bytes_of(layout.sharded(self._root, "objects", name))
            return tree.decode(data) if data is not None and digest.of_bytes(data) == name else None
        except (OSError, ValueError, RecursionError):
            return None
