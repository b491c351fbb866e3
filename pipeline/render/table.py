"""Rows under a head, as wide as the terminal allows. Knows no record."""

import os
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType

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
    columns: Sequence[Sequence[str]],
    style: Style,
    *,
    most: int | None,
    fixed: int = 1,
    colours: Mapping[int, Sequence[str]] = MappingProxyType({}),
) -> str:
    """Write a table. Where the columns do not all fit, the last ones are left out, and that is said.

    Args:
        head: The names of the columns.
        columns: The texts, printable ones, column by column.
        style: Whether to paint.
        most: How wide it may be; None is as wide as it gets.
        fixed: So many columns at the left stay, whatever they take.
        colours: By place of a column, the colours of its texts.
    """
    wide = [_wide([name, *texts]) for name, texts in zip(head, columns, strict=True)]
    shown = _fitting(wide, most, fixed)
    filled = []
    for place in range(shown):
        # The last one needs no blanks after it.
        to = 0 if place == shown - 1 else wide[place] + _GAP
        texts = _filled([head[place], *columns[place]], to)
        if style.enabled and place in colours:
            painted = zip(texts[1:], colours[place], strict=True)
            texts[1:] = [style.paint(text, colour) for text, colour in painted]
        filled.append(texts)
    out = [line.rstrip() for line in map("".join, zip(*filled, strict=True))]
    out[0] = style.paint(out[0], "dim")
    if shown < len(head):
        more = f"and {count(len(head) - shown, 'more column')}: {', '.join(head[shown:])}"
        out.append(style.paint(more if most is None else more[: max(most, 30)], "dim"))
    return "\n".join(out)


def _wide(texts: Sequence[str]) -> int:
    return max(map(len if _is_plain(texts) else width, texts))


def _filled(texts: Sequence[str], to: int) -> list[str]:
    return [text.ljust(to) for text in texts] if _is_plain(texts) else [pad(text, to) for text in texts]


def _is_plain(texts: Sequence[str]) -> bool:
    return all(map(str.isascii, texts))


def _fitting(wide: Sequence[int], most: int | None, fixed: int) -> int:
    if most is None:
        return len(wide)
    taken = 0
    for number, each in enumerate(wide):
        taken += each + (_GAP if number else 0)
        if taken > most and number >= fixed:
            return number
    return len(wide)
