"""Parameters are set in the text of their file: what is meant changes, and every other character stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import adjust, parse_document
from pipeline.dotted import leaves
from pipeline.errors import UsageError

TEXT = """\
# the knobs
rows: 10        # of the table

train:          # the model
  lr: 0.1       # the step
  name: "a b"   # quoted
  layers:       # from the input on
    - 8         # wide
    - 4
  note: |
    two
    lines
models: {logit: {C: 0.1}, trees: {depth: 3}}   # in brackets
2024: {days: 366}
"""


@pytest.mark.parametrize(
    ("name", "value", "old", "new"),
    [
        ("rows", 11, "rows: 10        #", "rows: 11        #"),
        ("rows", "10", "rows: 10        #", 'rows: "10"        #'),
        ("rows", None, "rows: 10        #", "rows: null        #"),
        ("train.lr", 1e-05, "lr: 0.1 ", "lr: 1e-05 "),
        ("train.name", "c: d", '"a b"', '"c: d"'),
        ("train.layers", [2], "    - 8         # wide\n    - 4\n", "    [2]\n"),
        ("train.note", "one", "|\n    two\n    lines\n", "one\n"),
        ("models.logit.C", 2.0, "{C: 0.1}", "{C: 2.0}"),
        ("2024.days", 365, "{days: 366}", "{days: 365}"),
        ("train.depth", 3, "    lines\n", "    lines\n  depth: 3\n"),
        ("models.logit.max.iter", 5, "{C: 0.1}", "{C: 0.1, max: {iter: 5}}"),
        ("seed", 7, "366}\n", "366}\nseed: 7\n"),
        ("rows.test", 5, "rows: 10 ", "rows: {test: 5} "),
    ],
)
def test_one_parameter_is_set_and_the_rest_stays_as_it_is_written(name, value, old, new):
    assert adjust.adjusted(TEXT, (), {name: value}, "params.yaml") == TEXT.replace(old, new, 1)


def test_parameters_that_stand_in_pipeline_yaml_are_set_there():
    text = "params:\n  lr: 0.1  # step\nstages: {a: {cmd: 'true'}}\n"
    assert adjust.adjusted(text, ("params",), {"lr": 2}, "pipeline.yaml") == text.replace("0.1", "2")


def test_a_file_without_any_gets_them():
    assert adjust.adjusted("", (), {"a": 1, "b.c": "x"}, "params.yaml") == "a: 1\nb: {c: x}\n"


@pytest.mark.parametrize(
    "text", ["a: &x {lr: 1}\nb: *x\n", "base: &x {lr: 1}\nb:\n  <<: *x\n  c: 1\n", "{b: {d: 1}}"]
)
def test_what_cannot_be_set_without_changing_something_else_is_left_to_the_user(text):
    with pytest.raises(UsageError, match="cannot be set") as caught:
        adjust.adjusted(text, (), {"b.lr" if "*x" in text else "c": 2}, "params.yaml")
    assert "by hand" in caught.value.problems[0].help


PLAIN = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
VALUES = PLAIN | st.lists(PLAIN, max_size=3)
NAMES = st.text("abcxyz", min_size=1, max_size=3)
TREES = st.dictionaries(
    NAMES, PLAIN | st.dictionaries(NAMES, PLAIN, min_size=1, max_size=3), min_size=1, max_size=4
)


def block(tree, indent=""):
    lines = []
    for key, value in tree.items():
        if isinstance(value, dict):
            lines += [f"{indent}{key}:  # {key}", block(value, indent + "  ")]
        else:
            lines.append(f"{indent}{key}: {adjust.edit.value(value)}  # of {key}")
    return "\n".join(lines)


@given(tree=TREES, changes=st.dictionaries(NAMES | st.tuples(NAMES, NAMES).map(".".join), VALUES, max_size=3))
def test_what_is_read_afterwards_is_what_was_meant(tree, changes):
    text = block(tree) + "\n"
    if any(one != other and other.startswith(f"{one}.") for one in changes for other in changes):
        return  # they contradict each other
    changed = adjust.adjusted(text, (), changes, "params.yaml")
    found = leaves(parse_document(changed))
    for name, value in changes.items():
        assert found[name] == value and type(found[name]) is type(value)
    untouched = {n for n in leaves(tree) if not any(adjust._touches(n, c) for c in changes)}
    assert {n: v for n, v in found.items() if n in untouched} == {n: leaves(tree)[n] for n in untouched}
