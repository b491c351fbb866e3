"""Differences of models saved by skops: by their attributes. Reads its schema and arrays; makes no object of them."""

import io
import json
import math
import zipfile
import zlib
from typing import Any

from ..errors import FormatError
from . import archives, raw
from .arrays import header
from .blocks import Array, Bytes, Memory
from .inside import Budget
from .result import Difference, Tolerance
from .values import Pairs, Thing, Walk

_SCHEMA = "schema.json"
_MOST_BYTES = 1 << 30
"""Of larger ones members are compared as those of any archive: here all of them are in memory."""
_WRONG = (
    OSError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    RuntimeError,
    KeyError,
    NotImplementedError,
)


def difference(expected: str, actual: str, tolerance: Tolerance | None) -> Difference:
    """Compare two models."""
    walk = Walk(None)
    try:
        with zipfile.ZipFile(expected) as first, zipfile.ZipFile(actual) as second:
            budget = Budget(expected, actual)
            total = sum(info.file_size for archive in (first, second) for info in archive.infolist())
            budget.check(total)
            if total > _MOST_BYTES:
                return archives.zip(expected, actual, tolerance)
            sides = [_Reader(archive).value() for archive in (first, second)]
    except (FormatError, RecursionError):
        raise
    except _WRONG as error:
        raise FormatError(f"it cannot be read as a model of skops: {error}") from error
    walk.take(*sides)
    found = walk.difference("skops")
    if found is not None:
        return found
    # Ids are places in memory, and members are named after them: they differ each time.
    text = f"the same objects, with other ids or times; {raw.difference(expected, actual).text}"
    return Difference(False, text, (), {"kind": "skops", "differing": 0})


class _Object(Thing):
    """A node of the schema: its class, and what it holds."""

    def __init__(self, name: str, held: list[tuple[str, Any]]) -> None:
        self.name = name
        self._held = held

    def parts(self) -> list[tuple[str, Any]]:
        return self._held


class _Reader:
    """Reads one file. An object that is referred to again is known by the number of its first appearance."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._numbers: dict[Any, int] = {}

    def value(self) -> Any:
        return self._of(json.loads(self._archive.read(_SCHEMA)))

    def _of(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self._of(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "__loader__" not in node:
            return Pairs((key, self._of(item)) for key, item in node.items() if key != "__id__")
        number = self._numbers.setdefault(str(node.get("__id__")), len(self._numbers))
        name = f"{node.get('__module__')}.{node.get('__class__')}"
        if node["__loader__"] == "CachedNode":
            return _Object(f"what stood at place {number}", [])
        if node.get("is_json") is True and isinstance(node.get("content"), str):
            return json.loads(node["content"])
        if isinstance(node.get("file"), str):
            return self._member(node["file"])
        known = ("__id__", "__class__", "__module__", "__loader__", "content")
        held = [(f"{{{key}}}", self._of(item)) for key, item in node.items() if key not in known]
        return _Object(name, [*self._content(node.get("content")), *held])

    def _content(self, content: Any) -> list[tuple[str, Any]]:
        """Return what a node holds such that a path reads like one in Python."""
        if isinstance(content, dict) and "__loader__" not in content:
            return [(f".{key}", self._of(item)) for key, item in content.items()]
        if isinstance(content, list):
            return [(f"[{number}]", self._of(item)) for number, item in enumerate(content)]
        made = self._of(content)
        return made.parts() if isinstance(made, _Object) else [(".content", made)]

    def _member(self, name: str) -> Any:
        data = self._archive.read(name)
        if not data.startswith(b"\x93NUMPY"):
            return Bytes(Memory(len(data), data))
        file = io.BytesIO(data)
        found = header(file)
        rest = data[file.tell() :]
        if len(rest) != math.prod(found.shape) * found.dtype.itemsize:
            raise FormatError("it cannot be read as a model of skops: an array is cut off")
        return Array(Memory(len(rest), rest), found.dtype, found.shape, is_fortran=found.is_fortran)
