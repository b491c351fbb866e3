"""When two files are as good as each other. Each case that is within a tolerance has one beside it that is not."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.formats.difference import Difference, Tolerance, between

MILLIONTH = Tolerance(rtol=1e-6)
Save = Callable[[Any, Path], object]


def save_text(value: str, path: Path) -> None:
    path.write_text(value, encoding="utf-8")


def save_json(value: Any, path: Path) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def save_ipc(value: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, value.schema) as writer:
        writer.write_table(value)


def save_npy(value: np.ndarray, path: Path) -> None:
    np.save(path, value)


def save_npz(value: dict[str, np.ndarray], path: Path) -> None:
    np.savez(path, **value)


def save_parquet(value: pa.Table, path: Path) -> None:
    pq.write_table(value, path)


def table(**columns: Any) -> pa.Table:
    return pa.table(columns)


NAN, INF = float("nan"), float("inf")

# suffix, how to save, expected, close to it, not close to it, a word of what is then said
CASES: list[tuple[str, Save, Any, Any, Any, str]] = [
    (".csv", save_text, "a,b\n1.0,x\n", "a,b\n1.0000001,x\n", "a,b\n1.0001,x\n", "column `a`, row 1"),
    (".csv", save_text, "a,b\n1.0,x\n", "a,b\n1.0000001,x\n", "a,b\n1.0,y\n", "'x' -> 'y'"),
    (".csv", save_text, "a\n1\n2\n", "a\n1\n2.000001\n", "a\n1\n2\n3\n", "2 -> 3 rows"),
    (".csv", save_text, "a,b\n1,2\n", "a,b\n1,2.000001\n", "a,c\n1,2\n", "column `b` is gone"),
    (".csv", save_text, "a,b\n1,2\n", "a,b\n1,2.000001\n", "b,a\n2,1\n", "columns a, b -> b, a"),
    (".csv", save_text, "a\n2134\n", "a\n2134.0001\n", "a\n02134\n", "'2134' -> '02134'"),
    (".csv", save_text, "a\nnan\n1\n", "a\nnan\n1.0\n", "a\n0\n1\n", "'nan' -> '0'"),
    (".csv", save_text, "a\n-0.5e3\n", "a\n-500.0001\n", "a\n500\n", "off by 1e+03"),
    (".json", save_json, {"a": [1, {"b": 2}]}, {"a": [1, {"b": 2.000001}]}, {"a": [1, {"b": 3}]}, "a[1].b"),
    (".json", save_json, {"a": 1.0}, {"a": 1.0000001}, {"a": "1.0"}, "1.0 -> '1.0'"),
    (".json", save_json, {"a": 1}, {"a": 1.0}, {"a": True}, "1 -> true"),
    (".json", save_json, {"a": 1, "b": 2}, {"a": 1, "b": 2.000001}, {"b": 2, "a": 1}, "another order"),
    (".json", save_json, {"a": 1, "b": 2}, {"a": 1.0, "b": 2}, {"a": 1}, "b is gone"),
    (".json", save_json, [1, NAN, INF], [1.000001, NAN, INF], [1, NAN, 1e308], "[2]"),
    (".json", save_json, [1, NAN], [1.000001, NAN], [1, 0], "[1]: nan -> 0"),
    (".json", save_json, [10**400, 1], [10**400, 1.0], [10**400 + 10**399, 1], "[0]"),
    (".jsonl", save_text, '{"a":1}\n2\n', '{"a":1.0}\n2\n', '{"a":1}\n3\n', "line 2"),
    (".npy", save_npy, np.ones((2, 3)), np.ones((2, 3)) + 1e-7, np.ones((2, 3)) + 1e-3, "[0, 0]"),
    (".npy", save_npy, np.ones((2, 3)), np.ones((2, 3)) + 1e-7, np.ones((3, 2)), "shape (2, 3) -> (3, 2)"),
    (".npy", save_npy, np.ones(2), np.ones(2) + 1e-7, np.ones(2, "f4"), "type float64 -> float32"),
    (".npy", save_npy, np.array([1e6, NAN]), np.array([1e6 + 1, NAN]), np.array([1e6, 0]), "[1]: nan -> 0"),
    (
        ".npy",
        save_npy,
        np.array([INF, 1]),
        np.array([INF, 1 + 1e-7]),
        np.array([-INF, 1]),
        "[0]: inf -> -inf",
    ),
    (".npy", save_npy, np.array(5.0), np.array(5.000001), np.array(6.0), "5.0 -> 6.0"),
    (".npy", save_npy, np.array([2**62]), np.array([2**62 + 1]), np.array([-(2**62)]), "[0]"),
    (".npy", save_npy, np.array([1 + 1j]), np.array([1 + 1.0000001j]), np.array([1 - 1j]), "[0]"),
    (
        ".npy",
        save_npy,
        np.array([(1.0, b"a")], "f8,S1"),
        np.array([(1.0000001, b"a")], "f8,S1"),
        np.array([(1.0, b"b")], "f8,S1"),
        "f1[0]",
    ),
    (".npz", save_npz, {"w": np.ones(2)}, {"w": np.ones(2) + 1e-7}, {"v": np.ones(2)}, "array `w` is gone"),
    (
        ".parquet",
        save_parquet,
        table(a=[1.0, None, NAN], s=["x", "y", "z"]),
        table(a=[1.0000001, None, NAN], s=["x", "y", "z"]),
        table(a=[1.0, 2.0, NAN], s=["x", "y", "z"]),
        "column `a`, row 2: null -> 2.0",
    ),
    (
        ".parquet",
        save_parquet,
        table(a=[1.0, 2.0], s=["x", "y"]),
        table(a=[1.0000001, 2.0], s=["x", "y"]),
        table(a=[1.0, 2.0], s=["x", "w"]),
        "column `s`, row 2: 'y' -> 'w'",
    ),
    (".parquet", save_parquet, table(a=[1]), table(a=[1]), table(a=[1.0]), "type int64 -> double"),
    (".parquet", save_parquet, table(a=[1.0]), table(a=[1.0000001]), table(a=[1.0, 1.0]), "1 -> 2 rows"),
    (
        ".parquet",
        save_parquet,
        table(a=[1.0]),
        table(a=[1.0000001]),
        table(a=[1.0]).replace_schema_metadata({"made": "today"}),
        "notes of the schema",
    ),
    (
        ".parquet",
        save_parquet,
        table(v=[[1.0], [2.0, 3.0], None]),
        table(v=[[1.0], [2.0, 3.0000001], None]),
        table(v=[[1.0], [2.0], None]),
        "column `v`, row 2",
    ),
    (
        ".parquet",
        save_parquet,
        table(s=[{"x": 1.0, "t": "a"}]),
        table(s=[{"x": 1.0000001, "t": "a"}]),
        table(s=[{"x": 1.0, "t": "b"}]),
        "column `s.t`, row 1",
    ),
    (
        ".parquet",
        save_parquet,
        table(d=[Decimal("1000000.1")]),
        table(d=[Decimal("1000000.2")]),
        table(d=[Decimal("1000009.1")]),
        "column `d`, row 1",
    ),
    (
        ".arrow",
        save_ipc,
        table(a=[1.0, 2.0], t=pa.array([0, 1], pa.timestamp("s"))),
        table(a=[1.0, 2.0000001], t=pa.array([0, 1], pa.timestamp("s"))),
        table(a=[1.0, 2.0], t=pa.array([0, 2], pa.timestamp("s"))),
        "column `t`, row 2",
    ),
]


def compared(tmp_path: Path, save: Save, suffix: str, one: Any, other: Any, tolerance: Any) -> Difference:
    paths = [tmp_path / f"{side}{suffix}" for side in ("expected", "actual")]
    save(one, paths[0])
    save(other, paths[1])
    return between(str(paths[0]), str(paths[1]), f"build/x{suffix}", tolerance)


@pytest.mark.parametrize(("suffix", "save", "expected", "close", "other", "word"), CASES)
def test_what_is_close_is_told_from_what_is_not(tmp_path, suffix, save, expected, close, other, word):
    near = compared(tmp_path, save, suffix, expected, close, MILLIONTH)
    assert near.within, near
    far = compared(tmp_path, save, suffix, expected, other, MILLIONTH)
    assert not far.within
    assert word in far.text


@pytest.mark.parametrize(("suffix", "save", "expected", "close", "other", "word"), CASES)
def test_without_a_tolerance_nothing_is_close(tmp_path, suffix, save, expected, close, other, word):
    assert not compared(tmp_path, save, suffix, expected, close, None).within


def test_the_worst_of_all_numbers_is_told_with_its_place_and_how_many_differ(tmp_path):
    rows = 150_000  # more than are looked at at a time
    values = np.arange(1.0, rows + 1)
    moved = values.copy()
    moved[[3, 99_999, 120_000]] += [1e-9, 50.0, 1.0]
    found = compared(tmp_path, save_parquet, ".parquet", table(n=values), table(n=moved), Tolerance(1e-5))
    assert not found.within
    assert found.text.startswith("column `n`, row 100,000: 100000.0 -> 100050.0 (off by 50, relative 0.0005)")
    assert found.text.endswith("3 of 150,000 numbers differ")
    assert compared(
        tmp_path, save_parquet, ".parquet", table(n=values), table(n=moved), Tolerance(1e-3)
    ).within


def test_row_groups_of_another_size_do_not_matter(tmp_path):
    values = table(n=np.arange(100_000.0))
    pq.write_table(values, tmp_path / "a.parquet", row_group_size=7_000)
    pq.write_table(values, tmp_path / "b.parquet", row_group_size=90_001)
    found = between(str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet"), "x.parquet", MILLIONTH)
    assert found.within
    assert found.text.startswith("the same values; the bytes differ from byte")


def test_large_integers_beside_one_another_are_not_the_same(tmp_path):
    exact = Tolerance()
    for one, other in ((2**53, 2**53 + 1), (-(2**63), -(2**63) + 1)):
        found = compared(tmp_path, save_npy, ".npy", np.array([one]), np.array([other]), exact)
        assert not found.within
        assert not compared(tmp_path, save_json, ".json", [one], [other], exact).within


def test_the_absolute_tolerance_is_for_numbers_near_zero(tmp_path):
    for tolerance, within in ((Tolerance(1e-6), False), (Tolerance(1e-6, 1e-9), True)):
        assert compared(tmp_path, save_json, ".json", [0.0], [1e-10], tolerance).within is within


def test_of_other_kinds_the_first_other_byte_is_told_with_its_surroundings(tmp_path):
    for side, text in (("a", b"\0abcdef"), ("b", b"\0abcxefg")):
        (tmp_path / side).write_bytes(text)
    found = between(str(tmp_path / "a"), str(tmp_path / "b"), "x.bin", MILLIONTH)
    assert not found.within
    assert found.text == "the bytes differ from byte 4 on; 7 -> 8 bytes"
    assert found.lines == (
        "- 00000000  00 61 62 63 [64] 65 66  |.abcdef|",
        "+ 00000000  00 61 62 63 [78] 65 66 67  |.abcxefg|",
    )


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".csv", ".json", ".jsonl", ".npy", ".npz"])
def test_what_is_no_such_file_is_never_within_a_tolerance(tmp_path, suffix):
    found = compared(tmp_path, save_text, suffix, "\x00{,\n\x01", '"{,\n\x01', Tolerance(1e9, 1e9))
    assert not found.within


def test_nothing_is_unpickled(tmp_path):
    for side in ("a", "b"):
        np.save(tmp_path / f"{side}.npy", np.array([{side: 1}], dtype=object), allow_pickle=True)
    found = between(str(tmp_path / "a.npy"), str(tmp_path / "b.npy"), "x.npy", MILLIONTH)
    assert not found.within
    assert "cannot be read" in found.text
