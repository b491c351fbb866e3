"""Source text -> coloured lines. Knows languages by the names of files, and colours by a letter alone."""

from functools import lru_cache
from typing import Any

from .markup import Html, element, text

_LETTERS = {
    "Token.Keyword": "k",
    "Token.Operator.Word": "k",
    "Token.Name.Decorator": "f",
    "Token.Name.Function": "f",
    "Token.Name.Class": "f",
    "Token.Literal.String": "s",
    "Token.Literal.Number": "n",
    "Token.Comment": "c",
}
_MOST_CHARACTERS = 400_000


@lru_cache(256)
def lines(source: str, path: str) -> tuple[Html, ...]:
    """Return the lines of a source, each with its colours: no colour goes on over a line's end."""
    lexer = _lexer(path) if len(source) <= _MOST_CHARACTERS else None
    if lexer is None:
        return tuple(text(line) for line in source.split("\n"))
    out: list[list[Html]] = [[]]
    for kind, value in lexer.get_tokens(source):
        letter = _letter(str(kind))
        for number, part in enumerate(value.split("\n")):
            if number:
                out.append([])
            if part:
                out[-1].append(
                    element("i", {"class": letter}, part) if letter and part.strip() else text(part)
                )
    return tuple(Html("".join(line)) for line in out)


def _lexer(path: str) -> Any:
    # By name, since pygments' own search imports whatever lexers may fit.
    options = {"stripnl": False, "ensurenl": False}
    if path.endswith((".py", ".pyi")):
        from pygments.lexers.python import PythonLexer

        return PythonLexer(**options)
    if path.endswith((".sh", ".bash")):
        from pygments.lexers.shell import BashLexer

        return BashLexer(**options)
    return None


@lru_cache(512)
def _letter(kind: str) -> str:
    while kind:
        if kind in _LETTERS:
            return _LETTERS[kind]
        kind = kind.rpartition(".")[0]
    return ""
