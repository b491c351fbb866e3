"""Reads one Python file's bytes into facts. Knows no other file, and nothing of where the file lies."""

import ast
import warnings
from collections.abc import Iterator

from .. import digest as digests
from . import annotations, form, references
from .facts import Facts, broken

_KEEPERS = {
    "abc.abstractmethod",
    "beartype.beartype",
    "classmethod",
    "functools.cache",
    "functools.lru_cache",
    "staticmethod",
    "torch.inference_mode",
    "torch.no_grad",
    "typeguard.typechecked",
    "typing.final",
    "typing.no_type_check",
    "typing.override",
    "typing_extensions.override",
}
"""Decorators that are known to keep the signature."""


def analyse(data: bytes) -> Facts:
    """Return the facts of a source file. One that Python cannot parse has `error` set, and is not raised."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in a user's text are not ours to report
            tree = ast.parse(data)
    except SyntaxError as error:
        return broken(error.msg, error.lineno or 1, error.offset or 1)
    except (ValueError, RecursionError, MemoryError) as error:
        return broken(str(error) or "too deeply nested for Python's parser", 1, 1)
    nodes = list(ast.walk(tree))  # once: walking costs several times what parsing does
    aliases = _aliases(tree)
    typing_only = _typing_only(nodes, aliases)
    always, main = _split(tree.body, nodes, typing_only)
    found = references.References(typing_only, references.bindings(nodes))
    for statement in always:
        found.visit(statement, is_main=False)
    for statement in main:
        found.visit(statement, is_main=True)
    imports, constructs = found.result()
    names, is_open = _names(tree, nodes)
    exports, is_open_export = _exports(tree, nodes)
    imported = _digest(always, typing_only)
    return Facts(
        whole=_digest(tree.body, typing_only) if main else imported,
        imported=imported,
        imports=imports,
        constructs=constructs,
        names=sorted(set(names)),
        is_open=is_open,
        exports=exports,
        is_open_export=is_open_export,
        aliases=aliases,
        defs=_defs(tree, aliases, names),
    )


def _digest(statements: list[ast.stmt], typing_only: frozenset[str]) -> str:
    return digests.of_bytes(b"module " + form.of_statements(statements, typing_only))


def _split(
    body: list[ast.stmt], nodes: list[ast.AST], typing_only: frozenset[str]
) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """Part what always runs from what runs only in a script. Not if it sets `__name__`."""
    sets_name = any(
        isinstance(node, ast.Name) and node.id == "__name__" and not isinstance(node.ctx, ast.Load)
        for node in nodes
    )
    always: list[ast.stmt] = []
    main: list[ast.stmt] = []
    for statement in form.meaningful(body, typing_only):
        if isinstance(statement, ast.If) and form.is_main_guard(statement) and not sets_name:
            main += statement.body
            always += statement.orelse
        else:
            always.append(statement)
    return always, main


def _typing_only(nodes: list[ast.AST], aliases: dict[str, str]) -> frozenset[str]:
    """Return the tests that only a type checker finds true, unless the module sets them itself."""
    tests = {
        f"{name}.TYPE_CHECKING"
        for name, origin in aliases.items()
        if origin in ("typing", "typing_extensions")
    }
    tests |= {name for name, origin in aliases.items() if origin.endswith("typing.TYPE_CHECKING")}
    for node in nodes:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Constant)
            and node.value.value is False
        ):
            tests |= {t.id for t in node.targets if isinstance(t, ast.Name) and t.id == "TYPE_CHECKING"}
    stores = [
        node.id
        for node in nodes
        if isinstance(node, ast.Name) and node.id in tests and not isinstance(node.ctx, ast.Load)
    ]
    once = {
        name for name in stores if stores.count(name) == 1 and name == "TYPE_CHECKING" and name not in aliases
    }
    return frozenset(tests - (set(stores) - once))


def _own_scope(tree: ast.Module) -> Iterator[ast.AST]:
    """Walk what runs in the module's own scope: into compound statements, not into functions and classes."""
    stack: list[ast.AST] = list(reversed(tree.body))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            stack.extend(reversed(list(ast.iter_child_nodes(node))))


def _names(tree: ast.Module, nodes: list[ast.AST]) -> tuple[list[str], bool]:
    """Return each binding at the top level, one entry a binding, and whether there may be more."""
    names: list[str] = []
    is_open = False
    for node in _own_scope(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.append(node.id)
        elif isinstance(node, ast.Import):
            names += [item.asname or item.name.partition(".")[0] for item in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [item.asname or item.name for item in node.names]
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            names.append(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            names.append(node.rest)
    for inner in nodes:
        if isinstance(inner, ast.Global):
            names += inner.names
        elif isinstance(inner, ast.Name) and inner.id in ("globals", "exec"):
            is_open = True
        elif isinstance(inner, ast.Attribute) and inner.attr == "modules":
            is_open = True  # sys.modules[__name__].name = ...
    return names, is_open or "*" in names or "__getattr__" in names


def _exports(tree: ast.Module, nodes: list[ast.AST]) -> tuple[list[str] | None, bool]:
    """Return `__all__` and whether there is one that cannot be read off."""
    exports: list[str] | None = None
    for node in nodes:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
        ):
            if exports is not None or not isinstance(node.value, ast.List | ast.Tuple):
                return None, True
            items = [item.value if isinstance(item, ast.Constant) else None for item in node.value.elts]
            if not all(isinstance(item, str) for item in items):
                return None, True
            exports = [str(item) for item in items]
        elif isinstance(node, ast.Name) and node.id == "__all__" and not _is_plain_target(node, tree):
            return None, True
    return exports, False


def _is_plain_target(name: ast.Name, tree: ast.Module) -> bool:
    return any(isinstance(node, ast.Assign) and name in node.targets for node in tree.body)


def _aliases(tree: ast.Module) -> dict[str, str]:
    """Return what top-level names stand for: imports, those for type checkers too, and plain renamings."""
    aliases: dict[str, str] = {}
    for node in _own_scope(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                origin = item.name if item.asname else item.name.partition(".")[0]
                aliases.setdefault(item.asname or origin, origin)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for item in node.names:
                glue = "" if base.endswith(".") else "."
                aliases.setdefault(item.asname or item.name, f"{base}{glue}{item.name}")
    for node in _own_scope(tree):
        target, value = _renaming(node)
        if target and value is not None:
            aliases.setdefault(target, annotations.normalise(value, aliases))
    return aliases


def _renaming(node: ast.AST) -> tuple[str, ast.expr | None]:
    """Return name and value of `Frame = pd.DataFrame` in any of its forms."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        target, value = node.target, node.value
    elif type(node).__name__ == "TypeAlias":  # since Python 3.12
        target, value = node.name, node.value  # type: ignore[attr-defined]
    else:
        return "", None
    is_type = isinstance(value, ast.Name | ast.Attribute | ast.Subscript)
    is_type = is_type or (isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr))
    return (target.id, value) if isinstance(target, ast.Name) and is_type else ("", None)


def _defs(
    tree: ast.Module, aliases: dict[str, str], names: list[str]
) -> dict[str, tuple[int, bool, list[list[str | bool | None]]]]:
    """Return the signatures of functions and methods; a name that is bound twice has none that is sure."""
    table = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            sure = names.count(node.name) == 1 and _keeps_signature(node, aliases)
            table[node.name] = (node.lineno, sure, _parameters(node, aliases))
        elif isinstance(node, ast.ClassDef):
            methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
            for method in methods:
                once = [item.name for item in methods].count(method.name) == 1
                sure = once and names.count(node.name) == 1 and not node.decorator_list
                sure = sure and _keeps_signature(method, aliases)
                parameters = _parameters(method, aliases)
                bound = any(isinstance(d, ast.Name) and d.id == "classmethod" for d in method.decorator_list)
                table[f"{node.name}.{method.name}"] = (method.lineno, sure, parameters[1 if bound else 0 :])
    return table


def _keeps_signature(node: ast.FunctionDef, aliases: dict[str, str]) -> bool:
    plain = (item.func if isinstance(item, ast.Call) else item for item in node.decorator_list)
    return all(annotations.normalise(item, aliases) in _KEEPERS for item in plain)


def _parameters(node: ast.FunctionDef, aliases: dict[str, str]) -> list[list[str | bool | None]]:
    arguments = node.args
    rows: list[list[str | bool | None]] = []

    def add(item: ast.arg, kind: str, has_default: bool) -> None:
        text = annotations.normalise(item.annotation, aliases) if item.annotation is not None else None
        rows.append([item.arg, kind, has_default, text])

    placed = [(item, "positional-only") for item in arguments.posonlyargs]
    placed += [(item, "plain") for item in arguments.args]
    first_default = len(placed) - len(arguments.defaults)
    for index, (item, kind) in enumerate(placed):
        add(item, kind, index >= first_default)
    if arguments.vararg:
        add(arguments.vararg, "*", False)
    for item, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        add(item, "keyword-only", default is not None)
    if arguments.kwarg:
        add(arguments.kwarg, "**", False)
    return rows
