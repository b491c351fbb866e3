"""What a name of a Python file stands for: through imports, aliases, assignments. Knows one file, runs nothing."""

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias, TypeVar

Answer = TypeVar("Answer")
Binding: TypeAlias = "str | ast.expr | None"
"""A dotted name, an expression that it was set to, or None for what cannot be told."""

OWN = "@"
"""Stands before the name of what the project defines itself."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Names:
    """The scopes of one file. `own` are the names of the project's top-level modules."""

    def __init__(self, tree: ast.Module, own: frozenset[str]) -> None:
        self.tree = tree
        self.parents: dict[ast.AST, ast.AST] = {}
        self.imported: set[str] = set()
        """The top-level names of all modules that it imports."""
        self._own = own
        self._answers: dict[tuple[str, ast.AST, str], Any] = {}
        self._bindings: dict[tuple[ast.AST, str], list[Binding]] = {}
        self._loads: dict[tuple[ast.AST, str], list[ast.Name]] = {}
        for node in ast.walk(tree):
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node
        for node in ast.walk(tree):
            for name, binding in self._bound(node):
                self._bindings.setdefault((self._scope(node), name), []).append(binding)
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                self._loads.setdefault((self._owner(node), node.id), []).append(node)

    def dotted(self, node: ast.AST) -> str | None:
        """Return the dotted name for which an expression stands; None if it cannot be told."""
        if isinstance(node, ast.Name):
            return self.once("dotted", node, None, lambda: self._of_name(node))
        if isinstance(node, ast.Attribute):
            base = self.dotted(node.value)
            is_unknown = base is None or (base.startswith(".") and not base.endswith("()"))
            return f".{node.attr}" if is_unknown else f"{base}.{node.attr}"
        if isinstance(node, ast.Call):
            called = self.dotted(node.func)
            return None if called is None else f"{called}()"
        if isinstance(node, ast.Await | ast.NamedExpr | ast.Starred):
            return self.dotted(node.value)
        return None

    def values(self, node: ast.Name) -> list[ast.expr]:
        """Return the expressions that a name may have been set to."""
        return [found for found in self._found(node) if isinstance(found, ast.expr)]

    def is_local(self, node: ast.AST) -> bool:
        """Say whether a node stands in a function."""
        return self._scope(node) is not self.tree

    def uses(self, node: ast.Name) -> list[ast.Name]:
        """Return the places where a name that is bound here is used, in its function and those inside."""
        return self._loads.get((self._owner(node), node.id), [])

    def once(self, question: str, node: ast.Name, meanwhile: Answer, answer: Callable[[], Answer]) -> Answer:
        """Answer a question about what a name stands for, once. `meanwhile` is the answer where it asks for itself."""
        key = (question, self._owner(node), node.id)
        if key not in self._answers:
            self._answers[key] = meanwhile
            self._answers[key] = answer()
        found: Answer = self._answers[key]
        return found

    def _of_name(self, node: ast.Name) -> str | None:
        found = self._found(node)
        if not found:
            return node.id  # a builtin, or of the module itself: `__file__`
        for binding in found:
            name = binding if isinstance(binding, str) or binding is None else self.dotted(binding)
            if name is not None and not name.startswith("."):
                return name
        return None

    def _found(self, node: ast.Name) -> list[Binding]:
        return self._bindings.get((self._owner(node), node.id), [])

    def _owner(self, node: ast.Name) -> ast.AST:
        """Return the function, or the module, whose name it is."""
        scope = self._scope(node)
        while scope is not self.tree and (scope, node.id) not in self._bindings:
            scope = self._scope(scope)
        return scope

    def _scope(self, node: ast.AST) -> ast.AST:
        """Return the function around a node. Classes count as what is around them, comprehensions as well."""
        child, above = node, self.parents.get(node)
        while above is not None:
            # Decorators and defaults are worked out outside; parameters belong inside.
            if isinstance(above, _FUNCTIONS) and child not in getattr(above, "decorator_list", ()):
                return above
            child, above = above, self.parents.get(above)
        return self.tree

    def _bound(self, node: ast.AST) -> Iterator[tuple[str, Binding]]:
        if isinstance(node, ast.Import):
            for item in node.names:
                top = item.name.partition(".")[0]
                self.imported.add(top)
                yield (item.asname, item.name) if item.asname else (top, top)
        elif isinstance(node, ast.ImportFrom):
            self.imported.add((node.module or "").partition(".")[0])
            yield from ((i.asname or i.name, self._imported(node, i.name)) for i in node.names)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _targets(target, node.value)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.AugAssign):
            annotation = getattr(node, "annotation", None)
            yield from _targets(node.target, node.value)
            if annotation is not None and isinstance(node.target, ast.Name):
                yield node.target.id, _instance(annotation)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            yield from _targets(node.target, None)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            yield from _targets(node.optional_vars, node.context_expr)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from self._defined(node)
        elif isinstance(node, ast.arg):
            yield node.arg, None if node.annotation is None else _instance(node.annotation)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name, None

    def _defined(
        self, node: "ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef"
    ) -> Iterable[tuple[str, str]]:
        # A method is no name of the scope; of two equal names none would be right.
        is_method = isinstance(self.parents.get(node), ast.ClassDef)
        return () if is_method else ((node.name, OWN + node.name),)

    def _imported(self, node: ast.ImportFrom, name: str) -> str:
        is_own = bool(node.level) or (node.module or "").partition(".")[0] in self._own
        return OWN + name if is_own else f"{node.module}.{name}"


def _targets(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, Binding]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple | ast.List):
        for item in target.elts:
            yield from _targets(item, None)
    elif isinstance(target, ast.Starred):
        yield from _targets(target.value, None)


def _instance(annotation: ast.expr) -> ast.expr | None:
    """Return an expression that gives what the annotation says: `set[str]` is what `set()` gives."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return None
    plain = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    if not isinstance(plain, ast.Name | ast.Attribute):
        return None
    return ast.copy_location(ast.Call(plain, [], []), annotation)
