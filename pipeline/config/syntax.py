"""Says in our words why a text is not YAML. Knows no file and no pipeline."""

import re
from typing import Any, NamedTuple

from .wrong import short

_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = re.compile(r"\$\{[^{}]*\}?")


class Flaw(NamedTuple):
    """Something wrong in a text. Line and column count from 0 here, as the parser does."""

    line: int
    column: int
    length: int
    text: str
    help: str = ""


class Broken(Exception):
    """A text that cannot be read to its end."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.text)
        self.flaw = flaw


def lines(text: str) -> list[str]:
    """Return the lines as YAML counts them, without their ends."""
    return _LINE_END.split(text)


def check_characters(text: str) -> None:
    """Raise Broken at the first character that YAML does not allow."""
    found = _UNPRINTABLE.search(text)
    if found:
        before = lines(text[: found.start()])
        code = f"U+{ord(found[0]):04X}"
        advice = "remove the character; in a quoted text write it as an escape"
        raise Broken(
            Flaw(len(before) - 1, len(before[-1]), 1, f"the character {code} is not allowed here", advice)
        )


def explain(error: Any, text: str) -> Flaw:
    """Return what a parser's error means."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    context = getattr(error, "context", None) or ""
    problem = str(getattr(error, "problem", None) or error)
    all_lines = lines(text)
    line = min(mark.line if mark else 0, len(all_lines) - 1)
    column = mark.column if mark and mark.line == line else len(all_lines[line])
    source = all_lines[line]
    if "alias" in context:
        start = error.context_mark.column
        word = _word(source, start)
        return Flaw(
            line, start, len(word), "a value that starts with `*` is an alias", f'quote it: "{short(word)}"'
        )
    if "expected ',' or" in problem and (found := _reference(source, column)):
        advice = f'quote it: "{found[0]}"' if found[0].endswith("}") else "quote the value"
        return Flaw(line, found.start(), len(found[0]), "a `${...}` inside brackets must be quoted", advice)
    if "cannot start any token" in problem and source[column : column + 1] == "\t":
        return Flaw(line, column, 1, "a tab cannot indent a line", "indent with spaces")
    return _plain(problem, context, error, Flaw(line, column, 0, ""), source)


def _plain(problem: str, context: str, error: Any, place: Flaw, source: str) -> Flaw:
    if "cannot start any token" in problem:
        word = _word(source, place.column)
        return place._replace(
            length=1, text=f"a value cannot start with `{word[:1]}`", help=f'quote it: "{short(word)}"'
        )
    if "mapping values are not allowed" in problem:
        return place._replace(
            length=1,
            text="a `:` is not expected here",
            help="check the indentation; if the `:` is part of the value, quote the value",
        )
    if "quoted scalar" in context and ("end of stream" in problem or "document indicator" in problem):
        start = getattr(error, "context_mark", None)
        at = place if start is None else Flaw(start.line, start.column, 1, "")
        return at._replace(text="a quoted text is not closed", help="add the quote that closes it")
    if "escape" in problem:
        advice = "write the character itself, or quote the text with '...'"
        return place._replace(text="YAML does not know this escape", help=advice)
    if "flow" in context and "expected" in problem:
        start = getattr(error, "context_mark", None)
        opened = f" since line {start.line + 1}" if start is not None and start.line < place.line else ""
        bracket = "}" if "mapping" in context else "]"
        return place._replace(
            text=f"`,` or `{bracket}` is missing",
            help=f"close the bracket that is open{opened}, or quote the value",
        )
    if "block" in context or "expected <document start>" in problem or "block end" in problem:
        return place._replace(
            text="the line does not continue what stands above it",
            help="indent it like the lines that it belongs to",
        )
    if "expected ':'" in problem:
        return place._replace(text="a `:` is missing after a key", help="write `key: value`")
    return place._replace(
        text=f"this is not YAML: {problem.lower()}", help="correct the line, or quote the value"
    )


def _reference(source: str, column: int) -> re.Match[str] | None:
    """Return the last unquoted `${...}` that begins before the place where the parser gave up."""
    found = [match for match in _REFERENCE.finditer(source) if match.start() <= column]
    return found[-1] if found else None


def _word(source: str, start: int) -> str:
    """Return the rest of a plain scalar."""
    rest = source[start:]
    return re.split(r"\s+#|\s*[,\]}]\s*|:\s|\s+$", rest, maxsplit=1)[0]
