"""What a shell script uses: programs and variables, line by line. Tolerant; knows no file and runs nothing."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from ..code.programs import is_python, python_call
from ..code.words import Command, tokens
from .values import ORDERED_AWAY, Sight

_ASSIGNED = re.compile(r"^([A-Za-z_]\w*)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*|\$)(?![\w.])")
_ARITHMETIC = re.compile(r"\(\((.*?)\)\)")
_HERE = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")
_FIXES_LOCALE = re.compile(r"\s*export\s.*\b(LC_ALL|LC_COLLATE)=")
_SORTED = re.compile(r"\|\s*(\w+=\S*\s+)*sort\b|\|\s*(wc|grep -c)\b")
_PREFIXES = frozenset(
    ("time", "exec", "nice", "command", "sudo", "if", "while", "!", "{", "do", "then", "else", "(")
)
_KEYWORDS = frozenset(("for", "case", "in", "done", "fi", "esac", "}", ")"))


class Line(NamedTuple):
    """A line with those that belong to it: continued by a backslash, or inside quotes. `document` follows `<<`."""

    number: int
    text: str
    document: str = ""


def sights(text: str) -> Iterator[Sight]:
    """Give the programs that a script starts as `sh:name`, and its variables as `sh:$NAME`, each with its line."""
    is_fixed = False
    for line in lines(text):
        is_fixed = is_fixed or bool(_FIXES_LOCALE.match(line.text))
        for name in _variables(line.text):
            yield Sight(f"sh:${name}", line.number, text=line.text)
        for token in tokens(line.text):
            if isinstance(token, Command):
                yield from _command(token, line, is_fixed=is_fixed)


def _variables(text: str) -> Iterator[str]:
    expanded = re.sub(r"'[^']*'", "''", text)
    yield from (match.group(1) for match in _VARIABLE.finditer(expanded))
    # In arithmetic a name needs no dollar.
    for arithmetic in _ARITHMETIC.findall(expanded):
        yield from re.findall(r"\b[A-Za-z_]\w*", arithmetic)


def python_in(text: str) -> Iterator[tuple[int, str]]:
    """Give the Python code that stands in a script (`python -c`, `python - <<EOF`) with the line where it begins."""
    for line in lines(text):
        for token in tokens(line.text):
            words = token.words if isinstance(token, Command) else ()
            if not words or not is_python(words[0]):
                continue
            call = python_call(words[1:])
            if call.code is not None:
                before = line.text.partition(call.code.text.partition("\n")[0])[0]
                yield line.number + before.count("\n"), call.code.text
            elif call.script is None and call.module is None and line.document:
                yield line.number + line.text.count("\n") + 1, line.document


def _command(command: Command, line: Line, *, is_fixed: bool) -> Iterator[Sight]:
    words = [word.text for word in command.words]
    settings = {}
    while words and (words[0] in _PREFIXES or _ASSIGNED.match(words[0])):
        found = _ASSIGNED.match(words.pop(0))
        if found:
            settings[found.group(1)] = found.group(2)
    if is_fixed or {"LC_ALL", "LC_COLLATE"} & settings.keys():
        settings["LC_ALL"] = "set"
    for word in (*command.words[1:], *command.inputs):
        if word.text.startswith("/dev/"):
            yield Sight(f"sh:{word.text}", line.number, text=line.text)
        if not word.is_literal and re.fullmatch(r"[^-\s]?[^\s]*[*?]\S*", word.text) and "$" not in word.text:
            yield Sight("sh:<glob>", line.number, text=line.text, keywords=settings)
    if words and words[0] not in _KEYWORDS:
        yield Sight(
            f"sh:{words[0].rpartition('/')[2]}",
            line.number,
            is_called=True,
            text=" ".join(words),
            positional=len(words) - 1,
            keywords={**settings, **dict.fromkeys(_options(words), "")},
            notes=frozenset((ORDERED_AWAY,)) if _SORTED.search(line.text) else frozenset(),
        )


def _options(words: list[str]) -> Iterator[str]:
    """Give `--mtime` of `--mtime=@0`, and of `-cf` each letter by itself and both together."""
    for word in words[1:]:
        if word.startswith("--"):
            yield word.partition("=")[0]
        elif word.startswith("-"):
            yield word
            yield from (f"-{letter}" for letter in word[1:])
    if words[0] == "tar" and len(words) > 1 and not words[1].startswith("-"):
        yield from (f"-{letter}" for letter in words[1])


def lines(text: str) -> Iterator[Line]:
    """Cut a script into its lines; those that are empty or a comment are left out."""
    physical = text.split("\n")
    at = 0
    while at < len(physical):
        number = at + 1
        parts = [physical[at]]
        quote = _quote_after(physical[at], "")
        at += 1
        while at < len(physical) and (parts[-1].endswith("\\") or quote):
            parts[-1] = parts[-1][:-1] if parts[-1].endswith("\\") else parts[-1] + "\n"
            quote = _quote_after(physical[at], quote)
            parts.append(physical[at])
            at += 1
        whole = "".join(parts)
        document: list[str] = []
        here = _HERE.search(whole)
        if here:
            while at < len(physical) and physical[at].strip() != here.group(2):
                document.append(physical[at])
                at += 1
            at += 1
        if whole.strip() and not whole.lstrip().startswith("#"):
            yield Line(number, whole, "\n".join(document))


def _quote_after(line: str, quote: str) -> str:
    """Return the quotation mark that is open at a line's end; `quote` is the one that is at its beginning."""
    at = 0
    while at < len(line):
        char = line[at]
        if char == "\\" and quote != "'":
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "#" and (at == 0 or line[at - 1].isspace()):
            break
        at += 1
    return quote
