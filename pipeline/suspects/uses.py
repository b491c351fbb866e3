"""What becomes of a value: whether its order is kept, and whether it goes anywhere but to the log. Knows one file."""

import ast

from .names import Names
from .values import words

ASKS_NO_ORDER = words(
    """
    all any bool dict.keys frozenset isinstance len max min set sorted collections.Counter heapq.nlargest
    heapq.nsmallest math.fsum numpy.unique numpy.sort
    """
)
"""Functions for which the order of what they are given does not show in what they give."""
_KEEPS_ORDER = words(
    """
    list tuple iter enumerate map filter zip reversed dict dict.fromkeys itertools.chain
    itertools.chain.from_iterable numpy.array numpy.asarray tqdm.tqdm
    """
)
"""Functions that hand on what they are given in its order: what becomes of their value decides."""
_TELLS = ("print", "pprint.pprint", "warnings.warn", "rich.print", "sys.stderr.write", "sys.stdout.write")
_LEVELS = words("debug info warning error exception critical log")
_METHODS_WITHOUT_ORDER = words(
    "add append clear count discard index isdisjoint issubset issuperset remove sort update"
)


def is_ordered_away(names: Names, node: ast.expr) -> bool:
    """Say whether the order of a value shows in nothing that is made of it."""
    above = names.parents.get(node)
    if above is None:
        return False
    if isinstance(above, ast.Compare):
        return all(isinstance(o, ast.In | ast.NotIn | ast.Eq | ast.NotEq) for o in above.ops)
    if isinstance(above, ast.SetComp | ast.UnaryOp | ast.If | ast.While | ast.Expr):
        return True
    if isinstance(above, ast.comprehension):
        made = names.parents[above]
        is_inner = isinstance(made, ast.SetComp)
        return is_inner or (isinstance(made, ast.expr) and is_ordered_away(names, made))
    if isinstance(above, ast.Subscript) and above.slice is node:
        return True
    if isinstance(above, ast.Call):
        return _is_taken_without_order(names, above, node)
    if isinstance(above, ast.Attribute):
        return above.attr in _METHODS_WITHOUT_ORDER
    if isinstance(above, ast.For) and above.iter is node:
        return all(_only_collects(item, names) for item in above.body)
    if isinstance(above, ast.Assign) and len(above.targets) == 1 and isinstance(above.targets[0], ast.Name):
        return _is_name_without_order(names, above.targets[0])
    if isinstance(above, ast.Starred | ast.ListComp | ast.GeneratorExp | ast.Await | ast.BoolOp | ast.IfExp):
        return is_ordered_away(names, above)
    return False


def _is_taken_without_order(names: Names, call: ast.Call, node: ast.expr) -> bool:
    called = names.dotted(call.func) or ""
    if node is call.func:
        return is_ordered_away(names, call)
    if called in ASKS_NO_ORDER:
        return True
    if called in ("json.dump", "json.dumps") and any(k.arg == "sort_keys" for k in call.keywords):
        return True
    if called in _KEEPS_ORDER:
        return is_ordered_away(names, call)
    is_collected = isinstance(call.func, ast.Attribute) and call.func.attr in ("update", "add", "discard")
    return is_collected and _is_set_name(names, call.func.value)  # type: ignore[attr-defined]


def _is_set_name(names: Names, node: ast.expr) -> bool:
    return names.dotted(node) in ("set()", "frozenset()", "collections.Counter()") or (
        isinstance(node, ast.Name)
        and any(isinstance(value, ast.Set | ast.SetComp) for value in names.values(node))
    )


def _is_name_without_order(names: Names, target: ast.Name) -> bool:
    uses = names.uses(target)
    is_sorted = any(_is_sorted_in_place(names, use) for use in uses)
    return is_sorted or names.once(
        "ordered away", target, True, lambda: bool(uses) and all(is_ordered_away(names, use) for use in uses)
    )


def _is_sorted_in_place(names: Names, use: ast.Name) -> bool:
    above = names.parents.get(use)
    return isinstance(above, ast.Attribute) and above.attr in ("sort", "sort_values", "sort_by")


def _only_collects(statement: ast.stmt, names: Names) -> bool:
    """Say whether a statement of a loop does the same in whatever order the loop goes."""
    if isinstance(statement, ast.Pass | ast.Continue):
        return True
    if isinstance(statement, ast.If):
        return all(_only_collects(item, names) for item in (*statement.body, *statement.orelse))
    if isinstance(statement, ast.AugAssign):
        return isinstance(statement.value, ast.Constant) or isinstance(statement.op, ast.BitOr | ast.BitAnd)
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        function = statement.value.func
        if not isinstance(function, ast.Attribute):
            return False
        if function.attr in ("append", "extend") and isinstance(function.value, ast.Name):
            return _is_name_without_order(names, function.value)
        return function.attr in ("add", "discard", "mkdir") or (
            function.attr == "update" and _is_set_name(names, function.value)
        )
    return False


def is_only_told(names: Names, node: ast.expr) -> bool:
    """Say whether a value goes to the log and nowhere else."""
    above: ast.AST | None = names.parents.get(node)
    while above is not None:
        if isinstance(above, ast.Call) and _tells(names, above):
            return True
        if (
            isinstance(above, ast.Assign)
            and len(above.targets) == 1
            and isinstance(above.targets[0], ast.Name)
        ):
            # What a module keeps may be used by another.
            return names.is_local(above) and _is_name_only_told(names, above.targets[0])
        if isinstance(above, ast.stmt):
            return False
        above = names.parents.get(above)
    return False


def _is_name_only_told(names: Names, target: ast.Name) -> bool:
    return names.once(
        "told", target, True, lambda: all(is_only_told(names, use) for use in names.uses(target))
    )


def _tells(names: Names, call: ast.Call) -> bool:
    called = names.dotted(call.func) or ""
    if called in _TELLS:
        files = [ast.unparse(item.value) for item in call.keywords if item.arg == "file"]
        return all(file in ("sys.stderr", "sys.stdout") for file in files)
    first, _, last = called.rpartition(".")
    is_logger = first.startswith("logging") or ("log" in ast.unparse(call.func).lower())
    return is_logger and last in _LEVELS
