"""Any value of Python and numpy -> the plain value that JSON and YAML can hold. Knows no file."""

import math
import re
import sys
from typing import Any

from .errors import FormatError

_SIMPLE = re.compile(r"[A-Za-z_]\w*")


def plain(value: Any, *, shown: str, where: str = "") -> Any:
    """Return a value made of None, bool, int, float, str, list and dict alone, in the order given.

    Tuples become lists; numpy's scalars and arrays become numbers and lists. `shown` names the output and
    `where` the place inside it, for the FormatError that is raised for anything else: a number that is not
    finite, a set (it has no order), a key that is not text, a value that contains itself.
    """
    try:
        return _plain(value, shown, where)
    except RecursionError:
        raise FormatError(
            f"the value for {shown} contains itself, or is nested too deeply",
            "return a value without cycles",
        ) from None


def _plain(value: Any, shown: str, where: str) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, shown, where)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _finite(float(value), shown, where)
    if isinstance(value, list | tuple):
        return [_plain(item, shown, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, dict):
        return {
            _key(key, shown, where): _plain(item, shown, where + _step(key)) for key, item in value.items()
        }
    numpy = sys.modules.get("numpy")  # a value of numpy can be here only if somebody imported it
    if numpy is not None and isinstance(value, numpy.generic | numpy.ndarray):
        if value.dtype.kind in "biufUO":
            return _plain(value.tolist(), shown, where)
        raise _refused(f"a numpy value of type {value.dtype}", shown, where, "convert it to text or numbers")
    if isinstance(value, set | frozenset):
        raise _refused(
            f"a {type(value).__name__}, which has no order,", shown, where, "return `sorted(...)` of it"
        )
    raise _refused(
        f"a `{type_name(value)}`",
        shown,
        where,
        "it holds None, bool, int, float, str, list, tuple, dict and what numpy has of these",
    )


def type_name(value: Any) -> str:
    """Return the name of a value's type as a message shows it."""
    kind = type(value)
    package = kind.__module__.partition(".")[0]
    return kind.__qualname__ if package == "builtins" else f"{package}.{kind.__qualname__}"


def _text(value: str, shown: str, where: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise _refused(
            "text that is not Unicode (a lone surrogate)", shown, where, "decode it with `errors='replace'`"
        ) from None
    return str(value)


def _finite(value: float, shown: str, where: str) -> float:
    if not math.isfinite(value):
        raise _refused(f"the number {value}", shown, where, "replace it by None, or by a finite number")
    return value


def _key(key: Any, shown: str, where: str) -> str:
    if not isinstance(key, str):
        raise _refused(f"the key {key!r}, which is not text,", shown, where, "make the keys text: `str(key)`")
    return _text(key, shown, where)


def _step(key: Any) -> str:
    return f".{key}" if isinstance(key, str) and _SIMPLE.fullmatch(key) else f"[{key!r}]"


def _refused(what: str, shown: str, where: str, help: str) -> FormatError:  # noqa: A002 - the word of the message
    place = f" at `{where.removeprefix('.')}`" if where else ""
    return FormatError(f"{what} cannot be written to {shown}{place}", help)
