"""What the room of suspects gives and takes, as plain values. Knows no syntax."""

from collections.abc import Mapping
from typing import NamedTuple

ORDERED_AWAY = "ordered away"
"""Whoever takes it puts it into an order, or does not ask for one: `sorted`, `len`, `in`."""
ONLY_TOLD = "only told"
"""It goes to the log and nowhere else."""


class Suspect(NamedTuple):
    """A line that may have made the difference. `why` says by what, `remedy` what to write instead."""

    path: str
    line: int
    text: str
    why: str
    remedy: str


class Script(NamedTuple):
    """A shell command, and the place where its first line stands."""

    text: str
    path: str = "pipeline.yaml"
    line: int = 1


class Row(NamedTuple):
    """One row of the table: which sights matter for which hidden variables. The table says how to write it."""

    culprits: str
    sure: int
    """From 1 (possible) to 9 (hardly anything else): orders the suspects."""
    sights: str
    why: str
    remedy: str
    needs: str = ""
    """A library that the file must import, where the name of a method alone would say too little."""


class Sight(NamedTuple):
    """Something that the code uses, by the dotted name for which it stands, wherever it was imported from.

    A method of something unknown is `.name`; of what a call gave, `module.call().name`. What stands in a shell
    command begins with `sh:`, in an SQL text with `sql:`; what is no name at all is in angle brackets.
    """

    name: str
    line: int
    is_called: bool = False
    text: str = ""
    """The call as it is written."""
    positional: int = 0
    keywords: Mapping[str, str] = {}
    notes: frozenset[str] = frozenset()
    doubt: float = 1.0
    """What remains of its certainty: 1 is all of it."""


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())
