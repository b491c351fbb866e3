"""Compares files that lie in others, by way of a folder that is gone afterwards. Knows no archive."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..errors import FormatError
from . import kinds, raw
from .result import Difference

MOST_MEMBERS = 20
"""So many members that differ are looked into; of the others it is said that they differ."""
MOST_MEMBER_BYTES = 64 << 20
_LEAST_UNPACKED_BYTES, _MOST_UNPACKED_BYTES, _MOST_TIMES = 256 << 20, 64 << 30, 100
"""A small file may unpack to any size. What is honest rarely grows more than thirtyfold."""
_CHUNK_BYTES = 1 << 20


class Budget:
    """Counts what is unpacked, against the size of the files that it comes from."""

    def __init__(self, *paths: str) -> None:
        packed_bytes = sum(os.stat(path).st_size for path in paths)
        self._most = min(max(_LEAST_UNPACKED_BYTES, _MOST_TIMES * packed_bytes), _MOST_UNPACKED_BYTES)
        self._left = self._most

    def check(self, size_bytes: int) -> None:
        """Refuse what says itself that it is too much."""
        if size_bytes > self._left:
            self.take(size_bytes)

    def take(self, size_bytes: int) -> None:
        """Raises FormatError where it becomes more than anybody wants to unpack."""
        self._left -= size_bytes
        if self._left < 0:
            raise FormatError(
                f"it unpacks to more than {self._most >> 20:,} MiB, which is more than anybody means"
            )


class Pieces(io.RawIOBase):
    """A stream that is read through a budget."""

    def __init__(self, file: Any, budget: Budget) -> None:
        self._file = file
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        self._budget.take(len(data))
        buffer[: len(data)] = data
        return len(data)


def counted(file: Any, budget: Budget) -> io.BufferedReader:
    """Read a stream through a budget, in full pieces."""
    return io.BufferedReader(Pieces(file, budget), _CHUNK_BYTES)


class Pair(NamedTuple):
    """Two files in a folder of one's own."""

    expected: str
    actual: str

    def compared(self, name: str) -> Difference:
        """Compare them as files of this name, archives as bytes."""
        try:
            return kinds.kind_of(self.expected, self.actual, name, is_inside=True)(*self, None)
        except (FormatError, OSError, ImportError, RecursionError, MemoryError):
            return raw.difference(self.expected, self.actual)


@contextmanager
def unpacked(write: Callable[[Any, Any], bool], most_bytes: int = MOST_MEMBER_BYTES) -> Iterator[Pair | None]:
    """Give two files that `write` fills. None if it says that it did not."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="pipe-") as folder:
        pair = Pair(os.path.join(folder, "expected"), os.path.join(folder, "actual"))
        with open(pair.expected, "wb") as one, open(pair.actual, "wb") as other:
            is_there = write(_Bounded(one, most_bytes), _Bounded(other, most_bytes))
        yield pair if is_there else None


class _Bounded:
    """Takes bytes up to a limit."""

    def __init__(self, file: Any, most_bytes: int) -> None:
        self._file = file
        self._left = most_bytes

    def fill(self, source: Any) -> bool:
        """Take all of a stream; False if it is too long."""
        while piece := source.read(_CHUNK_BYTES):
            self._left -= len(piece)
            if self._left < 0:
                return False
            self._file.write(piece)
        return True
