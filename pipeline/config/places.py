"""Where the parts of a stage stand in pipeline.yaml, `defaults` included. Knows no rule about them."""

import posixpath
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import Mark, PipeError
from . import source
from .document import Document


def in_stage(
    document: Document, base: str, steps: Sequence[str | int], *, at_key: bool = False
) -> tuple[Mark, bool]:
    """Return the nearest known place, and whether it is in `defaults`."""
    own = ("stages", base, *steps)
    shared = ("defaults", *steps)
    if steps and document.depth(shared) > max(document.depth(own) - 1, 1):
        return document.mark(shared, at_key=at_key), True
    return document.mark(own, at_key=at_key), False


def mark(root: Path, stage_base: str, *path: str | int) -> Mark | None:
    """Return where the value stands to which `path` leads inside a stage, or its nearest ancestor.

    For errors that are found after reading: the file is read again. None if that is not possible any more.
    Entries of a list are found by their name, or by index.
    """
    try:
        document = _document(source.read(root, source.PIPELINE))
    except (PipeError, OSError):
        return None
    steps = list(path)
    if len(steps) > 1 and isinstance(steps[1], str):
        steps[1] = _entry(document, stage_base, str(steps[0]), steps[1])
    return in_stage(document, stage_base, steps, at_key=not steps)[0]


@lru_cache(maxsize=1)
def _document(data: bytes) -> Document:
    return Document(source.PIPELINE, data)


def _entry(document: Document, base: str, key: str, name: str) -> str | int:
    """Return the index of the entry with that name, where a list holds the entries."""
    value: Any = document.value
    for step in ("stages", base, key):
        value = value.get(step) if isinstance(value, dict) else None
    if not isinstance(value, list):
        return name
    for index, item in enumerate(value):
        path = item.get("path") if isinstance(item, dict) else item
        if isinstance(path, str) and _may_be_called(path, name):
            return index
    return name


def _may_be_called(path: str, name: str) -> bool:
    """Say whether an entry of this path has the name: by stem, by path, or as a parameter's last part."""
    normal = posixpath.normpath(path)
    forms = (normal, posixpath.splitext(posixpath.basename(normal))[0], path.rsplit(".", 1)[-1])
    return any(_pattern(form).fullmatch(name) for form in forms)


def _pattern(text: str) -> re.Pattern[str]:
    # What a `${...}` became is not known here, so it may have become anything.
    parts = re.split(r"\$\{[^{}]*\}", text)
    return re.compile(".*".join(re.escape(part) for part in parts))
