"""Finds in a syntax tree what it imports, and what of it cannot be followed. Knows one file, by its tree."""

import ast
from collections.abc import Iterable

from . import constructs, form
from .facts import Construct, Import

_READS = ("open", "read_bytes", "read_text")


def bindings(nodes: Iterable[ast.AST]) -> dict[str, set[str]]:
    """Return what each imported name may stand for, wherever in the file it is imported.

    One name may have several origins: scopes are not told apart, so a use counts for all of them.
    """
    found: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for item in node.names:
                origin = item.name if item.asname else item.name.partition(".")[0]
                found.setdefault(item.asname or origin, set()).add(origin)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for item in node.names:
                found.setdefault(item.asname or item.name, set()).add(f"{base}.{item.name}")
    return found


class References:
    """Collects over statements, without recursion; `result` gives what was found, each thing once."""

    def __init__(self, typing_only: frozenset[str], bound: dict[str, set[str]]) -> None:
        self._typing_only = typing_only
        self._bound = bound
        self._used: set[str] = set()
        self._imports: dict[Import, None] = {}
        self._constructs: dict[tuple[str, str, bool], int] = {}
        self._imported: list[tuple[str, str, int, bool]] = []
        self._is_main = False

    def visit(self, statement: ast.stmt, *, is_main: bool) -> None:
        self._is_main = is_main
        stack: list[ast.AST] = [statement]
        while stack:
            stack.extend(self._look_at(stack.pop()))

    def result(self) -> tuple[list[Import], list[Construct]]:
        for name, origin, line, is_main in self._imported:
            if name in self._used or (name in constructs.VALUES and origin.endswith(name)):
                continue  # a module that keeps its name is known again where it is taken from here
            # What is not used here may be taken from here, where its origin is not to be seen:
            # `from .compat import loads`.
            self._is_main = is_main
            self._chain(origin.lstrip(".").split("."), line, is_imported=True)
        imports = [
            Import(*item[:2], list(item.names) if item.names is not None else None, *item[3:])
            for item in self._imports
        ]
        found = [Construct(kind, name, line, main) for (kind, name, main), line in self._constructs.items()]
        return imports, sorted(found)

    def _look_at(self, node: ast.AST) -> list[ast.AST]:
        """Note what a node says, and return which of its children are still to be looked at."""
        if isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node)
            return []
        if isinstance(node, ast.Call):
            rest = self._call(node)
            if rest is not None:
                return rest
        if isinstance(node, ast.Subscript) and self._is_own_module(node):
            return []
        if isinstance(node, ast.Attribute | ast.Name):
            return self._reference(node)
        if isinstance(node, ast.Constant):
            kind = constructs.of_text(node.value) if isinstance(node.value, str) else None
            if kind:
                self._construct(kind, repr(node.value), node.lineno)
            return []
        return self._children(node)

    def _children(self, node: ast.AST) -> list[ast.AST]:
        """Return the children, last one first, without docstrings and what only type checkers see."""
        children: list[ast.AST] = []
        for _, value in ast.iter_fields(node):
            if isinstance(value, ast.AST):
                children.append(value)
            elif isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                children += form.meaningful(value, self._typing_only)
            elif isinstance(value, list):
                children += [item for item in value if isinstance(item, ast.AST)]
        return children[::-1]

    def _add(self, level: int, module: str, names: tuple[str, ...] | None, line: int) -> None:
        self._imports[Import(level, module, names, line, self._is_main)] = None  # type: ignore[arg-type]

    def _construct(self, kind: str, name: str, line: int) -> None:
        self._constructs.setdefault((kind, name, self._is_main), line)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for item in node.names:
                self._add(0, item.name, None, node.lineno)
                origin = item.name if item.asname else item.name.partition(".")[0]
                self._note_import(item.asname or origin, item.name, node.lineno)
            return
        self._add(node.level, node.module or "", tuple(item.name for item in node.names), node.lineno)
        base = "." * node.level + (node.module or "")
        for item in node.names:
            if item.name == "*":
                self._chain([*base.lstrip(".").split("."), "*"], node.lineno, is_imported=True)
                if base in constructs.VALUES:
                    self._construct(constructs.VALUES[base], f"from {base} import *", node.lineno)
                continue
            self._note_import(item.asname or item.name, f"{base}.{item.name}", node.lineno)

    def _note_import(self, name: str, origin: str, line: int) -> None:
        self._imported.append((name, origin, line, self._is_main))
        first = origin.partition(".")[0]
        for kind in constructs.MODULES.get(first, ()):
            self._construct(kind, first, line)

    def _call(self, node: ast.Call) -> list[ast.AST] | None:
        """Take a call that can be read off (`import_module("a.b")`); None means: look at it like the rest."""
        arguments: list[ast.AST] = [*node.args, *(keyword.value for keyword in node.keywords)]
        if self._reads_own_file(node):
            self._construct("own", "a read of __file__", node.lineno)
            return None
        if any(keyword.arg == "allow_pickle" and not _is_false(keyword.value) for keyword in node.keywords):
            self._construct("everything", "allow_pickle", node.lineno)
        chain = _chain(node.func)
        if chain is None:
            return None
        for origin in self._origins(chain):
            name = ".".join(origin)
            if name in constructs.LITERAL_IMPORTERS and self._literal_import(node):
                self._used.add(chain[0])
                return []
            if name in constructs.RESOURCES and self._resource_import(node):
                self._used.add(chain[0])
                return arguments
        return None

    def _literal_import(self, node: ast.Call) -> bool:
        texts = [item.value for item in node.args if isinstance(item, ast.Constant)]
        if node.keywords or not texts or not isinstance(texts[0], str) or not texts[0].strip("."):
            return False
        name = texts[0]
        level = len(name) - len(name.lstrip("."))
        if level == 0 and len(node.args) == 1:
            self._add(0, name, None, node.lineno)
        elif level and len(node.args) == 2 and isinstance(node.args[1], ast.Name):
            if node.args[1].id not in ("__name__", "__package__"):
                return False
            self._add(level, "", (name[level:],), node.lineno)
        elif level and len(node.args) == 2 and len(texts) == 2 and isinstance(texts[1], str):
            package = texts[1].split(".")
            if level > len(package):
                return False
            self._add(0, ".".join([*package[: len(package) - level + 1], name[level:]]), None, node.lineno)
        else:
            return False
        return True

    def _resource_import(self, node: ast.Call) -> bool:
        if not node.args:
            return not node.keywords
        anchor = node.args[0]
        if isinstance(anchor, ast.Constant) and isinstance(anchor.value, str) and anchor.value:
            self._add(0, anchor.value, None, node.lineno)
            return True
        chain = _chain(anchor)
        return chain is not None and (chain[0] in self._bound or chain[0] in ("__name__", "__package__"))

    def _is_own_module(self, node: ast.Subscript) -> bool:
        """Say whether it is `sys.modules[__name__]`, the usual way to speak of one's own module."""
        chain = _chain(node.value)
        if chain is None or ["sys", "modules"] not in self._origins(chain):
            return False
        if not (isinstance(node.slice, ast.Name) and node.slice.id == "__name__"):
            return False
        self._used.add(chain[0])
        return True

    def _reads_own_file(self, node: ast.Call) -> bool:
        opener = node.func
        if isinstance(opener, ast.Name) and opener.id == "open":
            return any(isinstance(item, ast.Name) and item.id == "__file__" for item in node.args)
        if isinstance(opener, ast.Attribute) and opener.attr in _READS and isinstance(opener.value, ast.Call):
            return any(isinstance(item, ast.Name) and item.id == "__file__" for item in opener.value.args)
        return False

    def _reference(self, node: ast.Attribute | ast.Name) -> list[ast.AST]:
        chain = _chain(node)
        if chain is None:
            assert isinstance(node, ast.Attribute)
            if node.attr in constructs.WORDS:
                self._construct(constructs.WORDS[node.attr], node.attr, node.lineno)
            return [node.value]
        if chain == ["__doc__"]:
            self._construct("own", "__doc__", node.lineno)
            return []
        is_imported = chain[0] in self._bound
        self._used.add(chain[0])
        for origin in self._origins(chain):
            self._chain(origin, node.lineno, is_imported=is_imported)
        return []

    def _origins(self, chain: list[str]) -> list[list[str]]:
        if chain[0] not in self._bound:
            return [chain]
        return [[*origin.lstrip(".").split("."), *chain[1:]] for origin in sorted(self._bound[chain[0]])]

    def _chain(self, parts: list[str], line: int, *, is_imported: bool) -> None:
        for name, kind in constructs.of_chain(parts, is_imported=is_imported):
            self._construct(kind, name, line)
        if is_imported and parts[-1] in constructs.VALUES:
            self._construct(constructs.VALUES[parts[-1]], f"{parts[-1]} as a value", line)


def _chain(node: ast.AST) -> list[str] | None:
    """Return the names of `a.b.c`; None if it does not begin with a name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return [node.id, *reversed(parts)]


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False
