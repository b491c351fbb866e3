"""Differences of JSON, JSON lines and YAML, by path. Reads text as it stands: no library guesses types."""

import json as json_module
import os
from pathlib import Path
from typing import Any

from ..errors import FormatError
from . import text
from .result import Difference, Tolerance, count
from .values import Pairs, Walk

_MOST_BYTES = 64 << 20
_MOST_JUDGED_BYTES = 256 << 20
"""With a tolerance, nothing but the values can say whether it holds, so that more memory is well spent."""


def json(expected: str, actual: str, tolerance: Tolerance | None) -> Difference:
    """Compare two JSON texts as values."""
    _check_sizes(expected, actual, "JSON", tolerance)
    walk = Walk(tolerance)
    sides = [_parsed(_read(path)) for path in (expected, actual)]
    walk.take(*sides)
    return walk.difference("json") or text.as_values(expected, actual, tolerance, "json")


def yaml(expected: str, actual: str, tolerance: Tolerance | None) -> Difference:
    """Compare two YAML texts as values, read by the rules of pipeline.yaml."""
    from ..yaml import load_yaml  # late: the parser imports PyYAML

    _check_sizes(expected, actual, "YAML", tolerance)
    walk = Walk(tolerance)
    try:
        sides = [_as_pairs(load_yaml(Path(path), "it")) for path in (expected, actual)]
    except FormatError as error:
        found = text.difference(expected, actual, None)
        return found._replace(
            lines=(*found.lines, error.text), facts={**found.facts, "unreadable": error.text}
        )
    walk.take(*sides)
    return walk.difference("yaml") or text.as_values(expected, actual, tolerance, "yaml")


def jsonl(expected: str, actual: str, tolerance: Tolerance | None) -> Difference:
    """Compare two files of one JSON text a line."""
    lines = text.Lines(expected), text.Lines(actual)
    with lines[0] as first, lines[1] as second:
        walk = Walk(tolerance)
        for number, (one, other) in enumerate(zip(first, second, strict=False), 1):
            if one != other and not walk.is_cut:
                sides = [_parsed(side, f", line {number:,}") for side in (one, other)]
                walk.take(*sides, root=f"line {number:,}: $")
        rest = first.number + sum(1 for _ in first), second.number + sum(1 for _ in second)
    if rest[0] == rest[1]:
        return walk.difference("jsonl") or text.as_values(expected, actual, tolerance, "jsonl")
    # Where lines were put in or taken out, those after them are not each other's counterparts.
    found = text.difference(expected, actual, None)
    words = f"{rest[0]:,} -> {count(rest[1], 'line')}"
    return found._replace(
        text=f"{words}; {found.text}", facts={**found.facts, "kind": "jsonl", "rows": list(rest)}
    )


def _check_sizes(expected: str, actual: str, what: str, tolerance: Tolerance | None) -> None:
    most = _MOST_BYTES if tolerance is None else _MOST_JUDGED_BYTES
    for path in (expected, actual):
        size_bytes = os.stat(path).st_size
        if size_bytes > most:
            raise FormatError(f"it is too large to be compared as {what} ({size_bytes >> 20:,} MiB)")


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return file.read().removeprefix("\ufeff")


def _parsed(written: str | bytes, place: str = "") -> Any:
    if isinstance(written, bytes):
        written = written.decode("utf-8", "surrogateescape")
    try:
        return json_module.loads(written, object_pairs_hook=Pairs)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"it cannot be read as JSON: {error}{place}") from error


def _as_pairs(value: Any) -> Any:
    if isinstance(value, dict):
        return Pairs((key, _as_pairs(item)) for key, item in value.items())
    if isinstance(value, list):
        return [_as_pairs(item) for item in value]
    return value
