"""Plain scalars of YAML 1.2 (core schema), read and written. Knows no quotes, tags or positions."""

import json
import math
import re
import sys
from typing import Any

from .wrong import Wrong

_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_STARTS_NUMBER = frozenset("+-.0123456789")
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def read(text: str) -> Any:
    """Return the value of a plain scalar. Raises Wrong for `.nan`, `.inf` and too long numbers."""
    if text[:1] not in _STARTS_NUMBER:
        return _WORDS.get(text, text)
    if _DECIMAL.fullmatch(text):
        return _whole(text, 10)
    if _FLOAT.fullmatch(text):
        return _finite(text)
    if _OCTAL.fullmatch(text):
        return _whole(text[2:], 8)
    if _HEXADECIMAL.fullmatch(text):
        return _whole(text[2:], 16)
    if _NOT_FINITE.fullmatch(text):
        raise Wrong(f"`{text}` is not a finite number", f'quote it if it is text: "{text}"')
    return text


def write(value: Any) -> str:
    """Return a scalar as YAML and JSON write it; text as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _whole(text: str, base: int) -> int:
    # Python refuses to print longer ones (their cost grows with the square), so no lock file could hold them.
    digits = sys.get_int_max_str_digits() or 4300
    value = int(text, base) if base != 10 or len(text) <= digits else None
    if value is None or value.bit_length() > (digits - 1) * 3.32:
        raise Wrong(f"the number has more than {digits} digits", "quote it if it is text")
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Wrong(
            f"`{text}` is too large for a number with a fraction", f'quote it if it is text: "{text}"'
        )
    return value
