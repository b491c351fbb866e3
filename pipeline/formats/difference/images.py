"""Differences of pictures: pixels against all else that is said in them. Draws nothing.

Pillow decodes pixels where it is installed (`pip install 'pipe-lineage[images]'`); without it, PNG and JPEG are
taken apart by hand, which tells whether the pixels differ, but not how many.
"""

import warnings
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from ...errors import PipeError
from ..errors import FormatError
from . import raw
from .result import Difference, Tolerance, count, cut, shown

_MOST_PIXELS = 100_000_000
_MOST_CHUNKS = 100_000
_MOST_BYTES = 512 << 20
_MOST_NOTE_BYTES = 64 << 10
_FORMATS = ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP")
_NEEDS = "how many pixels differ is told where Pillow is installed"


class _Parts(NamedTuple):
    """A picture taken apart. `pixels` is equal for equal pixels; `notes` is what else is in the file."""

    pixels: Any
    notes: dict[str, str]


class _Pixels(NamedTuple):
    """What was found out about pixels. Nothing differs if `text` is empty."""

    text: str
    facts: dict[str, Any]


def png(expected: str, actual: str, tolerance: Tolerance | None) -> Difference:  # noqa: ARG001 - as all kinds have it
    """Compare two PNG files."""
    pixels = _pixels(expected, actual)
    one, other = (_png(path, with_pixels=pixels is None) for path in (expected, actual))
    if pixels is None:
        differ = one.pixels != other.pixels
        pixels = _Pixels(_rows(one.pixels, other.pixels) if differ else "", {"same_pixels": not differ})
    return _told("png", pixels, one.notes, other.notes, expected, actual)


def jpeg(expected: str, actual: str, tolerance: Tolerance | None) -> Difference:  # noqa: ARG001 - as all kinds have it
    """Compare two JPEG files."""
    one, other = _jpeg(expected), _jpeg(actual)
    pixels = None if one.pixels == other.pixels else _pixels(expected, actual)
    if pixels is None:
        differ = one.pixels != other.pixels
        pixels = _Pixels(f"the coded pixels differ; {_NEEDS}" if differ else "", {"same_pixels": not differ})
    return _told("jpeg", pixels, one.notes, other.notes, expected, actual)


def other(expected: str, actual: str, tolerance: Tolerance | None) -> Difference:  # noqa: ARG001 - as all kinds have it
    """Compare two pictures of a kind that Pillow alone can read."""
    pixels = _pixels(expected, actual)
    if pixels is None:
        raise FormatError(_NEEDS)
    return _told("image", pixels, {}, {}, expected, actual)


def _told(
    kind: str, pixels: _Pixels, there: dict[str, str], here: dict[str, str], expected: str, actual: str
) -> Difference:
    notes = [
        f"{name}: {there.get(name, 'none')} -> {here.get(name, 'none')}"
        for name in dict.fromkeys([*there, *here])
        if there.get(name) != here.get(name)
    ]
    facts = {"kind": kind, **pixels.facts, "notes": notes}
    if pixels.text:
        parts = [pixels.text, *notes[:2]]
    elif notes:
        parts = ["the same pixels", *notes[:2]]
    else:
        parts = ["the same pixels, packed otherwise", raw.difference(expected, actual).text]
    return Difference(False, "; ".join(parts), tuple(notes) if len(notes) > 2 else (), facts)


def _pixels(expected: str, actual: str) -> _Pixels | None:
    """Compare pixels, those of the first frame. None if nothing here can decode them."""
    try:
        import numpy as np
        from PIL import Image
    except ImportError:
        return None
    sides = []
    for path in (expected, actual):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore"
                )  # what is odd about a file is no concern of whoever compares it
                with Image.open(path, formats=_FORMATS) as image:
                    if image.width * image.height > _MOST_PIXELS:
                        raise FormatError(f"it has more than {_MOST_PIXELS:,} pixels")
                    whole = image.convert("RGBA") if image.mode in ("P", "1") else image
                    sides.append((image.size, image.mode, np.asarray(whole)))
        except FormatError:
            raise
        except PipeError:  # the user has interrupted it
            raise
        except Exception as error:  # a file from anywhere may be wrong in any way
            raise FormatError(
                f"it cannot be read as a picture: {str(error) or type(error).__name__}"
            ) from error
    (size, mode, one), (other_size, other_mode, other_one) = sides
    if size != other_size:
        text = f"{size[0]} x {size[1]} -> {other_size[0]} x {other_size[1]} pixels"
        return _Pixels(text, {"same_pixels": False, "sizes": [list(size), list(other_size)]})
    if mode != other_mode:
        return _Pixels(
            f"its colours are {mode} -> {other_mode}", {"same_pixels": False, "modes": [mode, other_mode]}
        )
    differ = one != other_one
    differ = differ.any(axis=2) if differ.ndim == 3 else differ
    places = np.argwhere(differ)
    if not len(places):
        return _Pixels("", {"same_pixels": True})
    top, left = (int(n) for n in places.min(axis=0))
    bottom, right = (int(n) for n in places.max(axis=0))
    first = tuple(int(n) for n in places[0])
    apart = int(np.abs(one[differ].astype(np.int64) - other_one[differ].astype(np.int64)).max())
    text = (
        f"{len(places):,} of {count(differ.size, 'pixel')} {'differs' if len(places) == 1 else 'differ'}, by up to "
        f"{apart:,}; first at ({first[1]}, {first[0]}): {_colour(one[first])} -> {_colour(other_one[first])}"
    )
    if len(places) > 1:
        text += f"; within ({left}, {top}) to ({right}, {bottom})"
    facts = {
        "same_pixels": False,
        "differing": len(places),
        "largest": apart,
        "box": [left, top, right, bottom],
    }
    return _Pixels(text, facts)


def _colour(value: Any) -> str:
    return str(tuple(value.tolist())) if value.ndim else str(value.item())


def _png(path: str, *, with_pixels: bool) -> _Parts:
    """Take a PNG file apart (PNG specification, 5: its chunks)."""
    notes: dict[str, str] = {}
    unpacking = zlib.decompressobj()
    head, pixels, left = b"", [], 0
    for kind, data in _png_chunks(path):
        if kind == b"IHDR" and len(data) == 13:
            head, left = data, int.from_bytes(data[4:8], "big") * _row_bytes(data)
            if left > _MOST_BYTES:
                raise FormatError(f"its pixels take more than {_MOST_BYTES >> 20} MiB")
        elif kind == b"IDAT":
            if with_pixels and left > 0:
                try:
                    pixels.append(unpacking.decompress(data, left))
                except zlib.error as error:
                    raise FormatError(f"its pixels cannot be unpacked: {error}") from error
                left -= len(pixels[-1])
        elif kind != b"IEND":
            name, value = _png_note(kind, data)
            notes[name] = value
    return _Parts((head, b"".join(pixels)), notes)


def _row_bytes(head: bytes) -> int:
    """Return the size of a row of pixels with the byte before it. Interlaced ones are not longer by much."""
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(head[9], 1)
    return (int.from_bytes(head[:4], "big") * head[8] * samples + 7) // 8 + 1


def _png_chunks(path: str) -> Iterator[tuple[bytes, bytes]]:
    with open(path, "rb") as file:
        file.seek(8)
        for _ in range(_MOST_CHUNKS):
            start = file.read(8)
            if not start:
                return
            size_bytes = int.from_bytes(start[:4], "big")
            if len(start) < 8 or size_bytes > _MOST_BYTES:
                raise FormatError("it cannot be read as PNG: a piece is cut off")
            data = file.read(size_bytes)
            if len(data) < size_bytes or len(file.read(4)) < 4:
                raise FormatError("it cannot be read as PNG: a piece is cut off")
            yield start[4:], data


def _png_note(kind: bytes, data: bytes) -> tuple[str, str]:
    """Return the name and the value of what is said beside the pixels."""
    label = kind.decode("latin-1")
    if kind == b"tIME" and len(data) == 7:
        year = int.from_bytes(data[:2], "big")
        return "time", f"{year}-{data[2]:02}-{data[3]:02} {data[4]:02}:{data[5]:02}:{data[6]:02}"
    if kind in (b"tEXt", b"zTXt", b"iTXt"):
        key, _, rest = data.partition(b"\0")
        if kind == b"zTXt":
            try:
                rest = zlib.decompressobj().decompress(rest[1:], _MOST_NOTE_BYTES)
            except zlib.error:
                rest = b"damaged"
        return f"note {cut(key.decode('latin-1'))}", shown(rest.lstrip(b"\0").decode("utf-8", "replace"))
    return label, f"{len(data):,} bytes {data[:16].hex()}"


def _rows(one: tuple[bytes, bytes], other: tuple[bytes, bytes]) -> str:
    """Say in which row of pixels two pictures begin to differ."""
    if one[0] != other[0] or len(one[0]) != 13:
        sizes = [
            f"{int.from_bytes(s[0][:4], 'big')} x {int.from_bytes(s[0][4:8], 'big')}" for s in (one, other)
        ]
        text = (
            f"{sizes[0]} -> {sizes[1]} pixels" if sizes[0] != sizes[1] else "its colours or its depth differ"
        )
        return f"{text}; {_NEEDS}"
    row = raw.place(one[1], other[1]) // _row_bytes(one[0])
    # Rows of an interlaced picture come in no order.
    where = "somewhere" if one[0][12] else f"from row {row} on"
    return f"the pixels differ {where}; {_NEEDS}"


def _jpeg(path: str) -> _Parts:
    """Take a JPEG file apart (ITU T.81, B.1: its segments). What follows the first scan counts as pixels."""
    notes: dict[str, str] = {}
    coded = []
    with open(path, "rb") as file:
        file.seek(2)
        for _ in range(_MOST_CHUNKS):
            start = file.read(4)
            if len(start) < 4 or start[0] != 0xFF:
                raise FormatError("it cannot be read as JPEG: a piece is cut off")
            data = file.read(
                int.from_bytes(start[2:], "big") - 2 if int.from_bytes(start[2:], "big") >= 2 else 0
            )
            if 0xE0 <= start[1] <= 0xEF or start[1] == 0xFE:
                name = "comment" if start[1] == 0xFE else f"note APP{start[1] - 0xE0}"
                notes[name] = (
                    f"{shown(data[:40].decode('latin-1'))} ({len(data):,} bytes, {zlib.crc32(data):08x})"
                )
            else:
                coded.append(start + data)
            if start[1] == 0xDA:
                coded.append(file.read(_MOST_BYTES))
                return _Parts(b"".join(coded), notes)
    raise FormatError("it cannot be read as JPEG: it has no pixels")
