"""Puts parameters and matrix values in the place of `${...}`, and checks the references that stay. Pure.

Which namespace is known where stands in CONTRACT 2: parameters in every value but `cmd`, matrix values in
every one, and those of the stage itself (`inputs outputs params scratch`) in `cmd` and `env` alone, where
they are left in the text for the moment at which the stage runs.
"""

import re
import shlex
from collections.abc import Collection, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from . import scalars
from .parameters import RESERVED, Parameters, text_in_text
from .suggest import did_you_mean
from .wrong import Index, Steps, Trouble, Wrong, kind_of, short

Place: TypeAlias = Literal["value", "env", "cmd", "program", "matrix"]
"""What a text is: a value of a stage or of `env`, a command, an item of a `cmd` list, part of `matrix`."""

BROKEN: Any = object()
"""Stands for a value that cannot be known, since a reference in it is wrong."""

OF_STAGE = ("inputs", "outputs", "params", "scratch")
_WORDS = "|".join(RESERVED)
_IN_VALUE = re.compile(r"\$\$\{|\$\{([^{}]*)(\}?)")
# In a command everything else belongs to bash: `${HOME}`, `${x%.csv}`, `${list[0]}`.
_IN_COMMAND = re.compile(rf"\$\$\{{|\$\{{((?:{_WORDS})\.[^{{}}]*|[A-Za-z_][\w-]*(?:\.[\w-]+)+)(\}})")


class Axis(NamedTuple):
    """An instance's value on one axis of its matrix, and what stands below it where the axis is a mapping."""

    value: Any
    below: Any = None


class Scope(NamedTuple):
    """What `${...}` can name in one instance of a stage. `matrix` is None where the stage has none."""

    parameters: Parameters
    matrix: Mapping[str, Axis] | None = None


def resolve(value: Any, scope: Scope, place: Place, steps: Steps, troubles: list[Trouble]) -> Any:
    """Return the value with all references replaced that can be replaced now; BROKEN if it cannot be known.

    Every wrong reference is added to `troubles`. Nothing is changed in place.
    """
    if isinstance(value, str):
        return _resolve_text(value, scope, place, steps, troubles) if "${" in value else value
    if isinstance(value, dict):
        entries = {k: resolve(v, scope, place, (*steps, k), troubles) for k, v in value.items()}
        return BROKEN if any(v is BROKEN for v in entries.values()) else entries
    if isinstance(value, list):
        items = [resolve(v, scope, place, (*steps, i), troubles) for i, v in enumerate(value)]
        return BROKEN if any(v is BROKEN for v in items) else items
    return value


def resolve_entries(value: Any, scope: Scope, place: Place, steps: Steps, troubles: list[Trouble]) -> Any:
    """Do the same, but leave out just the entries of a list or mapping that are broken."""
    value = entries(value)
    if not isinstance(value, dict):
        return entries(resolve(value, scope, place, steps, troubles))
    resolved = {k: resolve(v, scope, place, (*steps, k), troubles) for k, v in value.items()}
    return {k: v for k, v in resolved.items() if v is not BROKEN}


def entries(value: Any) -> Any:
    """Return a list as a mapping by index, a mapping without its `x-` keys, anything else as it is."""
    if isinstance(value, list):
        return {Index(index): item for index, item in enumerate(value)}
    return without_notes(value)


def env_by_name(value: Any) -> Any:
    """Return `[NAME]` as `{NAME: null}`; what is no text keeps its index. A mapping stays."""
    if isinstance(value, list):
        return {
            Index(i) if not isinstance(v, str) else v: None if isinstance(v, str) else v
            for i, v in enumerate(value)
        }
    return without_notes(value)


def without_notes(value: Any) -> Any:
    """Return a mapping without the keys that begin with `x-`, which are the user's own."""
    if isinstance(value, dict) and any(isinstance(key, str) and key.startswith("x-") for key in value):
        return {k: v for k, v in value.items() if not (isinstance(k, str) and k.startswith("x-"))}
    return value


def check(
    text: str, names: Mapping[str, Collection[str] | None], steps: Steps, troubles: list[Trouble]
) -> None:
    """Check that what `${inputs.X}` and its like name in a `cmd` or `env` text exists.

    Args:
        text: What `resolve` left.
        names: By namespace what there is; None where that is not known, since the declaration is wrong.
        steps: Leads to the text.
        troubles: Gets what is wrong.
    """
    for match in _IN_COMMAND.finditer(text):
        space, _, name = (match[1] or "").partition(".")
        known = names.get(space)
        if known is None or name.strip() in known:
            continue
        options = [f"{space}.{option}" for option in known]
        written = f"{space}.{name}"
        advice = did_you_mean(written, options, otherwise=f"declare `{name}` under `{space}` of this stage")
        troubles.append(Trouble(steps, f"there is no `{written}`", advice))


def _resolve_text(text: str, scope: Scope, place: Place, steps: Steps, troubles: list[Trouble]) -> Any:
    expression = _IN_COMMAND if place in ("cmd", "program") else _IN_VALUE
    broken = False
    parts: list[str] = []
    position = 0
    for match in expression.finditer(text):
        parts.append(text[position : match.start()])
        position = match.end()
        if match[1] is None:
            parts.append("${" if place in ("value", "matrix") else "$${")
            continue
        try:
            replaced = _replaced(match, text, scope, place)
        except Wrong as wrong:
            troubles.append(Trouble(steps, wrong.text, wrong.help))
            broken = place in ("value", "matrix")
            parts.append(match[0])  # in `cmd` and `env` the other references are still to be checked
            continue
        if replaced.alone:
            return replaced.value
        parts.append(replaced.value)
    return BROKEN if broken else "".join(parts) + text[position:]


class _Replaced(NamedTuple):
    value: Any
    alone: bool = False
    """The value stands for the whole text, and keeps its type."""


def _replaced(match: re.Match[str], text: str, scope: Scope, place: Place) -> _Replaced:
    name = match[1].strip()
    if not match[2]:
        raise Wrong(f"`{short(match[0])}` is not closed", "add the `}`, or write `$${` for a literal `${`")
    space = name.split(".", 1)[0]
    if space in OF_STAGE:
        if place in ("value", "matrix"):
            raise Wrong(f"`${{{name}}}` is known only in `cmd` and `env`", _instead(space, name))
        return _Replaced(match[0])
    if space == "matrix":
        value = _of_matrix(name, scope, place)
    elif place in ("cmd", "program"):
        raise _parameter_in_command(name)
    else:
        value = _of_parameters(name, scope)
    if place in ("value", "matrix"):
        return _Replaced(value, alone=True) if match[0] == text else _Replaced(text_in_text(value, name))
    written = text_in_text(value, name)
    if place == "cmd":
        written = shlex.quote(written)
    return _Replaced(written.replace("${", "$${"))  # what a value holds is text, not a reference


def _of_parameters(name: str, scope: Scope) -> Any:
    if not name:
        raise Wrong("`${}` names nothing", "write `$${` for a literal `${`")
    return scope.parameters.find(name)


def _of_matrix(name: str, scope: Scope, place: Place) -> Any:
    if place == "matrix":
        raise Wrong(
            f"`${{{name}}}` cannot be used inside `matrix` itself", "write the values, or name a parameter"
        )
    if scope.matrix is None:
        raise Wrong(f"`${{{name}}}`: the stage has no matrix", "add `matrix: {NAME: [...]}` to the stage")
    _, _, rest = name.partition(".")
    axis, *path = rest.split(".")
    if axis not in scope.matrix:
        options = [f"matrix.{option}" for option in scope.matrix]
        raise Wrong(
            f"`matrix` has no axis `{axis}`",
            did_you_mean(name, options, otherwise=f"add `{axis}` to `matrix`"),
        )
    found = scope.matrix[axis]
    if not path:
        return found.value
    below = found.below if found.below is not None else found.value
    for depth, part in enumerate(path):
        options = [scalars.write(key) for key in below] if isinstance(below, dict) else []
        if part not in options:
            above = ".".join(["matrix", axis, *path[:depth]])
            what = kind_of(below)
            raise Wrong(
                f"`{above}` has no `{part}` where `{axis}` is `{scalars.write(found.value)}`",
                did_you_mean(part, options, otherwise=f"below it stands {what}"),
            )
        below = next(value for key, value in below.items() if scalars.write(key) == part)
    return below


def _instead(space: str, name: str) -> str:
    if space == "params":
        return "write `${NAME}` of the parameter itself"
    return f"write the path itself in place of `${{{name}}}`"


def _parameter_in_command(name: str) -> Wrong:
    space, _, rest = name.partition(".")
    if space == "metrics":
        return Wrong(f"there is no `{name}`: metrics are outputs here", f"write `${{outputs.{rest}}}`")
    last = name.rsplit(".", 1)[-1]
    return Wrong(
        f"`${{{name}}}` is a parameter's name, which a command does not know",
        f"declare `{last}: ${{{name}}}` under `params` and write `${{params.{last}}}`",
    )
