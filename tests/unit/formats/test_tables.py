import random
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from pipeline.formats.errors import FormatError
from pipeline.formats.kinds import loader_for
from pipeline.formats.load import load
from pipeline.formats.save import save


def written(value: object, path: Path) -> bytes:
    save(value, path)
    return path.read_bytes()


def test_csv_has_quotes_only_where_they_are_needed_and_points_in_floats(tmp_path: Path) -> None:
    table = pa.table(
        {
            "plain": ["a b", "x,y", 'say "hi"', "two\nlines", " space"],
            "null, or not": ["", None, "NA", "nan", "null"],
            "float": [1.0, -2.0, 1e300, 0.1, None],
            "kind": pa.array(["p", "q", None, "p", "p"]).dictionary_encode(),
        }
    )
    assert written(table, tmp_path / "t.csv").decode() == (
        'plain,"null, or not",float,kind\n'
        'a b,"",1.0,p\n'
        '"x,y",,-2.0,q\n'
        '"say ""hi""","NA",1e+300,\n'
        '"two\nlines","nan",0.1,p\n'
        '" space","null",,p\n'
    )
    assert load("arrow-table:csv", tmp_path / "t.csv")["null, or not"].to_pylist() == [
        "",
        None,
        "NA",
        "nan",
        "null",
    ]


def test_a_null_in_the_only_column_of_a_csv_is_not_lost(tmp_path: Path) -> None:
    table = pa.table({"a": [1, None, 3]})
    assert written(table, tmp_path / "t.csv") == b"a\n1\nNA\n3\n"
    assert load("arrow-table:csv", tmp_path / "t.csv").equals(table)
    assert len(load("pandas:csv", tmp_path / "t.csv")) == 3


def test_a_csv_of_nothing_keeps_its_names(tmp_path: Path) -> None:
    assert written(pa.table({"a": pa.array([], pa.int64())}), tmp_path / "t.csv") == b"a\n"
    assert load("arrow-table:csv", tmp_path / "t.csv").column_names == ["a"]


@pytest.mark.parametrize("annotation", ["pyarrow.Table", "pandas.DataFrame", "polars.DataFrame"])
def test_floats_survive_csv_to_the_bit(annotation: str, tmp_path: Path) -> None:
    source = random.Random(7)
    numbers = [source.uniform(-1, 1) * 10.0 ** source.randint(-250, 250) for _ in range(5_000)]
    save(pa.table({"x": numbers, "row": list(range(5_000))}), tmp_path / "t.csv")
    value = load(loader_for(annotation, "t.csv"), tmp_path / "t.csv")
    assert list(value["x"].to_pylist() if annotation == "pyarrow.Table" else value["x"]) == numbers


def test_types_of_a_csv_are_inferred_from_all_its_rows(tmp_path: Path) -> None:
    rows = ["1"] * 300_000 + ["x"]
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{row},1\n" for row in rows))
    for annotation in (None, "polars.DataFrame"):
        value = load(loader_for(annotation, "t.csv"), tmp_path / "t.csv")
        assert list(value["a"].to_pylist() if annotation is None else value["a"]) == rows


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".csv"])
def test_how_a_table_is_cut_into_chunks_does_not_show(suffix: str, tmp_path: Path) -> None:
    whole = pa.table({"a": [1, None, 3, 4], "s": ["x", "", None, "y"], "f": [True, None, False, True]})
    cut = pa.concat_tables([whole.slice(0, 1), whole.slice(1, 2), whole.slice(3)])
    assert written(cut, tmp_path / f"a{suffix}") == written(whole, tmp_path / f"b{suffix}")


def test_what_lies_in_memory_under_a_null_does_not_show(tmp_path: Path) -> None:
    def table(hidden: int) -> pa.Table:
        data = pa.py_buffer(np.array([1, hidden, 3]).tobytes())
        return pa.table({"a": pa.Array.from_buffers(pa.int64(), 3, [pa.py_buffer(b"\x05"), data])})

    assert written(table(7), tmp_path / "a.arrow") == written(table(9), tmp_path / "b.arrow")


def test_columns_whose_chunks_have_different_dictionaries_can_be_written(tmp_path: Path) -> None:
    chunks = [pa.array(["a", "b"]).dictionary_encode(), pa.array(["c", "a"]).dictionary_encode()]
    table = pa.table({"k": pa.chunked_array(chunks)})
    for suffix in (".parquet", ".arrow", ".csv"):
        save(table, tmp_path / f"t{suffix}")
        value = load(loader_for(None, f"t{suffix}"), tmp_path / f"t{suffix}")
        assert value["k"].to_pylist() == ["a", "b", "c", "a"]


def test_a_stream_of_arrow_is_read_too(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2]})
    with pa.ipc.new_stream(str(tmp_path / "t.arrow"), table.schema) as writer:
        writer.write_table(table)
    assert load("arrow-table:ipc", tmp_path / "t.arrow").equals(table)


def test_a_frame_keeps_its_index_in_parquet_and_arrow(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1, 2, 3]})
    for changed in (frame, frame[frame.x > 1], frame.set_index(pd.Index(list("abc"), name="key"))):
        for suffix in (".parquet", ".arrow"):
            save(changed, tmp_path / f"t{suffix}")
            back = load(loader_for("pandas.DataFrame", f"t{suffix}"), tmp_path / f"t{suffix}")
            pd.testing.assert_frame_equal(back, changed)


def test_an_index_of_row_numbers_is_no_column_of_a_csv_and_any_other_is(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1, 2, 3]})
    assert written(frame[frame.x > 1], tmp_path / "t.csv") == b"x\n2\n3\n"
    assert written(frame.set_axis(list("abc")), tmp_path / "t.csv") == b"index,x\na,1\nb,2\nc,3\n"
    named = frame.set_index(pd.Index([7, 8, 9], name="id"))
    assert written(named, tmp_path / "t.csv") == b"id,x\n7,1\n8,2\n9,3\n"


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".csv"])
def test_a_frame_that_was_read_may_be_changed_and_the_file_stays(suffix: str, tmp_path: Path) -> None:
    before = written(pa.table({"x": [1.0, 2.0]}), tmp_path / f"t{suffix}")
    frame = load(loader_for("pandas.DataFrame", f"t{suffix}"), tmp_path / f"t{suffix}")
    frame.loc[0, "x"] = 5.0
    assert (tmp_path / f"t{suffix}").read_bytes() == before


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".csv"])
def test_equal_tables_of_any_library_hold_the_same_values(suffix: str, tmp_path: Path) -> None:
    data = {"x": [1, 2], "s": ["a", "b"]}
    for value in (pa.table(data), pd.DataFrame(data), pl.DataFrame(data)):
        save(value, tmp_path / f"t{suffix}")
        assert load(loader_for(None, f"t{suffix}"), tmp_path / f"t{suffix}").to_pydict() == data


def test_a_column_of_mixed_objects_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        save(pd.DataFrame({"good": [1, 2], "odd": [1, "a"]}), tmp_path / "t.parquet", shown="build/t.parquet")
    assert "build/t.parquet" in caught.value.text
    assert "odd" in caught.value.text


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="x"):
        save(pd.DataFrame([[1, 2]], columns=["x", "x"]), tmp_path / "t.parquet")
