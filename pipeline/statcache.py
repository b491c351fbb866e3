"""Digests of files by what `stat` says of them, so that unchanged bytes are not read again. Trusts no racy time."""

import os
import stat
import threading
import time
from typing import Any

from . import digest
from .state import State

RACY_NS = 2_000_000_000
"""A file may be written twice within one tick of the coarsest clock in use (FAT, ext3, NFS): 2 s."""


class StatCache:
    """Digests of files under one project, and of the objects of its store.

    An entry holds only while inode, size, both times and the mode are the same, and only if the file had been
    at rest for 2 s, by the clock of its file system, when it was read: younger ones are read again.
    """

    def __init__(self, state: State, root: str) -> None:
        self._state = state
        self._prefix = root.rstrip("/") + "/"
        self._recent: dict[str, tuple[Any, ...]] = {}
        self._offset_ns: int | None = None
        self._probe_folder = os.path.join(root, ".pipe")
        self._lock = threading.Lock()

    def digest_of(self, path: str, status: os.stat_result | None = None) -> str:
        """Return the digest of a regular file. Raises OSError as `open` does.

        A file that changes while it is read is read again until it holds still.
        """
        status = status or os.stat(path)
        known = self.known(path, status)
        if known is not None:
            return known
        while True:
            seen = self._now_ns()
            name = digest.of_file(path)
            after = os.stat(path)
            if _identity(after) == _identity(status):
                self._put(path, status, name, seen)
                return name
            status = after

    def known(self, path: str, status: os.stat_result, row: tuple[Any, ...] | None = None) -> str | None:
        """Return the digest that is on record for this very state of the file; None if it must be read."""
        key = self.key_of(path)
        row = self._recent.get(key) or row or self._state.file(key)
        return str(row[5]) if row is not None and is_trusted(row, status) else None

    def rows_below(self, folder: str) -> dict[str, tuple[Any, ...]]:
        """Return what is on record of a folder's files, by `key_of` their paths: one query for all."""
        return self._state.files_below(self.key_of(folder))

    def record(self, path: str, name: str, *, at_rest: bool = False) -> None:
        """Note the digest of a file that `pipe` itself wrote or linked, so that its stat is known.

        `at_rest` says that nobody else can have written it: an object of the store, which is read-only.
        """
        status = os.stat(path)
        seen = max(status.st_mtime_ns, status.st_ctime_ns) + RACY_NS if at_rest else self._now_ns()
        self._put(path, status, name, seen)

    def key_of(self, path: str) -> str:
        """Return the path as it stands on record: relative where it lies in the project."""
        return path[len(self._prefix) :] if path.startswith(self._prefix) else path

    def _put(self, path: str, status: os.stat_result, name: str, seen: int) -> None:
        key = self.key_of(path)
        row = (*_identity(status), name, seen)
        self._recent[key] = row
        self._state.put_files([(key, *row)])

    def _now_ns(self) -> int:
        with self._lock:
            if self._offset_ns is None:
                self._offset_ns = _clock_offset_ns(self._probe_folder)
            return time.time_ns() + self._offset_ns


def is_trusted(row: tuple[Any, ...], status: os.stat_result) -> bool:
    """Say whether what is on record of a file (ino, size, mtime, ctime, mode, digest, seen) is of its very state."""
    return row[:5] == _identity(status) and max(row[2], row[3]) + RACY_NS <= row[6]


def _identity(status: os.stat_result) -> tuple[int, int, int, int, int]:
    return (
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        stat.S_IMODE(status.st_mode),
    )


def _clock_offset_ns(folder: str) -> int:
    # A file server has a clock of its own. One that is ahead counts as ours: that trusts less, never more.
    probe = os.path.join(folder, f".clock.{os.getpid()}.tmp")
    try:
        before = time.time_ns()
        with open(probe, "wb") as file:
            there = os.fstat(file.fileno()).st_mtime_ns
        os.unlink(probe)
    except OSError:
        return 0
    return min(0, there - before)


class NoCache:
    """Reads every file: for folders that are looked at once, with the interface of `StatCache`."""

    def known(self, path: str, status: os.stat_result, row: tuple[Any, ...] | None = None) -> str | None:
        return None

    def digest_of(self, path: str, status: os.stat_result | None = None) -> str:
        return digest.of_file(path)

    def rows_below(self, folder: str) -> dict[str, tuple[Any, ...]]:
        return {}

    def key_of(self, path: str) -> str:
        return path
