"""Parts a shell script into commands and words, as far as that can be done without running it.

Tolerant: what it does not understand becomes a word that is not literal. Knows no file.
"""

from typing import NamedTuple


class Word(NamedTuple):
    text: str
    is_literal: bool
    """Nothing in it is expanded by the shell."""


class Command(NamedTuple):
    """One simple command, without its redirections."""

    words: tuple[Word, ...]
    inputs: tuple[Word, ...] = ()
    """Files that it gets by `<`."""
    document: str | None = None
    """The text that it gets by `<<` or `<<<`."""


Token = Command | str
"""A command, or `(` and `)` around what runs in a shell of its own."""

_ENDS = ";&|\n"
_GLOB = "*?[{}"


def tokens(text: str) -> list[Token]:
    """Return the commands of a script in order; those inside `$(...)` come before the one that uses them."""
    return _Shell(text).read()


class _Shell:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._out: list[Token] = []
        self._words: list[Word] = []
        self._inputs: list[Word] = []
        self._document: str | None = None
        self._piece: list[str] = []
        self._has_word = False
        self._is_literal = True
        self._redirect = ""
        self._awaited: list[tuple[str, bool]] = []
        """Ends of here-documents whose bodies follow the line, each with whether tabs are taken off."""

    def read(self) -> list[Token]:
        while self._at < len(self._text):
            self._step(self._text[self._at])
        self._end_command()
        return self._out

    def _step(self, char: str) -> None:
        rest = self._text[self._at + 1 : self._at + 2]
        if char in "\\'\"$`":
            self._quotation(char, rest)
        elif char in "<>":
            self._redirection(char)
        elif char == "#" and not self._has_word:
            self._at = self._index("\n", self._at)
        elif char in " \t\r":
            self._end_word()
            self._at += 1
        elif char in "()":
            self._end_command()
            self._out.append(char)
            self._at += 1
        elif char == "&" and rest == ">":
            self._end_word()
            self._at += 1
        elif char in _ENDS:
            self._end_command()
            self._at += 1
        else:
            if char in _GLOB and not (char in "{}" and not self._has_word):
                self._is_literal = False
            if char == "~" and not self._has_word:
                self._is_literal = False
            self._add(char)
            self._at += 1

    def _quotation(self, char: str, rest: str) -> None:
        if char == "\\":
            self._at += 2
            if rest != "\n":
                self._add(rest)
        elif char == "'":
            end = self._index("'", self._at + 1)
            self._add(self._text[self._at + 1 : end])
            self._at = end + 1
        elif char == '"':
            self._at += 1
            self._double_quoted()
        else:
            self._expansion()

    def _add(self, text: str) -> None:
        self._piece.append(text)
        self._has_word = True

    def _index(self, char: str, start: int) -> int:
        found = self._text.find(char, start)
        return len(self._text) if found < 0 else found

    def _double_quoted(self) -> None:
        self._has_word = True
        while self._at < len(self._text) and self._text[self._at] != '"':
            char = self._text[self._at]
            if char == "\\":
                following = self._text[self._at + 1 : self._at + 2]
                if following != "\n":
                    self._add(following if following in '"\\$`' else char + following)
                self._at += 2
            elif char in "$`":
                self._expansion()
            else:
                self._add(char)
                self._at += 1
        self._at += 1

    def _expansion(self) -> None:
        """Take `$name`, `${...}`, `$(...)` or backticks; commands in it are read, the word is not literal."""
        text, start = self._text, self._at
        if text[start] == "`":
            end = self._index("`", start + 1)
            self._inner(text[start + 1 : end])
            self._at = end + 1
        elif text.startswith("$$", start):
            self._at += 1  # `$${` is how pipeline.yaml writes `${`
            if not text.startswith("$${", start):
                self._unknown("")
                self._at += 1
        elif text.startswith("$((", start):
            end = self._closing(start + 2, "(", ")")
            self._unknown(text[start : end + 1])
            self._at = end + 1
        elif text.startswith("$(", start):
            end = self._closing(start + 1, "(", ")")
            self._inner(text[start + 2 : end])
            self._at = end + 1
        elif text.startswith("${", start):
            end = self._closing(start + 1, "{", "}")
            self._variable(text[start + 2 : end], end + 1)
        else:
            end = start + 1
            while end < len(text) and (text[end].isalnum() or text[end] == "_"):
                end += 1
            if end == start + 1 and text[end : end + 1] in ("'", '"'):
                self._at = end  # $'...' and $"..." are quotations
            elif end == start + 1 and text[end : end + 1] not in "@*#?!-":
                self._add("$")
                self._at = end
            else:
                self._variable(text[start + 1 : end], max(end, start + 2))

    def _variable(self, name: str, end: int) -> None:
        if name == "PWD" and not self._piece:
            self._add(".")  # `$PWD/x` is `./x`
        else:
            self._unknown("$" + name)
        self._at = end

    def _unknown(self, text: str) -> None:
        self._add(text)
        self._is_literal = False

    def _inner(self, text: str) -> None:
        self._out += ["(", *tokens(text), ")"]
        self._unknown("$()")

    def _closing(self, start: int, opening: str, closing: str) -> int:
        """Return where the bracket at `start` is closed; the text's end if it is not."""
        depth = 0
        at = start
        while at < len(self._text):
            char = self._text[at]
            if char == "\\":
                at += 1
            elif char == "'" and opening == "(":
                at = self._index("'", at + 1)
            elif char == opening:
                depth += 1
            elif char == closing:
                depth -= 1
                if depth == 0:
                    return at
            at += 1
        return len(self._text)

    def _redirection(self, char: str) -> None:
        text = self._text
        if text.startswith((char + "(",), self._at):
            end = self._closing(self._at + 1, "(", ")")
            self._inner(text[self._at + 2 : end])
            self._at = end + 1
            return
        if self._has_word and "".join(self._piece).isdigit():
            self._piece, self._has_word = [], False  # the 2 of `2>`
        self._end_word()
        operators = ("<<<", "<<-", "<<", "<>", "<&", "<") if char == "<" else (">>", ">|", ">&", ">")
        operator = next(item for item in operators if text.startswith(item, self._at))
        self._redirect = operator
        self._at += len(operator)

    def _end_word(self) -> None:
        if not self._has_word:
            return
        word = Word("".join(self._piece), self._is_literal)
        self._piece, self._has_word, self._is_literal = [], False, True
        redirect, self._redirect = self._redirect, ""
        if redirect in ("<<", "<<-"):
            self._awaited.append((word.text, redirect == "<<-"))
        elif redirect == "<<<":
            self._document = word.text
        elif redirect in ("<", "<>"):
            self._inputs.append(word)
        elif not redirect:
            self._words.append(word)

    def _end_command(self) -> None:
        self._end_word()
        if self._awaited:
            self._take_bodies()
        if self._words or self._document or self._inputs:
            self._out.append(Command(tuple(self._words), tuple(self._inputs), self._document))
        self._words, self._inputs, self._document = [], [], None

    def _take_bodies(self) -> None:
        """Cut the bodies out of the text: the line goes on after `<<EOF`, they follow it."""
        at, line_end = self._at, self._index("\n", self._at)
        self._at = line_end + 1
        self._document = self._read_bodies()
        self._text = self._text[: line_end + 1] + self._text[self._at :]
        self._at = at

    def _read_bodies(self) -> str:
        """Read the bodies of the awaited here-documents; leaves `_at` behind them."""
        bodies = []
        for end, strips_tabs in self._awaited:
            while self._at < len(self._text):
                stop = self._index("\n", self._at)
                line = self._text[self._at : stop]
                self._at = stop + 1
                line = line.lstrip("\t") if strips_tabs else line
                if line == end:
                    break
                bodies.append(line)
        self._awaited = []
        return "\n".join(bodies)
