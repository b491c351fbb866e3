"""Where output goes: results to stdout, all else to stderr. Knows no command."""

import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TextIO

from ..errors import Problem, StoreError
from ..render import problems as problem_text
from ..render import style
from ..render.style import Style

_PROGRESS_SECONDS = 0.1


class OutputLost(StoreError):
    """What a command has to say cannot be written where it should go: not even that it failed, as JSON."""


class Skin(NamedTuple):
    """How this command line wants to be answered."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False

    @property
    def out(self) -> Style:
        """The colours of stdout."""
        return style.of(sys.stdout)

    @property
    def err(self) -> Style:
        """The colours of stderr."""
        return style.of(sys.stderr)

    def result(self, plain: Callable[[], Mapping[str, Any]], text: Callable[[], str]) -> None:
        """Print what was asked for, as JSON or as text."""
        if self.json:
            from ..render import as_json

            write(sys.stdout, as_json.text_of(plain()) + "\n")
        else:
            written = text()
            write(sys.stdout, written + "\n" if written else "")

    def report(self, plain: Callable[[], Mapping[str, Any]], text: Callable[[], str]) -> None:
        """Print what was done, which is JSON, or else text that -q leaves out."""
        if self.json or not self.quiet:
            self.result(plain, text)

    def say(self, text: str) -> None:
        """Tell the user something on stderr, unless that is not wanted."""
        if not self.quiet:
            write(sys.stderr, text + "\n")

    def problems(self, found: Sequence[Problem]) -> None:
        """Show what is wrong: on stderr, or as the one object on stdout."""
        if self.json:
            from ..render import as_json

            write(sys.stdout, as_json.text_of(as_json.errors(found)) + "\n")
        else:
            sys.stdout.flush()
            write(sys.stderr, problem_text.text_of(found, self.err) + "\n")

    @contextlib.contextmanager
    def progress(self) -> Iterator[Callable[[int, int], None]]:
        """Give what shows on a terminal how much of how many bytes is done."""
        if self.quiet or not style.is_terminal(sys.stderr):
            yield lambda _done, _total: None
            return
        from ..render.words import size

        shown = 0.0

        def show(done: int, total: int) -> None:
            nonlocal shown
            now = time.monotonic()
            if now - shown > _PROGRESS_SECONDS:
                shown = now
                write(sys.stderr, f"\r\x1b[Kread {size(done)} of {size(total)}")

        try:
            yield show
        finally:
            write(sys.stderr, "\r\x1b[K")

    @contextlib.contextmanager
    def lending_terminal(self) -> Iterator[None]:
        """Let a child have the terminal; under --json what it writes to stdout goes to stderr."""
        if not self.json:
            yield
            return
        kept = os.dup(1)
        os.dup2(2, 1)
        try:
            yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)


def write(stream: TextIO, text: str) -> None:
    """Write text. A reader that has gone away, such as `head`, changes neither the work nor the exit code."""
    try:
        try:
            stream.write(text)
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        abandon(stream)
    except OSError as error:
        abandon(stream)
        if stream is not sys.stderr:  # what is lost there is not what was asked for, and the work goes on
            raise OutputLost(Problem(f"cannot write what was asked for: {error.strerror}")) from error


def write_bytes(pieces: Iterable[bytes]) -> None:
    """Write bytes to stdout as they come; made harmless if it is a terminal."""
    try:
        for piece in pieces:
            sys.stdout.buffer.write(_harmless(piece) if sys.stdout.isatty() else piece)
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        abandon(sys.stdout)
    except OSError as error:
        abandon(sys.stdout)
        raise OutputLost(Problem(f"cannot write what was asked for: {error.strerror}")) from error


def abandon(stream: TextIO) -> None:
    """Let what is still to be written to a stream vanish, at the interpreter's end too."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


_COLOURS = re.compile(rb"\x1b\[[0-9;]*m")
_KEPT = frozenset(b"\t\n\r")
_HARMLESS = bytes(c if c in _KEPT or 32 <= c != 127 else ord("?") for c in range(256))


def _harmless(data: bytes) -> bytes:
    return _COLOURS.sub(b"", data).translate(_HARMLESS)
