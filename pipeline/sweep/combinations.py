"""What a sweep goes through: values by parameter, and each combination of them. Pure: knows no project."""

import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .. import digest
from ..errors import usage

MOST = 10_000
"""More combinations than these are taken for a slip."""
_WIDEST = 24


class Axes(NamedTuple):
    """The values of each parameter that is swept, in the order given."""

    values: Mapping[str, Sequence[Any]]

    def combinations(self) -> list[dict[str, Any]]:
        """Return every combination as overrides, the last parameter changing fastest."""
        return [
            dict(zip(self.values, chosen, strict=True)) for chosen in itertools.product(*self.values.values())
        ]

    def label(self, overrides: Mapping[str, Any]) -> str:
        """Write those of the swept values that a combination, or a part of one, has: `lr=0.1 depth=3`."""
        short = self.short_names()
        return " ".join(
            f"{short[name]}={written(overrides[name])}" for name in self.values if name in overrides
        )

    def short_names(self) -> dict[str, str]:
        """Return of each parameter the last part of its name, or all of it where several end so."""
        last = {name: name.rsplit(".", 1)[-1] for name in self.values}
        ends = list(last.values())
        return {name: end if ends.count(end) == 1 else name for name, end in last.items()}


def axes(given: Iterable[tuple[str, Sequence[Any]]], fixed: Iterable[str]) -> Axes:
    """Put together what `--sweep` gave; `fixed` are the parameters that `--set` names. Raises UsageError."""
    found: dict[str, Sequence[Any]] = {}
    for name, values in given:
        if name in found:
            raise usage(f"`{name}` is swept twice", help=f"write all its values once: `--sweep {name}=V1,V2`")
        if name in fixed:
            raise usage(f"`{name}` is both set and swept", help="leave `--set` or `--sweep` of it out")
        distinct = {digest.canonical(value): value for value in values}
        if not distinct:
            raise usage(f"`--sweep {name}=` has no value", help=f"write its values: `--sweep {name}=V1,V2`")
        found[name] = list(distinct.values())
    number = math.prod(len(values) for values in found.values())
    if number > MOST:
        raise usage(f"that is {number:,} combinations, and {MOST:,} is the most", help="sweep fewer values")
    return Axes(found)


def written(value: Any) -> str:
    """Write a value for a table: as YAML would, cut where it is long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
