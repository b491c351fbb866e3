"""Holds sights against the table and orders the suspects. Pure."""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import NamedTuple

from .rows import ROWS
from .values import ONLY_TOLD, ORDERED_AWAY, Row, Sight, Suspect

MOST = 3
"""A finger that points at more lines points at none."""

_AS_LIKELY = 0.5
"""What is less likely than this part of the first suspect is not named beside it."""
_TOLD = 0.1
_LEAST = 1.0
"""What is less sure than the lowest row of the table is not named at all."""
_MENTIONED = 1.5


class _Pattern(NamedTuple):
    name: str
    conditions: tuple[str, ...]
    is_call: bool


class Placed(NamedTuple):
    """A sight, and where it was seen. `near` orders equal ones: the entry's own file is 0."""

    sight: Sight
    path: str
    imported: frozenset[str]
    near: int


def suspects(
    seen: Iterable[Placed],
    sources: Mapping[str, list[str]],
    culprit: str,
    difference: str,
    *,
    to_log: bool,
) -> tuple[Suspect, ...]:
    """Return the likeliest lines, best first, each once.

    `sources` has the lines of each file; with `to_log` what is printed is no result.
    """
    scored: dict[tuple[str, int], tuple[float, int, Suspect]] = {}
    asked = culprit.split(" + ")
    rows = [row for row in ROWS if not set(asked).isdisjoint(row.culprits.split())]
    for placed in seen:
        score, row = max(
            ((_score(placed, row, asked), row) for row in rows),
            key=lambda item: item[0],
            default=(0.0, None),
        )
        if row is None:
            continue
        line = _line(sources, placed)
        score *= _MENTIONED if _is_mentioned(difference, line) else 1
        score *= _TOLD if to_log and ONLY_TOLD in placed.sight.notes else 1
        if score < _LEAST:
            continue
        place = (placed.path, placed.sight.line)
        if place not in scored or scored[place][0] < score:
            found = Suspect(*place, line.strip(), row.why, row.remedy)
            scored[place] = (score, placed.near, found)
    ordered = sorted(scored.values(), key=lambda item: (-item[0], item[1], item[2].path, item[2].line))
    least = ordered[0][0] * _AS_LIKELY if ordered else 0.0
    return tuple(suspect for score, _, suspect in ordered[:MOST] if score >= least)


def _score(placed: Placed, row: Row, asked: list[str]) -> float:
    if row.needs and row.needs not in placed.imported:
        return 0.0
    if not any(_matches(pattern, placed.sight) for pattern in _patterns(row.sights)):
        return 0.0
    # What a row names first is what it is mostly for.
    place = next(place for place, name in enumerate(row.culprits.split()) if name in asked)
    return row.sure * placed.sight.doubt * 0.9**place


@cache
def _patterns(text: str) -> tuple[_Pattern, ...]:
    """Read the sights of a row. Blanks part them, `?` stands for a blank inside one."""
    return tuple(_pattern(word) for word in text.split())


def _pattern(word: str) -> _Pattern:
    if not word.endswith(")"):
        return _Pattern(word, (), is_call=False)
    depth = 0
    for at in range(len(word) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(word[at], 0)
        if depth == 0:
            return _Pattern(word[:at], tuple(word[at + 1 : -1].split(",")), is_call=True)
    raise AssertionError(word)


def _matches(pattern: _Pattern, sight: Sight) -> bool:
    return _is_named(pattern.name, sight.name) and (
        not pattern.is_call or all(_holds(condition, sight) for condition in pattern.conditions)
    )


def _is_named(name: str, seen: str) -> bool:
    if not name.startswith("."):
        return fnmatchcase(seen, name)
    if seen.startswith("@"):
        return False  # a method of the project's own: its lines are looked at themselves
    # A function of a module is none of its methods: `ast.walk` is not `.walk`.
    before, _, last = seen.rpartition(".")
    return last == name[1:] and (not before or "(" in before)


def _holds(condition: str, sight: Sight) -> bool:
    negative = condition.startswith("!")
    asked = condition.removeprefix("!")
    if not asked:
        return sight.is_called and not sight.positional and not sight.keywords
    if asked == "unsorted":
        return ORDERED_AWAY not in sight.notes
    if asked.startswith("<"):
        return sight.positional < int(asked[1:])
    if asked.startswith("~"):
        return (asked[1:] in sight.text) is not negative
    keyword, equals, value = asked.partition("=")
    is_so = sight.keywords.get(keyword) == value if equals else keyword in sight.keywords
    return is_so is not negative


def _line(sources: Mapping[str, list[str]], placed: Placed) -> str:
    lines = sources.get(placed.path, [])
    number = placed.sight.line
    return lines[number - 1] if 0 < number <= len(lines) else placed.sight.text


def _is_mentioned(difference: str, line: str) -> bool:
    """Say whether the description of a difference and a line share a word: the key of a JSON object, a column."""
    words = set(re.findall(r"[A-Za-z_]{4,}", difference))
    return bool(words & set(re.findall(r"[A-Za-z_]{4,}", line)))
