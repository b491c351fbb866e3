"""Differences of text: lines that are new, gone and changed. Reads a part of both from the first difference on."""

import os
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from types import TracebackType
from typing import Any, NamedTuple

from ..errors import FormatError
from . import raw
from .result import Difference, Tolerance, both, bounded, count, cut, shown

_WHOLE_BYTES = 4 << 20
"""Up to here a file is read whole; of a larger one so much from the first line that differs."""
_MOST_LINES = 4_000
_MOST_LINE_BYTES = 16 << 20
_CONTEXT = 2
_HUNKS = 4
_WIDTH = 160

_VOLATILE = (
    (
        "dates and times",
        re.compile(
            r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
            r"|\d\d:\d\d:\d\d(?:[.,]\d+)?"
            r"|(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:\d{1,2} )?"
            r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* "
            r"\d{1,2}(?:,? \d\d:\d\d:\d\d)?(?:,? \d{4})?"
            r"|\b1[5-9]\d{8}(?:\.\d+)?\b"
        ),
    ),
    ("generated ids", re.compile(r"\b[mp][0-9a-f]{10}\b")),  # of an SVG by matplotlib
    ("addresses in memory", re.compile(r"0x[0-9a-fA-F]{6,16}\b")),
    ("UUIDs", re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")),
)
"""What differs from run to run for reasons of its own. It is named where nothing else differs."""


class _Part(NamedTuple):
    """Lines of a file without their ends. `first` is the number of the first one, from 0."""

    lines: list[str]
    first: int
    is_whole: bool
    encoding: str
    ends: str
    last: str
    """How the last line ends, if the file does there."""


def difference(expected: str, actual: str, tolerance: Tolerance | None) -> Difference:  # noqa: ARG001 - as all kinds have it
    """Compare two texts line by line. Raises FormatError for what is no text."""
    one, other = _parts(expected, actual)
    kinds = [
        f"{what} {a} -> {b}"
        for what, a, b in (
            ("encoding", one.encoding, other.encoding),
            ("line endings", one.ends, other.ends),
            ("at the end", one.last, other.last),
        )
        if a != b
    ]
    facts: dict[str, Any] = {"kind": "text", "encoding": [one.encoding, other.encoding]}
    if one.lines == other.lines and one.is_whole and other.is_whole:
        return Difference(False, f"the same lines; {', '.join(kinds) or 'other bytes'}", (), facts)
    special = _special(one, other) if one.is_whole and other.is_whole else ""
    hunks, head, new, gone = _compared(one, other)
    if not new and not gone:
        raise FormatError("the lines that were compared are the same")
    within = "" if one.is_whole and other.is_whole else f" in the {_MOST_LINES:,} lines from there on"
    changed = f"{count(gone, 'line')} gone and {new:,} new{within}" if gone + new > 2 or within else ""
    text = "; ".join(part for part in (special, head, *kinds, changed) if part)
    facts |= {"lines_removed": gone, "lines_added": new, "first_line": head, "complete": not within}
    return Difference(False, text, bounded(hunks), facts)


def as_values(expected: str, actual: str, tolerance: Tolerance | None, kind: str) -> Difference:
    """Return what is said of two texts that say the same: they are written otherwise."""
    found = difference(expected, actual, None)
    text = f"the same values, written otherwise; {raw.difference(expected, actual).text}"
    return found._replace(
        within=tolerance is not None, text=text, facts={**found.facts, "kind": kind, "differing": 0}
    )


class Lines:
    """The lines of a file as bytes, without end where a line is none: longer ones are refused."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.number = 0

    def __enter__(self) -> "Lines":
        self._file = open(self._path, "rb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        line = self._file.readline(_MOST_LINE_BYTES)
        if not line:
            raise StopIteration
        if len(line) == _MOST_LINE_BYTES:
            raise FormatError(f"line {self.number + 1:,} is longer than {_MOST_LINE_BYTES >> 20} MiB")
        self.number += 1
        return line


def _parts(expected: str, actual: str) -> list[_Part]:
    paths = (expected, actual)
    if max(os.stat(path).st_size for path in paths) <= _WHOLE_BYTES:
        return [_part(_bytes(path, 0, _WHOLE_BYTES), 0, is_whole=True) for path in paths]
    with open(expected, "rb") as first, open(actual, "rb") as second:
        offset = raw.first_byte(first, second) or 0
    number, start = _line_before(expected, offset)
    return [_part(_bytes(path, start, _WHOLE_BYTES), number, is_whole=False) for path in paths]


def _bytes(path: str, start: int, most: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(start)
        return file.read(most)


def _line_before(path: str, offset: int) -> tuple[int, int]:
    """Return the number and the offset of a line a little before that with the byte at `offset`."""
    number, ends = 0, [0]
    with open(path, "rb") as file:
        at = 0
        while at < offset:
            piece = file.read(min(1 << 20, offset - at))
            number += piece.count(b"\n")
            last = piece.rfind(b"\n")
            for _ in range(_CONTEXT + 1):
                if last < 0:
                    break
                ends.append(at + last + 1)
                last = piece.rfind(b"\n", 0, last)
            at += len(piece)
    nearest = sorted(set(ends))[-(_CONTEXT + 1) :]
    # What lies between the ends that are kept are whole lines, but where a piece had none of its own.
    data = _bytes(path, nearest[0], offset - nearest[0]) if offset - nearest[0] <= 1 << 20 else b""
    if not data:
        return number, nearest[-1]
    return number - data.count(b"\n"), nearest[0]


def _part(data: bytes, first: int, *, is_whole: bool) -> _Part:
    encoding = "UTF-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) and is_whole:
        encoding, text = "UTF-16", data.decode("utf-16", "replace")
    else:
        if data.startswith(b"\xef\xbb\xbf"):
            encoding, data = "UTF-8 with a mark at the beginning", data[3:]
        if b"\0" in data:
            raise FormatError("it is no text")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            is_cut_off = not is_whole and error.start > len(data) - 4
            encoding = encoding if is_cut_off else "not UTF-8"
            text = data.decode("utf-8", "replace") if is_cut_off else data.decode("latin-1")
    lines = text.split("\n")
    crlf = sum(line.endswith("\r") for line in lines[:-1])
    ends = r"\n" if not crlf else (r"\r\n" if crlf == len(lines) - 1 else r"\n and \r\n")
    last = "no line ending" if lines[-1] else r"\n"
    if not lines[-1]:
        lines.pop()
    lines = [line.removesuffix("\r") for line in lines]
    return _Part(
        lines[: None if is_whole else _MOST_LINES],
        first,
        is_whole,
        encoding,
        *((ends, last) if is_whole else ("", "")),
    )


def _special(one: _Part, other: _Part) -> str:
    """Say what is the same though the lines are not: in another order, or but for dates and the like."""
    if len(one.lines) != len(other.lines):
        return ""
    if sorted(one.lines) == sorted(other.lines):
        return f"the same {count(len(one.lines), 'line')} in another order"
    pairs = [(a, b) for a, b in zip(one.lines, other.lines, strict=True) if a != b]
    names = []
    for name, pattern in _VOLATILE:
        masked = [(pattern.sub("\0", a), pattern.sub("\0", b)) for a, b in pairs]
        if masked != pairs and any(pattern.findall(a) != pattern.findall(b) for a, b in pairs):
            names.append(name)
        pairs = masked
    if names and all(a == b for a, b in pairs):
        return f"nothing but {' and '.join(names)} differs"
    return ""


def _compared(one: _Part, other: _Part) -> tuple[list[str], str, int, int]:
    """Return the hunks, the first difference in words, and how many lines are new and gone."""
    start = 0
    most = min(len(one.lines), len(other.lines))
    while start < most and one.lines[start] == other.lines[start]:
        start += 1
    end = 0
    while one.is_whole and end < most - start and one.lines[-1 - end] == other.lines[-1 - end]:
        end += 1
    before = max(0, start - _CONTEXT)
    sides = []
    for part in (one, other):
        stop = min(len(part.lines), len(part.lines) - end + _CONTEXT, before + _MOST_LINES)
        sides.append(part.lines[before:stop])
    matcher = SequenceMatcher(None, sides[0], sides[1])
    hunks, new, gone = [], 0, 0
    number = before + one.first
    for shown_hunks, group in enumerate(matcher.get_grouped_opcodes(_CONTEXT)):
        a, b = group[0][1] + number, group[0][3] + number
        if shown_hunks < _HUNKS:
            hunks.append(f"@@ -{a + 1},{group[-1][2] - group[0][1]} +{b + 1},{group[-1][4] - group[0][3]} @@")
        for tag, low, high, from_, to in group:
            if tag != "equal":
                gone, new = gone + high - low, new + to - from_
            if shown_hunks < _HUNKS:
                hunks += _lines(tag, sides[0][low:high], sides[1][from_:to])
    return hunks, _first(one, other, start), new, gone


def _lines(tag: str, one: list[str], other: list[str]) -> Iterator[str]:
    if tag == "equal":
        yield from (f" {cut(line, _WIDTH)}" for line in one)
        return
    if len(one) == len(other) == 1 and max(len(one[0]), len(other[0])) > _WIDTH:
        old, new = both(one[0], other[0])
        yield from (f"-{old}", f"+{new}")
        return
    yield from (f"-{cut(line, _WIDTH)}" for line in one)
    yield from (f"+{cut(line, _WIDTH)}" for line in other)


def _first(one: _Part, other: _Part, start: int) -> str:
    there, here = (part.lines[start] if start < len(part.lines) else None for part in (one, other))
    place = f"line {one.first + start + 1:,}"
    if there is None:
        return f"{place} is new: {shown(here)}"
    if here is None:
        return f"{place} is gone: {shown(there)}"
    old, new = both(there, here)
    return f"{place}: {old} -> {new}"
