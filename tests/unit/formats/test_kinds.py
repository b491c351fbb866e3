import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.formats.kinds import LoaderError, is_path, loader_for, packages_of, writer_for


@pytest.mark.parametrize(
    ("annotation", "path", "loader"),
    [
        (None, "data/a.parquet", "arrow-table:parquet"),
        (None, "a.feather", "arrow-table:ipc"),
        (None, "a.CSV", "arrow-table:csv"),
        (None, "a.json", "json"),
        (None, "a.yml", "yaml"),
        (None, "a.jsonl", "jsonl"),
        (None, "a.npz", "npz"),
        (None, "a.md", "text"),
        (None, "a.pkl", "pickle"),
        (None, "a.tif", "path"),
        (None, "a.csv.gz", "path"),
        (None, "LICENSE", "path"),
        ("typing.Any", "a.json", "json"),
        ("object", "a.json", "json"),
        ("pathlib.Path", "a.json", "path"),
        ("str", "a.json", "text"),
        ("bytes", "a.tif", "bytes"),
        ("pyarrow.Table", "a.csv", "arrow-table:csv"),
        ("pyarrow.lib.Table", "a.joblib", "arrow-table:joblib"),
        ("pandas.core.frame.DataFrame", "a.csv", "pandas:csv"),
        ("polars.dataframe.frame.DataFrame", "a.arrow", "polars:ipc"),
        ("numpy.ndarray", "a.npy", "npy"),
        ("numpy.typing.NDArray[numpy.float64]", "a.npz", "array:npz"),
        ("dict", "a.npz", "npz"),
        ("dict", "a.json", "dict:json"),
        ("dict[str, list[float]]", "a.yaml", "dict:yaml"),
        ("list", "a.jsonl", "jsonl"),
        ("list[dict[str, typing.Any]]", "a.json", "list:json"),
    ],
)
def test_the_annotation_decides_and_then_the_suffix(annotation: str | None, path: str, loader: str) -> None:
    assert loader_for(annotation, path) == loader


@pytest.mark.parametrize(
    ("annotation", "pattern", "loader"),
    [
        (None, "build/model-*.joblib", "glob:joblib"),
        ("dict", "build/*.csv", "glob:arrow-table:csv"),
        ("typing.Any", "build/*.csv", "glob:arrow-table:csv"),
        ("dict[str, typing.Any]", "build/*.tif", "glob:path"),
        ("dict[str, pathlib.Path]", "build/*.csv", "glob:path"),
        ("dict[str, str]", "build/**", "glob:text"),
        ("dict[str, pandas.DataFrame]", "build/*.csv", "glob:pandas:csv"),
        ("dict[str, dict[str, list[int]]]", "build/*.json", "glob:dict:json"),
        ("dict[str,pandas.DataFrame]", "build/*", "glob:pandas:suffix"),
        (None, "build/**", "glob:suffix"),
        (None, "build/x.*", "glob:suffix"),
        (None, "build/x.[cC]sv", "glob:suffix"),
        (None, "build/*/LICENSE", "glob:path"),
    ],
)
def test_a_glob_is_asked_for_each_file(annotation: str | None, pattern: str, loader: str) -> None:
    assert loader_for(annotation, pattern, is_glob=True) == loader


@pytest.mark.parametrize(
    ("annotation", "path", "text", "advice"),
    [
        (
            "polars.LazyFrame",
            "a.parquet",
            "`polars.LazyFrame` is not a type that an input can arrive as",
            "annotate it as `Path` and load it in the stage",
        ),
        ("set", "a.json", "`set` is not a type that an input can arrive as", "`Path`"),
        (
            "pandas.DataFrame",
            "a.json",
            "`a.json` cannot arrive as `pandas.DataFrame`",
            "`dict`, `list`, or as `Path`",
        ),
        ("dict", "a.csv", "`a.csv` cannot arrive as `dict`", "`pyarrow.Table`, `pandas.DataFrame`"),
        ("list", "a.npy", "`a.npy` cannot arrive as `list`", "`numpy.ndarray`"),
        (
            "pandas.DataFrame",
            "a.sas7bdat",
            "nothing is known of a file with the suffix `.sas7bdat`",
            "`Path`",
        ),
        ("dict", "LICENSE", "nothing is known of a file without a suffix", "`Path`"),
    ],
)
def test_what_cannot_be_loaded_is_refused_with_what_can(
    annotation: str, path: str, text: str, advice: str
) -> None:
    with pytest.raises(LoaderError) as caught:
        loader_for(annotation, path)
    assert text in caught.value.text
    assert advice in caught.value.help


@pytest.mark.parametrize(
    "annotation",
    ["pandas.DataFrame", "list", "pathlib.Path", "dict[int, str]", "dict[str]", "dict[str, set]"],
)
def test_a_glob_arrives_as_a_dict_from_paths_and_as_nothing_else(annotation: str) -> None:
    with pytest.raises(LoaderError):
        loader_for(annotation, "a/*.csv", is_glob=True)


def test_one_file_of_a_glob_that_cannot_give_the_type_is_refused_by_its_pattern() -> None:
    with pytest.raises(LoaderError) as caught:
        loader_for("dict[str, numpy.ndarray]", "a/*.csv", is_glob=True)
    assert "`a/*.csv` cannot arrive as `numpy.ndarray`" in caught.value.text


def test_a_folder_arrives_as_its_path_whatever_its_name() -> None:
    assert loader_for(None, "build/parts.parquet", is_tree=True) == "path"
    assert loader_for("pathlib.Path", "build/parts", is_tree=True) == "path"
    with pytest.raises(LoaderError, match=r"a folder cannot arrive as `pandas.DataFrame`"):
        loader_for("pandas.DataFrame", "build/parts.parquet", is_tree=True)


def test_only_a_path_is_a_path() -> None:
    assert is_path("pathlib.Path")
    assert not any(is_path(annotation) for annotation in (None, "str", "dict[str, pathlib.Path]", "x.Path"))


def test_every_output_has_a_writer() -> None:
    assert [writer_for(path) for path in ("a.parquet", "b.yml", "c.PNG", "d.sql", "e", "x/.csv")] == [
        "parquet",
        "yaml",
        "figure",
        "raw",
        "raw",
        "raw",
    ]


def test_the_packages_of_a_kind_are_those_that_it_uses() -> None:
    assert packages_of("path") == packages_of("glob:path") == packages_of("json") == packages_of("raw") == ()
    assert packages_of("arrow-table:parquet") == packages_of("parquet") == ("pyarrow",)
    assert packages_of("pandas:csv") == packages_of("glob:pandas:csv") == ("pandas", "pyarrow")
    assert packages_of("dict:yaml") == ("yaml",)
    assert packages_of("glob:suffix") == ("joblib", "numpy", "pyarrow", "yaml")
    assert packages_of("glob:polars:suffix") == ("joblib", "numpy", "polars", "pyarrow", "yaml")
    assert packages_of("figure") == ("matplotlib",)


def test_choosing_a_kind_imports_nothing_heavy() -> None:
    program = (
        "import sys; from pipeline.formats.kinds import *; from pipeline.formats import load, save, pickles\n"
        "loader_for('pandas.DataFrame', 'a.csv'); writer_for('a.png')\n"
        "heavy = {'numpy', 'pandas', 'polars', 'pyarrow', 'joblib', 'yaml', 'matplotlib', 'pydantic'}\n"
        "print(*(heavy & sys.modules.keys()))"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "\n"


def test_reading_tables_does_not_import_pandas_nor_the_dataset_module(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from pipeline.formats.load import load; from pipeline.formats.save import save\n"
        "Path('a.csv').write_text('a,b\\n1,x\\n')\n"
        "table = load('arrow-table:csv', Path('a.csv'))\n"
        "for name in ('a.parquet', 'a.arrow', 'b.csv'): save(table, Path(name))\n"
        "load('arrow-table:parquet', Path('a.parquet')), load('arrow-table:ipc', Path('a.arrow'))\n"
        "print(*({'pandas', 'pyarrow.dataset'} & sys.modules.keys()))"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True, cwd=tmp_path) == "\n"
