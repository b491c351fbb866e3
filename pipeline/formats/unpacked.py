"""A file's bytes as a stream that can be skipped over, decompressed if it is packed. Knows not what they mean."""

import io
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

_MOST_AT_ONCE_BYTES = 64 << 20
_MOST_UNPACKED_BYTES = 512 << 20
"""A small file may unpack to any size: what goes on for longer is given up."""
_CHUNK_BYTES = 1 << 18


class TooLarge(Exception):
    """There is more than anybody wants to read."""


class Stream:
    """Reads forward alone."""

    def __init__(self, file: io.BufferedReader, *, is_packed: bool) -> None:
        self._file = file
        self._is_packed = is_packed
        self._skipped_bytes = 0

    def peek(self, size_bytes: int) -> bytes:
        return self._file.peek(size_bytes)

    def read(self, size_bytes: int = -1) -> bytes:
        if not 0 <= size_bytes <= _MOST_AT_ONCE_BYTES:
            raise TooLarge
        return self._file.read(size_bytes)

    def place(self) -> int | None:
        """Return the offset in the file at which the next byte stands; None in what is unpacked as it is read."""
        return None if self._is_packed else self._file.tell()

    def readline(self) -> bytes:
        return self._file.readline(_MOST_AT_ONCE_BYTES)

    def skip(self, size_bytes: int) -> None:
        """Pass over bytes. That there are not so many is noticed by who reads on."""
        if size_bytes < 0:
            raise ValueError("a negative size would read the same bytes again, without end")
        if not self._is_packed:
            self._file.seek(size_bytes, io.SEEK_CUR)
            return
        self._skipped_bytes += size_bytes
        if self._skipped_bytes > _MOST_UNPACKED_BYTES:
            raise TooLarge
        while size_bytes:
            read_bytes = len(self._file.read(min(size_bytes, _CHUNK_BYTES)))
            if not read_bytes:
                raise EOFError
            size_bytes -= read_bytes


def opened(file: io.BufferedReader) -> Iterator[Stream]:
    """Begin to read a file as what its first bytes say that it is; of an archive each `.pkl` in it."""
    start = file.read(6)
    file.seek(0)
    if start.startswith(b"PK\x03\x04"):
        import zipfile

        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                if name.endswith(".pkl"):
                    member: Any = archive.open(name)
                    yield Stream(io.BufferedReader(member, _CHUNK_BYTES), is_packed=True)
        return
    unpacking = _unpacking(start, file)
    if unpacking is None:
        yield Stream(file, is_packed=False)
    else:
        yield Stream(io.BufferedReader(unpacking, _CHUNK_BYTES), is_packed=True)


def _unpacking(start: bytes, file: BinaryIO) -> Any:
    if start.startswith(b"\x78"):
        return _Zlib(file)
    if start.startswith(b"\x1f\x8b"):
        import gzip

        return gzip.GzipFile(fileobj=file)
    if start.startswith(b"BZ"):
        import bz2

        return bz2.BZ2File(file)
    if start.startswith((b"\x5d\x00", b"\xfd7zXZ")):
        import lzma

        return lzma.LZMAFile(file)
    return None


class _Zlib(io.RawIOBase):
    """What joblib writes when it is asked to compress: a zlib stream and nothing around it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._machine = zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._machine.eof:
            data = self._machine.unconsumed_tail or self._file.read(_CHUNK_BYTES)
            if not data:
                raise EOFError("the file ends too early")
            made = self._machine.decompress(data, len(buffer))
            if made:
                buffer[: len(made)] = made
                return len(made)
        if self._machine.unused_data or self._file.read(1):
            raise ValueError("there is more behind the compressed stream")
        return 0
