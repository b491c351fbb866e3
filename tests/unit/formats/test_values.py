from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline.formats.errors import FormatError
from pipeline.formats.kinds import loader_for
from pipeline.formats.load import load
from pipeline.formats.save import save


def written(value: object, path: Path) -> str:
    save(value, path)
    return path.read_bytes().decode()


def test_json_is_for_people_and_for_git(tmp_path: Path) -> None:
    value = {"b": 1, "a": [True, "é"], "none": {}}
    expected = '{\n  "b": 1,\n  "a": [\n    true,\n    "é"\n  ],\n  "none": {}\n}\n'
    assert written(value, tmp_path / "a.json") == expected


def test_json_lines_stand_one_a_line(tmp_path: Path) -> None:
    assert written([{"b": 1, "a": "x\ny"}, None], tmp_path / "a.jsonl") == '{"b": 1, "a": "x\\ny"}\nnull\n'
    (tmp_path / "b.jsonl").write_bytes(b'1\r\n\r\n{"a": 2}')
    assert load("jsonl", tmp_path / "b.jsonl") == [1, {"a": 2}]


def test_a_line_that_is_not_json_is_named_by_its_number(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_text("1\n2\n{x}\n")
    with pytest.raises(FormatError, match="line 3, column 2"):
        load("jsonl", tmp_path / "b.jsonl")


def test_yaml_is_block_style_with_quotes_where_a_reader_would_be_misled(tmp_path: Path) -> None:
    class Point(NamedTuple):
        x: int
        y: float

    value = {
        "name": "a b/c-d.txt",
        "no": ["yes", "1", "1e3", "- a", "a: b", "a #b", "", "~", " x"],
        "at": [Point(1, 1e-05), [], {"k": {"deep": [[1], [2, {"m": None, "n": True}]]}}],
    }
    text = written(value, tmp_path / "a.yaml")
    assert text == (
        "name: a b/c-d.txt\n"
        '"no":\n'
        '  - "yes"\n'
        '  - "1"\n'
        '  - "1e3"\n'
        '  - "- a"\n'
        '  - "a: b"\n'
        '  - "a #b"\n'
        '  - ""\n'
        '  - "~"\n'
        '  - " x"\n'
        "at:\n"
        "  - - 1\n"
        "    - 1.0e-05\n"
        "  - []\n"
        "  - k:\n"
        "      deep:\n"
        "        - - 1\n"
        "        - - 2\n"
        "          - m: null\n"
        '            "n": true\n'
    )
    assert yaml.safe_load(text) == load("yaml", tmp_path / "a.yaml")


def test_yaml_is_read_as_version_1_2(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("country: NO\nswitch: on\nday: 2013-01-01\nmode: 010\n")
    assert load("yaml", tmp_path / "a.yaml") == {
        "country": "NO",
        "switch": "on",
        "day": "2013-01-01",
        "mode": 10,
    }


def test_a_mistake_in_yaml_is_named_by_its_place(tmp_path: Path) -> None:
    for text in ("a: 1\na: 2\n", "a: 1\nb: [1\n"):
        (tmp_path / "a.yaml").write_text(text)
        with pytest.raises(FormatError, match=r"is not YAML: .*line [23]"):
            load("yaml", tmp_path / "a.yaml")


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": {"b": [0, float("inf")]}}, "`a.b[1]`"),
        ({"a b": {"c": np.float64("nan")}}, "`['a b'].c`"),
        ([1, {2}], "`[1]`"),
        ({"a": {"b": {1: 2}}}, "`a.b`"),
        ({"a": [pd.Timestamp(0)]}, "`a[0]`"),
        ({"a": np.array(["2013"], "M8[Y]")}, "`a`"),
        ({"a": "\ud800"}, "`a`"),
    ],
)
def test_what_plain_text_cannot_hold_is_named_by_its_place_in_the_value(
    value: Any, place: str, tmp_path: Path
) -> None:
    for suffix in (".json", ".yaml"):
        with pytest.raises(FormatError) as caught:
            save(value, tmp_path / f"a{suffix}")
        assert place in caught.value.text


def test_a_value_that_contains_itself_is_refused(tmp_path: Path) -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(FormatError, match="contains itself"):
        save(value, tmp_path / "a.json")


@pytest.mark.parametrize(
    ("annotation", "file", "value", "held"),
    [
        ("dict", "a.json", [1], "`list`"),
        ("list", "a.yaml", {"a": 1}, "`dict`"),
        ("dict[str, int]", "a.pkl", 3, "`int`"),
        ("pandas.DataFrame", "a.joblib", {"a": 1}, "`dict`"),
        ("numpy.ndarray", "a.pkl", [1], "`list`"),
        ("numpy.ndarray", "a.npz", {"a": np.arange(2), "b": np.arange(2)}, "2 arrays"),
    ],
)
def test_a_file_that_holds_another_type_than_annotated_is_refused(
    annotation: str, file: str, value: Any, held: str, tmp_path: Path
) -> None:
    save(value, tmp_path / file)
    with pytest.raises(FormatError) as caught:
        load(loader_for(annotation, file), tmp_path / file, shown=f"build/{file}")
    assert f"`build/{file}` cannot arrive as `{annotation.partition('[')[0]}`" in caught.value.text
    assert held in caught.value.text


def test_a_subclass_of_the_annotated_type_is_one(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1]})
    save(frame, tmp_path / "a.pkl")
    assert load("pandas:pickle", tmp_path / "a.pkl").equals(frame)
    save(np.rec.array([(1, 2.0)]), tmp_path / "b.pkl")
    assert len(load("array:pickle", tmp_path / "b.pkl")) == 1


def test_a_glob_arrives_sorted_by_path(tmp_path: Path) -> None:
    paths = {f"build/{name}": tmp_path / name for name in ("b.json", "a.csv", "c.tif")}
    save({"b": 1}, paths["build/b.json"])
    save("x\n1\n", tmp_path / "text.txt")
    paths["build/a.csv"].write_text("x\n1\n")
    paths["build/c.tif"].write_bytes(b"")
    value = load(loader_for(None, "build/*", is_glob=True), paths)
    assert list(value) == ["build/a.csv", "build/b.json", "build/c.tif"]
    assert value["build/a.csv"].to_pydict() == {"x": [1]}
    assert value["build/b.json"] == {"b": 1}
    assert value["build/c.tif"] == paths["build/c.tif"]


def test_a_glob_of_one_type_names_the_file_that_cannot_give_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    loader = loader_for("dict[str, pandas.DataFrame]", "build/*", is_glob=True)
    with pytest.raises(FormatError, match=r"`build/a.txt` cannot arrive as `pandas.DataFrame`"):
        load(loader, {"build/a.txt": tmp_path / "a.txt"})


def test_bytes_are_the_file_whatever_its_suffix(tmp_path: Path) -> None:
    for suffix in ("", ".bin", ".csv", ".pkl", ".png", ".txt"):
        save(b"\x00\xff", tmp_path / f"a{suffix}")
        assert (tmp_path / f"a{suffix}").read_bytes() == b"\x00\xff"


def test_text_that_is_not_utf8_names_the_byte(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"ab\xffc")
    with pytest.raises(FormatError, match="0xff at offset 2"):
        load("text", tmp_path / "a.txt")


def test_arrays_of_objects_are_not_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(FormatError, match="pickled objects"):
        load("npy", tmp_path / "a.npy")


def test_numpy_itself_reads_what_was_written(tmp_path: Path) -> None:
    save({"file": np.arange(3), "b": np.eye(2)}, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as archive:
        assert archive.files == ["file", "b"]
        np.testing.assert_array_equal(archive["b"], np.eye(2))


def test_what_a_pickle_raises_while_it_is_loaded_is_not_hidden(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(b"\x80\x04\x8c\x0cno_such_name\x8c\x01x\x93.")
    with pytest.raises(ModuleNotFoundError, match="no_such_name"):
        load("pickle", tmp_path / "a.pkl")


def test_a_figure_is_drawn_without_time_and_version(tmp_path: Path) -> None:
    from matplotlib import __version__
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().plot([1, 2])
    for suffix in (".png", ".svg", ".pdf"):
        save(figure, tmp_path / f"a{suffix}")
        data = (tmp_path / f"a{suffix}").read_bytes()
        assert f"Matplotlib v{__version__}".encode() not in data
        assert b"CreationDate" not in data
        assert b"<dc:date>" not in data
