"""What the project's functions and classes give, as far as order and text matter. Knows them by name alone."""

import ast
from collections.abc import Iterable
from typing import NamedTuple

_SETS = frozenset(("set", "frozenset", "Set", "FrozenSet", "AbstractSet", "MutableSet"))
_HASHED = frozenset(("__hash__", "__eq__"))
_WRITTEN = frozenset(("__repr__", "__str__", "__format__"))


class Definitions(NamedTuple):
    """By plain names: two functions of one name are taken for both."""

    sets: frozenset[str]
    """Functions that return a set."""
    shown_by_address: frozenset[str]
    """Classes whose instances have no text of their own: it holds where they lie in memory."""
    hashed_by_address: frozenset[str]


def of_trees(trees: Iterable[ast.Module]) -> Definitions:
    """Look at all definitions of a project."""
    nodes = [node for tree in trees for node in ast.walk(tree)]
    classes = [node for node in nodes if isinstance(node, ast.ClassDef) and _is_plain(node)]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return Definitions(
        sets=frozenset(node.name for node in functions if _gives_set(node)),
        shown_by_address=frozenset(node.name for node in classes if not _WRITTEN & _methods(node)),
        hashed_by_address=frozenset(node.name for node in classes if not _HASHED & _methods(node)),
    )


def _is_plain(node: ast.ClassDef) -> bool:
    """Say whether a class has what `object` has: of other bases, and of decorators, nothing is known."""
    bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
    return (
        not (node.decorator_list or node.keywords)
        and len(bases) == len(node.bases)
        and set(bases) <= {"object"}
    )


def _methods(node: ast.ClassDef) -> set[str]:
    return {item.name for item in node.body if isinstance(item, ast.FunctionDef)}


def _gives_set(node: "ast.FunctionDef | ast.AsyncFunctionDef") -> bool:
    annotation = node.returns
    if annotation is not None:
        plain = annotation.value if isinstance(annotation, ast.Subscript) else annotation
        name = plain.attr if isinstance(plain, ast.Attribute) else getattr(plain, "id", "")
        return name in _SETS
    returned = [item.value for item in ast.walk(node) if isinstance(item, ast.Return) and item.value]
    return any(_is_made_set(value) for value in returned)


def _is_made_set(node: ast.expr) -> bool:
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _SETS
    return is_call or isinstance(node, ast.Set | ast.SetComp)
