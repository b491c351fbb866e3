"""From a stage's command to the scripts and modules that it starts, and what they reach. Runs nothing."""

import json
import re
import sys
from collections.abc import Sequence

from .. import digest as digests
from . import constructs, programs, reach
from . import facts as known
from .facts import Facts
from .graph import Graph, Node, graph
from .sources import Sources, normal, under
from .values import Code, Memo, Parts, Unpickled, Widening
from .words import Command, Token, Word, tokens

_ENTRY = re.compile(r"^([^\W\d][\w.]*):[^\W\d][\w.]*$")
_ASSIGNMENT = re.compile(r"^[^\W\d]\w*\+?=")


def of_command(
    cmd: str | tuple[str, ...],
    roots: Sequence[str],
    sources: Sources,
    memo: Memo,
    unpickled: Unpickled = reach.NO_PICKLES,
) -> Code:
    """Return what a command's scripts reach: a text is for bash, a tuple is a program with its arguments.

    `${...}` is opaque. A script that only the running command could name widens to all modules under the
    roots. What pickles refer to counts if any of the command is Python. Raises CodeError for a script or a
    module that is reached and is no Python.
    """
    reader = _Reader(roots, sources, memo)
    if isinstance(cmd, str):
        reader.text(cmd)
    else:
        reader.read([Command(tuple(Word(item, "${" not in item) for item in cmd))])
    return reader.result(unpickled)


class _Reader:
    """Follows a script's commands in order, with the folder they run in (None once that is not known)."""

    def __init__(self, roots: Sequence[str], sources: Sources, memo: Memo) -> None:
        self._roots = tuple(roots)
        self._sources = sources
        self._memo = memo
        self._cwd: str | None = ""
        self._extra: tuple[str, ...] = ()
        self._starts: dict[tuple[str, ...], list[tuple[Node, bool]]] = {}
        self._widened: list[tuple[str, Widening]] = []
        self._units: dict[str, str] = {}
        self._files: dict[str, str] = {}
        self._parts: dict[str, Parts | None] = {}
        self._others: set[str] = set()
        self._absent: set[str] = set()
        self._read: set[tuple[str, str | None]] = set()
        self._place = "the command"

    def result(self, unpickled: Unpickled) -> Code:
        reaches = [
            reach.of_starts(self._graph(*key), starts, unpickled=unpickled)
            for key, starts in self._starts.items()
        ]
        if self._widened or (self._others and any(unpickled)):
            main = self._graph(*self._first_roots())
            reaches.append(reach.of_starts(main, [], self._widened, unpickled=unpickled))
        own = reach.Reach(
            self._units,
            self._files,
            frozenset(self._others),
            frozenset(self._absent),
            frozenset(widening for _, widening in self._widened),
            frozenset(),
            {path: (path, 1) for path in self._units},
            dict.fromkeys(self._units),
            self._parts,
        )
        return reach.code([own, *reaches])

    def text(self, text: str) -> None:
        self.read(tokens(text))

    def read(self, commands: Sequence[Token]) -> None:
        folders: list[str | None] = []
        for item in commands:
            if item == "(":
                folders.append(self._cwd)
            elif item == ")":
                self._cwd = folders.pop() if folders else self._cwd
            elif isinstance(item, Command):
                self._command(item)

    def _graph(self, *roots: str) -> Graph:
        return graph(tuple(root or "." for root in roots), self._sources, self._memo)

    def _first_roots(self) -> tuple[str, ...]:
        """The folder of the command, then the import roots: where `python -m` and `python -c` look."""
        return tuple(dict.fromkeys(root or "." for root in (self._cwd or "", *self._extra, *self._roots)))

    def _start(self, node: Node, roots: tuple[str, ...], *, is_main: bool) -> None:
        self._starts.setdefault(roots, []).append((node, is_main))

    def _widen(self, construct: str, *kinds: str) -> None:
        for kind in kinds or ("everything", "main"):
            self._widened.append((kind, Widening(construct, self._place, 1, constructs.reaches(kind))))

    def _command(self, command: Command) -> None:
        words = list(command.words)
        while words and (words[0].text in programs.KEYWORDS or _ASSIGNMENT.match(words[0].text)):
            self._python_path(words.pop(0))
        if not words:
            return
        program = words[0].text
        if program in ("cd", "pushd", "popd"):
            self._change_folder(words[1:])
        elif program in ("source", ".") and len(words) > 1:
            self._run_file(words[1], "sh")
        elif program in ("eval", "trap"):
            self._shell_text(
                Word(" ".join(word.text for word in words[1:]), all(word.is_literal for word in words))
            )
        else:
            self._program(words, command)

    def _program(self, words: list[Word], command: Command) -> None:
        """Read one program with its arguments; `env`, `uv run`, `xargs` and the like may come before it."""
        for at, word in enumerate(words):
            self._python_path(word)
            name = word.text.rpartition("/")[2]
            follows = words[at + 1].text if at + 1 < len(words) else ""
            is_unknown = at == 0 and not word.is_literal
            if programs.is_python(word) or (is_unknown and follows in ("-m", "-c")):
                self._python(words[at + 1 :], command)
                return
            if word.is_literal and name in programs.SHELLS:
                self._shell(words[at + 1 :], command)
                return
            if word.is_literal and name in programs.INTERPRETERS:
                script = programs.first_script(name, words[at + 1 :])
                if script:
                    self._run_file(script, name)
                return
            if name in programs.TEST_RUNNERS and at == 0:
                self._widen(name, "tests", "main")
            if at == 0 or words[0].text in programs.WRAPPERS:
                self._run_file(word, "")
            if name == "jupyter" and follows:
                self._installed(Word(f"jupyter-{follows}", words[at + 1].is_literal))
            self._argument(word, follows if word.text in ("-m", "--module") else "")

    def _change_folder(self, words: list[Word]) -> None:
        plain = [word for word in words if word.text != "--"]
        is_known = len(plain) == 1 and plain[0].is_literal and plain[0].text != "-" and self._cwd is not None
        self._cwd = normal(under(self._cwd or "", plain[0].text)) if is_known else None

    def _python_path(self, word: Word) -> None:
        if word.text.startswith("PYTHONPATH="):
            folders = [item for item in word.text.partition("=")[2].split(":") if item and "$" not in item]
            known_folders = [normal(under(self._cwd or "", folder)) for folder in folders]
            self._extra += tuple(folder for folder in known_folders if folder is not None)

    def _shell(self, words: list[Word], command: Command) -> None:
        for at, word in enumerate(words):
            if at and words[at - 1].text.startswith(("-", "+")) and words[at - 1].text.endswith(("o", "O")):
                continue  # the value of `-o`
            if word.text.startswith("-") and "c" in word.text and not word.text.startswith("--"):
                if at + 1 < len(words):
                    self._shell_text(words[at + 1])
                return
            if not word.text.startswith(("-", "+")):
                self._run_file(word, "sh")
                for argument in words[at + 1 :]:
                    self._argument(argument, "")
                return
        if command.document is not None:
            self.text(command.document)
        for word in command.inputs:
            self._run_file(word, "sh")

    def _shell_text(self, word: Word) -> None:
        """Read the argument of `bash -c`. What it expands may name scripts, but not run unnamed text."""
        folder = self._cwd
        self.text(word.text)
        self._cwd = folder

    def _path(self, word: Word) -> str | None:
        """Return the project's file that a word names; None if it names none."""
        if not word.is_literal or self._cwd is None:
            return None
        path = normal(under(self._cwd, word.text)) if not word.text.startswith("/") else None
        return path if path and self._sources.is_file(path) else None

    def _run_file(self, word: Word, program: str) -> None:
        """Take a file that is run: by `program`, or by what its first line says."""
        if program == "" and "/" not in word.text:
            self._installed(word)
            return
        path = self._path(word)
        if path is None:
            if not word.is_literal and program == "sh":
                self._widen(f"a computed script: {word.text}")
            return
        data = self._sources.read(path) if not path.endswith(".py") else b""
        by = program or programs.shebang(data) or ("sh" if b"\0" not in data[:1024] else "")
        if path.endswith(".py") or by.startswith("python"):
            self._script(path)
            return
        self._whole_file(path)
        if by in programs.SHELLS and (path, self._cwd) not in self._read:
            self._read.add((path, self._cwd))
            place, self._place = self._place, path
            self.text(data.decode("utf-8", "replace"))
            self._place = place

    def _whole_file(self, path: str) -> None:
        digest = self._sources.digest(path)
        assert digest is not None, f"{path} is no file"
        self._parts[path] = None
        self._units[path] = digests.of_bytes(f"{path}\n{digest}".encode())
        self._files[path] = digest

    def _script(self, path: str, *, is_whole: bool = False) -> None:
        folder = path.rpartition("/")[0]
        roots = tuple(dict.fromkeys(root or "." for root in (folder, *self._extra, *self._roots)))
        self._start(self._graph(*roots).script(path, is_whole=is_whole), roots, is_main=True)

    def _installed(self, word: Word) -> None:
        """Follow an installed command (`papermill`) to the module that it starts."""
        key = ("console", word.text)
        if key not in self._sources.kept:
            self._sources.kept[key] = programs.console_module(word.text) if word.is_literal else None
        module = self._sources.kept[key]
        if module:
            self._module(module, is_main=False)

    def _argument(self, word: Word, module: str) -> None:
        """Take a word that is neither a program nor known to be run: it may be run all the same."""
        if module:
            place = self._graph(*self._first_roots()).places.find(module)
            if place:
                self._module(module, is_main=True)
            return
        entry = _ENTRY.match(word.text)
        if entry and word.is_literal and self._graph(*self._first_roots()).places.find(entry.group(1)):
            self._module(entry.group(1), is_main=False)
            return
        path = self._path(word)
        if path and path.endswith(".ipynb"):
            self._notebook(path)
        elif path and path.endswith(".py"):
            # What gets a script's name may as well read it as a text.
            self._script(path, is_whole=True)
            why = Widening("a script as an argument", path, 1, constructs.reaches("own"))
            self._widened.append(("own", why))

    def _python(self, words: list[Word], command: Command) -> None:
        call = programs.python_call(words)
        self._run_python(call, command)
        for at, word in enumerate(call.rest):
            follows = call.rest[at + 1].text if at + 1 < len(call.rest) else ""
            self._argument(word, follows if word.text in ("-m", "--module") else "")

    def _run_python(self, call: programs.PythonCall, command: Command) -> None:
        if call.module is not None:
            if not call.module.is_literal or self._cwd is None:
                self._widen(f"python -m {call.module.text}")
            else:
                self._module(call.module.text, is_main=True)
        elif call.code is not None:
            self._code(call.code.text)
        elif call.script is None:
            if command.document is not None:
                self._code(command.document)
            for word in command.inputs:
                path = self._path(word)
                if path:
                    self._script(path)
        else:
            self._python_script(call.script)

    def _python_script(self, word: Word) -> None:
        path = self._path(word)
        inner = Word(under(word.text.rstrip("/"), "__main__.py"), word.is_literal)
        if path is None:
            path = self._path(inner)
        if path is not None:
            self._script(path)
        elif not word.is_literal or self._cwd is None:
            self._widen(f"python {word.text}")
        elif self._sources.is_output(normal(under(self._cwd, word.text)) or ""):
            self._widen(f"python {word.text}, which a stage writes")

    def _module(self, module: str, *, is_main: bool) -> None:
        roots = self._first_roots()
        modules = self._graph(*roots)
        place = modules.places.find(module)
        if place is None:
            top = module.partition(".")[0]
            self._others.add(top if top in sys.stdlib_module_names else module)
            if top not in sys.stdlib_module_names and not self._sources.installed(top):
                self._absent.add(module)
            if module in programs.TEST_RUNNERS and is_main:
                self._widen(f"python -m {module}", "tests", "main")
            return
        names = [f"{module}.__main__"] if is_main and place.folders else [module]
        for name in names:
            node = modules.node(name)
            if node is None:
                self._absent.add(name)
            else:
                self._start(node, roots, is_main=is_main)

    def _code(self, text: str) -> None:
        """Follow Python code that stands in the command; the command itself is in the key."""
        data = text.encode("utf-8", "surrogateescape")
        digest = digests.of_bytes(data)
        facts = known.recall(digest, self._memo, kind="code")
        if facts is None:
            from .analyse import analyse

            facts = analyse(data)
            known.keep(digest, self._memo, facts, kind="code")
        if facts.error:
            self._widen("python -c with a computed text")
            return
        roots = self._first_roots()
        self._start(
            self._graph(*roots).script("", facts, name=f"python -c {digest[:12]}"), roots, is_main=True
        )

    def _notebook(self, path: str) -> None:
        facts, shells = self._notebook_facts(path)
        folder = path.rpartition("/")[0]
        roots = tuple(dict.fromkeys(root or "." for root in (folder, *self._first_roots())))
        self._start(self._graph(*roots).script(path, facts), roots, is_main=True)
        before, self._cwd = self._cwd, folder
        for text in shells:
            self.text(text)
        self._cwd = before

    def _notebook_facts(self, path: str) -> tuple[Facts, list[str]]:
        digest = self._sources.digest(path) or ""
        facts = known.recall(digest, self._memo, kind="ipynb")
        shells = self._memo.get(f"code:{known.SCHEMA}:ipynb-shells:{digest}")
        if facts is not None and shells is not None:
            return facts, [str(text) for text in json.loads(shells)]
        from . import notebook

        data = self._sources.read(path)
        facts, texts = notebook.read(data)
        digest = digests.of_bytes(data)
        self._memo.put(f"code:{known.SCHEMA}:ipynb-shells:{digest}", json.dumps(texts).encode())
        known.keep(digest, self._memo, facts, kind="ipynb")
        return facts, texts
