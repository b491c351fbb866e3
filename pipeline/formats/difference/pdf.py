"""Differences of PDF files: dates and ids that are written into each, else the first object. Draws nothing."""

import os
import re
import zlib
from typing import Any

from ..errors import FormatError
from . import raw
from .result import Difference, Tolerance, both, cut, shown, some

_MOST_BYTES = 64 << 20
_MOST_INFLATED_BYTES = 8 << 20
_NOTES = re.compile(
    rb"/(CreationDate|ModDate|Producer|Creator|ID)\s*(\((?:[^()\\]|\\.){0,500}\)|\[\s*<[^>]{0,200}>\s*<[^>]{0,200}>\s*\]|<[^>]{0,500}>)"
)
_OBJECT = re.compile(rb"(?:^|[\r\n])(\d{1,10} \d{1,5}) obj\b")


def difference(expected: str, actual: str, tolerance: Tolerance | None) -> Difference:  # noqa: ARG001 - as all kinds have it
    """Compare two PDF files object by object, their notes apart."""
    data = [_read(path) for path in (expected, actual)]
    there, here = ([(m[1].decode(), m[2]) for m in _NOTES.finditer(side)] for side in data)
    notes = [
        f"/{name} {_shown(old)} -> {_shown(new)}"
        for (name, old), (other, new) in zip(there, here, strict=False)
        if name == other and old != new
    ]
    facts: dict[str, Any] = {"kind": "pdf", "notes": notes}
    masked = [_NOTES.sub(rb"/\1", side) for side in data]
    one, other = (_objects(side) for side in masked)
    changed = [name for name in one if name in other and one[name] != other[name]]
    gone, new = len(one.keys() - other.keys()), len(other.keys() - one.keys())
    if notes and (masked[0] == masked[1] or (one == other and one)):
        return Difference(
            False, f"nothing but notes differs: {some(notes)}", tuple(notes) if len(notes) > 1 else (), facts
        )
    first = _object(one[changed[0]], other[changed[0]]) if changed else raw.difference(expected, actual).text
    numbers = ((new, "new"), (gone, "gone"), (len(changed), "changed"))
    counted = ", ".join(f"{number:,} {word}" for number, word in numbers if number)
    parts = [f"object {changed[0].decode()}: {first}" if changed else first]
    parts += [f"of its objects, {counted}"] if counted else []
    facts |= {"objects": {"added": new, "removed": gone, "changed": len(changed)}}
    return Difference(False, "; ".join(parts + notes[:2]), (*parts, *notes) if notes else (), facts)


def _read(path: str) -> bytes:
    if os.stat(path).st_size > _MOST_BYTES:
        raise FormatError(f"it is too large to be compared as PDF ({os.stat(path).st_size >> 20:,} MiB)")
    with open(path, "rb") as file:
        return file.read()


def _objects(data: bytes) -> dict[bytes, bytes]:
    """Return what stands in each object, by its number."""
    found = {}
    for piece in data.split(b"endobj"):  # no pattern over all: on a file made for that it would take for ever
        match = _OBJECT.search(piece)
        if match is not None:
            found[match[1]] = piece[match.end() :]
    return found


def _object(one: bytes, other: bytes) -> str:
    """Say where two objects begin to differ, in what their streams hold if that is text."""
    sides = [_inflated(side) for side in (one, other)]
    if sides[0] == sides[1]:
        sides = [one, other]
    lines = [side.splitlines() for side in sides]
    for number, (a, b) in enumerate(zip(*lines, strict=False), 1):
        if a != b:
            old, new = both(a, b)
            return f"line {number:,}: {old} -> {new}"
    return f"{len(lines[0]):,} -> {len(lines[1]):,} lines"


def _inflated(side: bytes) -> bytes:
    head, mark, rest = side.partition(b"stream")
    if not mark or b"/FlateDecode" not in head:
        return side
    try:
        return zlib.decompressobj().decompress(rest.lstrip(b"\r\n"), _MOST_INFLATED_BYTES)
    except zlib.error:
        return side


def _shown(note: bytes) -> str:
    return cut(note.decode("latin-1").strip("()"), 80) if note.isascii() else shown(note)
