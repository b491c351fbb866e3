"""Which stages a verification executes, in how many builds, and what these are given."""

import pytest

from pipeline import graph as graphs
from pipeline.errors import UsageError
from pipeline.model import Input, Output, Stage
from pipeline.verify.plan import Part, plan


def stage(name: str, reads: str, **more: bool) -> Stage:
    inputs = tuple(Input(path, path) for path in reads.split())
    return Stage(name, name.partition("@")[0], None, "x", inputs, (Output("o", f"{name}.out"),), **more)


#   a -> b@1 -> c -> d
#    \-> b@2 ---/
GRAPH = graphs.build(
    {
        s.name: s
        for s in (
            stage("a", "raw"),
            stage("b@1", "a.out"),
            stage("b@2", "a.out"),
            stage("c", "b@1.out b@2.out"),
            stage("d", "c.out"),
        )
    }
)
ALL = frozenset(GRAPH.stages)


def test_all_is_one_build_that_is_given_nothing():
    assert plan(GRAPH, ALL, skip=(), only=False) == ((Part(("a", "b@1", "b@2", "c", "d"), ()),), {})


def test_what_only_a_skipped_stage_needs_is_not_executed_unless_it_is_a_target():
    assert plan(GRAPH, frozenset({"c"}), skip=("b",), only=False) == (
        (Part(("c",), ("b@1.out", "b@2.out")),),
        {"b@1": "skipped", "b@2": "skipped"},
    )
    assert plan(GRAPH, frozenset({"c"}), skip=("b@1",), only=False).parts == (
        Part(("a", "b@2", "c"), ("b@1.out",)),
    )
    assert plan(GRAPH, ALL, skip=("b@*",), only=False).parts == (
        Part(("a", "c", "d"), ("b@1.out", "b@2.out")),
    )


def test_with_only_no_target_reads_what_another_of_its_build_writes():
    found = plan(GRAPH, ALL, skip=(), only=True)
    assert found.parts == (
        Part(("a",), ()),
        Part(("b@1", "b@2"), ("a.out",)),
        Part(("c",), ("b@1.out", "b@2.out")),
        Part(("d",), ("c.out",)),
    )
    assert found.recorded == {}
    assert plan(GRAPH, frozenset({"a", "c"}), skip=(), only=True) == (
        (Part(("a", "c"), ("b@1.out", "b@2.out")),),
        {"b@1": "above the targets", "b@2": "above the targets"},
    )


def test_outputs_that_nobody_reads_are_not_needed():
    found = plan(GRAPH, ALL, skip=("d",), only=False)
    assert found.parts == (Part(("a", "b@1", "b@2", "c"), ()),)
    assert found.recorded == {"d": "skipped"}


def test_a_glob_that_matches_nothing_is_refused():
    with pytest.raises(UsageError, match="`--skip e` matches no stage"):
        plan(GRAPH, ALL, skip=("b", "e"), only=False)
