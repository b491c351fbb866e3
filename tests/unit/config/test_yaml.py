"""YAML 1.2 core, by the event builder: values, places, and what is refused."""

import json
import re
import sys
from time import perf_counter
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline import config
from pipeline.config import scalars, yaml
from pipeline.config.syntax import Broken
from pipeline.config.wrong import Wrong
from pipeline.errors import UsageError

PLAIN = st.text(alphabet="+-.0123456789eExoabfinNulTrueFals~_: ", max_size=8)
TEXTS = st.text(
    alphabet=st.characters(
        codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff"
    )
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def by_the_table(text: str) -> Any:
    """The tag resolution of YAML 1.2.2, 10.3.2, row by row."""
    rows = [
        (r"null|Null|NULL|~|", lambda _: None),
        (r"true|True|TRUE", lambda _: True),
        (r"false|False|FALSE", lambda _: False),
        (r"[-+]?[0-9]+", int),
        (r"0o[0-7]+", lambda t: int(t[2:], 8)),
        (r"0x[0-9a-fA-F]+", lambda t: int(t[2:], 16)),
        (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", float),
        (r"[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN", lambda _: "not finite"),
    ]
    for pattern, read in rows:
        if re.fullmatch(pattern, text):
            return read(text)
    return text


@given(PLAIN)
def test_a_plain_scalar_is_what_the_table_of_yaml_1_2_says(text):
    expected = by_the_table(text)
    try:
        found = scalars.read(text)
    except Wrong:
        assert expected in ("not finite", float("inf"), float("-inf"))
        return
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("0b1", "0b1"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("1e3", 1000.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("+7", 7),
        ("~", None),
        ("'~'", "~"),
        ('"5"', "5"),
        ("!!str 5", "5"),
        ("!!float 5", 5.0),
        ("=", "="),
        ("<<", "<<"),
        (str(10**400), 10**400),
    ],
)
def test_values_are_those_of_yaml_1_2(text, value):
    found = config.parse_value(text)
    assert (type(found), found) == (type(value), value)


@given(VALUES)
def test_what_json_writes_reads_back_the_same(value):
    text = json.dumps(value, ensure_ascii=False)  # pairs of surrogates are JSON's own, and no YAML
    found = yaml.parse(text)
    assert found.flaws == ()
    assert json.dumps(found.value, ensure_ascii=False) == text


@given(VALUES)
def test_both_parsers_of_pyyaml_give_the_same_tree(value):
    text = pyyaml.safe_dump(value, allow_unicode=True)
    one = yaml.parse(text)
    other = yaml._Builder(pyyaml.Loader(text)).document()
    assert json.dumps(one.value, default=repr) == json.dumps(other.value, default=repr)
    assert [starts(place) for place in places(one)] == [starts(place) for place in places(other)]


def places(tree: yaml.Tree) -> list[yaml.Place]:
    return [place for entries in tree.places.values() for place in entries.values()]


def starts(place: yaml.Place) -> list[tuple[int, int]]:
    return [(mark.line, mark.column) for mark in (place[0], place[2])]


def test_every_key_and_value_has_its_place():
    tree = yaml.parse("# é\na: 'x'\n\U0001f600: {b: [1, two]}\n")
    inner = tree.value["\U0001f600"]
    assert [(m.line, m.column) for m in tree.places[id(tree.value)]["a"]] == [(1, 0), (1, 1), (1, 3), (1, 6)]
    assert [(m.line, m.column) for m in tree.places[id(inner)]["b"]] == [(2, 4), (2, 5), (2, 7), (2, 15)]
    assert [(m.line, m.column) for m in tree.places[id(inner["b"])][1][2:]] == [(2, 11), (2, 14)]


def test_merges_keep_what_is_there_and_take_the_first_source():
    tree = yaml.parse("x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  c: 3\n  <<: [*x, *y]\nq: {'<<': 1}\n")
    assert tree.flaws == ()
    assert tree.value["z"] == {"a": 1, "b": 1, "c": 3}
    assert tree.value["q"] == {"<<": 1}
    assert tree.places[id(tree.value["z"])]["b"][2].line == 0


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", 2, 0, "the key `a` is there twice"),
        ("1: x\n1.0: y\n", 1, 0, "the key `1.0` is there twice"),
        ("x: &x {a: 1}\ny: {<<: *x, <<: *x, a: 1, a: 2}\n", 1, 26, "the key `a` is there twice"),
        ("? [a]\n: 1\n", 0, 2, "a list or mapping cannot be a key"),
        ("a: {<<: 5}\n", 0, 8, "`<<` merges a mapping, or a list of mappings"),
        ("a: !!python/object:os.system x\n", 0, 3, "the tag `!!python/object:os.system` does not fit here"),
        ("a: !!int x\n", 0, 3, "the tag `!!int` does not fit here"),
        ("a: [.NaN]\n", 0, 4, "`.NaN` is not a finite number"),
        ("a: " + "9" * 5000, 0, 3, f"the number has more than {sys.get_int_max_str_digits()} digits"),
        ("a: 0x" + "f" * 5000, 0, 3, f"the number has more than {sys.get_int_max_str_digits()} digits"),
        ("a: &a [*a]\n", 0, 7, "`*a` refers to nothing: a value that starts with `*` is an alias"),
    ],
)
def test_what_can_be_passed_over_is_told_with_its_place(text, line, column, said):
    flaws = yaml.parse(text).flaws
    assert [(flaw.line, flaw.column, flaw.text) for flaw in flaws] == [(line, column, said)]
    assert flaws[0].help


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("a\n--- \nb\n", 1, 0, "a second document begins here"),
        ("a: b: c", 0, 4, "a `:` is not expected here"),
        ("a: @x", 0, 3, "a value cannot start with `@`"),
        ("a: 'x\nb: 1\n", 0, 3, "a quoted text is not closed"),
        ("a: [1, 2\n", 1, 0, "`,` or `]` is missing"),
        (" a: 1\nb: 2\n", 1, 0, "the line does not continue what stands above it"),
        ("- a\nb: 1\n", 1, 0, "the line does not continue what stands above it"),
        ("a:\n\t- b\n", 1, 0, "a tab cannot indent a line"),
        ("a: x\x01", 0, 4, "the character U+0001 is not allowed here"),
        ("a: x\ufeff", 0, 4, "the character U+FEFF is not allowed here"),
        ("a: **/*.csv", 0, 3, "a value that starts with `*` is an alias"),
        ("a: [x, ${b.c}]", 0, 7, "a `${...}` inside brackets must be quoted"),
        ("[" * 70 + "]" * 70, 0, 64, "values are nested more than 64 deep"),
        ('a: "\\ud800"', 0, 6, "yaml does not know this escape"),
    ],
)
def test_what_ends_the_reading_is_told_with_its_place(text, line, column, said):
    with pytest.raises(Broken) as caught:
        yaml.parse(text)
    flaw = caught.value.flaw
    assert (flaw.line, flaw.column, flaw.text.lower()) == (line, column, said.lower())


def test_aliases_that_would_grow_beyond_measure_are_refused_at_once():
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    started = perf_counter()
    with pytest.raises(Broken, match="more than 2000000 values"):
        yaml.parse("\n".join(levels))
    assert perf_counter() - started < 2


def test_merges_that_would_grow_beyond_measure_are_refused():
    keys = ", ".join(f"k{i}: 1" for i in range(1000))
    text = f"base: &b {{{keys}}}\n" + "".join(
        f"m{i}: {{<<: [{', '.join(['*b'] * 50)}]}}\n" for i in range(30)
    )
    with pytest.raises(Broken, match="more than 2000000 values"):
        yaml.parse(text)


@pytest.mark.parametrize("text", ["[1, {a: b}]", "{a: [1]}", "x", "", "'a: b'", "| \n x\n"])
def test_a_value_of_the_command_line_stands_in_brackets_or_alone(text):
    assert config.parse_value(text) == pyyaml.safe_load(text)


@pytest.mark.parametrize("text", ["a: b", "- a", "[1", ".inf", "*x", "a\n---\nb", "{a: 1, a: 2}"])
def test_another_value_of_the_command_line_is_refused(text):
    with pytest.raises(UsageError) as caught:
        config.parse_value(text)
    assert caught.value.problems[0].help


def test_a_thousand_stages_are_parsed_well_under_a_second():
    text = "stages:\n" + "".join(
        f"  s{i}:\n    run: a.b:c\n    inputs: {{a: data/{i}.csv}}\n    outputs: [build/{i}.csv]\n"
        for i in range(1000)
    )
    started = perf_counter()
    yaml.parse(text)
    assert perf_counter() - started < 1
