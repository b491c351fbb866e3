import collections
import datetime
import decimal
import functools
import pickle
import signal
import time
import zlib
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

from pipeline.formats.kinds import is_pickle
from pipeline.formats.pickles import begins, references
from pipeline.formats.save import save


class Trap:
    """Unpickling it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def forest() -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(5, random_state=0).fit([[0.0], [1.0], [2.0]], [0, 1, 0])


VALUES: list[Any] = [
    {"a": [1, (2.5, "x", None)], "b": {1, 2}, "c": frozenset("z"), "d": b"", "e": bytearray(b"x")},
    datetime.datetime(2013, 1, 1, tzinfo=datetime.UTC),
    [decimal.Decimal(1), collections.OrderedDict(a=1), collections.deque([1]), functools.partial(max, 1)],
    collections.defaultdict(list, a=[1]),
    {
        "a": np.arange(1000.0),
        "b": np.zeros((0, 3)),
        "c": np.array(["x", "yyy"]),
        "d": np.array(3),
        "e": np.float32(1),
    },
    [
        np.array([datetime.date(2013, 1, 1), "x"], dtype=object),
        np.arange(4, dtype=">i2"),
        np.array(["2013"], "M8[D]"),
    ],
    np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
    np.asfortranarray(np.eye(3)),
    pd.DataFrame({"a": [1, 2], "s": ["x", None], "c": pd.Categorical(["a", "b"])}),
    ValueError("x"),
]


def expected(value: Any, suffix: str, path: Path) -> set[str]:
    """What Python itself looks up while it loads the file for good."""
    found: set[str] = set()

    def record(base: Any) -> Any:
        class Recorder(base):
            def find_class(self, module: str, name: str) -> Any:
                found.add(f"{module}:{name}")
                return super().find_class(module, name)

        return Recorder

    with path.open("rb") as file:
        if suffix == ".pkl":
            record(pickle._Unpickler)(file).load()
        else:
            record(joblib.numpy_pickle.NumpyUnpickler)(str(path), file, False).load()
    return found


@pytest.mark.parametrize("suffix", [".pkl", ".joblib"])
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_the_references_are_those_that_loading_looks_up(value: Any, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    save(value, path)
    found = references(path)
    assert found is not None
    assert set(found) >= expected(value, suffix, path)
    assert list(found) == sorted(set(found))


@pytest.mark.parametrize("suffix", [".pkl", ".joblib"])
def test_a_model_names_the_classes_of_its_parts(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    save(forest(), path)
    found = references(path)
    assert found is not None
    assert {"sklearn.ensemble._forest:RandomForestClassifier", "sklearn.tree._tree:Tree"} <= set(found)
    assert set(found) >= expected(None, suffix, path)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_every_protocol_with_a_header_is_known(protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps([decimal.Decimal(1), collections.OrderedDict()], protocol))
    assert references(path) == ("collections:OrderedDict", "decimal:Decimal")


class Keyed:
    def __new__(cls, *, key: int) -> "Keyed":
        return super().__new__(cls)

    def __getnewargs_ex__(self) -> Any:
        return ((), {"key": 1})


def test_every_way_to_make_an_object_is_known(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(Keyed(key=1)))
    assert references(path) == (f"{__name__}:Keyed",)
    for data in (b"\x80\x02(idecimal\nDecimal\n.", b"\x80\x02(cdecimal\nDecimal\no."):
        path.write_bytes(data)
        assert references(path) == ("decimal:Decimal",)


def test_an_array_of_negative_size_does_not_send_the_reader_round_in_circles(tmp_path: Path) -> None:
    path = tmp_path / "a.joblib"
    save(np.zeros((1, 200), "i1"), path)
    data = path.read_bytes()
    assert data.count(b"K\x01K\xc8\x86") == 1
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.alarm(30)
    try:
        for back in range(256):  # one of them leads to the beginning of the file
            path.write_bytes(data.replace(b"K\x01K\xc8\x86", b"J\xff\xff\xff\xffK%c\x86" % back))
            assert back == 0 or references(path) is None
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def test_an_object_without_globals_names_no_module(tmp_path: Path) -> None:
    save([1, "os", {"subprocess": "sys"}], tmp_path / "a.pkl")
    assert references(tmp_path / "a.pkl") == ()


@pytest.mark.parametrize("dump", [pickle.dump, joblib.dump])
def test_nothing_is_executed(dump: Any, tmp_path: Path) -> None:
    with (tmp_path / "a.pkl").open("wb") as file:
        dump([Trap(tmp_path / "sprung")], file)
    found = references(tmp_path / "a.pkl")
    assert found is not None
    assert {"pathlib:Path.touch", "pathlib:PosixPath"} <= set(found) or "pathlib._local:PosixPath" in found
    assert not (tmp_path / "sprung").exists()
    pickle.loads((tmp_path / "a.pkl").read_bytes())
    assert (tmp_path / "sprung").exists()


def test_what_can_import_by_name_is_unknown(tmp_path: Path) -> None:
    import importlib

    import cloudpickle

    path = tmp_path / "a.pkl"
    for data in (
        cloudpickle.dumps(lambda: decimal.Decimal(1)),
        pickle.dumps(importlib.import_module),
        pickle.dumps(eval),
        b"\x80\x02\x82\x01.",
    ):
        path.write_bytes(data)
        assert references(path) is None


@pytest.mark.parametrize("how", ["zlib", "gzip", "bz2", "lzma", "xz"])
def test_a_compressed_file_is_read_too(how: str, tmp_path: Path) -> None:
    path = tmp_path / "a.joblib"
    joblib.dump({"a": np.arange(100_000.0), "f": forest()}, path, compress=(how, 3))
    found = references(path)
    assert found is not None
    assert {"numpy:ndarray", "sklearn.ensemble._forest:RandomForestClassifier"} <= set(found)
    data = path.read_bytes()
    for cut in (data[:-10], data[: len(data) // 2]):
        path.write_bytes(cut)
        assert references(path) is None, len(cut)


def test_what_a_pickle_of_any_size_costs_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    nested = b"\x80\x02)" + b"2\x86" * 200 + b"q\x00}h\x00K\x01s."
    packing = zlib.compressobj(1)
    packed = packing.compress(b"\x80\x04\x8e" + (1 << 40).to_bytes(8, "little"))
    packed += b"".join(packing.compress(bytes(1 << 20)) for _ in range(600))
    begun = time.process_time()
    for data, found in ((nested, ()), (b"\x80\x02(" + b"N0" * 5_000_000 + b"t.", None), (packed, None)):
        path.write_bytes(data)
        assert references(path) == found
    assert time.process_time() - begun < 30


def test_large_values_are_not_read_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    with path.open("wb") as file:
        file.write(b"\x80\x04\x8e" + (1 << 40).to_bytes(8, "little"))
        file.seek(1 << 40, 1)
        file.write(b"cdecimal\nDecimal\n\x86.")
    assert references(path) == ("decimal:Decimal",)


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("a/b.pkl", True),
        ("b.JOBLIB", True),
        ("b.pickle.gz", True),
        ("b.gz", False),
        ("b.parquet", False),
        ("pkl", False),
    ],
)
def test_the_suffix_says_what_may_be_a_pickle(path: str, is_one: bool) -> None:
    assert is_pickle(path) == is_one


def test_what_is_no_plain_pickle_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    whole = pickle.dumps([decimal.Decimal(1)] * 3)
    for data in (b"", b"text", whole[:-5], whole + whole, b"\x80\x05"):
        path.write_bytes(data)
        assert references(path) is None


def test_any_cut_of_a_joblib_file_is_unknown(tmp_path: Path) -> None:
    save({"w": np.arange(50.0), "d": decimal.Decimal(1)}, tmp_path / "a.joblib")
    data = (tmp_path / "a.joblib").read_bytes()
    for length in range(len(data)):
        (tmp_path / "cut.joblib").write_bytes(data[:length])
        assert references(tmp_path / "cut.joblib") is None


def test_an_archive_such_as_torch_writes_is_looked_into(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "a.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "a/data.pkl", b"\x80\x02cdecimal\nDecimal\n(X\x07\x00\x00\x00storagectorch\nFloatStorage\ntQ\x86."
        )
        archive.writestr("a/data/0", bytes(100))
    assert begins(path)
    assert references(path) == ("decimal:Decimal", "torch:FloatStorage")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "x")
    assert not begins(path)


def test_only_what_begins_as_a_pickle_does_is_taken_for_one(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    save([1], tmp_path / "a.pkl")
    for data, expected in (
        ((tmp_path / "a.pkl").read_bytes(), True),
        (b"a,b\n1,2\n", False),
        (b"", False),
        (b"PK\x03\x04", False),
    ):
        path.write_bytes(data)
        assert begins(path) == expected
    path.write_bytes(zlib.compress(b"a,b\n"))
    assert not begins(path)
