"""Differences of JSON, JSON lines and CSV. Reads text as it stands: no library guesses types."""

import csv as csv_module
import json as json_module
import os
import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, TextIO

from ..errors import FormatError
from .numbers import Numbers, Unlike

_MOST_JSON_BYTES = 256 << 20
_NUMBER = re.compile(r"[+-]?(?:0|[1-9][0-9]*)(?P<rest>\.[0-9]*)?(?P<power>[eE][+-]?[0-9]+)?|[+-]?\.[0-9]+")
"""A number in CSV. What begins with more zeros is a code: 02134 is no place near 02135."""
_SHOWN = 60


class _Object(tuple[Any, ...]):
    """The pairs of a JSON object, in order and with repetitions: a reader sees both."""


def json(expected: str, actual: str, numbers: Numbers) -> None:
    """Compare two JSON texts as values. Raises Unlike, FormatError."""
    for path in (expected, actual):
        if os.stat(path).st_size > _MOST_JSON_BYTES:
            raise FormatError(f"too large to be compared as JSON ({os.stat(path).st_size >> 20} MiB)")
    with _text(expected) as first, _text(actual) as second:
        _values(_parsed(first.read()), _parsed(second.read()), "", numbers)


def jsonl(expected: str, actual: str, numbers: Numbers) -> None:
    """Compare two files of one JSON text a line. Raises Unlike, FormatError."""
    with _text(expected) as first, _text(actual) as second:
        for number, (one, other) in enumerate(_pairs(first, second, "lines"), 1):
            if one != other:
                _values(_parsed(one), _parsed(other), f"line {number}: ", numbers)


def csv(expected: str, actual: str, numbers: Numbers) -> None:
    """Compare two CSV files cell by cell, the first line being names. Raises Unlike, FormatError."""
    with _text(expected) as first, _text(actual) as second:
        names: list[str] | None = None
        for row, (one, other) in enumerate(_pairs(_rows(first), _rows(second), "rows", first=-1)):
            if names is None:
                names = one
                if one != other:
                    raise Unlike(_of_names(one, other))
                continue
            if len(one) != len(other):
                raise Unlike(f"row {row}: {len(one)} -> {len(other)} cells")
            for index, (a, b) in enumerate(zip(one, other, strict=True)):
                _cell(a, b, _place(names, index, row), numbers)


def _cell(expected: str, actual: str, where: str, numbers: Numbers) -> None:
    first, second = _number(expected), _number(actual)
    if first is not None and second is not None:
        numbers.take(first, second, lambda: where)
    elif expected != actual:
        raise Unlike(f"{where}: {_shown(expected)} -> {_shown(actual)}")


def _number(text: str) -> int | float | None:
    match = _NUMBER.fullmatch(text)
    if match is None or len(text) > 1000:
        return None
    return int(text) if match["rest"] is None and match["power"] is None and "." not in text else float(text)


def _place(names: list[str], index: int, row: int) -> str:
    name = names[index] if index < len(names) else str(index + 1)
    return f"column `{name}`, row {row}"


def _of_names(expected: list[str], actual: list[str]) -> str:
    gone = [name for name in expected if name not in actual]
    new = [name for name in actual if name not in expected]
    if not gone and not new:
        return f"columns {', '.join(expected)} -> {', '.join(actual)}"
    parts = [f"column `{name}` is gone" for name in gone] + [f"column `{name}` is new" for name in new]
    return ", ".join(parts)


def _values(expected: Any, actual: Any, where: str, numbers: Numbers) -> None:
    place = where.removesuffix(".") or "the whole"
    if _is_number(expected) and _is_number(actual):
        numbers.take(expected, actual, lambda: place)
    elif isinstance(expected, _Object) and isinstance(actual, _Object):
        _objects(expected, actual, where, numbers)
    elif isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            raise Unlike(f"{place}: {len(expected)} -> {len(actual)} items")
        for index, (a, b) in enumerate(zip(expected, actual, strict=True)):
            _values(a, b, f"{where.removesuffix('.')}[{index}].", numbers)
    elif type(expected) is not type(actual) or expected != actual:
        raise Unlike(f"{place}: {_shown(expected)} -> {_shown(actual)}")


def _objects(expected: _Object, actual: _Object, where: str, numbers: Numbers) -> None:
    keys, others = [key for key, _ in expected], [key for key, _ in actual]
    if keys != others:
        gone = [key for key in keys if key not in others]
        new = [key for key in others if key not in keys]
        if gone or new:
            raise Unlike(f"{where}{(gone or new)[0]} is {'gone' if gone else 'new'}")
        raise Unlike(f"{where.removesuffix('.') or 'the whole'}: its keys come in another order")
    for (key, a), (_, b) in zip(expected, actual, strict=True):
        _values(a, b, f"{where}{key}.", numbers)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _parsed(text: str) -> Any:
    try:
        return json_module.loads(text, object_pairs_hook=_Object)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"it cannot be read as JSON: {error}") from error


def _rows(file: TextIO) -> Iterator[list[str]]:
    try:
        yield from csv_module.reader(file)
    except (csv_module.Error, UnicodeDecodeError) as error:
        raise FormatError(f"it cannot be read as CSV: {error}") from error


def _pairs(expected: Any, actual: Any, noun: str, *, first: int = 0) -> Iterator[tuple[Any, Any]]:
    """Pair two iterators; where one is longer, the rest is counted. Raises Unlike."""
    nothing = object()
    for number, (one, other) in enumerate(zip_longest(expected, actual, fillvalue=nothing), first):
        if one is nothing or other is nothing:
            rest = 1 + sum(1 for _ in (actual if one is nothing else expected))
            counts = (number, number + rest) if one is nothing else (number + rest, number)
            raise Unlike(f"{counts[0]:,} -> {counts[1]:,} {noun}")
        yield one, other


def _text(path: str) -> TextIO:
    return open(path, encoding="utf-8", errors="surrogateescape", newline="")


def _shown(value: Any) -> str:
    text = repr(value) if not isinstance(value, _Object) else "an object"
    text = {"None": "null", "True": "true", "False": "false"}.get(text, text)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
