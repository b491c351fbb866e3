"""Which lines a careful person would write for many files."""

import pytest

from pipeline.observe import choose

DAYS = {f"data/days/{day}.csv" for day in range(8)}


@pytest.mark.parametrize(
    ("read", "listed", "more", "foreign", "lines"),
    [
        ({"data/a.csv"}, (), (), (), ["data/a.csv"]),
        ({"data/a.csv", "data/b.csv"}, (), (), (), ["data/a.csv", "data/b.csv"]),
        (DAYS, (), (), (), ["data/days"]),
        (DAYS, (), ("data/days/notes.txt",), (), ["data/days/*.csv"]),
        (DAYS, (), (), ("data/days/out.txt",), ["data/days/*.csv"]),
        (DAYS, (), ("data/days/old-1.csv",), (), sorted(DAYS)),
        ({"data/a/1.csv", "data/b/2.csv"}, ("data", "data/a", "data/b"), (), (), ["data"]),
        ({"data/a/1.csv", "data/b/2.csv"}, ("data", "data/a"), ("data/c.txt",), (), ["data/**/*.csv"]),
        ({"data/days/1.csv"}, ("data/days",), ("data/days/2.txt",), (), ["data/days/*.csv"]),
        ({"data/2024-1.csv", "data/2024-2.csv"}, ("data",), ("data/2023-1.csv",), (), ["data/2024-*.csv"]),
        ((), ("data/days",), sorted(DAYS), (), ["data/days"]),
        ((), ("data/days",), sorted(DAYS), ("data/days/1.csv",), []),
        ({"a [1].csv"}, (), (), (), ["a [[]1].csv"]),
        ({"a.csv", "b.csv"}, (".",), ("c.csv",), (), ["a.csv", "b.csv"]),
    ],
)
def test_inputs(read, listed, more, foreign, lines) -> None:
    assert choose.inputs(set(read), set(listed), {*read, *more}, set(foreign), ()) == lines


def test_what_another_stage_writes_as_a_whole_is_read_as_a_whole() -> None:
    parts = {f"parts/{number}.csv" for number in range(3)}
    assert choose.inputs(parts, {"parts"}, parts, (), ["parts"]) == ["parts"]
    assert choose.inputs({"parts/1.csv"}, (), parts, (), ["parts"]) == ["parts/1.csv"]


@pytest.mark.parametrize(
    ("written", "others", "lines"),
    [
        ({"out/a.csv", "out/b.json"}, (), ["out/a.csv", "out/b.json"]),
        ({f"out/{n}.csv" for n in range(3)}, (), ["out"]),
        ({f"out/{n}.csv" for n in range(3)}, ("out/other.txt",), [f"out/{n}.csv" for n in range(3)]),
        ({f"out/{n}.csv" for n in range(3)} | {"sum.txt"}, (), ["out", "sum.txt"]),
        ({f"out/y={y}/{n}.csv" for n in range(3) for y in (1, 2)}, (), ["out"]),
        ({"a.txt", "b.txt", "c1.txt", "c2.txt"}, (), ["a.txt", "b.txt", "c1.txt", "c2.txt"]),
    ],
)
def test_outputs(written, others, lines) -> None:
    assert choose.outputs(written, {*written, *others}) == lines


def test_scratch_is_the_folder_that_came_and_went() -> None:
    assert choose.scratch({"tmp/a/1", "tmp/a/2"}, (), (), {"out/x"}) == ["tmp"]
    assert choose.scratch({"work/1.tmp"}, {"work"}, {"work"}, ()) == ["work/1.tmp"]
    assert choose.scratch({"work/tmpab12cd34.csv"}, {"work"}, {"work"}, ()) == ["work"]
    assert choose.scratch({"out/x.tmp", "out/deep/y"}, {"out"}, {"out"}, {"out/x"}) == []


def test_instances_share_lines_only_if_the_axis_tells_them_apart() -> None:
    axes = {"s@1": {"k": "1"}, "s@12": {"k": "12"}}
    both = {"s@1": ["in.csv", "a/1.csv"], "s@12": ["in.csv", "a/12.csv"]}
    assert choose.templates(both, axes) == (["a/${matrix.k}.csv", "in.csv"], True)
    apart = {"s@1": ["a/x.csv"], "s@12": ["a/y.csv"]}
    assert choose.templates(apart, axes) == (["a/x.csv", "a/y.csv"], False)
