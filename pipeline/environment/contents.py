"""Digests of sources outside the project, kept by each file's stat. Knows nothing of distributions."""

import os
import time
from collections.abc import Iterable, Iterator

from .. import digest
from ..code.values import Memo

_SETTLED_NS = 2_000_000_000
"""A file younger than this may still change within one tick of its file system's clock."""


class Contents:
    def __init__(self, memo: Memo) -> None:
        self._memo = memo

    def digest(self, places: Iterable[str]) -> str:
        """Return the digest of files and folders: of names below each place and of bytes."""
        rows = []
        for place in sorted(places):
            name = os.path.basename(place)
            rows += [[name + path[len(place) :], self._of_file(path)] for path in _files(place)]
        return digest.of_value(rows)

    def _of_file(self, path: str) -> str:
        stat = os.stat(path)
        key = f"contents:{path}:{stat.st_ino}:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}"
        kept = self._memo.get(key)
        if kept is not None:
            return kept.decode("ascii")
        found = digest.of_file(path)
        if time.time_ns() - max(stat.st_mtime_ns, stat.st_ctime_ns) > _SETTLED_NS:
            self._memo.put(key, found.encode("ascii"))
        return found


def _files(place: str) -> Iterator[str]:
    """Give the files at or below a place, in order, without byte code and what is hidden."""
    if not os.path.isdir(place):
        yield place
        return
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(name for name in folders if name[0] != "." and name != "__pycache__")
        for name in sorted(names):
            path = os.path.join(folder, name)
            if name[0] != "." and not name.endswith(".pyc") and os.path.isfile(path):
                yield path
