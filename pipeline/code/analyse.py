"""Reads one Python file's bytes into facts. Knows no other file, and nothing of where the file lies."""

import ast
import re
import warnings

from . import certain, form, pieces, references, scopes, signatures
from .facts import Construct, Facts, Piece, broken

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")


def analyse(data: bytes) -> Facts:
    """Return the facts of a source file. One that Python cannot parse has `error` set, and is not raised."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in a user's text are not ours to report
            tree = ast.parse(data)
    except SyntaxError as error:
        return broken(error.msg, error.lineno or 1, error.offset or 1)
    except (ValueError, RecursionError, MemoryError) as error:
        return broken(str(error) or "too deeply nested for Python's parser", 1, 1)
    misplaced = _misplaced_future(tree)
    if misplaced is not None:
        return broken("from __future__ imports must occur at the beginning of the file", misplaced, 1)
    nodes = list(ast.walk(tree))  # once: walking costs several times what parsing does
    aliases = signatures.aliases_of(tree)
    typing_only = _typing_only(nodes, aliases)
    file = references.File(typing_only, references.bindings(nodes), _is_lazy(tree))
    found = list(pieces.statements(tree, typing_only, sets_name=_sets_name(nodes)))
    try:
        cut = pieces.cut(found, file, aliases, lines_of(data))
        if _is_recoded(data):
            raise pieces.Uncut
    except pieces.Uncut:
        cut = [_whole(piece) for piece in pieces.cut(found, file, aliases, None)]
    names = sorted({name for piece in cut for name in piece.names})
    has_star = any(alias.item == "*" for piece in cut for alias in piece.aliases)
    has_star = has_star or any("*" in (item.names or ()) for piece in cut for item in piece.imports)
    exports, is_open_export = _exports(tree, nodes)
    bindings = [name for piece in cut for name in piece.names]
    used = [piece._replace(uses=_own_uses(piece, names, has_star=has_star)) for piece in cut]
    return Facts(
        pieces=_with_late(used),
        names=names,
        origins=_origins(found),
        is_open=has_star or "__getattr__" in names or _is_open(nodes),
        exports=exports,
        is_open_export=is_open_export,
        aliases=aliases,
        defs=signatures.defs_of(tree, aliases, bindings),
        unsure=sorted({name for p in cut if not p.is_main for name in p.names} - certain.names(tree.body)),
    )


def lines_of(data: bytes) -> list[bytes]:
    """Return the lines as Python counts them, without what ends them."""
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")


def _whole(piece: Piece) -> Piece:
    return piece._replace(
        constructs=[*piece.constructs, Construct("own", "a layout or coding of its own", 1)]
    )


def _is_recoded(data: bytes) -> bool:
    """Say whether a file is in another encoding than UTF-8: places in its text are then not those in its bytes."""
    for line in lines_of(data)[:2]:
        match = _COOKIE.match(line)
        if match:
            return match.group(1).lower().replace(b"_", b"-") not in (
                b"utf-8",
                b"utf8",
                b"ascii",
                b"us-ascii",
            )
    return False


def _is_lazy(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(item.name == "annotations" for item in node.names)
        for node in tree.body
    )


def _misplaced_future(tree: ast.Module) -> int | None:
    """Return the line of a `from __future__` import that stands where Python, but not its parser, refuses it."""
    is_begun = False
    for number, node in enumerate(tree.body):
        if isinstance(node, ast.ImportFrom) and node.module == "__future__" and node.level == 0:
            if is_begun:
                return node.lineno
        elif number or not form.is_bare(node):
            is_begun = True
    return None


def _sets_name(nodes: list[ast.AST]) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == "__name__" and not isinstance(node.ctx, ast.Load)
        for node in nodes
    )


def _with_late(found: list[Piece]) -> list[Piece]:
    """Note of each statement that has its place what it uses of those that have none and come after it."""
    places = {name: number for number, piece in enumerate(found) if piece.floats for name in piece.names}
    needs = [{name for chain in p.uses if (name := chain.partition(".")[0]) in places} for p in found]
    noted = []
    for number, piece in enumerate(found):
        reached: set[str] = set()
        todo = [] if piece.floats else list(needs[number])
        while todo:
            name = todo.pop()
            if name not in reached:
                reached.add(name)
                todo += needs[places[name]]
        noted.append(piece._replace(late=sorted(name for name in reached if places[name] > number)))
    return noted


def _own_uses(piece: Piece, names: list[str], *, has_star: bool) -> dict[str, int]:
    """Leave out names that the module cannot have: built-in ones."""
    known = set(names)
    return {
        chain: line
        for chain, line in piece.uses.items()
        if has_star or chain[0] == ":" or chain.partition(".")[0] in known
    }


def _origins(found: list[pieces.Statement]) -> dict[str, list[str]]:
    """Return what names are bound to by imports in compound statements, and through `global` in functions."""
    origins: dict[str, set[str]] = {}
    for statement in (part for item in found for part in item.parts):
        if isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        for node in scopes.own_nodes([statement]):
            for name, origin in scopes.origins(node):
                origins.setdefault(name, set()).add(origin)
        shared = {name for node in ast.walk(statement) if isinstance(node, ast.Global) for name in node.names}
        for node in ast.walk(statement) if shared else ():
            for name, origin in scopes.origins(node):
                if name in shared:
                    origins.setdefault(name, set()).add(origin)
    return {name: sorted(origins[name]) for name in sorted(origins)}


def _is_open(nodes: list[ast.AST]) -> bool:
    return any(
        (isinstance(node, ast.Name) and node.id in ("globals", "exec"))
        or (isinstance(node, ast.Attribute) and node.attr == "modules")  # sys.modules[__name__].name = ...
        for node in nodes
    )


def _typing_only(nodes: list[ast.AST], aliases: dict[str, str]) -> frozenset[str]:
    """Return the tests that only a type checker finds true, unless the module sets them itself."""
    tests = {
        f"{name}.TYPE_CHECKING"
        for name, origin in aliases.items()
        if origin in ("typing", "typing_extensions")
    }
    tests |= {name for name, origin in aliases.items() if origin.endswith("typing.TYPE_CHECKING")}
    for node in nodes:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Constant)
            and node.value.value is False
        ):
            tests |= {t.id for t in node.targets if isinstance(t, ast.Name) and t.id == "TYPE_CHECKING"}
    stores = [
        node.id
        for node in nodes
        if isinstance(node, ast.Name) and node.id in tests and not isinstance(node.ctx, ast.Load)
    ]
    once = {
        name for name in stores if stores.count(name) == 1 and name == "TYPE_CHECKING" and name not in aliases
    }
    return frozenset(tests - (set(stores) - once))


def _exports(tree: ast.Module, nodes: list[ast.AST]) -> tuple[list[str] | None, bool]:
    """Return `__all__` and whether there is one that cannot be read off."""
    exports: list[str] | None = None
    for node in nodes:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
        ):
            if exports is not None or not isinstance(node.value, ast.List | ast.Tuple):
                return None, True
            items = [item.value if isinstance(item, ast.Constant) else None for item in node.value.elts]
            if not all(isinstance(item, str) for item in items):
                return None, True
            exports = [str(item) for item in items]
        elif isinstance(node, ast.Name) and node.id == "__all__" and not _is_plain_target(node, tree):
            return None, True
    return exports, False


def _is_plain_target(name: ast.Name, tree: ast.Module) -> bool:
    return any(isinstance(node, ast.Assign) and name in node.targets for node in tree.body)
