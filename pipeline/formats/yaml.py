"""YAML <-> files. Knows how to write it; leaves reading to the parser of `config`."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import FormatError
from .plain import plain
from .text import load_text

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*")
_MEANT_OTHERWISE = frozenset({"y", "yes", "n", "no", "on", "off", "true", "false", "null"})
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def load_yaml(path: Path, shown: str) -> Any:
    """Return what the one document says, by the rules of pipeline.yaml: YAML 1.2 core; a date is text."""
    from ..config.syntax import Broken  # late: the parser imports PyYAML
    from ..config.yaml import parse

    try:
        tree = parse(load_text(path, shown).removeprefix("\ufeff"))
    except Broken as broken:
        raise _not_yaml(shown, broken.flaw) from None
    if tree.flaws:
        raise _not_yaml(shown, tree.flaws[0])
    return tree.value


def save_yaml(value: Any, path: Path, shown: str) -> None:
    """Write block style, keys in the order given.

    Text stands bare only where YAML 1.1 and 1.2 both read it as text; else it is quoted as in JSON. A float
    always has a point, for YAML 1.1 takes `1e-05` for text.
    """
    # Not by a library, whose versions would differ in their bytes.
    text = "\n".join(_lines(plain(value, shown=shown)))
    path.write_bytes(f"{text}\n".encode())


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _under(f"{_scalar(key)}:", item, indent="  ")
    elif isinstance(value, list) and value:
        for item in value:
            yield from _beside(item)
    else:
        yield _scalar(value)


def _under(head: str, item: Any, *, indent: str) -> Iterator[str]:
    if isinstance(item, dict | list) and item:
        yield head
        yield from (indent + line for line in _lines(item))
    else:
        yield f"{head} {_scalar(item)}"


def _beside(item: Any) -> Iterator[str]:
    for index, line in enumerate(_lines(item)):
        yield ("  " if index else "- ") + line


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        if _BARE.fullmatch(value) and value.lower() not in _MEANT_OTHERWISE:
            return value
        return _UNPRINTABLE.sub(
            lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False)
        )
    if isinstance(value, float):
        mantissa, e, exponent = repr(value).partition("e")
        return mantissa + ("" if "." in mantissa else ".0") + e + exponent
    return json.dumps(value)


def _not_yaml(shown: str, flaw: Any) -> FormatError:
    return FormatError(
        f"{shown} is not YAML: {flaw.text}, at line {flaw.line + 1}, column {flaw.column + 1}",
        flaw.help or "correct the file, or annotate it as `Path` and parse it in the stage",
    )
