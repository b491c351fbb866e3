"""The `pipe` command: options, exit codes, and who prints what. Knows no engine: each verb is a module."""

import os
import sys
from collections.abc import Sequence

from .. import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks, and return the exit code. `argv` is without the program's name."""
    words = sys.argv[1:] if argv is None else argv
    if list(words) == ["--version"] and "_PIPE_COMPLETE" not in os.environ and _tell_version():
        return 0
    from .front import main as front

    return front(argv)


def _tell_version() -> bool:
    # Before anything is loaded: half of what `pipe` takes to start is loading what only commands need.
    try:
        sys.stdout.write(f"pipe {__version__}\n")
        sys.stdout.flush()
    except OSError:
        return False  # a full disk or a reader that went away: the long way knows what to do
    return True
