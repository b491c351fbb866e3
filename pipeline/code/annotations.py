"""Writes an annotation as the dotted name that it stands for. Knows one module's imports, not the project."""

import ast
from collections.abc import Mapping

_WRAPPERS = {"typing.Annotated", "typing_extensions.Annotated", "typing.Final", "typing.Required"}
_OPTIONAL = {"typing.Optional", "typing_extensions.Optional"}
_UNION = {"typing.Union", "typing_extensions.Union"}
_OLD_NAMES = {
    f"typing.{old}": old.lower() for old in ("Dict", "List", "Tuple", "Set", "FrozenSet", "Type")
} | {"typing.Text": "str"}


def normalise(node: ast.expr, aliases: Mapping[str, str]) -> str:
    """Return the annotation's text with names replaced by what they were imported from.

    `aliases` maps a name to its dotted origin; a relative one keeps its leading dots. `T | None`,
    `Optional[T]` and `Annotated[T, ...]` are `T`, at any depth; a text is read as what it holds.
    """
    try:
        return _normalise(node, aliases)
    except RecursionError:
        return "an annotation that is too deep to be written"


def _normalise(node: ast.expr, aliases: Mapping[str, str]) -> str:
    if isinstance(node, ast.Constant):
        return _of_constant(node, aliases)
    if isinstance(node, ast.Name):
        origin = aliases.get(node.id, node.id)
        return _OLD_NAMES.get(origin, origin)
    if isinstance(node, ast.Attribute):
        dotted = f"{_normalise(node.value, aliases)}.{node.attr}"
        return _OLD_NAMES.get(dotted, dotted)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([_normalise(node.left, aliases), _normalise(node.right, aliases)])
    if isinstance(node, ast.Subscript):
        return _of_subscript(node, aliases)
    if isinstance(node, ast.List | ast.Tuple):
        inner = ", ".join(_normalise(item, aliases) for item in node.elts)
        return f"[{inner}]" if isinstance(node, ast.List) else inner
    return ast.unparse(node)


def _of_constant(node: ast.Constant, aliases: Mapping[str, str]) -> str:
    if isinstance(node.value, str):
        try:
            return _normalise(ast.parse(node.value.strip(), mode="eval").body, aliases)
        except SyntaxError:
            return node.value
    return "..." if node.value is ... else repr(node.value)


def _of_subscript(node: ast.Subscript, aliases: Mapping[str, str]) -> str:
    base = _normalise(node.value, aliases)
    items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if base in _WRAPPERS and items:
        return _normalise(items[0], aliases)
    if base.rpartition(".")[2] == "Literal":
        return f"{base}[{', '.join(ast.unparse(item) for item in items)}]"  # its texts are no names
    inner = [_normalise(item, aliases) for item in items]
    if base in _OPTIONAL:
        return _union(inner)
    if base in _UNION:
        return _union(inner)
    return f"{base}[{', '.join(inner)}]"


def _union(members: list[str]) -> str:
    left = [member for member in dict.fromkeys(members) if member != "None"]
    return " | ".join(left) if left else "None"
