"""The parameters: where they stand, what `-S` changes, which of them are used. Knows nothing of stages."""

from collections.abc import Iterator, Mapping
from typing import Any

from . import scalars
from .suggest import did_you_mean
from .wrong import Wrong, kind_of

RESERVED = ("matrix", "inputs", "outputs", "params", "scratch")
"""The words that mean something else in `${...}`."""

_MISSING = object()
_MAX_NAMES = 5000


class Parameters:
    """A tree of parameters that remembers which of them were asked for."""

    def __init__(self, values: Mapping[Any, Any], place: str) -> None:
        self.values = values
        self.place = place
        """Where they stand, for messages: a file's name, or `pipeline.yaml`."""
        self._used: dict[str, Any] = {}

    def find(self, dotted: str) -> Any:
        """Return the parameter of that dotted name. Raises Wrong with a suggestion if there is none."""
        found = self._used.get(dotted, self)
        if found is self:
            found = self._used[dotted] = _walk(self.values, dotted)
        if found is _MISSING:
            raise Wrong(
                f"there is no parameter `{dotted}`",
                did_you_mean(dotted, self.names(), otherwise=f"add `{dotted}` to {self.place}"),
            )
        return found

    def is_used(self, dotted: str) -> bool:
        """Say whether that parameter, a part of it, or what it is a part of was asked for."""
        return any(_overlap(dotted, used) for used in self._used)

    def names(self) -> Iterator[str]:
        """Yield the dotted names of all parameters, those of mappings too."""
        for count, name in enumerate(_names(self.values, "")):
            if count >= _MAX_NAMES:
                return
            yield name


def overridden(values: Mapping[Any, Any], overrides: Mapping[str, Any]) -> tuple[dict[Any, Any], list[Wrong]]:
    """Return the parameters as changed by `-S`, and what cannot be changed so. Changes nothing in place."""
    result = dict(values)
    wrongs = []
    for dotted, value in overrides.items():
        try:
            result = _set(result, dotted.split("."), value, dotted)
        except Wrong as wrong:
            wrongs.append(wrong)
    return result, wrongs


def projection(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the nested mapping that holds just these parameters, given by dotted name."""
    result: dict[str, Any] = {}
    for dotted in sorted(values):  # `a` comes before `a.b`, which then lies inside it already
        parts = dotted.split(".")
        node = result
        for part in parts[:-1]:
            node = node.setdefault(part, {})
        if parts[-1] not in node:
            node[parts[-1]] = _copied(values[dotted])
    return result


def _set(node: dict[Any, Any], parts: list[str], value: Any, dotted: str) -> dict[Any, Any]:
    if not all(parts):
        raise Wrong(
            f"`{dotted}` is no name of a parameter", "write `-S KEY=VALUE` with a key such as `train.lr`"
        )
    key = _key(node, parts[0])
    if len(parts) == 1:
        return {**node, key: value}
    below = node.get(key, {})
    if not isinstance(below, dict):
        outer = dotted.rsplit(".", len(parts) - 1)[0]
        raise Wrong(f"`{dotted}` cannot be set: `{outer}` is {kind_of(below)}", f"set `{outer}` itself")
    return {**node, key: _set(below, parts[1:], value, dotted)}


def _walk(node: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        if not isinstance(node, dict):
            return _MISSING
        node = node.get(_key(node, part), _MISSING)
    return node


def _key(node: Mapping[Any, Any], part: str) -> Any:
    """Return the key that is written like this: the text itself, or a number such as a year."""
    if part in node:
        return part
    return next((key for key in node if not isinstance(key, str) and scalars.write(key) == part), part)


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(other + ".") or other.startswith(one + ".")


def _names(node: Mapping[Any, Any], prefix: str) -> Iterator[str]:
    for key, value in node.items():
        name = prefix + scalars.write(key)
        yield name
        if isinstance(value, dict):
            yield from _names(value, name + ".")


def _copied(value: Any) -> Any:
    return {key: _copied(item) for key, item in value.items()} if isinstance(value, dict) else value


def reserved_in(values: Mapping[Any, Any]) -> list[str]:
    """Return the top-level parameters that have a name which means something else."""
    return [name for name in RESERVED if name in values]


def text_in_text(value: Any, name: str) -> str:
    """Return a value as it stands inside a text. Raises Wrong for what has no such form."""
    if isinstance(value, dict | list):
        raise Wrong(
            f"`${{{name}}}` is {kind_of(value)}, which cannot stand inside a text",
            f"let `${{{name}}}` stand alone, or name one of its entries",
        )
    return scalars.write(value)
