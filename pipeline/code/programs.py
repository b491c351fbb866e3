"""Which programs run code that stands in a file or an argument, and how their options are read. A table."""

import os
import re
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from .words import Word

SHELLS = frozenset({"bash", "dash", "ksh", "sh", "zsh"})
INTERPRETERS = frozenset(
    {"Rscript", "awk", "bun", "deno", "gawk", "julia", "lua", "node", "octave", "perl", "php", "ruby", "sed"}
)
"""They run the file that they are given first; it counts by its bytes."""
_BY_OPTION = frozenset({"awk", "gawk", "sed"})
"""These run the file that follows `-f`."""
WRAPPERS = frozenset(
    {
        "conda",
        "env",
        "exec",
        "hatch",
        "micromamba",
        "mpiexec",
        "mpirun",
        "nice",
        "nohup",
        "pdm",
        "pipenv",
        "pixi",
    }
    | {"poetry", "srun", "sudo", "time", "timeout", "uv", "xargs"}
)
"""They run the program that stands among their arguments."""
TEST_RUNNERS = frozenset({"nox", "py.test", "pytest", "tox", "unittest"})
KEYWORDS = frozenset(
    {"!", "{", "}", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if"}
    | {"in", "select", "then", "time", "until", "while"}
)
_PYTHON = re.compile(r"^python(\d(\.\d+)?)?$")
_WITH_VALUE = "WX"
_STARTS = re.compile(r"^(?:from\s+([\w.]+)\s+import|import\s+([\w.]+))", re.MULTILINE)


class PythonCall(NamedTuple):
    """How `python` was called. Exactly one of the first four is set, or none (code by standard input)."""

    script: Word | None = None
    module: Word | None = None
    code: Word | None = None
    rest: Sequence[Word] = ()


def is_python(word: Word) -> bool:
    return word.is_literal and bool(_PYTHON.match(word.text.rpartition("/")[2]))


def python_call(words: Sequence[Word]) -> PythonCall:
    """Read the arguments of `python`."""
    at = 0
    while at < len(words):
        text = words[at].text
        if text == "--":
            at += 1
            break
        if text == "-" or not text.startswith("-"):
            break
        if text.startswith("--"):
            at += 2 if text == "--check-hash-based-pycs" else 1
            continue
        for index, option in enumerate(text[1:], 1):
            if option in "cm" or option in _WITH_VALUE:
                attached = text[index + 1 :]
                value = Word(attached, words[at].is_literal) if attached else None
                if value is None:
                    at += 1
                    value = words[at] if at < len(words) else Word("", True)
                if option == "c":
                    return PythonCall(code=value, rest=words[at + 1 :])
                if option == "m":
                    return PythonCall(module=value, rest=words[at + 1 :])
                break
        at += 1
    if at >= len(words) or words[at].text == "-":
        return PythonCall(rest=words[at + 1 :])
    return PythonCall(script=words[at], rest=words[at + 1 :])


def first_script(name: str, words: Sequence[Word]) -> Word | None:
    """Return the script among the arguments of an interpreter; None if its program stands in the command."""
    if name in _BY_OPTION:
        return next((word for option, word in pairwise(words) if option.text == "-f"), None)
    for word in words:
        if word.text in ("-e", "-E", "--eval", "-p"):
            return None
        if not word.text.startswith("-"):
            return word
    return None


def console_module(name: str) -> str | None:
    """Return the module that an installed command starts (`papermill` -> `papermill.__main__`); None if it is
    no command of this interpreter's environment."""
    try:
        with open(os.path.join(os.path.dirname(sys.executable), name), "rb") as file:
            head = file.read(2048)
    except OSError:
        return None
    if not head.startswith(b"#!") or b"python" not in head.partition(b"\n")[0]:
        return None
    for match in _STARTS.finditer(head.decode("utf-8", "replace")):
        module = match.group(1) or match.group(2)
        if module not in ("re", "sys", "os", "importlib"):
            return module
    return None


def shebang(data: bytes) -> str:
    """Return the program that a script's first line names; empty if there is none."""
    first = data[:256].partition(b"\n")[0].decode("utf-8", "replace")
    if not first.startswith("#!"):
        return ""
    words = first[2:].split()
    names = [word.rpartition("/")[2] for word in words if not word.startswith("-")]
    if names and names[0] == "env":
        names = names[1:]
    return names[0] if names else ""
