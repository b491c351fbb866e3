"""What changes a unit's digest, and what does not."""

import ast
import random
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.code.analyse import analyse

STDLIB = Path(textwrap.__file__).parent
REAL = ["textwrap.py", "bisect.py", "csv.py", "json/decoder.py"]

names = st.sampled_from(["alpha", "beta", "gamma"])
atoms = st.one_of(
    names,
    st.integers(-5, 5).map(str),
    st.floats(-2, 2).map(repr),
    st.booleans().map(str),
    st.text("ab'\\\n é", max_size=4).map(repr),
    st.binary(max_size=3).map(repr),
)
expressions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "<", "and"]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(names, inner).map(lambda t: f"{t[0]}({t[1]}, k={t[1]})"),
        inner.map(lambda e: f"(lambda a, b={e}: a)"),
    ),
    max_leaves=6,
)


@st.composite
def programs(draw, depth=2):
    """Text of a module: assignments, functions, classes, conditions, loops."""
    lines = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["assign", "def", "class", "if", "for", "return"][: 6 if depth else 1]))
        if kind == "assign":
            lines.append(f"{draw(names)} = {draw(expressions)}")
            continue
        head = {
            "def": f"def {draw(names)}(x, *, y={draw(expressions)}):",
            "class": f"class {draw(names)}(object):",
            "if": f"if {draw(expressions)}:",
            "for": f"for i in {draw(expressions)}:",
            "return": "async def run():",
        }[kind]
        lines += [head, textwrap.indent(draw(programs(depth=depth - 1)), "    ")]
    return "\n".join(lines)


def meaning(text):
    facts = analyse(text.encode())
    assert facts.error is None, facts.error
    return [piece.digest for piece in facts.pieces if not piece.is_main]


def with_noise(text, choose):
    """Write a program otherwise: laid out by `unparse`, with comments, blank lines, docstrings, `pass`."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and choose():
            node.body.insert(0, ast.Expr(ast.Constant(f"documented {node.__class__.__name__}")))
        if isinstance(node, ast.If | ast.For) and choose():
            node.body.append(ast.Pass())
    lines = []
    for line in ast.unparse(ast.fix_missing_locations(tree)).split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        if choose():
            lines += ["", f"{indent}# a comment"]
        lines.append(line + ("  # type: ignore" if choose() else ""))
    return "\n".join(lines)


@given(programs(), st.randoms(use_true_random=False))
def test_comments_layout_and_docstrings_never_change_the_meaning(text, chance):
    assert meaning(with_noise(text, lambda: chance.random() < 0.4)) == meaning(text)


@pytest.mark.parametrize("name", REAL)
def test_real_modules_mean_the_same_without_comments_and_layout(name):
    text = (STDLIB / name).read_text()
    assert meaning(ast.unparse(ast.parse(text))) == meaning(text)


def normal_form(tree):
    """Say what counts of a tree by the standard library's own dump, after taking off what does not count."""

    class Strip(ast.NodeTransformer):
        def visit_Expr(self, node):
            return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

        def visit_Pass(self, node):
            return None

    return ast.dump(Strip().visit(tree))


@given(programs(), programs())
def test_two_programs_have_one_meaning_only_if_their_trees_are_equal(one, other):
    equal = normal_form(ast.parse(one)) == normal_form(ast.parse(other))
    assert (meaning(one) == meaning(other)) == equal


OTHER_OPERATOR = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Lt: ast.LtE,
    ast.Gt: ast.Lt,
    ast.Eq: ast.NotEq,
}


def mutate(tree, chance):
    """Change one node of a tree; return a description, or None if the chosen one cannot be changed."""
    node = chance.choice(
        [
            n
            for n in ast.walk(tree)
            if isinstance(
                n,
                ast.Constant
                | ast.Name
                | ast.Attribute
                | ast.arg
                | ast.BinOp
                | ast.Compare
                | ast.Return
                | ast.keyword,
            )
        ]
    )
    if isinstance(node, ast.Constant):
        node.value = (node.value, "changed")[1] if node.value != "changed" else 0
    elif isinstance(node, ast.Name):
        node.id += "_"
    elif isinstance(node, ast.Attribute):
        node.attr += "_"
    elif isinstance(node, ast.arg | ast.keyword):
        node.arg = (node.arg or "") + "_"
    elif isinstance(node, ast.BinOp):
        node.op = OTHER_OPERATOR.get(type(node.op), ast.Pow)()
    elif isinstance(node, ast.Compare):
        node.ops[0] = OTHER_OPERATOR.get(type(node.ops[0]), ast.Eq)()
    else:
        node.value = ast.Constant("returned") if node.value is None else None
    return type(node).__name__


@pytest.mark.parametrize("name", REAL)
def test_any_change_of_a_real_module_that_can_do_something_changes_its_meaning(name):
    text = (STDLIB / name).read_text()
    before, form_before = meaning(text), normal_form(ast.parse(text))
    chance = random.Random(name)
    changed = 0
    for _ in range(25):
        tree = ast.parse(text)
        what = mutate(tree, chance)
        text_after = ast.unparse(ast.fix_missing_locations(tree))
        if normal_form(ast.parse(text_after)) != form_before:
            changed += 1
            assert meaning(text_after) != before, what
    assert changed >= 10


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = 0.0", "x = -0.0"),
        ("x = 'a'", "x = b'a'"),
        ("x = ['a', 'b']", "x = ['a'], 'b'"),
        ("f(a, b)", "f(a)(b)"),
        ("f('a', 'b')", "f('a' 'b')"),
        ("if a:\n    b()\nelse:\n    c()", "if a:\n    b()\nc()"),
        ("if a:\n    b()\n    c()", "if a:\n    b()\nc()"),
        ("def f(a, /): return a", "def f(a): return a"),
        ("def f(*, a=None): return a", "def f(*, a): return a"),
        ("async def f(): return 1", "def f(): return 1"),
        ("from . import a", "from .. import a"),
        ("x: int = 1", "x: str = 1"),
        ("f'{x!r}'", "f'{x}'"),
        ("f'{x:>3}'", "f'{x:>4}'"),
        ("from __future__ import annotations", "x = 1"),
        ("@cache\ndef f(): return 1", "def f(): return 1"),
    ],
)
def test_what_does_something_else_has_another_meaning(one, other):
    assert meaning(one) != meaning(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 'a'", 'x = "a"  # c'),
        ("x = 'ab'", "x = 'a' 'b'"),
        ("x = u'a'", "x = 'a'"),
        ("x = 0x10", "x = 16"),
        ("x = (1)", "x = 1"),
        ("def f(): pass", "def f():\n    'doc'"),
        ("def f(): ...", "def f():\n    'doc'\n    pass"),
        ("if __name__ == '__main__':\n    go(1)", "if __name__ == '__main__':\n    go(2)"),
        ("x = 1", "x = 1\nif __name__ == '__main__':\n    go(2)"),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import b",
        ),
    ],
)
def test_what_does_the_same_has_one_meaning(one, other):
    assert meaning(one) == meaning(other)


def test_the_main_block_belongs_to_the_script_but_not_to_the_module():
    one, other = (analyse(f"if __name__ == '__main__':\n    go({n})\n".encode()) for n in (1, 2))
    assert all(piece.is_main for piece in (*one.pieces, *other.pieces))
    assert one.pieces[0].digest != other.pieces[0].digest


def test_very_deep_and_very_long_code_is_read():
    assert meaning("x = " + " + ".join(["1"] * 600)) != meaning("x = " + " + ".join(["1"] * 601))
    big = "9" * 5000
    assert meaning(f"x = 0x{big}") != meaning(f"x = 0x{big[:-1]}8")


def test_code_nested_beyond_what_python_reads_is_an_error_and_no_crash():
    assert analyse(("x = " + "(" * 5000 + ")" * 5000).encode()).error is not None


def test_an_invalid_escape_in_a_users_text_warns_nobody():
    assert meaning(r"x = '\d'") == meaning(r"x = '\\d'")
