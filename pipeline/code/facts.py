"""What is known of one source file by itself, kept by the digest of its bytes. Knows no other file.

The syntax tree is made only for bytes never seen before: nothing on the way to a known file imports `ast`.
"""

import json
import sys
from typing import NamedTuple

from .values import Memo

SCHEMA = 1
"""Raised with every change of what is found or how it is digested."""

_PREFIX = f"code:{SCHEMA}:{sys.implementation.name}-{sys.hexversion:x}"


class Import(NamedTuple):
    """One import. `names` is None for `import module`; `*` is a name like others."""

    level: int
    module: str
    names: list[str] | None
    line: int
    is_main: bool
    """It stands under `if __name__ == "__main__"`."""


class Construct(NamedTuple):
    kind: str
    construct: str
    line: int
    is_main: bool


class Facts(NamedTuple):
    """Of a file that is no Python, `error` is (text, line, column) and the rest is empty."""

    whole: str
    """Digest of the meaning, with what is done when the file is run as a script."""
    imported: str
    """Digest of the meaning when the file is imported."""
    imports: list[Import]
    constructs: list[Construct]
    names: list[str]
    """What is bound at the top level, sorted."""
    is_open: bool
    """More names may be bound, by `import *`, `__getattr__` or `globals()`."""
    exports: list[str] | None
    """`__all__`; None if there is none, or it is computed (then `is_open_export`)."""
    is_open_export: bool
    aliases: dict[str, str]
    """Top-level name -> the dotted name that it stands for; relative ones begin with dots."""
    defs: dict[str, tuple[int, bool, list[list[str | bool | None]]]]
    """`f` or `Class.method` -> line, whether the signature holds, parameters."""
    error: tuple[str, int, int] | None = None


def recall(digest: str, memo: Memo, *, kind: str = "py") -> Facts | None:
    """Return what is kept about a file; None if nothing is."""
    kept = memo.get(f"{_PREFIX}:{kind}:{digest}")
    if kept is None:
        return None
    facts = Facts(*json.loads(kept))
    return facts._replace(
        imports=[Import(*row) for row in facts.imports],
        constructs=[Construct(*row) for row in facts.constructs],
    )


def keep(digest: str, memo: Memo, facts: Facts, *, kind: str = "py") -> None:
    memo.put(f"{_PREFIX}:{kind}:{digest}", json.dumps(facts, separators=(",", ":")).encode())


def broken(text: str, line: int, column: int) -> Facts:
    return Facts("", "", [], [], [], True, None, False, {}, {}, (text, line, column))
