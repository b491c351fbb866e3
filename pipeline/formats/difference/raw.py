"""Where the bytes of two files begin to differ, with what stands there. Knows no format."""

import os
from typing import BinaryIO

from .result import Difference, Tolerance

_CHUNK_BYTES = 1 << 18
_BEFORE, _AFTER = 8, 16


def difference(expected: str, actual: str, tolerance: Tolerance | None = None) -> Difference:  # noqa: ARG001 - as all kinds have it
    """Say at which byte two files begin to differ, how long they are, and what stands around that place."""
    sizes = os.stat(expected).st_size, os.stat(actual).st_size
    sized = f"{sizes[0]:,} bytes" if sizes[0] == sizes[1] else f"{sizes[0]:,} -> {sizes[1]:,} bytes"
    with open(expected, "rb") as first, open(actual, "rb") as second:
        found = first_byte(first, second)
        facts = {"kind": "bytes", "sizes": list(sizes), "offset": found}
        if found is None:
            return Difference(False, f"the same {sized}", facts=facts)
        lines = tuple(f"{sign} {_around(file, found)}" for sign, file in (("-", first), ("+", second)))
    return Difference(False, f"the bytes differ from byte {found:,} on; {sized}", lines, facts)


def first_byte(expected: BinaryIO, actual: BinaryIO) -> int | None:
    """Return the offset, from where both files stand, of the first byte that differs; None if all are equal."""
    offset = 0
    one, other = bytearray(_CHUNK_BYTES), bytearray(_CHUNK_BYTES)  # the same memory each time: twice as fast
    while True:
        sizes = expected.readinto(one), actual.readinto(other)  # type: ignore[attr-defined]
        if sizes[0] != sizes[1] or one != other:
            return offset + place(one[: sizes[0]], other[: sizes[1]])
        if not sizes[0]:
            return None
        offset += sizes[0]


def place(expected: bytes | bytearray, actual: bytes | bytearray) -> int:
    """Return where two pieces that are not equal begin to differ: the shorter may be the beginning of the other."""
    low, high = 0, min(len(expected), len(actual))
    while low < high:  # the first `low` bytes are equal, those up to `high` and one more are not
        middle = (low + high + 1) // 2
        if expected[low:middle] == actual[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _around(file: BinaryIO, offset: int) -> str:
    """Write the bytes around a place in hex and as text; the one that differs stands in brackets."""
    start = max(0, offset - _BEFORE)
    file.seek(start)
    data = file.read(offset - start + _AFTER)
    at = offset - start
    here = f"[{data[at]:02x}]" if at < len(data) else "[end]"
    before, after = data[:at].hex(" "), data[at + 1 :].hex(" ")
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)
    return f"{start:08x}  {' '.join(part for part in (before, here, after) if part)}  |{text}|"
