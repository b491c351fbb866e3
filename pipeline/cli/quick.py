"""Parses plain command lines without any library. Knows nothing of help, errors and completion.

typer costs more than the rest of a `pipe status` does. Whatever is not plainly right is left to it, so the
two parsers can differ only in what both accept; a test holds them against each other.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from .declare import COMMANDS, COMMON, Command, Option, Parsed, defaults


def parse(words: Sequence[str]) -> Parsed | None:
    """Return what a command line means; None if it is not plain, which does not say that it is wrong."""
    given: dict[str, Any] = {}
    rest: list[str] = []
    command: Command | None = None
    flags = _by_flag(COMMON)
    place = 0
    while place < len(words):
        word = words[place]
        place += 1
        if word.startswith("-"):
            option = flags.get(word)
            if option is None:
                option = flags.get(word[:2])
                if option is None or option.kind != "number":
                    return None
                word = word[2:]  # `-j4`, as make has it
            elif option.kind != "flag":
                if place == len(words) or words[place].startswith("-"):
                    return None
                word = words[place]
                place += 1
            if not _take(option, word, given):
                return None
        elif command is None:
            command = COMMANDS.get(word)
            if command is None:
                return None
            flags = _by_flag((*COMMON, *command.options))
        else:
            rest.append(word)
    if command is None or not _place(command, rest, given):
        return None
    return Parsed(command.name, {**defaults(command), **given})


def _by_flag(options: Sequence[Option]) -> Mapping[str, Option]:
    return {flag: option for option in options for flag in option.flags}


def _take(option: Option, word: str, given: dict[str, Any]) -> bool:
    """Put an option's value into `given`; False if it is not plainly right."""
    if option.kind == "flag":
        given[option.name] = True
    elif option.kind == "texts":
        given[option.name] = (*given.get(option.name, ()), word)
    elif option.kind == "number":
        if not (word.isascii() and word.isdigit() and int(word) >= 1):
            return False
        given[option.name] = int(word)
    else:
        if not word or (option.choices and word not in option.choices):
            return False
        given[option.name] = word
    return True


def _place(command: Command, rest: Sequence[str], given: dict[str, Any]) -> bool:
    argument = command.argument
    if argument is None:
        return not rest
    if argument.many:
        given[argument.name] = tuple(rest)
        return True
    if len(rest) > 1 or (argument.required and not rest):
        return False
    if rest:
        given[argument.name] = rest[0]
    return True
