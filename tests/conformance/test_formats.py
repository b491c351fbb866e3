"""The one suite that every format runs: round trip, equal bytes, clear refusals.

Run as a program it writes every sample into a folder; the suite does so in processes with other hash seeds.
"""

import datetime
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from pipeline.formats.errors import FormatError
from pipeline.formats.kinds import ENCODINGS, SUFFIXES, WRITERS, loader_for, packages_of, writer_for
from pipeline.formats.load import READERS, load
from pipeline.formats.save import SAVERS, save


class Sample(NamedTuple):
    """A value, the file that it goes to, and how it is asked for again."""

    file: str
    make: Callable[[], Any]
    annotation: str | None = None
    back: Callable[[Any], Any] = lambda value: value
    """What the value is expected to read back as."""


def _rows() -> dict[str, list[Any]]:
    return {
        "number": [1, None, 3],
        "ratio": [1.0, 2.5, None],
        "text": ["", 'a,"b"\n', None],
        "flag": [True, None, False],
        "day": [datetime.date(2013, 1, 1), None, datetime.date(2013, 12, 31)],
    }


def _arrow() -> pa.Table:
    return pa.table(_rows())


def _pandas() -> pd.DataFrame:
    frame = pd.DataFrame({"x": [1, 2, 3], "y": [1.0, 0.1, 1e-9], "s": ["a", "b", "c"]})
    return frame.set_index(pd.Index(["p", "q", "r"], name="key"))


def _polars() -> pl.DataFrame:
    return pl.DataFrame(_rows())


def _plain() -> dict[str, Any]:
    return {
        "z": [1, 2.5, 1e-9, 1e300, -0.0, None, True, "ü\u2028\x07 😀"],
        "a": {
            "empty": {},
            "none": [],
            "no": "yes",
            "1": "1.0",
            "": ":",
            "deep": [[{"k": ["v"]}], {"b": 1, "c": 2}],
        },
    }


def _arrays() -> dict[str, np.ndarray]:
    return {
        "file": np.arange(6.0).reshape(2, 3),
        "b/c": np.array(["x", "yy"]),
        "none": np.zeros((0, 3), "i2"),
    }


def _figure() -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1))
    axes = figure.subplots()
    axes.plot([1, 2, 3], [3, 1, 2], label="line")
    axes.fill_between([1, 2, 3], [0, 1, 0], hatch="/")
    axes.legend()
    return figure


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.reset_index()


TABLES = [
    sample
    for suffix in (".parquet", ".arrow", ".feather")
    for sample in (
        Sample(f"arrow{suffix}", _arrow),
        Sample(f"arrow-annotated{suffix}", _arrow, "pyarrow.lib.Table"),
        Sample(f"pandas{suffix}", _pandas, "pandas.DataFrame"),
        Sample(f"polars{suffix}", _polars, "polars.DataFrame"),
        Sample(f"rows{suffix}", lambda: _arrow().to_pylist(), None, lambda _: _arrow()),
        Sample(f"empty{suffix}", lambda: _arrow().slice(0, 0)),
    )
]
SAMPLES = [
    *TABLES,
    Sample("arrow.csv", _arrow),
    Sample("polars.csv", _polars, "pyarrow.Table", lambda _: _arrow()),
    Sample("pandas.csv", _pandas, "pandas.DataFrame", _flat),
    Sample("to-polars.csv", lambda: pl.DataFrame({"x": [1, 2], "s": ["a", "b"]}), "polars.DataFrame"),
    Sample("one-column.csv", lambda: pa.table({"only": ["a", None, "NA"]})),
    Sample("plain.json", _plain),
    Sample("plain-dict.json", _plain, "dict[str, typing.Any]"),
    Sample("list.json", lambda: [1, (2, 3)], "list", lambda _: [1, [2, 3]]),
    Sample("numpy.json", lambda: {"n": np.int64(3), "f": np.float32(0.5), "a": np.eye(2)}, None,
           lambda _: {"n": 3, "f": 0.5, "a": [[1.0, 0.0], [0.0, 1.0]]}),
    Sample("plain.yaml", _plain),
    Sample("plain-dict.yml", _plain, "dict"),
    Sample("scalar.yaml", lambda: "null"),
    Sample("lines.jsonl", lambda: [_plain(), 3, "x", None], "list"),
    Sample("array.npy", lambda: np.arange(6, dtype="f4").reshape(2, 3).T, "numpy.ndarray"),
    Sample("arrays.npz", _arrays, "dict[str, numpy.ndarray]"),
    Sample("one.npz", lambda: np.arange(3), "numpy.ndarray"),
    Sample("text.txt", lambda: "a\r\nb\n\nü\ufeff", "str"),
    Sample("text.md", lambda: "# a\n"),
    Sample("text.html", lambda: "<p>"),
    Sample("object.joblib", lambda: {"w": np.arange(4.0), "o": np.array([1, "x"], dtype=object), "n": (1,)}),
    Sample("dict.joblib", lambda: {"a": 1}, "dict"),
    Sample("object.pkl", lambda: [datetime.date(2013, 1, 1), {"a": (1, 2)}], "list"),
    Sample("anything.pkl", lambda: (1, "a", None)),
    Sample("frame.pkl", _pandas, "pandas.core.frame.DataFrame"),
    Sample("array.joblib", lambda: np.arange(3), "numpy.ndarray"),
    Sample("raw.log", lambda: "line\n", "str"),
    Sample("raw.bin", lambda: b"\x00\xff", "bytes"),
    Sample("bytes.json", lambda: b"[1, 2]", None, lambda _: [1, 2]),
    Sample("figure.png", _figure, "bytes", lambda _: None),
    Sample("figure.pdf", _figure, "bytes", lambda _: None),
    Sample("figure.svg", _figure, "str", lambda _: None),
]  # fmt: skip

REFUSED: list[tuple[str, Any, str, str]] = [
    ("t.parquet", {"a": 1}, "`dict`", "pyarrow.Table"),
    ("t.arrow", [{"a": 1}, {"b": 2}], "`list`", "same keys"),
    ("t.csv", pd.Series([1]), "`pandas.Series`", "pandas.DataFrame"),
    ("t.csv", pa.table({"a": [[1]]}), "column `a`", ".parquet"),
    ("t.csv", pd.DataFrame(index=[0, 1]), "without columns", "columns"),
    ("t.parquet", pl.LazyFrame({"a": [1]}), "LazyFrame", "collect"),
    ("t.json", {"a": {1, 2}}, "set", "sorted"),
    ("t.json", {"a": [1.0, float("nan")]}, "nan", "None"),
    ("t.json", {1: 2}, "key 1", "str(key)"),
    ("t.yaml", {"a": object()}, "`object`", "dict"),
    ("t.jsonl", {"a": 1}, "`dict`", "`list`"),
    ("t.npy", [1, 2], "`list`", "numpy.ndarray"),
    ("t.npy", np.array([object()]), "Python objects", ".joblib"),
    ("t.npz", {"a": [1]}, "`list`", "numpy.ndarray"),
    ("t.txt", 3, "`int`", "`str`"),
    ("t.joblib", lambda: 0, "`function`", "lambda"),
    ("t.pkl", lambda: 0, "`function`", "lambda"),
    ("t.png", 3, "`int`", "Figure"),
    ("t.unknown", 3, "`int`", "`Path`"),
]


def _write_all(folder: Path) -> None:
    for sample in SAMPLES:
        save(sample.make(), folder / sample.file)


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, pd.DataFrame):
        pd.testing.assert_frame_equal(a, b)
        return True
    if isinstance(a, pa.Table | pl.DataFrame):
        return bool(a.equals(b))
    if isinstance(a, np.ndarray):
        np.testing.assert_array_equal(a, b, strict=True)
        return True
    if isinstance(a, dict):
        return list(a) == list(b) and all(_equal(a[key], b[key]) for key in a)
    return type(a) is type(b) and bool(a == b)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    _write_all(folder)
    return folder


@pytest.fixture(scope="module", params=["1", "77"])
def elsewhere(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples as written by a process with another hash seed, umask and time zone."""
    folder = tmp_path_factory.mktemp("elsewhere")
    seed = {"PYTHONHASHSEED": request.param, "TZ": "Asia/Tokyo", "MPLBACKEND": "agg"}
    subprocess.run(
        [sys.executable, __file__, str(folder)], env={**os.environ, **seed}, umask=0o077, check=True
    )
    return folder


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
class TestEveryFormat:
    def test_a_value_reads_back_as_it_was(self, sample: Sample, written: Path) -> None:
        expected = sample.back(sample.make())
        if expected is None:
            assert (written / sample.file).stat().st_size > 100
            return
        value = load(loader_for(sample.annotation, sample.file), written / sample.file)
        assert _equal(expected, value), value

    def test_an_equal_value_becomes_the_same_bytes(
        self, sample: Sample, written: Path, tmp_path: Path
    ) -> None:
        target = tmp_path / "not" / "there" / sample.file
        save(sample.make(), target)
        assert target.read_bytes() == (written / sample.file).read_bytes()

    def test_another_process_writes_the_same_bytes(
        self, sample: Sample, written: Path, elsewhere: Path
    ) -> None:
        assert (elsewhere / sample.file).read_bytes() == (written / sample.file).read_bytes()

    def test_mode_and_time_of_the_file_change_nothing(
        self, sample: Sample, written: Path, tmp_path: Path
    ) -> None:
        copy = tmp_path / sample.file
        copy.write_bytes((written / sample.file).read_bytes())
        os.utime(copy, (1, 1))
        copy.chmod(0o444)
        loader = loader_for(sample.annotation, sample.file)
        value = load(loader, copy)
        if loader != "path":
            assert _equal(value, load(loader, written / sample.file))


@pytest.mark.parametrize(("file", "value", "named", "advice"), REFUSED, ids=[case[0] for case in REFUSED])
def test_a_value_that_does_not_fit_is_named_with_the_output_and_what_would_fit(
    file: str, value: Any, named: str, advice: str, tmp_path: Path
) -> None:
    with pytest.raises(FormatError) as caught:
        save(value, tmp_path / file, shown=f"build/{file}")
    assert named in caught.value.text
    assert f"`build/{file}`" in caught.value.text
    assert advice in caught.value.help


@pytest.mark.parametrize("suffix", sorted({*SUFFIXES, ".png", ".svg", ".pdf", ".unknown", ""}))
def test_nothing_returned_is_no_value(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="nothing was returned"):
        save(None, tmp_path / f"out{suffix}")
    assert not (tmp_path / f"out{suffix}").exists()


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_a_file_that_is_cut_short_or_something_else_is_refused(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"broken{suffix}"
    file.write_bytes(b"\x80\xff{[\x00")
    with pytest.raises(FormatError) as caught:
        value = load(loader_for(None, file.name), file, shown="data/broken")
        raise AssertionError(f"it was read as {value!r}")
    assert "`data/broken`" in caught.value.text
    assert caught.value.help


def test_the_suite_covers_every_kind() -> None:
    assert {writer_for(sample.file) for sample in SAMPLES} == WRITERS.keys() == SAVERS.keys()
    used = {loader_for(sample.annotation, sample.file) for sample in SAMPLES}
    assert used >= READERS.keys()
    assert {suffix for suffix in SUFFIXES if not any(s.file.endswith(suffix) for s in SAMPLES)} == set()
    for kind in (*used, *WRITERS, *ENCODINGS):
        assert set(packages_of(kind)) <= {
            "joblib",
            "matplotlib",
            "numpy",
            "pandas",
            "polars",
            "pyarrow",
            "yaml",
        }


if __name__ == "__main__":
    _write_all(Path(sys.argv[1]))
