"""Which names are a function's own, and what it imported under them. Knows syntax trees, not the module's names."""

import ast
from collections.abc import Iterable, Iterator, Sequence

from . import constructs

FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class Scope:
    """A function, a comprehension, a class, or (without `outer`) the module. A class's names are its body's alone."""

    def __init__(self, outer: "Scope | None", *, is_class: bool = False) -> None:
        self.outer = outer
        self.is_class = is_class
        self.own: set[str] = set()
        self.globals: set[str] = set()
        self.imported: dict[str, set[str]] = {}
        """Name -> dotted names that imports here bind it to; relative ones begin with dots."""

    @property
    def is_module(self) -> bool:
        return self.outer is None

    @property
    def is_function(self) -> bool:
        return self.outer is not None and not self.is_class

    def owner(self, name: str) -> "Scope | None":
        """Return the function whose name it is; None for a global one."""
        scope: Scope | None = self
        while scope is not None and scope.outer is not None:
            if name in scope.globals:
                return None
            if not scope.is_class and name in scope.own:
                return scope
            scope = scope.outer
        return None


def of_function(node: FUNCTIONS, outer: Scope) -> Scope:
    scope = Scope(outer)
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [item for item in (arguments.vararg, arguments.kwarg) if item]
    scope.own.update(item.arg for item in every)
    scope.own.update(item.name for item in getattr(node, "type_params", ()))
    _bind(scope, node.body if isinstance(node.body, list) else [node.body])
    return scope


def of_class(node: ast.ClassDef, outer: Scope) -> Scope:
    scope = Scope(outer, is_class=True)
    _bind(scope, node.body)
    return scope


def of_comprehension(generators: Sequence[ast.comprehension], outer: Scope) -> Scope:
    scope = Scope(outer)
    _bind(scope, [generator.target for generator in generators])
    return scope


def _bind(scope: Scope, nodes: Iterable[ast.AST]) -> None:
    nonlocals: set[str] = set()
    for node in own_nodes(nodes):
        if isinstance(node, ast.Global):
            scope.globals.update(node.names)
        elif isinstance(node, ast.Nonlocal):
            nonlocals.update(node.names)
        scope.own.update(bound_by(node))
        for name, origin in origins(node):
            scope.imported.setdefault(name, set()).add(origin)
    scope.own -= nonlocals | scope.globals


def own_nodes(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Walk what belongs to the scope itself: not into functions, classes and comprehensions (`:=` apart)."""
    stack = list(nodes)[::-1]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, FUNCTIONS | ast.ClassDef):
            continue
        if isinstance(node, _COMPREHENSIONS):
            inner = [n for n in ast.walk(node) if isinstance(n, ast.NamedExpr)]
            stack.extend(n.target for n in inner)
            continue
        stack.extend(reversed(list(ast.iter_child_nodes(node))))


def bound_by(node: ast.AST) -> list[str]:
    """Return the names that one node binds where it stands."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Name):
        return [] if isinstance(node.ctx, ast.Load) else [node.id]
    if isinstance(node, ast.Import):
        return [item.asname or item.name.partition(".")[0] for item in node.names]
    if isinstance(node, ast.ImportFrom):
        return [item.asname or item.name for item in node.names]
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        return [node.name] if node.name else []
    if isinstance(node, ast.MatchMapping):
        return [node.rest] if node.rest else []
    return []


def origins(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Give each name that an import binds, with the dotted name that it then stands for."""
    if isinstance(node, ast.Import):
        for item in node.names:
            origin = item.name if item.asname else item.name.partition(".")[0]
            yield item.asname or origin, origin
    elif isinstance(node, ast.ImportFrom):
        base = "." * node.level + (node.module or "")
        for item in node.names:
            if item.name != "*":
                yield item.asname or item.name, dotted(base, item.name)
    elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        name = literal_import(node.value)
        if name:
            yield node.targets[0].id, name


def dotted(base: str, name: str) -> str:
    return f"{base}{name}" if base.endswith(".") or not base else f"{base}.{name}"


def literal_import(node: ast.AST) -> str | None:
    """Return the module of `import_module("a.b")`, however the function is called here; None for all else."""
    if not (isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords):
        return None
    chain = name_chain(node.func)
    text = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
    is_import = chain is not None and chain[-1] == constructs.IMPORT_MODULE
    return text if is_import and isinstance(text, str) and text and text[0] != "." else None


def name_chain(node: ast.AST) -> list[str] | None:
    """Return the names of `a.b.c`; None if it does not begin with a name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return [node.id, *reversed(parts)]
