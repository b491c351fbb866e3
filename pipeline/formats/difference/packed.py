"""Differences of compressed files: what is in them, and what the packing adds. Knows no kind of content."""

import bz2
import gzip
import lzma
import zlib
from datetime import UTC, datetime
from typing import Any

from ..errors import FormatError
from . import inside, raw
from .result import Difference, Tolerance, shown

_MOST_LOOKED_INTO_BYTES = 512 << 20
_WRONG = (OSError, EOFError, lzma.LZMAError, zlib.error, ValueError)


def difference(expected: str, actual: str, tolerance: Tolerance | None, *, name: str = "") -> Difference:  # noqa: ARG001 - as all kinds have it
    """Compare what two compressed files hold; `name` is what it would be called unpacked."""
    header = _headers(expected, actual)
    at = _first_byte(expected, actual)
    if at is None:
        what = "; ".join(header) or "packed otherwise (another level or program)"
        facts = {"kind": "packed", "same_contents": True, "header": header}
        return Difference(False, f"the same contents; {what}", (), facts)

    def write(one: Any, other: Any) -> bool:
        with _opened(expected) as first, _opened(actual) as second:
            return bool(one.fill(first)) and bool(other.fill(second))

    with inside.unpacked(write, _MOST_LOOKED_INTO_BYTES) as pair:
        if pair is None:
            text = f"what is packed differs from byte {at:,} on; it is too large to be looked into"
            return Difference(False, text, (), {"kind": "packed", "offset": at, "header": header})
        found = pair.compared(name)
    text = "; ".join((f"in what is packed, {found.text}", *header))
    return Difference(
        False, text, found.lines, {"kind": "packed", "header": header, "contents": dict(found.facts)}
    )


def _first_byte(expected: str, actual: str) -> int | None:
    budget = inside.Budget(expected, actual)
    try:
        with _opened(expected) as one, _opened(actual) as other:
            first, second = inside.counted(one, budget), inside.counted(other, budget)
            return raw.first_byte(first, second)
    except FormatError:
        raise
    except _WRONG as error:
        raise FormatError(f"it cannot be unpacked: {error}") from error


def _opened(path: str) -> Any:
    with open(path, "rb") as file:
        start = file.read(6)
    if start.startswith(b"\x1f\x8b"):
        return gzip.open(path, "rb")
    if start.startswith(b"BZh"):
        return bz2.open(path, "rb")
    if start.startswith((b"\xfd7zXZ", b"\x5d\x00")):
        return lzma.open(path, "rb")
    raise FormatError("it cannot be unpacked: it begins with no known mark")


def _headers(expected: str, actual: str) -> list[str]:
    """Say in what the headers of two gzip files differ."""
    one, other = _header(expected), _header(actual)
    if one is None or other is None:
        return []
    return [
        f"{what} {a} -> {b}"
        for what, a, b in zip(("time", "name", "system"), one, other, strict=True)
        if a != b
    ]


def _header(path: str) -> tuple[str, str, str] | None:
    """Return time, name and operating system as the header of gzip has them (RFC 1952, 2.3)."""
    with open(path, "rb") as file:
        data = file.read(1 << 12)
    if not data.startswith(b"\x1f\x8b") or len(data) < 10:
        return None
    seconds = int.from_bytes(data[4:8], "little")
    time = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S") if seconds else "none"
    rest = data[10:]
    if data[3] & 4 and len(rest) >= 2:
        rest = rest[2 + int.from_bytes(rest[:2], "little") :]
    name = shown(rest.partition(b"\0")[0].decode("latin-1")) if data[3] & 8 else "none"
    return time, name, str(data[9])
