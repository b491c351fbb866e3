"""Text, bytes, JSON and JSON lines <-> files. Knows no other format, and no library but `json`."""

import json
from pathlib import Path
from typing import Any

from .errors import FormatError
from .plain import plain, type_name


def load_text(path: Path, shown: str) -> str:
    """Return the text as it is: UTF-8, no end of line translated, no mark at the beginning taken away."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{shown} is not UTF-8 text: byte {error.object[error.start]:#04x} at offset {error.start}",
            "annotate it as `bytes` or `Path` and decode it in the stage",
        ) from None


def load_bytes(path: Path, shown: str) -> bytes:  # noqa: ARG001 - one signature for all readers
    """Return the bytes."""
    return path.read_bytes()


def load_json(path: Path, shown: str) -> Any:
    """Return what the JSON text says; NaN and Infinity, which other programs write, are read."""
    return _parsed(load_text(path, shown).removeprefix("\ufeff"), shown, first_line=1)


def load_jsonl(path: Path, shown: str) -> list[Any]:
    """Return the value of each line; blank lines count as nothing."""
    lines = load_text(path, shown).removeprefix("\ufeff").split("\n")
    return [_parsed(line, shown, first_line=n) for n, line in enumerate(lines, 1) if line.strip()]


def save_text(value: Any, path: Path, shown: str) -> None:
    """Write text as UTF-8 and as it is: nothing is added at the end."""
    if not isinstance(value, str):
        raise FormatError(
            f"a `{type_name(value)}` cannot be written to {shown}", "it takes a `str` or `bytes`"
        )
    try:
        data = value.encode("utf-8")
    except UnicodeEncodeError:
        raise FormatError(
            f"the text for {shown} is not Unicode (a lone surrogate)",
            "decode it with `errors='replace'` where it is read",
        ) from None
    path.write_bytes(data)


def save_raw(value: Any, path: Path, shown: str) -> None:
    """Write text or bytes to a file of which nothing else is known."""
    if not isinstance(value, str):
        suffix = f"the suffix `{path.suffix}`" if path.suffix else "no suffix"
        raise FormatError(
            f"a `{type_name(value)}` cannot be written to {shown}: {suffix} says nothing of its format",
            "return `bytes` or `str`, or take the output as a parameter annotated `Path` and write it",
        )
    save_text(value, path, shown)


def save_json(value: Any, path: Path, shown: str) -> None:
    """Write JSON: keys in the order given, two spaces a level, a newline at the end."""
    text = json.dumps(plain(value, shown=shown), ensure_ascii=False, allow_nan=False, indent=2)
    path.write_bytes(f"{text}\n".encode())


def save_jsonl(value: Any, path: Path, shown: str) -> None:
    """Write each item of a list as one line of JSON."""
    if not isinstance(value, list | tuple):
        raise FormatError(
            f"a `{type_name(value)}` cannot be written to {shown}",
            "it takes a `list`, each item of which becomes one line",
        )
    with path.open("wb") as file:
        for index, item in enumerate(value):
            line = plain(item, shown=shown, where=f"[{index}]")
            file.write(json.dumps(line, ensure_ascii=False, allow_nan=False).encode() + b"\n")


def _parsed(text: str, shown: str, first_line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line = first_line + error.lineno - 1
        raise FormatError(
            f"{shown} is not JSON: {error.msg} at line {line}, column {error.colno}",
            "correct the file, or annotate it as `Path` or `str` and parse it in the stage",
        ) from None
    except RecursionError:
        raise FormatError(
            f"{shown} is nested too deeply",
            "annotate it as `Path` or `str` and parse it in the stage",
        ) from None
