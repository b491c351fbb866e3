"""Says which names statements bind whatever happens, unless they fail. Knows one file."""

import ast
from collections.abc import Iterable, Iterator

from . import scopes


def names(body: Iterable[ast.stmt]) -> set[str]:
    """Return the names that are bound once these statements have run to their end."""
    found: set[str] = set()
    for node in body:
        for inner in scopes.own_nodes([node]):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Del):
                found.discard(inner.id)
        if isinstance(node, ast.If):
            found |= names(node.body) & names(node.orelse)
        elif isinstance(node, ast.Try | ast.TryStar):
            found |= _tried(node)
        elif isinstance(node, ast.With | ast.AsyncWith):
            found |= names(node.body)
            found |= {
                name for item in node.items if item.optional_vars for name in _targets(item.optional_vars)
            }
        else:
            found |= set(_bound(node))
    return found


def _tried(node: ast.Try | ast.TryStar) -> set[str]:
    ways = [names([*node.body, *node.orelse])]
    # A handler that raises leads nowhere.
    ways += [names(h.body) for h in node.handlers if not (h.body and isinstance(h.body[-1], ast.Raise))]
    return set.intersection(*ways) | names(node.finalbody)


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _targets(target)
    elif isinstance(node, ast.AugAssign) or (isinstance(node, ast.AnnAssign) and node.value is not None):
        yield from _targets(node.target)
    elif type(node).__name__ == "TypeAlias":
        yield from _targets(node.name)  # type: ignore[attr-defined]
    elif not isinstance(node, ast.Delete):
        yield from scopes.bound_by(node)


def _targets(node: ast.AST) -> Iterator[str]:
    for inner in scopes.own_nodes([node]):
        if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load):
            yield inner.id
