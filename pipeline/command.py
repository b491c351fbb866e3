"""Puts values in the place of `${inputs.X}` and its like. Pure: runs nothing."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

Values: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Namespace (`inputs outputs params scratch`) -> name -> a text, a plain value, or a list of texts."""

_REFERENCE = re.compile(r"\$\$\{|\$\{(inputs|outputs|params|scratch)\.([^}]+)\}")
_SAFE = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def for_bash(template: str, values: Values) -> str:
    """Return the command with every value quoted for the shell; several paths are separated by blanks."""
    return _expand(template, values, lambda items: " ".join(_quoted(item) for item in items))


def for_program(template: Sequence[str], values: Values) -> list[str]:
    """Return the arguments; an item that is just a reference to several paths becomes several arguments."""
    arguments: list[str] = []
    for item in template:
        match = _REFERENCE.fullmatch(item)
        if match and match[1]:
            arguments += _texts(values[match[1]][match[2].strip()])
        else:
            arguments.append(for_text(item, values))
    return arguments


def for_text(template: str, values: Values) -> str:
    """Return the text with every value as it is, for the value of a variable."""
    return _expand(template, values, " ".join)


def text_of(value: Any) -> str:
    """Write a plain value as it stands in a command: text as it is, the rest as JSON writes it."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _expand(template: str, values: Values, join: Callable[[list[str]], str]) -> str:
    def replaced(match: re.Match[str]) -> str:
        if not match[1]:
            return "${"
        return join(_texts(values[match[1]][match[2].strip()]))

    return _REFERENCE.sub(replaced, template)


def _texts(value: Any) -> list[str]:
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return [text_of(value)]


def _quoted(text: str) -> str:
    if _SAFE.fullmatch(text):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"
