"""Reads pipeline.yaml and the parameters. Knows no graph, no code and no store.

Nothing here imports the YAML parser or pydantic before a file has to be read from its text.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import Mark, usage
from .reading import Loaded, find, load
from .suggest import suggest

__all__ = [
    "Loaded",
    "adjusted",
    "bytes_of",
    "find",
    "is_secret",
    "json_schema",
    "load",
    "mark",
    "parse_document",
    "parse_value",
    "parse_values",
    "scalar",
    "suggest",
]


def mark(root: Path, stage_base: str, *path: str | int) -> Mark | None:
    """Return where a value of a stage stands in pipeline.yaml; `places.mark` says more."""
    from . import places

    return places.mark(root, stage_base, *path)


def parse_value(text: str) -> Any:
    """Return the value that a YAML 1.2 scalar, or a list or mapping in brackets, stands for."""
    from . import document

    return document.parse_value(text)


def scalar(text: str) -> Any:
    """Return the value that a plain YAML scalar stands for. Loads no parser."""
    from . import scalars
    from .wrong import Wrong

    try:
        return scalars.read(text)
    except Wrong:
        return text


def parse_document(text: str) -> Any:
    """Return what a YAML file holds. Raises ValueError where it is none."""
    from . import yaml
    from .syntax import Broken

    try:
        tree = yaml.parse(text)
    except Broken as broken:
        raise ValueError(broken.flaw.text) from None
    if tree.flaws:
        raise ValueError(tree.flaws[0].text)
    return tree.value


def adjusted(text: str, below: tuple[str, ...], changes: Mapping[str, Any], name: str) -> str:
    """Return the text of the file `name` with parameters set in it; `adjust.adjusted` says more."""
    from . import adjust

    return adjust.adjusted(text, below, changes, name)


def parse_values(text: str) -> list[Any]:
    """Return the YAML values of a list that is written without its outer brackets. Raises UsageError."""
    found = parse_value(f"[{text}]")
    assert isinstance(found, list)
    return found


def bytes_of(text: str, option: str) -> int:
    """Return the size that was given for an option: `0`, or a number with its unit. Raises UsageError."""
    from .quantities import size_bytes
    from .wrong import Wrong

    try:
        return 0 if text == "0" else size_bytes(text)
    except Wrong as wrong:
        raise usage(f"`{option} {text}`: {wrong.text}", help=wrong.help) from None


def is_secret(name: str) -> bool:
    """Say whether a variable's name looks like a secret's, so that it belongs under `secrets`."""
    from . import schema

    return schema.looks_secret(name)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of pipeline.yaml, for editors."""
    from . import editor

    return editor.json_schema()
