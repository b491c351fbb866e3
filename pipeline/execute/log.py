"""Keeps the ends of a log that grows too large. Knows bytes, not lines of any stage."""

import os
import sys

KEEP_BYTES = 1 << 20
_PUNCH_FROM_BYTES = 16 << 20
_PUNCH_HOLE = 0x03  # FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE


def relieve(path: str) -> None:
    """Give the middle of a log that is being written back to the disk (Linux); its size stays as it is."""
    try:
        size = os.stat(path).st_size
    except OSError:
        return
    if sys.platform != "linux" or size < _PUNCH_FROM_BYTES:
        return
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        offset, length = ctypes.c_int64(KEEP_BYTES), ctypes.c_int64(size - 2 * KEEP_BYTES)
        libc.fallocate(descriptor, _PUNCH_HOLE, offset, length)
    finally:
        os.close(descriptor)


def shorten(path: str) -> None:
    """Leave the first and the last mebibyte of a finished log, with a line between them that says so."""
    try:
        size = os.stat(path).st_size
    except OSError:
        return
    if size <= 2 * KEEP_BYTES + 4096:
        return
    with open(path, "r+b") as file:
        first = file.read(KEEP_BYTES)
        file.seek(size - KEEP_BYTES)
        last = file.read(KEEP_BYTES)
        left_out = size - 2 * KEEP_BYTES
        file.seek(0)
        file.truncate()
        file.write(first + f"\n[... {left_out:,} bytes left out by pipe ...]\n".encode() + last)


def tail(path: str, lines: int = 12) -> tuple[str, ...]:
    """Return the last lines as text that a terminal can show."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 16384))
            data = file.read()
    except OSError:
        return ()
    text = data.decode("utf-8", errors="replace")
    # Not splitlines: what a progress bar wrote over itself, between carriage returns, is one line.
    shown = [_printable(line.rstrip("\r")) for line in text.split("\n")]
    while shown and not shown[-1].strip():
        shown.pop()
    return tuple(shown[-lines:])


def _printable(line: str) -> str:
    line = line.rpartition("\r")[2].expandtabs(4)
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)[:400]
