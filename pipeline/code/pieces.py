"""Cuts a module into its top-level statements, each with its name, place and meaning. Knows one file."""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from .. import digest as digests
from . import form, references, scopes, spares
from .facts import Alias, Piece, Span
from .quiet import Quiet
from .references import File


class Uncut(Exception):
    """The text is laid out so that its statements cannot be told apart by place; it counts whole."""


class Statement(NamedTuple):
    """One piece to be: `parts` is what of the statement counts."""

    whole: ast.stmt
    parts: list[ast.stmt]
    is_main: bool


def statements(tree: ast.Module, typing_only: frozenset[str], *, sets_name: bool) -> Iterator[Statement]:
    """Give what can do something, in order. A main block with an `else` comes as two."""
    for statement in tree.body:
        if not any(True for _ in form.meaningful([statement], typing_only)):
            continue
        if isinstance(statement, ast.If) and form.is_main_guard(statement) and not sets_name:
            yield Statement(statement, [statement], True)
            if statement.orelse:
                yield Statement(statement, statement.orelse, False)
        else:
            yield Statement(statement, [statement], False)


def cut(
    found: list[Statement], file: File, aliases: dict[str, str], lines: list[bytes] | None
) -> list[Piece]:
    """Return the pieces of a module. Raises Uncut, unless no `lines` are given: then places do not matter."""
    bound = [names_of(item.parts, file.typing_only) for item in found]
    counts = Counter(name for names in bound for name in names)
    quiet = Quiet(aliases, counts, lazy=file.lazy)
    used = {name for item in found for name in _loaded(item.whole)}
    unused = frozenset(name for name in counts if name not in used)
    spare = {name for item in found for name in spares.bound_by(item.whole) if counts[name] == 1}
    pieces = []
    for item, bindings in zip(found, bound, strict=True):
        statement = item.whole
        bases = None if item.is_main else quiet.bases(statement)
        kind = _kind(statement, bases)
        names = list(dict.fromkeys(bindings))
        looked = references.of_statements(item.parts, file, unused)
        pieces.append(
            Piece(
                kind,
                names,
                digests.of_bytes(b"piece " + form.of_statements(item.parts, file.typing_only)),
                _span(statement, lines),
                [] if kind == "import" else bases,
                _floats(statement, bases) and all(counts[name] == 1 for name in names),
                item.is_main,
                looked.uses,
                looked.imports,
                _aliases(statement) if kind == "import" else [],
                looked.constructs,
                list(_docstrings(statement)),
                _hooks(statement),
                spare=[name for name in names if name in spare and kind == "import"],
                mentions=sorted(spares.mentioned(item.parts, spare) - looked.uses.keys()) if spare else (),
            )
        )
    return pieces


def _kind(node: ast.stmt, bases: list[str] | None) -> Literal["def", "class", "const", "import", "other"]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return "import"
    if isinstance(node, ast.ClassDef):
        return "class"
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return "def"
    is_plain = isinstance(node, ast.Assign | ast.AnnAssign) or type(node).__name__ == "TypeAlias"
    return "const" if is_plain and (bases is not None or _has_name(node)) else "other"


def _has_name(node: ast.stmt) -> bool:
    """Say whether an assignment that has an effect is still known by one name: `app = make()`."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return len(targets) == 1 and isinstance(targets[0], ast.Name)


def names_of(parts: list[ast.stmt], typing_only: frozenset[str]) -> list[str]:
    """Return the module's names that statements bind, `global` in functions included; one entry a binding."""
    found: list[str] = []
    for node in scopes.own_nodes(_without_typing(parts, typing_only)):
        found += [name for name in scopes.bound_by(node) if name != "*"]
    for statement in parts:
        for node in ast.walk(statement):
            if isinstance(node, ast.Global):
                found += node.names
    return found


def _without_typing(nodes: Iterable[ast.stmt], typing_only: frozenset[str]) -> Iterator[ast.AST]:
    for node in nodes:
        if isinstance(node, ast.If) and form.is_typing_only(node.test, typing_only):
            yield from _without_typing(node.orelse, typing_only)
        else:
            yield node


def _loaded(statement: ast.stmt) -> Iterator[str]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
            yield node.id


def _hooks(node: ast.stmt) -> bool:
    if not isinstance(node, ast.ClassDef):
        return False
    names = {inner.name for inner in ast.walk(node) if isinstance(inner, ast.FunctionDef)}
    return bool(node.keywords) or "__init_subclass__" in names


def _aliases(node: ast.stmt) -> list[Alias]:
    if isinstance(node, ast.Import):
        return [
            Alias(item.asname or item.name.partition(".")[0], 0, item.name, None if item.asname else "")
            for item in node.names
        ]
    assert isinstance(node, ast.ImportFrom)
    return [Alias(item.asname or item.name, node.level, node.module or "", item.name) for item in node.names]


def _floats(node: ast.stmt, bases: list[str] | None) -> bool:
    """Say whether a statement does the same wherever it stands: nothing that is worked out when it runs."""
    if bases is None:
        return False
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        defaults = [*node.args.defaults, *(item for item in node.args.kw_defaults if item is not None)]
        return not node.decorator_list and all(map(_is_literal, defaults))
    if isinstance(node, ast.Assign):
        return _is_literal(node.value)
    return isinstance(node, ast.AnnAssign) and node.value is not None and _is_literal(node.value)


def _is_literal(node: ast.expr) -> bool:
    return not any(isinstance(inner, ast.Name | ast.Call) for inner in ast.walk(node))


def _span(node: ast.stmt, lines: list[bytes] | None) -> Span:
    line, column = node.lineno, node.col_offset
    decorators = getattr(node, "decorator_list", None)
    if decorators:
        line, column = decorators[0].lineno, 0
        if lines is not None and not lines[line - 1].startswith(b"@"):
            raise Uncut
    assert node.end_lineno is not None and node.end_col_offset is not None
    return line, column, node.end_lineno, node.end_col_offset


def _docstrings(statement: ast.stmt) -> Iterator[Span]:
    for node in ast.walk(statement):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            value = first.value
            if isinstance(value.value, str) and value.end_lineno and value.end_col_offset is not None:
                yield value.lineno, value.col_offset, value.end_lineno, value.end_col_offset
