"""Rows under a head, as wide as the terminal allows. Knows no record."""

import os
import sys
from collections.abc import Sequence

from .style import Style, is_terminal
from .words import count, pad, width

_GAP = 2


def terminal_columns() -> int | None:
    """Return how wide a line of stdout may be; None if nobody looks at it."""
    if not (is_terminal(sys.stdout) or os.environ.get("COLUMNS")):
        return None
    import shutil

    return shutil.get_terminal_size().columns


def text_of(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    style: Style,
    *,
    columns: int | None,
    fixed: int = 1,
    colours: Sequence[Sequence[str]] = (),
) -> str:
    """Write a table. Where the columns do not all fit, the last ones are left out, and that is said.

    Args:
        head: The names of the columns.
        rows: The texts, printable ones.
        style: Whether to paint.
        columns: How wide it may be; None is as wide as it gets.
        fixed: So many columns at the left stay, whatever they take.
        colours: For each row the colours of its texts, or nothing.
    """
    wide = [max(map(width, each)) for each in zip(head, *rows, strict=True)]
    shown = _fitting(wide, columns, fixed)
    out = [style.paint(_line(head[:shown], wide), "dim")]
    for place, row in enumerate(rows):
        out.append(_line(row[:shown], wide, style, colours[place] if colours else ()))
    if shown < len(head):
        left = ", ".join(head[shown:])
        more = f"and {count(len(head) - shown, 'more column')}: {left}"
        out.append(style.paint(more if columns is None else more[: max(columns, 30)], "dim"))
    return "\n".join(out)


def _fitting(wide: Sequence[int], columns: int | None, fixed: int) -> int:
    if columns is None:
        return len(wide)
    taken = 0
    for number, each in enumerate(wide):
        taken += each + (_GAP if number else 0)
        if taken > columns and number >= fixed:
            return number
    return len(wide)


def _line(
    texts: Sequence[str], wide: Sequence[int], style: Style | None = None, colours: Sequence[str] = ()
) -> str:
    parts = []
    for place, text in enumerate(texts):
        filled = pad(text, wide[place]) if place < len(texts) - 1 else text
        parts.append(style.paint(filled, colours[place]) if style and place < len(colours) else filled)
    return (" " * _GAP).join(parts).rstrip()
