"""Names of bytes: BLAKE3-256 in hex, and the canonical form that gives a value its bytes."""

import json
import math
import os
from typing import Any

from blake3 import blake3

HEX_LENGTH = 64
_MMAP_FROM_BYTES = 1 << 20
_THREADS_FROM_BYTES = 32 << 20


def of_bytes(data: bytes) -> str:
    """Return the digest of `data`; `b3sum` prints the same for a file that holds it."""
    return blake3(data).hexdigest()


def of_file(path: str | os.PathLike[str]) -> str:
    """Return the digest of a file's content. Raises OSError as `open` does."""
    size_bytes = os.stat(path).st_size
    if size_bytes < _MMAP_FROM_BYTES:
        with open(path, "rb") as file:
            return blake3(file.read()).hexdigest()
    threads = blake3.AUTO if size_bytes >= _THREADS_FROM_BYTES else 1
    return blake3(max_threads=threads).update_mmap(path).hexdigest()


def of_value(value: Any) -> str:
    """Return the digest of a plain value's canonical form. Raises ValueError as `canonical` does."""
    return of_bytes(canonical(value))


def is_digest(text: str) -> bool:
    """Say whether `text` is a whole digest in lower-case hex."""
    return len(text) == HEX_LENGTH and not text.strip("0123456789abcdef")


def canonical(value: Any) -> bytes:
    """Write a plain value (None, bool, int, float, str, list, tuple, mapping) as the one JSON text it has.

    Keys are sorted, there is no white space, all is ASCII, floats are the shortest text that reads back the
    same, so 1 and 1.0 stay different. JSON quotes and closes everything, so no two values share a text: a
    mapping whose keys are not all text is written as `{"!map": [[key, value], ...]}`, and so is one whose
    only key is "!map". Raises ValueError for anything else, and for numbers that are not finite.
    """
    return written(framed(value))


def written(value: Any) -> bytes:
    """Write what `framed` returned, or what is known to have text for keys and only finite numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def framed(value: Any) -> Any:
    """Return the value as JSON can hold it without two values becoming one. Raises ValueError as `canonical` does."""
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        if not math.isfinite(value):
            raise ValueError(f"{value} has no canonical form: only finite numbers do")
        return value
    if isinstance(value, list | tuple):
        return [framed(item) for item in value]
    if isinstance(value, dict):
        if all(type(key) is str for key in value) and value.keys() != {"!map"}:
            return {key: framed(item) for key, item in value.items()}
        pairs = [[framed(key), framed(item)] for key, item in value.items()]
        return {"!map": sorted(pairs, key=lambda pair: json.dumps(pair[0], sort_keys=True))}
    raise ValueError(f"a {type(value).__name__} has no canonical form")


def plain(value: Any) -> Any:
    """Undo `canonical` on a parsed JSON value: mappings come back sorted, with keys of their own types."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        if value.keys() == {"!map"}:
            return {plain(key): plain(item) for key, item in value["!map"]}
        return {key: plain(item) for key, item in value.items()}
    return value
