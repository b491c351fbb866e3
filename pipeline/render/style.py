"""Colours of a terminal, by plain escape codes. Knows no library, so that plain output loads none."""

import os
from typing import NamedTuple, TextIO

_CODES = {
    "error": "1;31",
    "help": "36",
    "mark": "34",
    "dim": "2",
    "bold": "1",
    "fresh": "32",
    "restored": "32",
    "executed": "32",
    "identical": "32",
    "equivalent": "32",
    "recorded": "36",
    "different": "1;31",
    "cached": "36",
    "stale": "33",
    "waiting": "2;33",
    "failed": "1;31",
    "blocked": "31",
    "cancelled": "31",
    "added": "32",
    "removed": "31",
}


class Style(NamedTuple):
    """Whether to paint."""

    enabled: bool = False

    def paint(self, text: str, colour: str) -> str:
        """Return the text in the colour of a word of ours, or as it is."""
        if not self.enabled or not text or colour not in _CODES:
            return text
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"


PLAIN = Style()


def of(stream: TextIO) -> Style:
    """Say whether a stream takes colours: a terminal that is not dumb, and NO_COLOR unset or empty."""
    return Style(is_terminal(stream) and not os.environ.get("NO_COLOR"))


def is_terminal(stream: TextIO) -> bool:
    """Say whether a stream is a terminal that can do more than print lines."""
    try:
        return stream.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:  # closed
        return False
