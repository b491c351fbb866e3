"""From a command line to an exit code. Knows no command: it parses, dispatches, and says what went wrong."""

import errno
import os
import sys
from collections.abc import Sequence

from .. import __version__
from ..errors import PipeError, Problem
from . import declare, quick
from .declare import Parsed
from .skin import OutputLost, Skin, write

_BUG = 70
_INTERRUPTED = 130
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks, and return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    own = words[: words.index("--")] if "--" in words else words
    skin = Skin(json="--json" in own)  # a mistake in the command line itself is told as JSON too
    try:
        return _answer(words)
    except OutputLost as error:
        Skin().problems(error.problems)
        return error.exit_code
    except PipeError as error:
        skin.problems(error.problems)
        return error.exit_code
    except KeyboardInterrupt:
        skin.problems([Problem("interrupted")])
        return _INTERRUPTED
    except Exception as error:
        return _unforeseen(error, skin)


def _answer(words: Sequence[str]) -> int:
    parsed = _parse(words)
    if isinstance(parsed, int):
        return parsed
    values = parsed.values
    skin = Skin(values["json"], values["quiet"], values["verbose"])
    if parsed.command == "version":
        skin.result(lambda: {"pipe": __version__}, lambda: f"pipe {__version__}")
        return 0
    if not parsed.command:
        skin.result(lambda: {"ok": True, "commands": list(declare.COMMANDS)}, declare.overview)
        return 0
    from . import actions

    return actions.ACTIONS[parsed.command](values, skin)


def _parse(words: Sequence[str]) -> Parsed | int:
    if "_PIPE_COMPLETE" not in os.environ:  # set by the shell that asks for completions
        common = {option.name: declare.default(option) for option in declare.COMMON}
        if not words:
            return Parsed("", common)
        if words[0] == "help":  # as git, cargo and uv have it
            words = [*words[1:2], "--help"]
        found = quick.parse(words)
        if found is not None:
            return found
    from . import typer_app

    try:
        return typer_app.parse(words)
    finally:
        write(
            sys.stdout, ""
        )  # help may wait there for the interpreter's end, where nobody could tell of a full disk


def _unforeseen(error: Exception, skin: Skin) -> int:
    if isinstance(error, OSError) and error.errno in _DISK:
        from ..durable import disk_refused

        refused = disk_refused(error, os.fsdecode(error.filename or "."))
        skin.problems(refused.problems)
        return refused.exit_code
    import traceback

    write(sys.stderr, traceback.format_exc())
    text = f"this is a bug in pipe {__version__}: {type(error).__name__}: {error}"
    skin.problems(
        [Problem(text, help="report it with the traceback and what you did; finished work is kept")]
    )
    return _BUG
