"""Verdicts and reasons as phrases and columns. Knows nothing of how they were found."""

from collections.abc import Sequence

from ..model import Reason
from .style import Style
from .words import either, pad, possessive, printable, width

_MOST_REASONS = 3
_WIDEST_NAME = 40
VERDICT_COLUMNS = 9


def phrases(verdict: str, reasons: Sequence[Reason]) -> list[str]:
    """Return one phrase for each reason; those that wait for other stages become one together."""
    above = list(dict.fromkeys(reason.subject for reason in reasons if reason.cause == "waiting"))
    others = [printable(reason.text) for reason in reasons if reason.cause != "waiting"]
    if not above:
        return others
    if verdict == "waiting":
        return [*others, f"if {either([possessive(name) for name in above[:4]])} {_output(above)}"]
    if verdict == "fresh":
        return [*others, f"cut off: {', '.join(above[:4])} gave the same output"]
    return [*others, *(printable(reason.text) for reason in reasons if reason.cause == "waiting")]


def lines(first: str, indent: int, found: Sequence[str], *, verbose: bool) -> list[str]:
    """Write phrases behind the beginning of a line, those after the first below it."""
    shown = list(found) if verbose or len(found) <= _MOST_REASONS + 1 else list(found[:_MOST_REASONS])
    if len(shown) < len(found):
        shown.append(f"and {len(found) - len(shown)} more (-v shows them)")
    head = f"{first}{shown[0] if shown else ''}".rstrip()
    return [head, *(" " * indent + phrase for phrase in shown[1:])]


def name_columns(names: Sequence[str]) -> int:
    """Return how wide the column of names is, with the gap behind it."""
    return min(max([8, *(width(name) for name in names)]), _WIDEST_NAME) + 3


def verdict_column(verdict: str, style: Style) -> str:
    """Write a verdict or outcome, filled to its column."""
    return style.paint(verdict, verdict) + " " * max(1, VERDICT_COLUMNS - len(verdict))


def name_column(name: str, columns: int) -> str:
    """Write a stage's name, filled to its column; a longer one moves what follows."""
    return pad(printable(name), columns) if width(name) < columns else printable(name) + "   "


def _output(above: Sequence[str]) -> str:
    return "output changes" if len(above) <= 4 else f"output, or that of {len(above) - 4} more, changes"
