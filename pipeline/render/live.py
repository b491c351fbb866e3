"""The display of a run on a terminal: what runs, for how long, what is done, the time left. Decides nothing.

Lines of stages that have ended scroll above it, as they do elsewhere. rich is loaded when the first stage
starts, so a run that has nothing to do never pays for it.
"""

import time
from typing import TYPE_CHECKING, TextIO

from ..events import Failure
from ..model import StageResult
from .run_lines import Lines
from .style import Style
from .words import about, duration, printable

if TYPE_CHECKING:
    from rich.live import Live as RichLive
    from rich.text import Text

_MOST_SHOWN = 8
_BAR_COLUMNS = 20


class Display:
    """A listener that keeps a picture of the run at the foot of a terminal. `close` takes it away."""

    def __init__(self, stream: TextIO, style: Style, *, verbose: bool = False) -> None:
        self._stream = stream
        self._style = style
        self._lines = Lines(self._write, style, verbose=verbose)
        self._running: dict[str, tuple[float, float | None]] = {}
        self._waiting: dict[str, str] = {}
        self._done = 0
        self._total = 0
        self._left: tuple[float, float] | None = None
        """The seconds expected to be left, and when that was said."""
        self._live: RichLive | None = None

    def planned(self, stages: int, estimate_seconds: float | None) -> None:
        self._total = stages
        self._expect(estimate_seconds)

    def started(self, name: str, expected_seconds: float | None) -> None:
        self._waiting.pop(name, None)
        self._running[name] = (time.monotonic(), expected_seconds)
        self._open()

    def waiting_for(self, name: str, who: str) -> None:
        self._waiting[name] = who
        self._open()

    def finished(self, result: StageResult, done: int, total: int, expected_left: float | None) -> None:
        self._running.pop(result.name, None)
        self._waiting.pop(result.name, None)
        self._done, self._total = done, total
        self._expect(expected_left)
        self._lines.finished(result, done, total, expected_left)

    def failed(self, name: str, failure: Failure) -> None:
        self._lines.failed(name, failure)

    def notice(self, text: str) -> None:
        self._lines.notice(text)

    def close(self) -> None:
        """Take the picture away. Nothing is shown afterwards but lines."""
        live, self._live = self._live, None
        self._running.clear()
        if live is not None:
            live.stop()

    def _open(self) -> None:
        if self._live is not None:
            return
        from rich.console import Console
        from rich.live import Live as RichLive

        console = Console(file=self._stream, highlight=False, markup=False, emoji=False)
        # Nothing is redirected: what stages print goes to their logs, and what we print goes through _write.
        self._live = RichLive(
            console=console,
            get_renderable=self._picture,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def _write(self, text: str) -> None:
        if self._live is not None:
            from rich.text import Text

            self._live.console.print(Text.from_ansi(text), soft_wrap=True)
        else:
            self._stream.write(text + "\n")

    def _expect(self, seconds: float | None) -> None:
        self._left = None if seconds is None else (seconds, time.monotonic())

    def _picture(self) -> "Text":
        from rich.text import Text

        now = time.monotonic()
        rows = [_row(name, now - since, expected) for name, (since, expected) in list(self._running.items())]
        rows += [
            f"waiting  {printable(n)}: {printable(who)} makes it" for n, who in list(self._waiting.items())
        ]
        shown = rows[:_MOST_SHOWN]
        if len(rows) > len(shown):
            shown.append(f"         and {len(rows) - len(shown)} more")
        foot = f"{_bar(self._done, self._total)} {self._done:,}/{self._total:,}"
        if self._left is not None:
            left = self._left[0] - (now - self._left[1])
            foot += f"  {about(left)} left" if left >= 1 else ""
        return Text.from_ansi("\n".join([*shown, foot]), no_wrap=True, overflow="ellipsis")


def _row(name: str, seconds: float, expected: float | None) -> str:
    of = f" of {about(expected)}" if expected is not None and expected >= 1 else ""
    return f"running  {printable(name)}  {duration(seconds)}{of}"


def _bar(done: int, total: int) -> str:
    filled = _BAR_COLUMNS * done // total if total else 0
    return "━" * filled + "─" * (_BAR_COLUMNS - filled)
