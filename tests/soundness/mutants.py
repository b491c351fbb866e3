"""Random edits of a project's code, by kind. Knows syntax, and nothing of what an edit does to a result.

The kinds in LAYOUT do nothing that a program can see of itself. All others may change the result, or not.
"""

import ast
import random
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from tests.soundness.generated import PATHS

Files = Mapping[str, str]


class Mutant(NamedTuple):
    kind: str
    path: str
    """The one file that differs."""
    text: str | None
    """What it holds now; None: it is gone."""

    def of(self, files: Files) -> dict[str, str]:
        """Return the project with this edit."""
        changed = {**files, self.path: self.text or ""}
        return {path: text for path, text in changed.items() if path != self.path or self.text is not None}


class _Place(NamedTuple):
    kind: str
    node: ast.AST
    change: Callable[[], None]
    """Changes the tree in which `node` stands."""


def _set(node: ast.AST, field: str, value: object) -> Callable[[], None]:
    return lambda: setattr(node, field, value)


def _put(items: list[ast.AST], at: int, *new: ast.AST) -> Callable[[], None]:
    def change() -> None:
        items[at : at + 1] = new

    return change


def _parsed(text: str) -> ast.stmt:
    return ast.parse(text).body[0]


def _numbers(node: ast.AST, kind: str) -> Iterator[_Place]:
    """Give every number at or below a node."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and type(inner.value) is int:
            yield _Place(kind, inner, _set(inner, "value", inner.value + 1000))


def _of_function(node: ast.FunctionDef) -> Iterator[_Place]:
    for default in [*node.args.defaults, *(item for item in node.args.kw_defaults if item)]:
        yield from _numbers(default, "default")
    for at, decorator in enumerate(node.decorator_list):
        yield _Place("decorator removed", decorator, _put(node.decorator_list, at))
    yield _Place("method or function replaced", node, _put(node.body, 0, _parsed("return 77"), node.body[0]))
    for statement in node.body:
        for inner in ast.walk(statement):
            if isinstance(inner, ast.Return) and inner.value is not None:
                yield from _numbers(inner.value, "number in a function")
                again = ast.BinOp(inner.value, ast.Add(), ast.Constant(5))
                yield _Place("result", inner, _set(inner, "value", again))
            elif isinstance(inner, ast.BinOp):
                other = ast.Sub() if isinstance(inner.op, ast.Add) else ast.Add()
                yield _Place("operator", inner, _set(inner, "op", other))


def _of_class(node: ast.ClassDef) -> Iterator[_Place]:
    for at, base in enumerate(node.bases):
        yield _Place("base class removed", base, _put(node.bases, at))
    for at, decorator in enumerate(node.decorator_list):
        yield _Place("decorator removed", decorator, _put(node.decorator_list, at))
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef):
            yield from _of_function(statement)
        else:
            yield from _numbers(statement, "class attribute")
    method = _parsed("def m(self):\n    return 55")
    yield _Place("method added", node, _put(node.body, len(node.body), method))


def _of_import(node: ast.Import | ast.ImportFrom, body: list[ast.stmt], at: int) -> Iterator[_Place]:
    yield _Place("import removed", node, _put(body, at))
    if isinstance(node, ast.ImportFrom) and len(node.names) > 1 and node.module != "__future__":
        one, other = node.names[:2]
        swapped = ast.ImportFrom(node.module, [_named(other, one), _named(one, other)], node.level)
        yield _Place("import of other names", node, _put(body, at, swapped))


def _named(taken: ast.alias, bound: ast.alias) -> ast.alias:
    return ast.alias(taken.name, bound.asname or bound.name)


def _places(tree: ast.Module, chance: random.Random) -> Iterator[_Place]:
    body = tree.body
    for at, node in enumerate(body):
        if isinstance(node, ast.FunctionDef):
            yield from _of_function(node)
        elif isinstance(node, ast.ClassDef):
            yield from _of_class(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from _of_import(node, body, at)
            continue
        else:
            yield from _numbers(node, "constant of a module")
        yield _Place("statement removed", node, _put(body, at))
        yield _Place(
            "statement moved", node, lambda at=at: body.insert(chance.randrange(at + 1), body.pop(at))
        )
    names = [n.name for n in body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    names += [t.id for n in body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)]
    for name in names:
        yield _Place("name bound again", tree, lambda name=name: body.append(_again(name)))
        exported = _parsed(f"__all__ = {[n for n in names if n != name]!r}")
        yield _Place("__all__ written", tree, lambda exported=exported: body.append(exported))


def _again(name: str) -> ast.stmt:
    if name[0] in "CN":
        return _parsed(f"{name} = 404")
    return _parsed(f"def {name}(*a, **k):\n    return 404")


def _changed(text: str, chance: random.Random, kind: str, at: int) -> str:
    tree = ast.parse(text)
    found = [place for place in _places(tree, chance) if place.kind == kind]
    found[at].change()
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


_APPENDED = {
    "import appended": "import {other}\n",
    "star import appended": "from {other} import *\n",
    "another module changed": "import {other} as _it\nfor _n in [n for n in vars(_it) if n[0] == 'f'][:1]:\n"
    "    setattr(_it, _n, lambda *a: 31)\n",
    "another module named": "import {other} as _it\nif hasattr(_it, {name!r}):\n    _it.{name} = lambda *a: 32\n",
    "entry in a registry": "import lib.reg\nlib.reg.REGISTRY['late'] = lambda: 8\n",
    "class under a hook": "import lib.reg\nclass Late(lib.reg.Base):\n    pass\n",
    "__getattr__ written": "def __getattr__(name):\n    return lambda *a: 33\n",
    "unused function": "def never(x):\n    return x + 1\n",
    "unused constant": "NEVER = 5\n",
}


def _comment(text: str) -> str:
    return "\n".join(f"{line}  # seen" if line and '"""' not in line else line for line in text.split("\n"))


LAYOUT: dict[str, Callable[[str], str]] = {
    "comments": _comment,
    "blank lines": lambda text: "# above\n\n" + text.replace("\ndef ", "\n\n\ndef "),
    "layout": lambda text: ast.unparse(ast.parse(text)) + "\n",
    "docstrings": lambda text: text.replace('"""Doc ', '"""Another text '),
    "indentation": lambda text: text.replace("    ", "  "),
    "main block": lambda text: text + "if __name__ == '__main__':\n    import sys\n    print(sys.argv)\n",
    "typing import": lambda text: text + "if typing.TYPE_CHECKING:\n    from lib import nothing_like_that\n",
}


ORDINARY = [
    "base class removed",
    "class attribute",
    "constant of a module",
    "decorator removed",
    "default",
    "import of other names",
    "import removed",
    "method added",
    "method or function replaced",
    "name bound again",
    "number in a function",
    "operator",
    "result",
    "statement moved",
    "statement removed",
    "__all__ written",
]


def kinds() -> list[str]:
    """Return all kinds of edits, those of the layout last."""
    return [*ORDINARY, *_APPENDED, "module added", "module removed", *LAYOUT]


def mutant(files: Files, kind: str, chance: random.Random) -> Mutant | None:
    """Return a random edit of this kind; None if nothing in the project allows one."""
    paths = sorted(files)
    chance.shuffle(paths)
    for path in paths:
        text = _text(files, path, kind, chance)
        if text is not None and text != files.get(path):
            return Mutant(kind, path, text)
        if kind == "module removed" and not path.endswith(("main.py", "sub/__init__.py")):
            return Mutant(kind, path, None)
        if kind == "module added":
            return _added(files, chance)
    return None


def _text(files: Files, path: str, kind: str, chance: random.Random) -> str | None:
    text = files[path]
    if kind in LAYOUT:
        return LAYOUT[kind](text) if text.strip() else None
    if kind in _APPENDED:
        others = [name for name, at in PATHS.items() if at in files and at != path]
        other = chance.choice(others)
        names = [n.name for n in ast.parse(files[PATHS[other]]).body if isinstance(n, ast.FunctionDef)]
        return text + _APPENDED[kind].format(other=other, name=chance.choice(names or ["x"]))
    count = sum(place.kind == kind for place in _places(ast.parse(text), chance))
    return _changed(text, chance, kind, chance.randrange(count)) if count else None


def _added(files: Files, chance: random.Random) -> Mutant:
    """Add a module that some import would rather have, or that nobody asks for."""
    wanted = [
        f"lib/{alias.asname}.py"
        for text in files.values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lib.maybe")
        for alias in node.names
    ]
    beside = ["lib/unasked.py", "lib/sub/f1.py", "other.py", "lib/a/__init__.py", "plain/__init__.py"]
    path = chance.choice([*wanted * 3, *beside])
    return Mutant("module added", path, "VALUE = 606\n")
