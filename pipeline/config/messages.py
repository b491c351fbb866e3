"""Turns what the models refuse into troubles, in our words. Knows no file and no position."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from .schema import RESERVED, FileEntry, InputEntry, OutputEntry, ResourcesEntry, StageEntry
from .suggest import did_you_mean
from .wrong import Steps, Trouble, Wrong, kind_of

_ENTRY = {
    "inputs": "input",
    "outputs": "output",
    "metrics": "metric",
    "env": "variable",
    "params": "parameter",
}
_KEYS: Mapping[str, type[BaseModel]] = {
    "file": FileEntry,
    "stage": StageEntry,
    "inputs": InputEntry,
    "outputs": OutputEntry,
    "metrics": OutputEntry,
    "resources": ResourcesEntry,
}
_EXPECTED = {
    "string_type": ("text", "quote it"),
    "bool_type": ("true or false", "write `true` or `false`"),
    "int_type": ("a whole number", "write it without quotes and without a fraction"),
    "model_type": ("a mapping", "write `{KEY: value}`"),
}


def troubles_of(error: ValidationError, level: str) -> Iterator[Trouble]:
    """Yield what is wrong; `level` is "file" or "stage"."""
    for detail in error.errors(include_url=False):
        steps: Steps = tuple(step for step in detail["loc"] if step != "[key]")
        wrong = detail.get("ctx", {}).get("error")
        if isinstance(wrong, Wrong):
            yield Trouble(steps, f"{subject(steps)}: {wrong.text}", wrong.help)
        elif detail["type"] in ("extra_forbidden", "invalid_key"):
            yield unknown_key(steps, level)
        elif detail["type"] == "missing":
            yield _missing(steps)
        else:
            yield _mismatch(steps, detail)


def subject(steps: Steps) -> str:
    """Say which value of a stage is meant: `input `table``, ``timeout``, ``resources.cpus``."""
    first = str(steps[0])
    if len(steps) == 1:
        return f"`{first}`"
    entry = steps[1]
    if first in _ENTRY and not isinstance(entry, int):
        rest = f" `{steps[2]}`" if len(steps) > 2 and steps[2] != "path" else ""
        return f"{_ENTRY[first]} `{entry}`{rest and ':'}{rest}"
    return f"`{first}[{entry}]`" if isinstance(entry, int) else "`" + ".".join(map(str, steps)) + "`"


def unknown_key(steps: Steps, level: str) -> Trouble:
    """Say that a key is reserved, or that there is no such key."""
    key = str(steps[-1])
    where = level if len(steps) == 1 else str(steps[0])
    inside = "" if len(steps) == 1 else f"{subject(steps[:-1])}: "
    if key in RESERVED.get(where, ()):
        text = f"{inside}the key `{key}` is reserved for a later version"
        return Trouble(steps, text, f"remove `{key}`, or call it `x-{key}`", at_key=True)
    known = keys_of(where)
    advice = did_you_mean(key, known, otherwise="the keys are " + _listed(known))
    return Trouble(steps, f"{inside}unknown key `{key}`", advice, at_key=True)


def keys_of(where: str) -> list[str]:
    """Return the keys that there are, in the order of the models."""
    keys = list(_KEYS[where].model_fields)
    return [*keys, "matrix"] if where == "stage" else keys


def _missing(steps: Steps) -> Trouble:
    key = steps[-1]
    if len(steps) == 1:
        return Trouble((), f"the key `{key}` is missing", f"add `{key}:`")
    return Trouble(
        steps[:-1], f"{subject(steps[:-1])}: the key `{key}` is missing", f"write `{{{key}: ...}}`"
    )


def _mismatch(steps: Steps, detail: Mapping[str, Any]) -> Trouble:
    value, kind = detail["input"], detail["type"]
    what = subject(steps)
    context = detail.get("ctx", {})
    if kind == "greater_than_equal":
        text = f"{what}: expected a number from {context['ge']}, got {kind_of(value)}"
        return Trouble(steps, text, f"write {context['ge']} or more")
    if kind == "literal_error":
        if steps == ("version",):
            text = f"`version`: expected 1, got {kind_of(value)}"
            return Trouble(steps, text, "write `version: 1`, or use the pipe that this file was written for")
        options = ("strict", "warn", "off")
        advice = did_you_mean(value, options) if isinstance(value, str) else ""
        return Trouble(
            steps,
            f"{what}: expected {_listed(options, 'or')}, got {kind_of(value)}",
            advice or "write one of these",
        )
    expected, advice = _EXPECTED.get(kind, ("another value", "see `pipe schema`"))
    if kind == "dict_type":
        expected, advice = _collection(str(steps[0]), value)
    if kind == "model_type" and len(steps) > 1:
        expected, advice = "a path, or a mapping with `path`", "write the path as text"
    if kind == "string_type":
        advice = f'quote it: "{value}"' if isinstance(value, bool | int | float) else "write one text"
    return Trouble(steps, f"{what}: expected {expected}, got {kind_of(value)}", advice)


def _collection(key: str, value: Any) -> tuple[str, str]:
    if key in ("after", "tools", "secrets", "pythonpath"):
        return "a list", f"write `{key}: [{value}]`" if isinstance(value, str) else f"write `{key}: [...]`"
    if key in ("stages", "defaults"):
        return "a mapping", f"write `{key}: {{...}}`"
    advice = f"write `{key}: [{value}]`" if isinstance(value, str) else f"write `{key}: {{NAME: ...}}`"
    return "a mapping or a list", advice


def _listed(words: Iterable[str], last: str = "and") -> str:
    quoted = [f"`{word}`" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {last} {quoted[-1]}"
