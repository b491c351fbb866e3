"""What is known of one source file by itself, kept by the digest of its bytes. Knows no other file.

The syntax tree is made only for bytes never seen before: nothing on the way to a known file imports `ast`.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from .values import Memo

SCHEMA = 4
"""Raised with every change of what is found or how it is digested."""

_PREFIX = f"code:{SCHEMA}:{sys.implementation.name}-{sys.hexversion:x}"

Span = tuple[int, int, int, int]
"""First line (from 1) and column, last line and the column behind the end; columns in bytes of UTF-8."""


class Import(NamedTuple):
    """One import. `names` is None for `import module`; `*` is a name like others."""

    level: int
    module: str
    names: list[str] | None
    line: int


class Construct(NamedTuple):
    kind: str
    construct: str
    line: int


class Alias(NamedTuple):
    """A name that a top-level import statement binds.

    `item` is what is taken from the module; None if that is the module itself, the empty text if it is the
    package at its top (`import a.b` binds `a`).
    """

    name: str
    level: int
    module: str
    item: str | None


class Piece(NamedTuple):
    """One top-level statement that can do something."""

    kind: Literal["def", "class", "const", "import", "other"]
    names: list[str]
    """What it binds, first one first."""
    digest: str
    """Of its meaning: without comments, layout, docstrings and places."""
    span: Span
    quiet: list[str] | None
    """None if running it may have an effect, so that it must run whoever is asked for. Otherwise it has none as
    long as the classes named here are quiet ones."""
    floats: bool
    """It does the same wherever among the others it stands."""
    is_main: bool
    """It stands under `if __name__ == "__main__"`."""
    uses: dict[str, int]
    """Global names with the attributes taken from them (`helpers.norm`) -> line. One that begins with a colon is
    not a name of this module but the dotted name of what a function imported (`:..tools.norm`)."""
    imports: list[Import]
    aliases: list[Alias]
    """Of `import`: what it binds. A star is one alias."""
    constructs: list[Construct]
    docs: list[Span]
    """Docstrings inside."""
    hooks: bool = False
    """A class that takes part when a subclass of it is made."""
    late: Sequence[str] = ()
    """Of one that does not float: names that it uses, itself or through others, and that floating ones bind after
    it. Where it needs them when it runs, it fails."""
    spare: Sequence[str] = ()
    """Of an import: the names that it binds to what has no effect when it is imported. Nobody misses those that
    nobody asks for."""
    mentions: Sequence[str] = ()
    """Spare names of the file that stand in annotations and texts: whoever reads these may ask for them."""


class Facts(NamedTuple):
    """Of a file that is no Python, `error` is (text, line, column) and the rest is empty."""

    pieces: list[Piece]
    names: list[str]
    """What is bound at the top level, sorted."""
    origins: dict[str, list[str]]
    """Name -> dotted names that nested imports, `try` and `if`, bind it to; relative ones begin with dots."""
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
    digest: str = ""
    """Of a notebook: of what counts of it. Empty for a file that counts by its pieces, or by its bytes."""
    unsure: Sequence[str] = ()
    """Those of its names that it need not bind: in a branch, say."""


def recall(digest: str, memo: Memo, *, kind: str = "py") -> Facts | None:
    """Return what is kept about a file; None if nothing is."""
    kept = memo.get(f"{_PREFIX}:{kind}:{digest}")
    if kept is None:
        return None
    pieces, *rest = json.loads(kept)
    return Facts([_piece(row) for row in pieces], *rest)


def _piece(row: list[Any]) -> Piece:
    row[8] = [Import(*item) for item in row[8]]
    row[9] = [Alias(*item) for item in row[9]]
    row[10] = [Construct(*item) for item in row[10]]
    return Piece(*row)


def keep(digest: str, memo: Memo, facts: Facts, *, kind: str = "py") -> None:
    memo.put(f"{_PREFIX}:{kind}:{digest}", json.dumps(facts, separators=(",", ":")).encode())


def broken(text: str, line: int, column: int) -> Facts:
    return Facts([], [], {}, True, None, False, {}, {}, (text, line, column))
