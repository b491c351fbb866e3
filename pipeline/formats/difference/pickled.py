"""Differences of pickles and joblib's files: by what they hold, else by their operations. Never loads one."""

import pickletools
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO

from ...errors import PipeError
from ..errors import FormatError
from . import objects, raw
from .result import Difference, Tolerance, both, cut, shown
from .values import Walk

_MOST_DISASSEMBLED_BYTES = 256 << 20
_MOST_OPERATIONS = 2_000_000
_QUIET = frozenset({"FRAME", "MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"})
"""Operations that give no value: how a pickle is cut into pieces, and what is numbered to be referred to."""


def difference(expected: str, actual: str, tolerance: Tolerance | None) -> Difference:  # noqa: ARG001 - of objects nobody knows what closeness means
    """Compare two pickles, packed or not; arrays by their numbers."""
    walk = Walk(None, is_shared=True)
    try:
        sides = [objects.read(Path(path)) for path in (expected, actual)]
        walk.take(*sides)
    except (FormatError, RecursionError) as error:
        why = error.text if isinstance(error, FormatError) else "its objects are nested too deeply"
        found = _disassembled(expected, actual)
        if found is None:
            raise FormatError(why) from error
        return found._replace(facts={**found.facts, "unreadable": why})
    found = walk.difference("pickle")
    if found is not None:
        return found
    operation = _disassembled(expected, actual)
    otherwise = f"the same objects, pickled otherwise; {raw.difference(expected, actual).text}"
    if operation is None:
        return Difference(False, otherwise, (), {"kind": "pickle", "differing": 0})
    return operation._replace(text=otherwise, lines=(operation.text, *operation.lines))


def _disassembled(expected: str, actual: str) -> Difference | None:
    """Find the first operation that differs; None if there is none, or it is no pickle as it stands."""
    if max(Path(path).stat().st_size for path in (expected, actual)) > _MOST_DISASSEMBLED_BYTES:
        return None
    with open(expected, "rb") as first, open(actual, "rb") as second:
        before = ""
        for number, (one, other) in enumerate(zip_longest(_operations(first), _operations(second))):
            if one is None or other is None or one[:2] != other[:2]:
                return _of_operations(number, one, other, before)
            if number > _MOST_OPERATIONS:
                return None
            before = shown(one[1]) if isinstance(one[1], str) else before
    return None


def _operations(file: BinaryIO) -> Iterator[tuple[str, Any, int]]:
    try:
        for operation, argument, place in pickletools.genops(file):
            if operation.name not in _QUIET:
                yield operation.name, argument, place or 0
    except PipeError:  # the user has interrupted it
        raise
    except Exception:  # a file from anywhere may be wrong in any way
        yield "what is no pickle", None, file.tell()


def _of_operations(number: int, one: Any, other: Any, before: str) -> Difference | None:
    if "what is no pickle" in {side[0] for side in (one, other) if side} and number < 2:
        return None
    if one and other and isinstance(one[1], str) and isinstance(other[1], str):
        there, here = (
            f"{side[0]} {text}" for side, text in zip((one, other), both(one[1], other[1]), strict=True)
        )
    else:
        there, here = (_written(side) for side in (one, other))
    place = one[2] if one else other[2]
    behind = f", behind {before}" if before else ""
    text = f"operation {number + 1:,} (byte {place:,}{behind}): {there} -> {here}"
    return Difference(False, text, (), {"kind": "pickle", "operation": number, "old": there, "new": here})


def _written(side: Any) -> str:
    if side is None:
        return "the end"
    return side[0] if side[1] is None else cut(f"{side[0]} {shown(side[1])}", 80)
