"""Reads the signatures of a module's functions, and what its names stand for. Knows one syntax tree."""

import ast
from collections.abc import Iterator

from . import annotations

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


def aliases_of(tree: ast.Module) -> dict[str, str]:
    """Return what top-level names stand for: imports, those for type checkers too, and plain renamings."""
    aliases: dict[str, str] = {}
    for node in own_scope(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                origin = item.name if item.asname else item.name.partition(".")[0]
                aliases.setdefault(item.asname or origin, origin)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for item in node.names:
                glue = "" if base.endswith(".") else "."
                aliases.setdefault(item.asname or item.name, f"{base}{glue}{item.name}")
    for node in own_scope(tree):
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


def defs_of(
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


def own_scope(tree: ast.Module) -> Iterator[ast.AST]:
    """Walk what runs in the module's own scope: into compound statements, not into functions and classes."""
    stack: list[ast.AST] = list(reversed(tree.body))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            stack.extend(reversed(list(ast.iter_child_nodes(node))))
