"""The `pipe` command: options, exit codes, and who prints what. Knows no engine: each verb is a module."""

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks, and return the exit code. `argv` is without the program's name."""
    from .front import main as front

    return front(argv)
