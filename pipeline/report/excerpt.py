"""Cuts out of a recorded file what a stage reached, with the lines that it has there. Knows no key and no page."""

import ast
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple


class Piece(NamedTuple):
    """Consecutive lines of a file, the first one's number first."""

    first: int
    lines: tuple[str, ...]


def reached(source: str, imported: str | None) -> list[Piece]:
    """Return the statements of `source` of which something stands in `imported`, whole; all of it without that.

    What a stage imports has other statements blank, and lacks comments and docstrings, for which a reader is grateful.
    """
    lines = source.split("\n")
    spans = None if imported is None else statements(source)
    if imported is None or spans is None:
        return _pieces(lines, [(1, len(lines))])
    kept = imported.split("\n")
    return _pieces(
        lines, [span for span in spans if any(line.strip() for line in kept[span[0] - 1 : span[1]])]
    )


@lru_cache(512)
def statements(source: str) -> tuple[tuple[int, int], ...] | None:
    """Return the first and last line of each top-level statement, decorators included; None if it is not Python."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return None
    return tuple(
        (
            min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))]),
            node.end_lineno or node.lineno,
        )
        for node in body
    )


def _pieces(lines: Sequence[str], spans: Sequence[tuple[int, int]]) -> list[Piece]:
    """Join spans between which there is nothing but blank lines and comments, and take comments above them along."""
    joined: list[list[int]] = []
    for first, last in spans:
        start = first
        while start > 1 and lines[start - 2].startswith("#"):
            start -= 1
        if joined and not any(line.strip() for line in lines[joined[-1][1] : start - 1]):
            joined[-1][1] = max(joined[-1][1], last)
        else:
            joined.append([start, last])
    return [
        Piece(first, tuple(line.rstrip() for line in lines[first - 1 : last]))
        for first, last in joined
        if any(line.strip() for line in lines[first - 1 : last])
    ]
