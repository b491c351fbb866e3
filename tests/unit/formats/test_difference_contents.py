"""For each kind of content, that the difference which is told is the one that was made, to the letter."""

import bz2
import gzip
import io
import json
import os
import pickle
import sqlite3
import sys
import tarfile
import zipfile
from collections.abc import Callable
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.formats.difference import Difference, Tolerance, between

Save = Callable[[Any, Path], object]


def save_text(value: str | bytes, path: Path) -> None:
    path.write_bytes(value if isinstance(value, bytes) else value.encode())


def save_parquet(value: Any, path: Path) -> None:
    pq.write_table(value if isinstance(value, pa.Table) else pa.table(value), path)


def save_arrow(value: Any, path: Path) -> None:
    table = pa.table(value)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


def save_npy(value: Any, path: Path) -> None:
    np.save(path, value)


def save_npz(value: dict[str, Any], path: Path) -> None:
    np.savez_compressed(path, **value)


def save_pickle(value: Any, path: Path, protocol: int = 5) -> None:
    path.write_bytes(pickle.dumps(value, protocol))


def save_pickle_0(value: Any, path: Path) -> None:
    save_pickle(value, path, 0)


def save_joblib(value: Any, path: Path) -> None:
    joblib.dump(value, path)


def save_packed_joblib(value: Any, path: Path) -> None:
    joblib.dump(value, path, compress=3)


def save_zip(value: list[tuple[str, int, str]], path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, day, text in value:
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, day, 0, 0, 0)), text)


def save_tar(value: list[tuple[str, dict[str, Any], bytes]], path: Path) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, attributes, data in value:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for key, attribute in attributes.items():
                setattr(info, key, attribute)
            archive.addfile(info, io.BytesIO(data))


def save_skops(value: dict[str, Any], path: Path) -> None:
    """Save a model as skops does: ids are places in memory, and members are called after them."""
    numbers = iter(range(next(PLACES), 10**9))

    def node(kind: str, **held: Any) -> dict[str, Any]:
        return {
            "__class__": kind,
            "__module__": "m",
            "__loader__": "ObjectNode",
            **held,
            "__id__": next(numbers),
        }

    with zipfile.ZipFile(path, "w") as archive:
        attributes = {}
        for name, item in value.items():
            if isinstance(item, np.ndarray):
                file = io.BytesIO()
                np.save(file, item)
                attributes[name] = node("ndarray", type="numpy", file=f"{next(numbers)}.npy")
                archive.writestr(attributes[name]["file"], file.getvalue())
            else:
                attributes[name] = node("str", content=json.dumps(item), is_json=True)
        model = node("Model", content=node("dict", content=attributes))
        archive.writestr("schema.json", json.dumps(model))


def save_gzip(value: tuple[int, bytes], path: Path) -> None:
    path.write_bytes(gzip.compress(value[1], mtime=value[0]))


def save_bzip(value: bytes, path: Path) -> None:
    path.write_bytes(bz2.compress(value))


def save_sqlite(value: list[tuple[int, Any]], path: Path) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("CREATE TABLE runs (id INTEGER PRIMARY KEY, score)")
        connection.executemany("INSERT INTO runs VALUES (?, ?)", value)
    connection.close()


def picture(*changed: tuple[int, int], note: str = "now") -> tuple[Any, str]:
    pixels = np.zeros((20, 30, 3), np.uint8)
    for row, column in changed:
        pixels[row, column] = 9
    return pixels, note


def save_picture(value: tuple[Any, str], path: Path) -> None:
    from PIL import Image, PngImagePlugin

    note = PngImagePlugin.PngInfo()
    note.add_text("Software", value[1])
    given = {"pnginfo": note} if path.suffix == ".png" else {"comment": value[1].encode()}
    Image.fromarray(value[0]).save(path, **given)


def pdf(date: str, stroke: str) -> bytes:
    return (
        f"%PDF-1.4\n1 0 obj\n<< /CreationDate (D:{date}) >>\nendobj\n"
        f"2 0 obj\n<< /Length 9 >>\nstream\n0 0 m\n{stroke}\nendstream\nendobj\ntrailer\n%%EOF\n\x80\x00"
    ).encode("latin-1")


class Model:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


PLACES = count(140_000_000, 1000)
THOUSAND = np.linspace(0.0, 1.0, 1000)


def moved(values: Any, *at: int, by: float) -> Any:
    made = values.copy()
    made[list(at)] += by
    return made


# suffix, how to save, before, after, what is told
CASES: list[tuple[str, Save, Any, Any, str]] = [
    # Tables: cells, in place.
    (
        ".parquet",
        save_parquet,
        {"id": [1, 2, 3], "x": [0.5, 1.5, 2.5], "s": ["a", "b", "c"]},
        {"id": [1, 2, 3], "x": [0.5, 1.75, 2.0], "s": ["a", "b", "d"]},
        "column `x`, row 2: 1.5 -> 1.75 (off by 0.25, relative 0.17); "
        "3 of 9 cells differ, in 2 rows and 2 columns, by up to 0.5 (relative 0.2) in `x`",
    ),
    (
        ".csv",
        save_text,
        "id,x\n1,2\n2,3\n",
        "id,x\n1,2\n2,3.5\n",
        "column `x`, row 2: 3 -> 3.5 (off by 0.5, relative 0.17); 1 of 2 numbers differs",
    ),
    (
        ".tsv",
        save_text,
        "a\tb\n1\tx\n",
        "a\tb\n1\ty\n",
        "column `b`, row 1: 'x' -> 'y'; 1 of 1 cell differs",
    ),
    (
        ".csv",
        save_text,
        'a,b\n1,"x\ny"\n2,z\n',
        'a,b\n1,"x\ny"\n2,w\n',
        "column `b`, row 2: 'z' -> 'w'; 1 of 2 cells differs",
    ),
    (
        ".csv",
        save_text,
        f"n\n{10**30}\n",
        f"n\n{10**30 + 1}\n",
        f"column `n`, row 1: {10**30} -> {10**30 + 1} (off by 1, relative 1e-30); 1 of 1 number differs",
    ),
    (
        ".arrow",
        save_arrow,
        {"t": pa.array([0, 10**9 + 1], pa.timestamp("ns"))},
        {"t": pa.array([0, 10**9 + 2], pa.timestamp("ns"))},
        "column `t`, row 2: 1970-01-01 00:00:01.000000001 -> 1970-01-01 00:00:01.000000002; 1 of 2 cells differs",
    ),
    (
        ".parquet",
        save_parquet,
        {"n": [2**63 - 1, None]},
        {"n": [2**63 - 2, None]},
        "column `n`, row 1: 9223372036854775807 -> 9223372036854775806 (off by 1, relative 1.1e-19); "
        "1 of 2 numbers differs",
    ),
    (
        ".parquet",
        save_parquet,
        {"v": [[1.0], [2.0, 3.0]]},
        {"v": [[1.0], [2.0, 4.0]]},
        "column `v`, row 2: 3.0 -> 4.0 (off by 1, relative 0.33); 1 of 3 numbers differs",
    ),
    # Tables: columns.
    (
        ".parquet",
        save_parquet,
        {"a": [1, 2], "b": [1, 2], "gone": [0, 0]},
        {"a": [1.0, 2.0], "b": [1, 3], "new": [0, 0]},
        "column `gone` is gone; column `new` is new; column `a`: type int64 -> double; "
        "column `b`, row 2: 2 -> 3 (off by 1, relative 0.5); 1 of 2 numbers differs",
    ),
    # Tables: rows that moved.
    (
        ".parquet",
        save_parquet,
        {"x": [1.5, 2.5, 3.5], "order_id": ["a", "b", "c"]},
        {"x": [3.5, 1.5, 9.5], "order_id": ["c", "a", "d"]},
        "by key `order_id`: 1 added, 1 removed; the rows are in another order; first removed: order_id b",
    ),
    (
        ".csv",
        save_text,
        "id,v\n1,2\n2,3\n3,4\n",
        "id,v\n3,4\n1,2\n4,3\n2,9\n",
        "3 -> 4 rows; by key `id`: 1 added, 1 changed; the rows are in another order; "
        "column `v`, id 2: 3 -> 9 (off by 6, relative 2)",
    ),
    (
        ".csv",
        save_text,
        "day,shop,v\n1,a,5\n1,b,6\n2,a,7\n",
        "day,shop,v\n1,b,6\n2,a,8\n1,a,5\n",
        "by key `day`, `shop`: 1 changed; the rows are in another order; "
        "column `v`, day 2, shop a: 7 -> 8 (off by 1, relative 0.14)",
    ),
    (
        ".parquet",
        save_parquet,
        {"x": [1.0, 1.0, 2.0]},
        {"x": [2.0, 1.0, 1.0]},
        "the same rows in another order; column `x`, row 1: 1.0 -> 2.0 (off by 1, relative 1)",
    ),
    (
        ".parquet",
        save_parquet,
        {"x": [1.0, 1.0, 2.0]},
        {"x": [1.0, 2.0]},
        "3 -> 2 rows; rows: 1 removed; first removed: x 1.0",
    ),
    # Values.
    (
        ".json",
        save_text,
        '{"a": [1, 2, {"b": 3}], "c": "x"}',
        '{"a": [1, 2, {"b": 4}], "c": "y", "d e": null}',
        "$.a[2].b: 3 -> 4 (off by 1, relative 0.33); 3 values differ, numbers by up to 1 (relative 0.33)",
    ),
    (".json", save_text, '{"a": [2, 3]}', '{"a": [1, 2, 3]}', "$.a[0] is new: 1"),
    (".json", save_text, '{"a": [1, 2, 3]}', '{"a": [3, 1, 2]}', "$.a: the same 3 items in another order"),
    (".json", save_text, '{"a": 0.0}', '{"a": -0.0}', "$.a: 0.0 -> -0.0 (the sign of zero)"),
    (".json", save_text, '{"a": 1}', '{"a": 1.0}', "the same values; $.a: 1 -> 1.0"),
    (".json", save_text, '{"a b": 1}', '{"a b": "1"}', "$['a b']: 1 -> '1'"),
    (".yaml", save_text, "a: {b: [x, y]}\n", "a: {b: [x, z]}\n", "$.a.b[1]: 'y' -> 'z'"),
    (
        ".jsonl",
        save_text,
        '{"a": 1}\n{"a": 2}\n',
        '{"a": 1}\n{"a": 5}\n',
        "line 2: $.a: 2 -> 5 (off by 3, relative 1.5)",
    ),
    (".jsonl", save_text, "1\n2\n", "0\n1\n2\n", "2 -> 3 lines; line 1: '1' -> '0'"),
    # Arrays.
    (
        ".npy",
        save_npy,
        np.ones((2, 3)),
        np.array([[1, 1, 1], [1, 1, np.nextafter(1, 2)]]),
        "[1, 2]: 1.0 -> 1.0000000000000002 (off by 2.2e-16, relative 2.2e-16, 1 ulp); 1 of 6 numbers differs",
    ),
    (
        ".npy",
        save_npy,
        THOUSAND,
        moved(moved(THOUSAND, 7, by=1e-6), 900, by=0.5),
        "[7]: 0.007007007007007007 -> 0.007008007007007007 (off by 1e-06, relative 0.00014); "
        "2 of 1,000 numbers differ, by up to 0.5 (relative 0.56)",
    ),
    (".npy", save_npy, np.zeros((2, 3)), np.zeros((3, 2)), "shape (2, 3) -> (3, 2)"),
    (".npy", save_npy, np.zeros(3), np.zeros(3, "f4"), "type float64 -> float32"),
    (
        ".npy",
        save_npy,
        np.array([0.0, 1]),
        np.array([-0.0, 1]),
        "[0]: 0.0 -> -0.0 (the sign of zero); 1 of 2 numbers differs",
    ),
    (
        ".npy",
        save_npy,
        np.array([np.nan]),
        np.array([0x7FF8000000000001]).view("f8"),
        "the same values, but 1 NaN with other bits (payloads)",
    ),
    (
        ".npy",
        save_npy,
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(6.0).reshape(2, 3),
        "the same values, the order in memory F -> C",
    ),
    (
        ".npz",
        save_npz,
        {"w": np.arange(3), "b": np.arange(2)},
        {"w": np.array([0, 1, 5]), "c": np.arange(2)},
        "array `b` is gone, array `c` is new; w[2]: 2 -> 5 (off by 3, relative 1.5); 1 of 3 numbers differs",
    ),
    # Text.
    (".txt", save_text, "a\nb\nc\n", "a\nB\nc\nd\n", "line 2: 'b' -> 'B'; 1 line gone and 2 new"),
    (".txt", save_text, "a\r\nb\r\n", "a\nb\n", r"the same lines; line endings \r\n -> \n"),
    (".txt", save_text, "a", "a\n", r"the same lines; at the end no line ending -> \n"),
    (".txt", save_text, "é\n".encode("latin-1"), "é\n", "the same lines; encoding not UTF-8 -> UTF-8"),
    (".md", save_text, "b\na\n", "a\nb\n", "the same 2 lines in another order; line 1: 'b' -> 'a'"),
    (
        ".html",
        save_text,
        "<p>made 2026-01-02 03:04:05</p>\n",
        "<p>made 2026-01-02 03:04:06</p>\n",
        "nothing but dates and times differs; line 1: "
        "'<p>made 2026-01-02 03:04:05</p>' -> '<p>made 2026-01-02 03:04:06</p>'",
    ),
    (
        ".log",
        save_text,
        "<A at 0x7f12ab34cd56>\n",
        "<A at 0x7f99ab34cd00>\n",
        "nothing but addresses in memory differs; line 1: '<A at 0x7f12ab34cd56>' -> '<A at 0x7f99ab34cd00>'",
    ),
    # Archives.
    (
        ".zip",
        save_zip,
        [("a.txt", 1, "x"), ("b.json", 1, '{"n": 1}')],
        [("a.txt", 1, "x"), ("b.json", 1, '{"n": 2}')],
        "member b.json: $.n: 1 -> 2 (off by 1, relative 1)",
    ),
    (
        ".zip",
        save_zip,
        [("a.txt", 1, "x"), ("b.txt", 1, "y")],
        [("a.txt", 2, "x"), ("b.txt", 1, "y")],
        "the same contents; 1 member with another time (a.txt: 2026-01-01 00:00:00 -> 2026-01-02 00:00:00)",
    ),
    (
        ".zip",
        save_zip,
        [("a.txt", 1, "x"), ("b.txt", 1, "y")],
        [("b.txt", 1, "y"), ("a.txt", 1, "x")],
        "the same contents; the members come in another order",
    ),
    (
        ".tar.gz",
        save_tar,
        [("a", {"mode": 0o644, "uid": 0}, b"x"), ("b", {}, b"y")],
        [("a", {"mode": 0o755, "uid": 7}, b"x"), ("c", {}, b"y")],
        "member b is gone; of the members, 1 new, 1 gone; "
        "1 member with another mode (a: ?rw-r--r-- -> ?rwxr-xr-x); "
        "1 member with another owner (a: 0:0 (0:0) -> 7:0 (7:0))",
    ),
    (
        ".csv.gz",
        save_gzip,
        (1, b"a\n1\n"),
        (2, b"a\n1\n"),
        "the same contents; time 1970-01-01 00:00:01 -> 1970-01-01 00:00:02",
    ),
    (
        ".csv.gz",
        save_gzip,
        (1, b"a\n1\n"),
        (1, b"a\n2\n"),
        "in what is packed, column `a`, row 1: 1 -> 2 (off by 1, relative 1); 1 of 1 number differs",
    ),
    (".json.bz2", save_bzip, b"[1]", b"[2]", "in what is packed, $[0]: 1 -> 2 (off by 1, relative 1)"),
    # Pickles.
    (
        ".pkl",
        save_pickle,
        Model(rate=0.1, names=["a"]),
        Model(rate=0.2, names=["a"]),
        "$.rate: 0.1 -> 0.2 (off by 0.1, relative 1)",
    ),
    (
        ".pkl",
        save_pickle,
        {"w": THOUSAND},
        {"w": moved(THOUSAND, 3, by=1.0)},
        "$.w[3]: 0.003003003003003003 -> 1.003003003003003 (off by 1, relative 3.3e+02)",
    ),
    (".pkl", save_pickle, {"s": {1, 2}}, {"s": {1, 3}}, "$.s{…} is gone: 2; 2 values differ"),
    (
        ".pkl",
        save_pickle,
        {"b": b"x" * 99_999},
        {"b": b"x" * 99_998 + b"y"},
        "$.b: 99,999 bytes that differ from byte 99,998 on",
    ),
    (
        ".pkl",
        save_pickle_0,
        {"n": 1},
        {"n": 2},
        "operation 4 (byte 11, behind 'n'): INT 1 -> INT 2",
    ),
    (
        ".joblib",
        save_joblib,
        {"w": np.arange(6).reshape(2, 3)},
        {"w": np.array([[0, 1, 2], [3, 4, 9]])},
        "$.w[1, 2]: 5 -> 9 (off by 4, relative 0.8)",
    ),
    (
        ".joblib",
        save_packed_joblib,
        {"w": np.arange(3.0)},
        {"w": np.array([0.0, 1, 3])},
        "$.w[2]: 2.0 -> 3.0 (off by 1, relative 0.5)",
    ),
    (
        ".joblib",
        save_joblib,
        {"w": np.array(["a", None], dtype=object)},
        {"w": np.array(["b", None], dtype=object)},
        "$.w.state[4][0]: 'a' -> 'b'",
    ),
    (
        ".skops",
        save_skops,
        {"C": 1.0, "w": np.arange(3.0)},
        {"C": 2.0, "w": np.array([0.0, 1, 3])},
        "$.C: 1.0 -> 2.0 (off by 1, relative 1); 2 values differ, numbers by up to 1 (relative 1)",
    ),
    # Pictures and pages.
    (
        ".png",
        save_picture,
        picture(),
        picture(note="later"),
        "the same pixels; note Software: 'now' -> 'later'",
    ),
    (
        ".png",
        save_picture,
        picture(),
        picture((4, 7), (5, 9)),
        "2 of 600 pixels differ, by up to 9; first at (7, 4): (0, 0, 0) -> (9, 9, 9); within (7, 4) to (9, 5)",
    ),
    (
        ".jpg",
        save_picture,
        picture(),
        picture(note="later"),
        "the same pixels; comment: 'now' (3 bytes, 910caccf) -> 'later' (5 bytes, ec03b249)",
    ),
    (
        ".pdf",
        save_text,
        pdf("20260101", "1 1 l"),
        pdf("20260102", "1 1 l"),
        "nothing but notes differs: /CreationDate D:20260101 -> D:20260102",
    ),
    (
        ".pdf",
        save_text,
        pdf("20260101", "1 1 l"),
        pdf("20260101", "1 2 l"),
        "object 2 0: line 5: b'1 1 l' -> b'1 2 l'; of its objects, 1 changed",
    ),
    # Databases.
    (
        ".db",
        save_sqlite,
        [(1, "a"), (2, 0.5), (4, None)],
        [(1, "a"), (2, 0.75), (3, None)],
        "table runs: 1 added, 1 removed, 1 changed; column `score`, id 2: 0.5 -> 0.75",
    ),
    # Whatever else.
    (
        ".bin",
        save_text,
        bytes(300),
        bytes(256) + b"x" + bytes(50),
        "the bytes differ from byte 256 on; 300 -> 307 bytes",
    ),
]


def compared(tmp_path: Path, save: Save, suffix: str, one: Any, other: Any) -> Difference:
    paths = [tmp_path / f"{side}{suffix}" for side in ("before", "after")]
    for path, value in zip(paths, (one, other), strict=True):
        save(value, path)
    return between(str(paths[0]), str(paths[1]), f"build/x{suffix}")


@pytest.mark.parametrize(("suffix", "save", "before", "after", "text"), CASES)
def test_the_difference_that_is_told_is_the_one_that_was_made(tmp_path, suffix, save, before, after, text):
    found = compared(tmp_path, save, suffix, before, after)
    assert found.text == text
    assert not found.within
    assert json.loads(json.dumps(found.facts))["kind"]
    assert all("\n" not in line for line in (found.text, *found.lines))


@pytest.mark.parametrize(("suffix", "save", "before", "after", "text"), CASES)
def test_the_kind_is_known_without_a_suffix_or_bytes_are_told(tmp_path, suffix, save, before, after, text):
    compared(tmp_path, save, suffix, before, after)
    found = between(str(tmp_path / f"before{suffix}"), str(tmp_path / f"after{suffix}"), "build/x")
    assert not found.within
    if suffix in (".parquet", ".arrow", ".npy", ".png", ".jpg", ".pdf", ".zip", ".db"):
        assert found.text == text


def test_details_say_what_differs_by_column(tmp_path):
    before = {"id": [1, 2, 3], "x": [0.5, 1.5, 2.5], "s": ["a", "b", "c"]}
    after = {"id": [1, 2, 3], "x": [0.5, 1.75, 2.0], "s": ["a", "b", "d"]}
    found = compared(tmp_path, save_parquet, ".parquet", before, after)
    assert found.lines == (
        "column `x`: 2 of 3 cells differ, by up to 0.5 (relative 0.2); "
        "first row 2: 1.5 -> 1.75 (off by 0.25, relative 0.17)",
        "column `s`: 1 of 3 cells differ; first row 3: 'c' -> 'd'",
    )
    assert found.facts["rows"] == [3, 3]
    assert found.facts["columns_differing"]["x"]["numbers"]["largest_absolute"] == 0.5


def test_details_of_text_are_a_few_hunks(tmp_path):
    lines = [f"line {number}" for number in range(400)]
    other = [f"{line}!" if number % 40 == 0 else line for number, line in enumerate(lines)]
    found = compared(tmp_path, save_text, ".txt", "\n".join(lines) + "\n", "\n".join(other) + "\n")
    assert found.text == "line 1: 'line 0' -> 'line 0!'; 10 lines gone and 10 new"
    assert found.lines[:4] == ("@@ -1,3 +1,3 @@", "-line 0", "+line 0!", " line 1")
    assert len(found.lines) < 40


def test_a_model_of_scikit_learn_is_compared_by_its_attributes(tmp_path):
    from sklearn.linear_model import LogisticRegression

    values = np.random.default_rng(0).normal(size=(50, 3))
    wanted = (values[:, 0] > 0).astype(int)
    models = [LogisticRegression(C=c).fit(values, wanted) for c in (1.0, 2.0)]
    for save in (save_pickle, save_joblib, save_packed_joblib):
        found = compared(tmp_path, save, ".joblib", *models)
        assert found.text.startswith("$.C: 1.0 -> 2.0 (off by 1, relative 1); ")
        assert any(line.startswith("$.coef_[0, 0]: ") for line in found.lines)


def test_equal_objects_that_are_pickled_otherwise_are_told_as_such(tmp_path):
    word = "abc" * 2
    found = compared(tmp_path, save_pickle, ".pkl", [word, word], [word, "".join(["abc", "abc"])])
    assert found.text.startswith("the same objects, pickled otherwise; the bytes differ from byte 3 on")
    assert found.lines == ("operation 5 (byte 23, behind 'abcabc'): BINGET 1 -> SHORT_BINUNICODE 'abcabc'",)


def test_models_of_skops_with_other_ids_hold_the_same(tmp_path):
    model = {"C": 1.0, "w": np.arange(3.0)}
    found = compared(tmp_path, save_skops, ".skops", model, model)
    assert found.text.startswith("the same objects, with other ids or times; the bytes differ from byte ")


def test_without_pillow_it_is_still_told_whether_pixels_differ(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    pictures = {}
    square = [(4 + number // 8, number % 8) for number in range(64)]
    with monkeypatch.context() as with_pillow:
        with_pillow.delitem(sys.modules, "PIL")
        for name, made in (
            ("a", picture()),
            ("b", picture(note="later")),
            ("c", picture(*square)),
        ):
            for suffix in (".png", ".jpg"):
                pictures[name + suffix] = str(tmp_path / f"{name}{suffix}")
                save_picture(made, tmp_path / f"{name}{suffix}")
    for suffix, text in ((".png", "from row 4 on; how many"), (".jpg", "the coded pixels differ; how many")):
        assert between(pictures[f"a{suffix}"], pictures[f"b{suffix}"], "x.png").text.startswith(
            "the same pixels;"
        )
        assert text in between(pictures[f"a{suffix}"], pictures[f"c{suffix}"], "x.png").text


class TestFolders:
    """What is new, gone and changed."""

    def folder(self, root: Path, files: dict[str, str]) -> str:
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return str(root)

    def test_each_changed_file_is_told_by_its_own_kind(self, tmp_path):
        one = self.folder(
            tmp_path / "a", {"x.json": '{"n": 1}', "same": "s", "gone.txt": "g", "sub/y.csv": "a\n1\n"}
        )
        other = self.folder(
            tmp_path / "b", {"x.json": '{"n": 2}', "same": "s", "new.txt": "n", "sub/y.csv": "a\n2\n"}
        )
        (tmp_path / "b/same").chmod(0o755)
        (tmp_path / "a/link").symlink_to("same")
        (tmp_path / "b/link").symlink_to("x.json")
        found = between(one, other, "build/all")
        assert (
            found.text == "link: a link to same -> a link to x.json; of its files, 1 new, 1 gone, 4 changed"
        )
        assert found.lines == (
            "gone.txt: gone",
            "new.txt: new",
            "link: a link to same -> a link to x.json",
            "same: its executable bit is new",
            "sub/y.csv: column `a`, row 1: 1 -> 2 (off by 1, relative 1); 1 of 1 number differs",
            "x.json: $.n: 1 -> 2 (off by 1, relative 1)",
        )
        assert found.facts["counts"] == {"added": 1, "removed": 1, "changed": 4}

    def test_a_folder_is_within_a_tolerance_if_each_file_is(self, tmp_path):
        one = self.folder(tmp_path / "a", {"x.json": "1.0", "y.json": "2.0"})
        near = self.folder(tmp_path / "b", {"x.json": "1.0000001", "y.json": "2.0000001"})
        far = self.folder(tmp_path / "c", {"x.json": "1.0000001", "y.json": "2.1"})
        assert between(one, near, "d", Tolerance(1e-6)).within
        found = between(one, far, "d", Tolerance(1e-6))
        assert not found.within
        assert found.text.startswith("y.json: $: 2.0 -> 2.1")

    def test_a_file_that_became_a_folder_and_an_empty_folder_are_told(self, tmp_path):
        one = self.folder(tmp_path / "a", {"x": "1"})
        (tmp_path / "empty").mkdir()
        assert between(f"{one}/x", one, "d").text == "a file -> a folder"
        assert between(str(tmp_path / "empty"), one, "d").text == "x: new"

    def test_only_the_executable_bit(self, tmp_path):
        for name, mode in (("a", 0o644), ("b", 0o755)):
            (tmp_path / name).write_text("x")
            os.chmod(tmp_path / name, mode)
        assert between(str(tmp_path / "a"), str(tmp_path / "b"), "x").text == "its executable bit is new"


def test_dates_of_python_are_written_as_dates(tmp_path):
    when = [datetime(2026, 1, day) for day in (1, 2)]
    found = compared(tmp_path, save_parquet, ".parquet", {"t": when[:1]}, {"t": when[1:]})
    assert found.text.startswith(
        "column `t`, row 1: 2026-01-01 00:00:00.000000 -> 2026-01-02 00:00:00.000000"
    )
