"""The finger: which lines of a stage may have let a hidden variable into its result. Reads no file, runs nothing."""

import ast
from collections.abc import Iterable, Iterator, Mapping

from . import definitions, python, shell
from .rank import MOST, Placed, suspects
from .values import Script, Sight, Suspect

__all__ = ["MOST", "Script", "Suspect", "of"]

_SHELL_SUFFIXES = (".sh", ".bash")


def of(
    sources: Mapping[str, str],
    culprit: str,
    *,
    entry: str | None = None,
    command: Script | None = None,
    difference: str = "",
) -> tuple[Suspect, ...]:
    """Return the likeliest lines, best first, at most three; none where nothing is likely.

    Args:
        sources: What the stage reaches, by project-relative path: the snapshot, so that nobody else is accused.
        culprit: The hidden variable, as `verify --perturb` names it; several with ` + ` between them.
        entry: `module:callable` of a `run` stage; what such a stage prints is no result.
        command: The shell command of a `cmd` stage.
        difference: How the results differ, as `verify` says it; may name what a line writes.
    """
    seen = list(_seen(sources, entry, command))
    lines = {path: text.splitlines() for path, text in sources.items()}
    if command is not None:
        lines[command.path] = [""] * (command.line - 1) + command.text.splitlines()
    return suspects(seen, lines, culprit, difference, to_log=command is None)


def _seen(sources: Mapping[str, str], entry: str | None, command: Script | None) -> Iterator[Placed]:
    trees = dict(_trees(sources))
    defined = definitions.of_trees(trees.values())
    own = frozenset(_top(path) for path in trees)
    module, _, function = (entry or "").partition(":")
    for path, tree in trees.items():
        is_entry = path.removesuffix(".py").replace("/", ".").endswith(module) if module else True
        looked = python.Looked(tree, own, defined, function if is_entry else "")
        imported = frozenset(looked.names.imported)
        for sight in _all(looked):
            yield Placed(sight, path, imported, 0 if is_entry else 1)
    scripts = [Script(text, path) for path, text in sources.items() if _is_shell(path, text)]
    for script in [*scripts, *([command] if command else [])]:
        yield from _in_script(script, own, defined)


def _in_script(script: Script, own: frozenset[str], defined: definitions.Definitions) -> Iterator[Placed]:
    for sight in shell.sights(script.text):
        yield Placed(sight._replace(line=sight.line + script.line - 1), script.path, frozenset(), 0)
    for line, code in shell.python_in(script.text):
        tree = _parsed(code)
        if tree is None:
            continue
        looked = python.Looked(tree, own, defined, "")
        for sight in _all(looked):
            number = sight.line + line + script.line - 2
            yield Placed(sight._replace(line=number), script.path, frozenset(looked.names.imported), 0)


def _all(looked: python.Looked) -> list[Sight]:
    try:
        return list(looked.sights())
    except RecursionError:
        return []  # generated code nests deeper than Python's stack; nobody wrote it by hand


def _trees(sources: Mapping[str, str]) -> Iterable[tuple[str, ast.Module]]:
    for path in sorted(sources):
        tree = _parsed(sources[path]) if path.endswith(".py") else None
        if tree is not None:
            yield path, tree


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _top(path: str) -> str:
    """Return the name by which a file, or the package that it lies in, is imported."""
    inside = path.removeprefix("src/")
    return inside.partition("/")[0].removesuffix(".py")


def _is_shell(path: str, text: str) -> bool:
    return path.endswith(_SHELL_SUFFIXES) or (text.startswith("#!") and "sh" in text.partition("\n")[0])
