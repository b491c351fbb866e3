"""The canonical form of Python code: what is left without comments, layout, docstrings and places.

Knows nothing of modules or files. Two programs of one form do the same, unless they read their own source.
"""

import ast
from collections.abc import Iterable, Iterator

_LEFT_OUT = {"ctx", "kind", "type_comment", "type_ignores", "lineno", "col_offset"}
_FIELDS: dict[type, tuple[str, ...]] = {}


def of_statements(statements: Iterable[ast.stmt], typing_only: frozenset[str]) -> bytes:
    """Write statements so that only equal ones, but for names of places, give equal bytes.

    `typing_only` holds the texts of tests that are true for type checkers alone. Goes without recursion:
    generated code nests deeper than Python's stack.
    """
    out: list[str] = []
    stack: list[object] = [list(meaningful(statements, typing_only))]
    while stack:
        item = stack.pop()
        if isinstance(item, ast.AST):
            out.append(f"({type(item).__name__} ")
            if isinstance(item, ast.Constant):
                out.append(_constant(item.value))
            else:
                stack.extend(_parts(item, typing_only))
        elif isinstance(item, list):
            # A count in front frames the items, so that none can slip from one list into the next.
            out.append(f"[{len(item)} ")
            stack.extend(reversed(item))
        elif isinstance(item, str):
            out.append(f"s{len(item)}:{item}")
        else:
            out.append("~" if item is None else _constant(item))
    return "".join(out).encode("utf-8", "surrogatepass")


def _parts(node: ast.AST, typing_only: frozenset[str]) -> Iterator[object]:
    """Give a node's fields, last one first, with the statements that mean nothing left out."""
    for name in reversed(_fields(type(node))):
        value = getattr(node, name, None)
        if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
            yield list(meaningful(value, typing_only))
        else:
            yield value


def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    fields = _FIELDS.get(kind)
    if fields is None:
        fields = _FIELDS[kind] = tuple(name for name in kind._fields if name not in _LEFT_OUT)
    return fields


def _constant(value: object) -> str:
    """Write a literal with its type: 1, 1.0, True and "1" differ; so do 0.0 and -0.0."""
    text = hex(value) if type(value) is int else repr(value)  # decimal is limited to 4300 digits
    return f"c{type(value).__name__}{len(text)}:{text}"


def meaningful(statements: Iterable[ast.stmt], typing_only: frozenset[str]) -> Iterator[ast.stmt]:
    """Give the statements that can do something: no bare literals (docstrings), no `pass`, nothing that
    only type checkers see."""
    for statement in statements:
        if is_bare(statement):
            continue
        if isinstance(statement, ast.If) and is_typing_only(statement.test, typing_only):
            yield from meaningful(statement.orelse, typing_only)
            continue
        yield statement


def is_bare(node: ast.AST) -> bool:
    """Say whether a statement does nothing: `pass`, or a literal such as a docstring."""
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def is_typing_only(test: ast.expr, typing_only: frozenset[str]) -> bool:
    if isinstance(test, ast.Name):
        return test.id in typing_only
    if isinstance(test, ast.Attribute) and isinstance(test.value, ast.Name):
        return f"{test.value.id}.{test.attr}" in typing_only
    return False


def is_main_guard(statement: ast.stmt) -> bool:
    """Say whether a statement is `if __name__ == "__main__":`, perhaps with `and` more."""
    if not isinstance(statement, ast.If):
        return False
    test = statement.test
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        test = test.values[0]
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return False
    sides = (test.left, test.comparators[0])
    return any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides) and any(
        isinstance(side, ast.Constant) and side.value == "__main__" for side in sides
    )
