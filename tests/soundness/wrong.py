"""Analyses that are wrong, each in one way that somebody could write by mistake. The oracle must catch every one."""

import ast
import copy
from collections.abc import Callable, Iterator

import pytest

from pipeline.code import edges, pieces, resolve
from pipeline.code.quiet import Quiet

Patch = pytest.MonkeyPatch


def without_attributes(patch: Patch) -> None:
    """Of `module.name` only the module is seen."""

    def used(self, node, chain):
        first, *_ = chain.lstrip(":").split(".")
        return self._resolver.name(node, first, (), as_value=False)

    patch.setattr(edges.Steps, "_used", used)


def without_decorators(patch: Patch) -> None:
    """A decorator is taken for something without an effect."""
    patch.setattr(Quiet, "_decorator", lambda self, node, *, is_method: True)


def without_stars(patch: Patch) -> None:
    """What `from module import *` brings is not seen."""
    patch.setattr(resolve.Resolver, "stars", lambda self, node: [])


def without_init(patch: Patch) -> None:
    """What the `__init__` of a package does is not seen."""
    real = edges.Steps._of_load

    def of_load(self, node) -> Iterator:
        if not node.path.endswith("__init__.py"):
            yield from real(self, node)

    patch.setattr(edges.Steps, "_of_load", of_load)


def without_defaults(patch: Patch) -> None:
    """What the defaults of a function use is not seen."""
    real = pieces.references.of_statements

    def of_statements(statements, file, unused):
        plain = copy.deepcopy(list(statements))
        for node in [n for s in plain for n in ast.walk(s)]:
            if isinstance(node, ast.arguments):
                node.defaults, node.kw_defaults = [], [None for _ in node.kw_defaults]
        return real(plain, file, unused)

    patch.setattr(pieces.references, "of_statements", of_statements)


def without_bases(patch: Patch) -> None:
    """What the base classes of a class are is not seen."""
    real = pieces.references.of_statements

    def of_statements(statements, file, unused):
        plain = copy.deepcopy(list(statements))
        for node in [n for s in plain for n in ast.walk(s)]:
            if isinstance(node, ast.ClassDef):
                node.bases = []
        return real(plain, file, unused)

    patch.setattr(pieces.references, "of_statements", of_statements)


def without_values(patch: Patch) -> None:
    """The values of constants do not count."""
    real = pieces.form.of_statements

    class Blank(ast.NodeTransformer):
        def visit_Constant(self, node):
            return ast.Constant(0) if type(node.value) is int else node

    def of_statements(parts, typing_only):
        return real([Blank().visit(copy.deepcopy(part)) for part in parts], typing_only)

    patch.setattr(pieces.form, "of_statements", of_statements)


WRONG: dict[str, Callable[[Patch], None]] = {
    "attribute matching is off": without_attributes,
    "decorators are ignored": without_decorators,
    "star imports are ignored": without_stars,
    "`__init__` is ignored": without_init,
    "defaults are ignored": without_defaults,
    "base classes are ignored": without_bases,
    "the values of constants are ignored": without_values,
}
