"""Finds what a top-level statement uses of its module, imports, and does that cannot be followed. Knows one file."""

import ast
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from . import calls, constructs, form, scopes
from .facts import Construct, Import
from .scopes import Scope, name_chain

_NAMES_IN_TEXT = re.compile(r"[^\W\d]\w*")
_ASKERS = frozenset(("delattr", "getattr", "hasattr", "setattr"))


class File(NamedTuple):
    """What the statements of one file have in common."""

    typing_only: frozenset[str]
    bound: Mapping[str, set[str]]
    """Imported name -> what it may stand for, wherever in the file it is imported."""
    lazy: bool
    """Annotations are not evaluated: `from __future__ import annotations`."""


class Found(NamedTuple):
    uses: dict[str, int]
    imports: list[Import]
    constructs: list[Construct]


def bindings(nodes: Iterable[ast.AST]) -> dict[str, set[str]]:
    """Return what each imported name may stand for, wherever in the file it is imported.

    One name may have several origins: scopes are not told apart here, so a use counts for all of them.
    """
    found: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name, origin in scopes.origins(node):
                found.setdefault(name, set()).add(origin)
    return found


def of_statements(statements: Iterable[ast.stmt], file: File, unused: frozenset[str]) -> Found:
    """Look through statements. `unused` are imported names that nothing in the file uses."""
    looked = _Look(file, unused)
    for statement in statements:
        looked.at(statement)
    return looked.result()


class _Look:
    """Goes without recursion: generated code nests deeper than Python's stack."""

    def __init__(self, file: File, unused: frozenset[str]) -> None:
        self._file = file
        self._unused = unused
        self._uses: dict[str, int] = {}
        self._imports: dict[tuple[int, str, tuple[str, ...] | None], int] = {}
        self._constructs: dict[tuple[str, str], int] = {}
        self._stack: list[tuple[ast.AST, Scope]] = []

    def at(self, statement: ast.stmt) -> None:
        self._stack.append((statement, Scope(None)))
        while self._stack:
            self._look_at(*self._stack.pop())

    def result(self) -> Found:
        imports = [
            Import(level, module, list(names) if names is not None else None, line)
            for (level, module, names), line in self._imports.items()
        ]
        found = [Construct(kind, name, line) for (kind, name), line in self._constructs.items()]
        return Found(self._uses, imports, sorted(found))

    def _look_at(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node, scope)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            self._function(node, scope)
        elif isinstance(node, ast.ClassDef):
            self._push([*node.decorator_list, *node.bases, *node.keywords], scope)
            self._push(form.meaningful(node.body, self._file.typing_only), scopes.of_class(node, scope))
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            self._comprehension(node, scope)
        elif isinstance(node, ast.AnnAssign):
            self._annotated(node, scope)
        elif isinstance(node, ast.Assign | ast.Expr) and self._is_import(node):
            self._push(node.targets if isinstance(node, ast.Assign) else [], scope)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            self._name([node.target.id], node, scope)
            self._push([node.target, node.value], scope)
        elif isinstance(node, ast.Call) and self._call(node, scope):
            pass
        elif isinstance(node, ast.Attribute | ast.Name):
            self._reference(node, scope)
        elif isinstance(node, ast.Constant):
            self._text(node, scope)
        elif isinstance(node, ast.If) and form.is_typing_only(node.test, self._file.typing_only):
            self._push([node.test, *form.meaningful(node.orelse, self._file.typing_only)], scope)
        elif not (isinstance(node, ast.Subscript) and self._is_own_module(node, scope)):
            self._push(self._children(node), scope)

    def _push(self, nodes: Iterable[ast.AST], scope: Scope) -> None:
        self._stack.extend((node, scope) for node in list(nodes)[::-1])

    def _children(self, node: ast.AST) -> list[ast.AST]:
        """Return the children, without docstrings; what only type checkers see is looked at for its test."""
        children: list[ast.AST] = []
        for _, value in ast.iter_fields(node):
            if isinstance(value, ast.AST):
                children.append(value)
            elif isinstance(value, list):
                children += [item for item in value if isinstance(item, ast.AST) and not form.is_bare(item)]
        return children

    def _function(self, node: scopes.FUNCTIONS, scope: Scope) -> None:
        arguments = node.args
        self._push([*arguments.defaults, *(item for item in arguments.kw_defaults if item)], scope)
        inner = scopes.of_function(node, scope)
        if isinstance(node, ast.Lambda):
            self._push([node.body], inner)
            return
        self._push(node.decorator_list, scope)
        # Without an evaluation only decorators (`validate_call`) and whoever makes a class read annotations.
        is_read = bool(node.decorator_list) or scope.is_class
        if is_read or not self._file.lazy:
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            every += [item for item in (arguments.vararg, arguments.kwarg) if item]
            for annotation in [*(item.annotation for item in every), node.returns]:
                self._annotation(annotation, inner if hasattr(node, "type_params") else scope, is_read)
        self._push((item for item in node.body if not form.is_bare(item)), inner)

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, scope: Scope
    ) -> None:
        self._push([node.generators[0].iter], scope)
        inner = scopes.of_comprehension(node.generators, scope)
        for number, generator in enumerate(node.generators):
            self._push([generator.target, *generator.ifs], inner)
            if number:
                self._push([generator.iter], inner)
        self._push([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt], inner)

    def _annotated(self, node: ast.AnnAssign, scope: Scope) -> None:
        self._push([node.target, *([node.value] if node.value else [])], scope)
        if scope.is_class or (scope.is_module and not self._file.lazy):
            self._annotation(node.annotation, scope, scope.is_class)

    def _annotation(self, node: ast.expr | None, scope: Scope, is_read: bool) -> None:
        """Take an annotation; names in its texts count if somebody reads it."""
        if node is None:
            return
        self._push([node], scope)
        for inner in ast.walk(node) if is_read else ():
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                try:
                    self._push([ast.parse(inner.value.strip(), mode="eval").body], scope)
                except (SyntaxError, ValueError):
                    continue

    def _add(self, level: int, module: str, names: tuple[str, ...] | None, line: int) -> None:
        self._imports.setdefault((level, module, names), line)

    def _construct(self, kind: str, name: str, line: int) -> None:
        self._constructs.setdefault((kind, name), line)

    def _use(self, chain: str, line: int) -> None:
        self._uses.setdefault(chain, line)

    def _import(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        base = "" if isinstance(node, ast.Import) else "." * node.level + (node.module or "")
        if isinstance(node, ast.Import):
            for item in node.names:
                self._add(0, item.name, None, node.lineno)
        else:
            self._add(node.level, node.module or "", tuple(item.name for item in node.names), node.lineno)
        for name, origin in scopes.origins(node):
            for kind in constructs.MODULES.get(origin.partition(".")[0], ()):
                self._construct(kind, origin.partition(".")[0], node.lineno)
            # Where it is not used it may be taken from here, and its origin is then not to be seen:
            # `from .compat import loads`. A module that keeps its name is known again wherever that is.
            if name in self._unused and not (name in constructs.VALUES and origin.endswith(name)):
                self._chain(origin.lstrip(".").split("."), node.lineno, is_imported=True)
            if scope.is_class:
                self._use(f":{origin}", node.lineno)  # an attribute of whatever has this class
        if isinstance(node, ast.ImportFrom) and any(item.name == "*" for item in node.names):
            self._chain([*base.lstrip(".").split("."), "*"], node.lineno, is_imported=True)
            if base in constructs.VALUES:
                self._construct(constructs.VALUES[base], f"from {base} import *", node.lineno)

    def _is_import(self, node: ast.Assign | ast.Expr) -> bool:
        """Take `name = import_module("a.b")`, of which the scope knows what it stands for, and one without name."""
        name = scopes.literal_import(node.value)
        is_known = isinstance(node, ast.Expr) or (
            len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        )
        if name is None or not is_known or not isinstance(node.value, ast.Call):
            return False
        chain = name_chain(node.value.func)
        if chain is None or not any(
            ".".join(origin) in constructs.LITERAL_IMPORTERS for origin in self._origins(chain)
        ):
            return False
        self._add(0, name, None, node.lineno)
        self._name(chain[:1], node.value.func, Scope(None))
        return True

    def _call(self, node: ast.Call, scope: Scope) -> bool:
        """Take a call that can be read off; false means: look at it like the rest."""
        if calls.reads_own_file(node):
            self._construct("own", "a read of __file__", node.lineno)
            return False
        if any(item.arg == "allow_pickle" and not _is_false(item.value) for item in node.keywords):
            self._construct("everything", "allow_pickle", node.lineno)
        chain = name_chain(node.func)
        if chain is None:
            return False
        arguments = [*node.args, *(item.value for item in node.keywords)]
        if len(chain) == 1 and chain[0] in ("dir", "locals", "vars") and not (arguments or scope.is_function):
            self._construct("module", f"{chain[0]}()", node.lineno)
        for origin in self._origins(chain):
            name = ".".join(origin)
            if name in constructs.LITERAL_IMPORTERS:
                return self._import_call(name, node, scope)
            if name in ("sys.path.append", "sys.path.insert"):
                kind = calls.folder_above(node, self._file.bound)
                if kind:
                    self._construct(kind, "sys.path", node.lineno)
                    self._push(node.args, scope)
                    self._name(chain[:1], node.func, scope)
                    return True
            if name in constructs.RESOURCES and self._resource_import(node):
                self._name(chain[:1], node.func, scope)
                self._push(arguments, scope)
                return True
        if chain[0] in _ASKERS and len(chain) == 1 and len(node.args) >= 2:
            return self._asked(node, scope)
        return False

    def _asked(self, node: ast.Call, scope: Scope) -> bool:
        """Take `getattr(module, "name")` for `module.name`."""
        chain, word = name_chain(node.args[0]), node.args[1]
        if chain is None or not (isinstance(word, ast.Constant) and isinstance(word.value, str)):
            return False
        self._name([*chain, word.value], node, scope)
        self._push([node.func, *node.args[1:], *node.keywords], scope)
        return True

    def _import_call(self, name: str, node: ast.Call, scope: Scope) -> bool:
        found = calls.literal_import(node)
        if found is None:
            kind = calls.prefix_of(node)
            if kind is None:
                return False
            self._construct(kind, name, node.lineno)
            self._push(node.args, scope)
        else:
            level, module, names = found
            self._add(level, module, names, node.lineno)
            whole = "." * level + ".".join([*([module] if module else []), *(names or ())])
            self._use(f":{whole.partition('.')[0] if name.endswith('__import__') else whole}", node.lineno)
        chain = name_chain(node.func)
        assert chain is not None, "it was called by a name"
        self._name(chain[:1], node.func, scope)
        return True

    def _resource_import(self, node: ast.Call) -> bool:
        if not node.args:
            return not node.keywords
        anchor = node.args[0]
        if isinstance(anchor, ast.Constant) and isinstance(anchor.value, str) and anchor.value:
            self._add(0, anchor.value, None, node.lineno)
            return True
        chain = name_chain(anchor)
        return chain is not None and (chain[0] in self._file.bound or chain[0] in ("__name__", "__package__"))

    def _is_own_module(self, node: ast.Subscript, scope: Scope) -> bool:
        """Say whether it is `sys.modules[__name__]`, the usual way to speak of one's own module."""
        chain = name_chain(node.value)
        if chain is None or ["sys", "modules"] not in self._origins(chain):
            return False
        if not (isinstance(node.slice, ast.Name) and node.slice.id == "__name__"):
            return False
        self._construct("module", "sys.modules[__name__]", node.lineno)
        self._name(chain[:1], node, scope)
        return True

    def _text(self, node: ast.Constant, scope: Scope) -> None:
        if not isinstance(node.value, str):
            return
        kind = constructs.of_text(node.value)
        if kind:
            self._construct(kind, repr(node.value), node.lineno)
        if "@" in node.value or "~" in node.value:
            # `frame.query("delay > @LIMIT")`, `ols("y ~ f(x)")`: these look names up where they are called.
            for name in _NAMES_IN_TEXT.findall(node.value):
                self._name([name], node, scope)

    def _reference(self, node: ast.Attribute | ast.Name, scope: Scope) -> None:
        chain = name_chain(node)
        if chain is None:
            assert isinstance(node, ast.Attribute)
            self._attribute(node, scope)
            return
        if chain == ["__doc__"]:
            self._construct("own", "__doc__", node.lineno)
            return
        is_imported = chain[0] in self._file.bound
        for origin in self._origins(chain):
            self._chain(origin, node.lineno, is_imported=is_imported)
        is_bound_here = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        if not is_bound_here or (chain[0] in scope.globals and scope.owner(chain[0]) is None):
            self._name(chain, node, scope)

    def _attribute(self, node: ast.Attribute, scope: Scope) -> None:
        """Take an attribute of what is not a name: `import_module("a.b").f`, `f().x`."""
        if node.attr in constructs.WORDS:
            self._construct(constructs.WORDS[node.attr], node.attr, node.lineno)
        called = scopes.literal_import(node.value)
        chain = name_chain(node.value.func) if called and isinstance(node.value, ast.Call) else None
        if called and chain and ".".join(self._origins(chain)[0]) in constructs.LITERAL_IMPORTERS:
            self._add(0, called, None, node.lineno)
            self._use(f":{called}.{node.attr}", node.lineno)
            self._name(chain[:1], node, scope)
            return
        self._push([node.value], scope)

    def _name(self, chain: list[str], node: ast.AST, scope: Scope) -> None:
        """Note the use of a global name, or of what a function imported under its own name."""
        line = getattr(node, "lineno", 1)
        owner = scope.owner(chain[0])
        if owner is None:
            self._use(".".join(chain), line)
            return
        for origin in sorted(owner.imported.get(chain[0], ())):
            self._use(":" + scopes.dotted(origin, ".".join(chain[1:])).removesuffix("."), line)

    def _origins(self, chain: list[str]) -> list[list[str]]:
        if chain[0] not in self._file.bound:
            return [chain]
        return [[*origin.lstrip(".").split("."), *chain[1:]] for origin in sorted(self._file.bound[chain[0]])]

    def _chain(self, parts: list[str], line: int, *, is_imported: bool) -> None:
        for name, kind in constructs.of_chain(parts, is_imported=is_imported):
            self._construct(kind, name, line)
        if is_imported and parts[-1] in constructs.VALUES:
            self._construct(constructs.VALUES[parts[-1]], f"{parts[-1]} as a value", line)


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False
