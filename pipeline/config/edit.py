"""Edits a YAML text at the places of its values, so that all else stays as it was written. Knows no pipeline.

A library that writes whole documents would settle quoting, width and the place of comments by rules of its own; here
only what is added or taken away differs. Each edit reads the text anew, so that no place is out of date.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from . import yaml
from .syntax import Broken

WIDTH = 100
"""So long may a line become before what is added to it begins a line of its own."""

_LINE = re.compile("[^\n\r\x85\u2028\u2029]*(?:\r\n|[\n\r\x85\u2028\u2029]|$)")
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_PLAIN = re.compile(r"[\w./][\w./@%+=:,-]*")


class Text:
    """A YAML document with the places of its values. Offsets count characters from the text's beginning."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = yaml.parse(text)
        self._starts = [0]
        for match in _LINE.finditer(text):
            self._starts.append(match.end())
        self.end_of_line = "\r\n" if "\r\n" in text else "\n"

    def offset(self, mark: Any) -> int:
        """Return where a mark of the parser points."""
        start: int = self._starts[min(mark.line, len(self._starts) - 1)]
        return min(start + int(mark.column), len(self.text))

    def line(self, number: int) -> str:
        """Return a line, without its end."""
        start = self._starts[min(number, len(self._starts) - 1)]
        return self.text[start:].splitlines()[0] if start < len(self.text) else ""

    def line_start(self, number: int) -> int:
        return self._starts[min(number, len(self._starts) - 1)]

    def at(self, steps: Sequence[Any]) -> Any:
        """Return the value to which steps lead; None if they lead nowhere."""
        value = self.tree.value
        for step in steps:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def place(self, steps: Sequence[Any]) -> yaml.Place | None:
        """Return where the entry stands to which steps lead; None if it does not stand there itself.

        What an alias or a `<<` brings stands elsewhere, and an edit there would change others too.
        """
        value, found, within = self.tree.value, None, (0, len(self.text))
        for step in steps:
            places = self.tree.places.get(id(value)) if isinstance(value, dict | list) else None
            found = places.get(step) if places else None
            if found is None or not within[0] <= self.offset(found[0]) < max(within[1], within[0] + 1):
                return None
            value, within = value[step], (self.offset(found[2]), self.offset(found[3]))
        return found

    def kind(self, place: yaml.Place) -> str:
        """Say how a value is written: "{", "[", "*" (an alias), "" (nothing), or "block" for all else."""
        start, end = self.offset(place[2]), self.offset(place[3])
        if start == end:
            return ""
        properties = _PROPERTIES.match(self.text, start)
        char = self.text[properties.end() if properties else start]
        return char if char in "{[*" else "block"

    def last_line(self, place: yaml.Place, value: Any) -> int:
        """Return the number of the last line that belongs to a value: comments and blank lines below it do not."""
        if isinstance(value, dict | list) and value and self.kind(place) == "block":
            own = [p for p in self.tree.places[id(value)].values() if self._is_within(p, place)]
            if own:
                last = max(own, key=lambda p: self.offset(p[0]))
                key = next(k for k, p in self.tree.places[id(value)].items() if p is last)
                return self.last_line(last, value[key])
        end = place[3]
        number: int = end.line
        if end.column > 0 or number == place[2].line:
            return number
        number -= 1  # a text of several lines ends where the next line begins
        if "+" not in self.line(place[2].line)[place[2].column :].partition("#")[0]:
            while number > place[2].line and not self.line(number).strip():
                number -= 1
        return number

    def _is_within(self, inner: yaml.Place, outer: yaml.Place) -> bool:
        return self.offset(outer[2]) <= self.offset(inner[0]) <= self.offset(outer[3])

    def own(self, steps: Sequence[Any]) -> list[tuple[Any, yaml.Place]]:
        """Return the entries that stand in a mapping or list itself, in the order of the text."""
        value = self.at(steps)
        place = self.place(steps)
        places = self.tree.places.get(id(value), {}) if isinstance(value, dict | list) else {}
        if place is None:
            return []
        found = [(key, inner) for key, inner in places.items() if self._is_within(inner, place)]
        return sorted(found, key=lambda item: self.offset(item[1][0]))

    def with_lines_after(self, number: int, lines: Sequence[str]) -> str:
        """Return the text with lines put in below the line of that number."""
        start = self.line_start(number + 1)
        before, after = self.text[:start], self.text[start:]
        if before and not before.endswith(("\n", "\r")):
            before += self.end_of_line
        return before + "".join(line + self.end_of_line for line in lines) + after

    def without_lines(self, first: int, last: int) -> str:
        return self.text[: self.line_start(first)] + self.text[self.line_start(last + 1) :]

    def with_item(self, steps: Sequence[Any], item: str) -> str:
        """Return the text with an item more at the end of a list or mapping that stands in brackets."""
        place = self.place(steps)
        assert place is not None
        own = self.own(steps)
        if not own:
            opening = _PROPERTIES.match(self.text, self.offset(place[2]))
            start = (opening.end() if opening else self.offset(place[2])) + 1
            rest = self.text[start:].lstrip()
            return self.text[:start] + item + ("" if rest[:1] in "}]" else ", ") + self.text[start:]
        last = own[-1][1]
        end = self.offset(last[3])
        length = end - self.line_start(last[3].line) + len(item) + 2
        column = own[0][1][0].column
        joint = ", " if length <= WIDTH else f",{self.end_of_line}{' ' * column}"
        return self.text[:end] + joint + item + self.text[end:]

    def without_item(self, steps: Sequence[Any], key: Any) -> str:
        """Return the text without an item of a list or mapping in brackets, and without one comma beside it."""
        own = self.own(steps)
        index = next(i for i, (k, _) in enumerate(own) if k == key)
        start, end = self.offset(own[index][1][0]), self.offset(own[index][1][3])
        if index + 1 < len(own):
            comma = self._comma(end, self.offset(own[index + 1][1][0]))
            after = self.text[comma + 1 :]
            return self.text[:start] + self.text[end:comma] + after.removeprefix(after[: _blanks(after)])
        before = self.offset(own[index - 1][1][3]) if index else start
        comma = self._comma(before, start) if index else start
        between = self.text[comma + 1 : start] if index else ""
        return (self.text[:comma] + between.rstrip(" ") if index else self.text[:start]) + self.text[end:]

    def _comma(self, start: int, end: int) -> int:
        """Find the comma between two items, which is none of a comment's."""
        place = start
        while place < end and self.text[place] != ",":
            if self.text[place] == "#":
                place = min((p for p in (self.text.find("\n", place), end) if p >= 0), default=end)
            place += 1
        return place

    def with_value(self, steps: Sequence[Any], written: str) -> str:
        """Return the text with another value in the place of one that is on one line, or of none."""
        place = self.place(steps)
        assert place is not None
        start, end = self.offset(place[2]), self.offset(place[3])
        blank = " " if start == end and not self.text[start - 1 : start].isspace() else ""
        return self.text[:start] + blank + written + self.text[end:]


def scalar(text: str) -> str:
    """Write a text so that it is read back the same, in brackets too: as it is if that will do."""
    if _PLAIN.fullmatch(text) and ":" not in text and "," not in text:
        try:
            if yaml.parse(f"{{a: {text}}}").value == {"a": text}:
                return text
        except Broken:
            pass
    quoted = json.dumps(text, ensure_ascii=False)
    if quoted.isprintable():
        return quoted
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)  # YAML knows fewer bare ones


def value(plain: Any) -> str:
    """Write any value in one line."""
    if isinstance(plain, Mapping):
        return "{" + ", ".join(f"{value(k)}: {value(v)}" for k, v in plain.items()) + "}"
    if isinstance(plain, list):
        return "[" + ", ".join(value(item) for item in plain) + "]"
    return scalar(plain) if isinstance(plain, str) else json.dumps(plain)


def _blanks(text: str) -> int:
    return len(text) - len(text.lstrip(" "))
