"""The instances of a stage with a matrix, and their names. Pure: `${...}` are replaced already."""

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..digest import canonical, of_bytes
from . import scalars
from .references import Axis, without_notes
from .suggest import did_you_mean
from .wrong import Trouble, kind_of, short

MAX_INSTANCES = 100_000
_AXIS_NAME = re.compile(r"[^\W\d][\w-]*")
_OUTSIDE_NAMES = re.compile(r"[^\w.-]+")
_MAX_PART = 64


def instances(base: str, matrix: Any, troubles: list[Trouble]) -> dict[str, Mapping[str, Axis]]:
    """Return the instances by name, the last axis varying fastest; none if something is wrong."""
    own: list[Trouble] = []
    result = _instances(base, matrix, own)
    troubles += own
    return {} if own else result


def part_of_name(value: Any) -> str:
    """Return what a value adds to an instance's name.

    Letters, digits, `_`, `-` and `.` stay; each run of others becomes one `-`, left out at the ends. Values
    that are no text are taken as JSON writes them. Of more than 64 characters the first 55 stay, then comes
    the beginning of the value's digest.
    """
    text = scalars.write(value)
    part = _OUTSIDE_NAMES.sub("-", text)
    if part != text:
        part = part.strip("-") or "-"
    if len(part) > _MAX_PART:
        part = f"{part[:55]}-{of_bytes(canonical(value))[:8]}"
    return part


def _instances(base: str, matrix: Any, troubles: list[Trouble]) -> dict[str, Mapping[str, Axis]]:
    axes = _axes(matrix, troubles)
    excluded = list(_excluded(matrix.get("exclude"), matrix, troubles)) if isinstance(matrix, dict) else []
    if troubles:
        return {}
    count = math.prod(len(values) for values in axes.values())
    if count > MAX_INSTANCES:
        troubles.append(
            Trouble(("matrix",), f"{count} instances are more than {MAX_INSTANCES}", "shorten an axis")
        )
        return {}
    result: dict[str, Mapping[str, Axis]] = {}
    for combination in itertools.product(*axes.values()):
        instance = dict(zip(axes, combination, strict=True))
        if any(all(_same(instance[axis].value, v) for axis, v in rule.items()) for rule in excluded):
            continue
        name = f"{base}@" + "-".join(part_of_name(axis.value) for axis in combination)
        if name in result:
            troubles.append(_same_name(name, result[name], instance))
        result[name] = instance
    if not result and not troubles:
        troubles.append(
            Trouble(("matrix", "exclude"), "`exclude` leaves no instance", "remove one of its entries")
        )
    return result


def _axes(matrix: Any, troubles: list[Trouble]) -> dict[str, list[Axis]]:
    if not isinstance(matrix, dict):
        advice = "write `matrix: {NAME: [...]}`"
        troubles.append(
            Trouble(("matrix",), f"`matrix`: expected a mapping of axes, got {kind_of(matrix)}", advice)
        )
        return {}
    axes: dict[str, list[Axis]] = {}
    for name, declared in without_notes(matrix).items():
        if name == "exclude":
            continue
        steps = ("matrix", name)
        if not isinstance(name, str) or not _AXIS_NAME.fullmatch(name):
            text = f"`{scalars.write(name)}` is no name for an axis"
            troubles.append(
                Trouble(steps, text, "use letters, digits, `_` and `-`, a letter first", at_key=True)
            )
            continue
        values = without_notes(declared)
        if isinstance(values, dict):
            axes[name] = [Axis(key, below) for key, below in values.items()]
        elif isinstance(values, list):
            axes[name] = [Axis(value) for value in values]
        else:
            text = f"axis `{name}`: expected a list or a mapping, got {kind_of(values)}"
            advice = f"write `{name}: [{short(scalars.write(values))}]`"
            troubles.append(Trouble(steps, text, advice))
            continue
        if not axes[name]:
            troubles.append(Trouble(steps, f"axis `{name}` has no values", "add a value, or remove the axis"))
    if not axes and not troubles:
        troubles.append(Trouble(("matrix",), "`matrix` has no axes", "add an axis, or remove `matrix`"))
    return axes


def _excluded(rules: Any, matrix: Mapping[Any, Any], troubles: list[Trouble]) -> Iterator[dict[str, Any]]:
    if rules is None:
        return
    axes = [axis for axis in without_notes(matrix) if axis != "exclude"]
    if not isinstance(rules, list):
        text = f"`exclude`: expected a list of mappings, got {kind_of(rules)}"
        troubles.append(Trouble(("matrix", "exclude"), text, "write `exclude: [{AXIS: value}]`"))
        return
    for index, declared in enumerate(rules):
        steps = ("matrix", "exclude", index)
        rule = without_notes(declared)
        if not isinstance(rule, dict) or not rule:
            text = f"`exclude`: expected a mapping of axes to values, got {kind_of(rule)}"
            troubles.append(Trouble(steps, text, "write `exclude: [{AXIS: value}]`"))
            continue
        unknown = [axis for axis in rule if axis not in axes]
        for axis in unknown:
            text = f"`matrix` has no axis `{scalars.write(axis)}`"
            advice = did_you_mean(
                scalars.write(axis), map(scalars.write, axes), otherwise="name an axis of this matrix"
            )
            troubles.append(Trouble((*steps, axis), text, advice, at_key=True))
        if not unknown:
            yield rule


def _same(one: Any, other: Any) -> bool:
    """Compare with types: `1`, `1.0` and `true` are three values."""
    return type(one) is type(other) and canonical(one) == canonical(other)


def _same_name(name: str, one: Mapping[str, Axis], other: Mapping[str, Axis]) -> Trouble:
    steps: tuple[str, ...] = ("matrix",)
    shown = []
    for axis, found in other.items():
        if not _same(found.value, one[axis].value):
            steps = ("matrix", axis)
            shown.append(
                f"`{axis}: {scalars.write(one[axis].value)}` and `{axis}: {scalars.write(found.value)}`"
            )
    if not shown:
        text = f"two instances are named `{name}`: the same values are there twice"
        return Trouble(steps, text, "remove one of the values")
    text = f"two instances are named `{name}`: {'; '.join(shown)}"
    return Trouble(steps, text, "give them values whose names differ")
