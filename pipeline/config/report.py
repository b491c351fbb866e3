"""Gathers what is wrong with one file, each thing once. Knows no stage."""

from ..errors import Mark, Problem

MOST = 300
"""So many problems are told; of the others only the number."""


class Report:
    """The problems in the order in which they were found; equal ones at one place count once."""

    def __init__(self) -> None:
        self._seen: dict[tuple[object, ...], None] = {}
        self._problems: list[Problem] = []

    def add(self, text: str, mark: Mark | None, help: str = "", *, prefix: str = "") -> None:  # noqa: A002 - the word of the message
        """Add a problem. `prefix` says whose it is; one that several share is told for the first alone."""
        place = (text, mark.file, mark.line, mark.column) if mark is not None else (prefix, text)
        if place not in self._seen:
            self._seen[place] = None
            self._problems.append(Problem(prefix + text, mark, (), help))

    def __len__(self) -> int:
        return len(self._problems)

    def problems(self) -> tuple[Problem, ...]:
        """Return them sorted by file and place, those without a place last."""
        ordered = sorted(self._problems, key=_place)
        if len(ordered) > MOST:
            return (*ordered[:MOST], Problem(f"and {len(ordered) - MOST} more problems"))
        return tuple(ordered)


def _place(problem: Problem) -> tuple[bool, str, int, int]:
    mark = problem.mark
    return (mark is None, mark.file if mark else "", mark.line if mark else 0, mark.column if mark else 0)
