"""Reads single calls that matter: imports by a text, folders put on the import path, files read. Knows one call."""

import ast
from collections.abc import Mapping

from .scopes import name_chain

_READS = ("open", "read_bytes", "read_text")
_KEEPS = frozenset(("absolute", "as_posix", "expanduser", "resolve", "abspath", "fspath", "realpath", "str"))
"""Functions and methods that name the same folder otherwise."""
_OWN = ("__name__", "__package__")


def reads_own_file(node: ast.Call) -> bool:
    opener = node.func
    if isinstance(opener, ast.Name) and opener.id == "open":
        return any(isinstance(item, ast.Name) and item.id == "__file__" for item in node.args)
    if isinstance(opener, ast.Attribute) and opener.attr in _READS and isinstance(opener.value, ast.Call):
        return any(isinstance(item, ast.Name) and item.id == "__file__" for item in opener.value.args)
    return False


def literal_import(node: ast.Call) -> tuple[int, str, tuple[str, ...] | None] | None:
    """Return (level, module, names) of `import_module("a.b")`; None if its name is not to be read off."""
    texts = [item.value for item in node.args if isinstance(item, ast.Constant)]
    if node.keywords or not texts or not isinstance(texts[0], str) or not texts[0].strip("."):
        return None
    if not (isinstance(node.args[0], ast.Constant) and len(node.args) <= 2):
        return None
    name = texts[0]
    level = len(name) - len(name.lstrip("."))
    if level == 0:
        return (0, name, None) if len(node.args) == 1 else None
    if len(node.args) != 2:
        return None
    anchor = node.args[1]
    if isinstance(anchor, ast.Name) and anchor.id in _OWN:
        return (level, "", (name[level:],)) if "." not in name[level:] else (level, name[level:], None)
    if isinstance(anchor, ast.Constant) and isinstance(anchor.value, str):
        package = anchor.value.split(".")
        if level <= len(package):
            return 0, ".".join([*package[: len(package) - level + 1], name[level:]]), None
    return None


def prefix_of(node: ast.Call) -> str | None:
    """Return the kind of `import_module(f"stages.{name}")`: only what lies under `stages` can be meant."""
    if not node.args or node.keywords:
        return None
    parts = _parts(node.args[0])
    head = ""
    for part in parts:
        if part is None:
            break
        head += part
    if None not in parts:
        return None
    if head.startswith("."):
        level = len(head) - len(head.lstrip("."))
        is_own = len(node.args) == 2 and isinstance(node.args[1], ast.Name) and node.args[1].id in _OWN
        return f"prefix:{'.' * level}{head[level:].rpartition('.')[0]}" if is_own else None
    package = head.rpartition(".")[0]
    return f"prefix:{package}" if package and len(node.args) == 1 else None


def _parts(node: ast.expr) -> list[str | None]:
    """Return the pieces of a text that is put together; None for what is only known at run time."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return [part for value in node.values for part in _parts(value)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*_parts(node.left), *_parts(node.right)]
    text = node.left if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) else None
    mark = "%"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        text, mark = node.func.value, "{"
    if isinstance(text, ast.Constant) and isinstance(text.value, str):
        return [text.value.partition(mark)[0], None]
    return [None]


def folder_above(node: ast.Call, bound: Mapping[str, set[str]]) -> str | None:
    """Return `path:N` for `sys.path.insert(0, <the folder N above this file>)`; None for any other."""
    if node.keywords or not node.args:
        return None
    levels = _levels(node.args[-1], bound)
    return f"path:{levels}" if levels is not None and levels >= 1 else None


def _levels(node: ast.expr, bound: Mapping[str, set[str]]) -> int | None:
    """Return how many folders above `__file__` an expression names; None if it is not of that form."""
    if isinstance(node, ast.Name):
        return 0 if node.id == "__file__" else None
    if isinstance(node, ast.Attribute) and node.attr == "parent":
        return _add(_levels(node.value, bound), 1)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute):
        index = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if node.value.attr == "parents" and type(index) is int and index >= 0:
            return _add(_levels(node.value.value, bound), index + 1)
        return None
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Attribute) and not node.args:
        return _levels(node.func.value, bound) if node.func.attr in _KEEPS else None
    chain = name_chain(node.func)
    if chain is None or not node.args:
        return None
    ups = node.args[1:]
    if chain[-1] == "join":
        is_up = all(isinstance(item, ast.Constant) and item.value in ("..", "../") for item in ups)
        return _add(_levels(node.args[0], bound), len(ups)) if is_up else None
    if ups:
        return None
    if chain[-1] == "dirname":
        return _add(_levels(node.args[0], bound), 1)
    is_path = chain[-1] in _KEEPS or chain[-1] in ("Path", "PurePath")
    return _levels(node.args[0], bound) if is_path else None


def _add(levels: int | None, more: int) -> int | None:
    return None if levels is None else levels + more
