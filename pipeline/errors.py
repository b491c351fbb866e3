"""The four kinds of error, as data. Knows nothing of terminals: `render` turns a problem into text."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Mark(NamedTuple):
    """A place in a text file. Line and column count from 1; `length` is in characters, 0 if unknown."""

    file: str
    line: int
    column: int
    length: int = 0
    source: str = ""
    """The line itself, without its end; empty if it cannot be shown."""


class Problem(NamedTuple):
    """One thing that is wrong: what, where, the facts, and what to do about it.

    `text` is lower case and without a final period; `facts` are pairs of label and value, shown aligned;
    `help` is one instruction that works when followed, or empty.
    """

    text: str
    mark: Mark | None = None
    facts: tuple[tuple[str, str], ...] = ()
    help: str = ""


class PipeError(Exception):
    """Something that the user is told, with all that is known of it. The subclass decides the exit code."""

    exit_code = 70

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = tuple(Problem(p) if isinstance(p, str) else p for p in problems)
        super().__init__("; ".join(problem.text for problem in self.problems))


class UsageError(PipeError):
    """A mistake in the command line, pipeline.yaml or the parameters. Nothing was run."""

    exit_code = 2


class StageFailed(PipeError):
    """A stage, or a check that was asked for, failed."""

    exit_code = 1


class StoreError(PipeError):
    """The store is damaged or out of reach, or what was asked for cannot be had from the records."""

    exit_code = 3


class Interrupted(PipeError):
    """The user, or a signal, ended the run. Finished work is kept; `result` is what the verb returns, or None."""

    def __init__(self, exit_code: int, result: Any) -> None:
        super().__init__("interrupted; finished work is kept")
        self.exit_code = exit_code
        self.result = result


def usage(
    text: str,
    *,
    mark: Mark | None = None,
    help: str = "",  # noqa: A002 - the word that the message has for it
    facts: Sequence[tuple[str, str]] = (),
) -> UsageError:
    """Build a usage error of one problem."""
    return UsageError(Problem(text, mark, tuple(facts), help))
