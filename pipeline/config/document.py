"""One YAML file: its value, and where in it each value stands. Knows nothing of stages."""

from collections.abc import Sequence
from typing import Any

from ..errors import Mark, Problem, UsageError
from . import syntax, yaml
from .syntax import Broken, Flaw
from .wrong import kind_of, short

_MAX_SHOWN = 300
"""Longer lines are not shown in messages."""


class Document:
    """A file that was read. Raises UsageError where it is not YAML at all."""

    def __init__(self, file: str, data: bytes) -> None:
        self.file = file
        self._lines: list[str] | None = None
        self._text = _decoded(file, data)
        try:
            self._tree = yaml.parse(self._text)
        except Broken as broken:
            raise UsageError(self._problem(broken.flaw)) from None
        self.value: Any = self._tree.value
        self.is_flow = self._tree.is_flow
        self.problems = [self._problem(flaw) for flaw in self._tree.flaws]

    def depth(self, steps: Sequence[str | int]) -> int:
        """Say how many of the steps lead somewhere."""
        return len(self._walk(steps))

    def mark(self, steps: Sequence[str | int], *, at_key: bool = False) -> Mark:
        """Return the place of a value, or of its key; the nearest known ancestor's if it is not there.

        The place of the whole document is its beginning.
        """
        walked = self._walk(steps)
        if not walked:
            return self._mark(self._tree.start, self._tree.end)
        place = walked[-1]
        if at_key and len(walked) == len(steps):
            return self._mark(place[0], place[1])
        return self._mark(place[2], place[3])

    def _walk(self, steps: Sequence[str | int]) -> list[yaml.Place]:
        value = self.value
        found = []
        for step in steps:
            places = self._tree.places.get(id(value)) if isinstance(value, list | dict) else None
            if places is None:
                break
            by_name = isinstance(value, list) and isinstance(step, str) and step in value
            key = (
                value.index(step) if by_name else step
            )  # `env: [LANG]` is read as a mapping with the key LANG
            if key not in places:
                break
            found.append(places[key])
            value = value[key]
        return found

    def _mark(self, start: Any, end: Any) -> Mark:
        length = end.column - start.column if end.line == start.line else 0
        return self._at(start.line, start.column, length)

    def _at(self, line: int, column: int, length: int) -> Mark:
        if self._lines is None:
            self._lines = syntax.lines(self._text)
        source = self._lines[line] if line < len(self._lines) else ""
        return Mark(
            self.file, line + 1, column + 1, max(length, 0), source if len(source) <= _MAX_SHOWN else ""
        )

    def _problem(self, flaw: Flaw) -> Problem:
        return Problem(flaw.text, self._at(flaw.line, flaw.column, flaw.length), (), flaw.help)


def parse_value(text: str) -> Any:
    """Return the value of a YAML scalar, or of a list or mapping in brackets. Raises UsageError."""
    try:
        tree = yaml.parse(text)
    except Broken as broken:
        raise UsageError(
            Problem(f"`{short(text)}` is not a YAML value: {broken.flaw.text}", help=broken.flaw.help)
        ) from None
    if tree.flaws:
        flaw = tree.flaws[0]
        raise UsageError(Problem(f"`{short(text)}` is not a YAML value: {flaw.text}", help=flaw.help))
    if not tree.is_flow:
        advice = "write lists as `[1, 2]` and mappings as `{a: 1}`; quote what is text"
        raise UsageError(Problem(f"`{short(text)}` is {kind_of(tree.value)} without brackets", help=advice))
    return tree.value


def _decoded(file: str, data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UsageError(Problem(f"`{file}` is UTF-16", help=f"save `{file}` as UTF-8"))
    if b"\0" in data:
        raise UsageError(Problem(f"`{file}` is not a text file", help="put a YAML file in its place"))
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = syntax.lines(data[: error.start].decode("utf-8").removeprefix("\ufeff"))
        line = data[error.start - len(before[-1].encode()) :].split(b"\n", 1)[0].decode("utf-8", "replace")
        mark = Mark(file, len(before), len(before[-1]) + 1, 1, line if len(line) <= _MAX_SHOWN else "")
        text = f"the byte 0x{data[error.start]:02x} is not UTF-8"
        raise UsageError(Problem(text, mark, (), f"save `{file}` as UTF-8")) from None
