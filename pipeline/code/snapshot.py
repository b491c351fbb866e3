"""Writes what the child imports: of each file the statements that are in the key, on their own lines. Knows no names.

What is left out is blank, and so are docstrings, which are not in the key: no reader of them can be served stale.
"""

from collections.abc import Callable

from .facts import Facts, Span
from .graph import of_file
from .sources import Sources
from .values import Code, Memo, Parts

_LOADS = "from {} import __name__ as __pipe_loads__"
"""Loads a module and takes nothing from it: every module has a name."""


def pruned(code: Code, sources: Sources, memo: Memo, *, read: Callable[[str], bytes]) -> dict[str, bytes]:
    """Return the text to import, by path; the file's own bytes for those that count by their bytes.

    `read` gives the bytes of a digest: the file may have been edited since it was looked at.
    """
    written: dict[str, bytes] = {}
    for path, digest in code.files.items():
        part = code.parts.get(path)
        data = read(digest)
        written[path] = data if part is None else _write(data, of_file(path, sources, memo), part)
    return written


def left_out(code: Code, sources: Sources, memo: Memo) -> dict[str, dict[str, int]]:
    """Return by path the names of definitions that the text lacks, with the line on which each begins."""
    found: dict[str, dict[str, int]] = {}
    for path, part in code.parts.items():
        if part is None:
            continue
        names: dict[str, int] = {}
        kept: set[str] = set()
        for number, piece in enumerate(of_file(path, sources, memo).pieces):
            taken = part.taken.get(number)
            is_kept = number in part.pieces
            kept.update(name for name in piece.names if is_kept and (taken is None or name in taken))
            if not piece.is_main:
                names |= {name: piece.span[0] for name in piece.names if name not in names}
        missing = {name: line for name, line in names.items() if name not in kept}
        if missing:
            found[path] = dict(sorted(missing.items()))
    return found


def _write(data: bytes, facts: Facts, part: Parts) -> bytes:
    lines = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    out = bytearray()
    line = 1
    if lines[0].startswith(b"#!"):
        out += lines[0]  # how a script is started
    last: Span | None = None
    for number in part.pieces:
        piece = facts.pieces[number]
        if last is not None and tuple(piece.span) == tuple(last):
            continue  # a main block and its `else` are one statement
        text = _text(lines, piece.span, piece.docs)
        if number in part.taken:
            text = _import(facts, number, part.taken[number]) + b"\n" * text.count(b"\n")
        out += b"\n" * (piece.span[0] - line) if piece.span[0] > line else b"; " if last is not None else b""
        out += text
        line = piece.span[2]
        last = piece.span
    return bytes(out) + b"\n" * max(len(lines) - line, 1)


def _text(lines: list[bytes], span: Span, docs: list[Span]) -> bytes:
    """Return a statement's text with its docstrings blank: `(0)` over as many lines does nothing either."""
    first, begin, last, end = span
    kept = lines[first - 1 : last]
    kept[-1] = kept[-1][:end]
    out = b""
    at, column = first, begin
    for doc in sorted(map(tuple, docs)):
        out += _between(kept, first, (at, column, doc[0], doc[1]))
        out += b"(" + b"\n" * (doc[2] - doc[0]) + b"0)"
        at, column = doc[2], doc[3]
    return out + _between(kept, first, (at, column, last, end))


def _between(kept: list[bytes], first: int, span: Span) -> bytes:
    part = kept[span[0] - first : span[2] - first + 1]
    part[-1] = part[-1][: span[3]]
    part[0] = part[0][span[1] :]
    return b"\n".join(part)


def _import(facts: Facts, number: int, taken: tuple[str, ...]) -> bytes:
    """Write an import statement with what is asked for; every name of a star that is, in place of the star."""
    aliases = facts.pieces[number].aliases
    base = "." * aliases[0].level + aliases[0].module
    if aliases[0].item == "*":
        listed = ["*"] if "*" in taken else list(taken)
    else:
        listed = [
            alias.item if alias.item == alias.name else f"{alias.item} as {alias.name}"
            for alias in aliases
            if alias.name in taken and alias.item
        ]
    return (f"from {base} import {', '.join(listed)}" if listed else _LOADS.format(base)).encode()
