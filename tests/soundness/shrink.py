"""Makes a pair of projects smaller, as long as something holds of it. Knows syntax, and not what is to hold.

This is delta debugging (Zeller, Hildebrandt 2002) over files, then over the parts of the syntax trees: what is taken
away is taken away before and after the edit, so that the edit stays the only difference.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

Files = Mapping[str, str]
Pair = tuple[Files, Files]
Key = tuple[str, str, int]
"""What to do, the dump of the node, and the how manyth of that dump it is."""

MOST = 1500
"""How often `holds` is asked."""


def shrink(before: Files, after: Files, holds: Callable[[Files, Files], bool]) -> Pair:
    """Return a small pair of which `holds` is true, as it must be of the given one."""
    pair, asked, was_smaller = (before, after), 0, True
    while was_smaller and asked < MOST:
        was_smaller = False
        for step in _steps(pair):
            smaller = step(pair)
            if smaller is None:
                continue
            asked += 1
            if holds(*smaller):
                pair, was_smaller = smaller, True
            if asked == MOST:
                break
    return pair


def lines_of(pair: Pair) -> int:
    return sum(len(text.splitlines()) for text in pair[0].values())


def _steps(pair: Pair) -> Iterator[Callable[[Pair], Pair | None]]:
    """Give what can be taken away, large things first. A step returns None where it takes nothing away any more."""
    before, after = pair
    for path in sorted(before.keys() & after.keys()):
        yield lambda now, path=path: (_without(now[0], path), _without(now[1], path))
    for path in sorted(before.keys() | after.keys()):
        for key in list(_keys(before.get(path) or after.get(path) or "")):
            yield lambda now, path=path, key=key: _both(now, path, key)


def _both(pair: Pair, path: str, key: Key) -> Pair | None:
    cut = []
    for files in pair:
        text = files.get(path)
        new = _cut(text, key) if text is not None else None
        if text is not None and new is None:
            return None  # it is not in both
        cut.append(files if new is None else {**files, path: new})
    return cut[0], cut[1]


def _without(files: Files, path: str) -> Files:
    return {name: text for name, text in files.items() if name != path}


def _keys(text: str) -> Iterator[Key]:
    """Give everything that can be taken away, from the outside to the inside."""
    seen: Counter[tuple[str, str]] = Counter()
    tree = ast.parse(text)
    for node, _, _ in _listed(tree):
        yield _key("drop", node, seen)
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp | ast.Call | ast.Attribute):
            yield _key("one", node, seen)


def _key(what: str, node: ast.AST, seen: Counter[tuple[str, str]]) -> Key:
    dump = ast.dump(node)
    seen[what, dump] += 1
    return what, dump, seen[what, dump]


def _listed(tree: ast.AST) -> Iterator[tuple[ast.AST, list[ast.AST], int]]:
    """Give each node that stands in a list, with the list and its place."""
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            if isinstance(value, list):
                for at, item in enumerate(value):
                    if isinstance(item, ast.AST) and not isinstance(item, ast.expr_context | ast.cmpop):
                        yield item, value, at


class _One(ast.NodeTransformer):
    """Puts a 1 in the place of an expression."""

    def __init__(self, dump: str, number: int) -> None:
        self._dump, self._left = dump, number

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.BinOp | ast.Call | ast.Attribute) and ast.dump(node) == self._dump:
            self._left -= 1
            if self._left == 0:
                return ast.Constant(1)
        return super().generic_visit(node)


def _cut(text: str, key: Key) -> str | None:
    """Return the text without what the key says; None if it is not there."""
    what, dump, number = key
    tree: ast.AST = ast.parse(text)
    before = ast.dump(tree)
    if what == "one":
        tree = _One(dump, number).visit(tree)
    else:
        found = [(items, at) for node, items, at in _listed(tree) if ast.dump(node) == dump]
        if len(found) < number:
            return None
        items, at = found[number - 1]
        is_statement = isinstance(items.pop(at), ast.stmt)
        if not items and is_statement and not (isinstance(tree, ast.Module) and items is tree.body):
            items.append(ast.Pass())
    if ast.dump(tree) == before:
        return None
    try:
        new = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
        ast.parse(new)
    except (SyntaxError, ValueError, IndexError, AttributeError):
        return None
    return new
