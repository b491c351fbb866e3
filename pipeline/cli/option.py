"""What a command, an argument and an option are, as plain data. Knows no command."""

from typing import Any, Literal, NamedTuple


class Option(NamedTuple):
    """An option. Its value is False, None or () unless it was given, or its first choice."""

    name: str
    flags: tuple[str, ...]
    kind: Literal["flag", "text", "number", "texts"]
    """`texts` may be repeated; a number is at least 1."""
    help: str
    metavar: str = ""
    choices: tuple[str, ...] = ()


class Argument(NamedTuple):
    """A word that is no option. One that is neither required nor repeated is None unless it was given."""

    name: str
    metavar: str
    help: str
    required: bool = False
    many: bool = False
    completes: Literal["", "stages", "runs"] = ""


class Command(NamedTuple):
    """A command. `examples` are pairs of a command line and what it does."""

    name: str
    summary: str
    argument: Argument | None = None
    options: tuple[Option, ...] = ()
    details: str = ""
    examples: tuple[tuple[str, str], ...] = ()


class Parsed(NamedTuple):
    """A command line that was understood. `values` has every name that the command and COMMON declare."""

    command: str
    values: dict[str, Any]
