"""Whatever stands in the files, it is read or told: nothing else is raised."""

import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline import config
from pipeline.config import messages
from pipeline.errors import UsageError

from .test_example import EXAMPLE

TEXTS = """
a b p lr run cmd path store digest compare rtol exclude x-a pkg.mod:f a/b.csv *.csv . .. /x ~/x 10m 5GiB a.b strict
consumers API_KEY LANG ${lr} ${p.q} ${matrix.a} ${inputs.a} ${ ${} $${ x${lr} ${p} a@1 url plots
"""
WORDS = st.sampled_from(TEXTS.split())
SCALARS = WORDS | st.none() | st.booleans() | st.integers(-2, 3) | st.floats(-1, 1)
KEYS = WORDS | st.integers(0, 2).map(str)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
STAGES = st.dictionaries(WORDS, VALUES | st.dictionaries(st.sampled_from(messages.keys_of("stage")), VALUES))
FILES = st.fixed_dictionaries(
    {"stages": STAGES},
    optional={
        "defaults": VALUES | st.dictionaries(st.sampled_from(messages.keys_of("stage")), VALUES),
        "params": VALUES,
        "pythonpath": VALUES,
        "version": VALUES,
    },
)
ANY = settings(suppress_health_check=list(HealthCheck), deadline=None)


def check(project, text: str, params: str | None = None, **options) -> None:
    try:
        loaded = project.load(text, params, **options)
    except UsageError as error:
        problems = error.problems
    else:
        problems = loaded.problems
        for stage in loaded.project.stages.values():
            assert (stage.run is None) != (stage.cmd is None)
            assert all(item.name and item.path for item in (*stage.inputs, *stage.outputs))
        if not problems:
            assert loaded.complete
    for problem in problems:
        assert problem.text
        assert problem.help or problem.text.startswith("and ")
        assert problem.mark is None or (problem.mark.line > 0 and problem.mark.column > 0)


@given(FILES, VALUES, st.dictionaries(WORDS, SCALARS, max_size=2))
@ANY
def test_any_values_are_read_or_told(project, file, params, overrides):
    check(project, json.dumps(file, indent=1), json.dumps(params), overrides=overrides)


@given(FILES)
@ANY
def test_what_is_kept_is_what_was_read(project, file):
    try:
        cold = project.load(json.dumps(file), "lr: 1", compiled=project.root / "kept")
    except UsageError:
        return
    again = config.load(project.root, compiled=project.root / "kept")
    assert repr(again) == repr(cold)


@given(
    st.integers(0, len(EXAMPLE)), st.integers(0, 12), st.text("{}[]:,-*&!|>'\"%@`#?\t\n \\$~<é\0", max_size=3)
)
@ANY
@example(0, len(EXAMPLE), "")
def test_any_damage_to_the_text_is_told(project, start, length, inserted):
    check(project, EXAMPLE[:start] + inserted + EXAMPLE[start + length :], "clean: {max_delay: 15}")


@given(st.binary(max_size=60))
@ANY
def test_any_bytes_are_told(tmp_path, data):
    (tmp_path / "pipeline.yaml").write_bytes(data)
    try:
        problems = config.load(tmp_path).problems
    except UsageError as error:
        problems = error.problems
    assert problems


@pytest.mark.parametrize("key", messages.keys_of("stage"))
@given(value=VALUES)
@ANY
def test_any_value_of_a_key_is_read_or_told(project, key, value):
    runs = {} if key in ("run", "cmd") else {"run": "m:f"}
    check(project, json.dumps({"stages": {"a": {**runs, key: value}}}), "lr: 1\np: {q: [1]}")
