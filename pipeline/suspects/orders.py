"""Where the order of a set, or the address of an object, shows. Knows one file, runs nothing."""

import ast
from collections.abc import Iterator

from .definitions import Definitions
from .names import OWN, Names
from .uses import is_ordered_away
from .values import Sight, words

SET_ORDER = "<order of a set>"
OBJECTS_ORDER = "<order of a set of objects>"
SET_KEPT = "<a set is kept>"
ADDRESS = "<address of an object>"

_MADE = ("set()", "frozenset()")
_SAME = words("union intersection difference symmetric_difference copy")
_NUMBERS = words("int float len ord round abs hash sum")
_SHOWS = words(
    """
    list tuple str repr format ascii print enumerate iter next zip map filter sum pprint.pprint dict.fromkeys
    numpy.array numpy.asarray numpy.fromiter pandas.Series pandas.DataFrame pandas.Index pyarrow.array pyarrow.table
    polars.Series polars.DataFrame itertools.chain itertools.chain.from_iterable itertools.combinations
    itertools.permutations itertools.product random.choice random.sample collections.deque functools.reduce
    collections.OrderedDict
    """
)
"""Functions that give, or write, what they are given in its order."""
_KEEPS = frozenset(
    f"{module}.{name}"
    for module in ("pickle", "joblib", "cloudpickle", "dill", "marshal", "torch")
    for name in ("dump", "dumps", "save")
)
_SHOWING_METHODS = words("join extend write writelines format writerow append_column")
_ITERATING = ast.comprehension | ast.For | ast.Starred | ast.FormattedValue | ast.YieldFrom


class Orders:
    """Looks at the sets and objects of one file."""

    def __init__(self, names: Names, definitions: Definitions, entry: str) -> None:
        self._names = names
        self._definitions = definitions
        self._entry = entry
        self._sets = {*_MADE, *(f"{OWN}{name}()" for name in definitions.sets)}

    def sights(self, node: ast.AST) -> Iterator[Sight]:
        """Give what shows at one expression."""
        if not isinstance(node, ast.expr) or isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
            return
        if self._is_set(node) and not self._is_numbers(node):
            kind = OBJECTS_ORDER if self._is_objects(node) else SET_ORDER
            place = self._shown(node)
            if place is not None:
                above = self._names.parents.get(node)
                is_sum = isinstance(above, ast.Call) and self._names.dotted(above.func) == "sum"
                yield Sight(kind, place.lineno, doubt=0.4 if is_sum else 1.0)
            elif self._is_kept(node):
                yield Sight(SET_KEPT, node.lineno)
        if self._is_address(node):
            yield Sight(ADDRESS, node.lineno)

    def _is_set(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Set | ast.SetComp):
            return True
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.BitXor | ast.Sub):
            sides = (node.left, node.right)
            is_views = not isinstance(node.op, ast.Sub | ast.BitOr) or all(map(_is_keys, sides))
            return any(self._is_set(s) or (is_views and _is_keys(s)) for s in sides)
        if self._names.dotted(node) in self._sets:
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _SAME:
            return self._is_set(node.func.value)
        return isinstance(node, ast.Name) and self._names.once(
            "set", node, False, lambda: any(map(self._is_set, self._names.values(node)))
        )

    def _is_numbers(self, node: ast.expr) -> bool:
        """Say whether a set holds numbers alone: their order does not vary."""
        if isinstance(node, ast.Set):
            return all(self._is_number(item) for item in node.elts)
        if isinstance(node, ast.SetComp):
            return self._is_number(node.elt)
        if isinstance(node, ast.BinOp):
            sets = [side for side in (node.left, node.right) if self._is_set(side)]
            return bool(sets) and all(map(self._is_numbers, sets))
        if isinstance(node, ast.Call) and node.args:
            first = node.args[0]
            if isinstance(first, ast.Call):
                called = self._names.dotted(first.func)
                is_mapped = called == "map" and bool(first.args)
                return called == "range" or (is_mapped and self._names.dotted(first.args[0]) in _NUMBERS)
            if isinstance(first, ast.GeneratorExp | ast.ListComp):
                return self._is_number(first.elt)
            is_display = isinstance(first, ast.List | ast.Tuple)
            return is_display and all(self._is_number(item) for item in first.elts)  # type: ignore[attr-defined]
        return isinstance(node, ast.Name) and self._names.once(
            "numbers", node, True, lambda: self._are_numbers(self._names.values(node))
        )

    def _are_numbers(self, values: list[ast.expr]) -> bool:
        filled = [value for value in values if self._is_set(value) and not _is_empty(value)]
        return bool(filled) and all(map(self._is_numbers, filled))

    def _is_number(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Constant):
            return isinstance(node.value, int | float)
        if isinstance(node, ast.UnaryOp):
            return self._is_number(node.operand)
        if isinstance(node, ast.BinOp):
            # `2 * "a"` is none, but what a number is added to is one.
            sides = (self._is_number(node.left), self._is_number(node.right))
            return all(sides) if isinstance(node.op, ast.Mult | ast.Mod) else any(sides)
        return isinstance(node, ast.Call) and self._names.dotted(node.func) in _NUMBERS

    def _is_objects(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            return self._names.once(
                "objects", node, False, lambda: any(map(self._is_objects, self._names.values(node)))
            )
        items = (
            node.elts if isinstance(node, ast.Set) else [node.elt] if isinstance(node, ast.SetComp) else []
        )
        if (
            isinstance(node, ast.Call)
            and node.args
            and isinstance(node.args[0], ast.GeneratorExp | ast.ListComp)
        ):
            items = [node.args[0].elt]
        hashed = {f"{OWN}{name}()" for name in self._definitions.hashed_by_address} | {"object()"}
        return bool(items) and any(self._names.dotted(item) in hashed for item in items)

    def _shown(self, node: ast.expr) -> ast.expr | ast.stmt | None:
        """Return where the order of a set shows; None if it does not."""
        above = self._names.parents.get(node)
        if isinstance(above, _ITERATING):
            return None if is_ordered_away(self._names, node) else node
        if isinstance(above, ast.Assign) and above.value is node:
            return above if isinstance(above.targets[0], ast.Tuple | ast.List) else None
        if isinstance(above, ast.BinOp) and isinstance(above.op, ast.Mod):
            return node
        if isinstance(above, ast.Attribute) and above.attr == "pop":
            called = self._names.parents.get(above)
            return node if isinstance(called, ast.Call) and not called.args else None
        if isinstance(above, ast.Call) and node in above.args:
            called_name = self._names.dotted(above.func) or ""
            method = above.func.attr if isinstance(above.func, ast.Attribute) else ""
            shows = called_name in _SHOWS or method in _SHOWING_METHODS
            is_writing = isinstance(self._names.parents.get(above), ast.Expr)
            return above if shows and (is_writing or not is_ordered_away(self._names, above)) else None
        return None

    def _is_kept(self, node: ast.expr) -> bool:
        """Say whether a set goes as it is, or inside something, into a pickle."""
        above = self._names.parents.get(node)
        child: ast.AST = node
        while isinstance(above, ast.Dict | ast.List | ast.Tuple | ast.keyword):
            child, above = above, self._names.parents.get(above)
        if isinstance(above, ast.Call) and child is not above.func:
            return self._names.dotted(above.func) in _KEEPS
        if not isinstance(above, ast.Return) or not self._entry:
            return False
        while above is not None and not isinstance(above, ast.FunctionDef):
            above = self._names.parents.get(above)
        return above is not None and above.name == self._entry

    def _is_address(self, node: ast.expr) -> bool:
        """Say whether an object is written as a text that holds its address."""
        above = self._names.parents.get(node)
        is_written = isinstance(above, ast.FormattedValue) or (
            isinstance(above, ast.Call)
            and node in above.args
            and self._names.dotted(above.func) in ("str", "repr", "print", "format", "ascii")
        )
        return is_written and self._has_address(node)

    def _has_address(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Lambda | ast.GeneratorExp):
            return True
        name = self._names.dotted(node) or ""
        own = {f"{OWN}{item}()" for item in self._definitions.shown_by_address}
        return name in own or name in ("object()", "iter()", "map()", "filter()", "zip()")


def _is_keys(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("keys", "items")
    )


def _is_empty(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and not node.args
