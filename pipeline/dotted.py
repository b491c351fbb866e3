"""Nested mappings by dotted names, as parameters and metrics are spoken of. Pure: knows neither of them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any


def leaves(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Return what stands in nested mappings by dotted name: `{"train": {"lr": 1}}` gives `{"train.lr": 1}`.

    Lists and empty mappings are values. A key that is no text is written as JSON writes it.
    """
    return dict(_leaves(values, ""))


def _leaves(values: Mapping[Any, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        name = prefix + (key if isinstance(key, str) else json.dumps(key))
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{name}.")
        else:
            yield name, value


def is_below(name: str, other: str) -> bool:
    """Say whether a name is another one or stands below it."""
    return name == other or name.startswith(f"{other}.")
