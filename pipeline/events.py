"""What a run tells while it goes on. Knows neither terminals nor who listens."""

from typing import NamedTuple, Protocol

from .model import StageResult


class Failure(NamedTuple):
    """All that is shown of a stage that failed. Empty text means that there is nothing to show."""

    text: str
    """The message, as a problem's text: lower case, no final period, the stage's name in backticks."""
    at: str = ""
    """The place in the project's code: `stages/train.py:41 in fit`."""
    cause: str = ""
    """The exception's type and message, or how the process ended."""
    log: str = ""
    """The log's path, relative to the project."""
    tail: tuple[str, ...] = ()
    """The log's last lines, without their ends. They may hold anything at all."""
    folder: str = ""
    """Where the stage's folder was kept."""
    help: str = ""


class Listener(Protocol):
    """Whoever wants to hear of a run. Calls may come from any thread, but never two at a time."""

    def planned(self, stages: int, estimate_seconds: float | None) -> None:
        """The walk begins. `estimate_seconds` is of the work that may be needed; None if nothing is known."""

    def started(self, name: str, expected_seconds: float | None) -> None:
        """A stage's process starts; `expected_seconds` is what it took the last time."""

    def waiting_for(self, name: str, who: str) -> None:
        """Another `pipe`, `who`, executes the same action; the stage waits for its result."""

    def finished(self, result: StageResult, done: int, total: int, expected_left: float | None) -> None:
        """A stage has its outcome, whatever it is. `done` counts it."""

    def failed(self, name: str, failure: Failure) -> None:
        """A stage failed; comes before its `finished`."""

    def notice(self, text: str) -> None:
        """Something that the user should know and that is no error."""


class Silent:
    """A listener that wants to hear nothing."""

    def planned(self, stages: int, estimate_seconds: float | None) -> None:
        pass

    def started(self, name: str, expected_seconds: float | None) -> None:
        pass

    def waiting_for(self, name: str, who: str) -> None:
        pass

    def finished(self, result: StageResult, done: int, total: int, expected_left: float | None) -> None:
        pass

    def failed(self, name: str, failure: Failure) -> None:
        pass

    def notice(self, text: str) -> None:
        pass
