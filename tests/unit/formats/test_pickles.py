import collections
import datetime
import decimal
import functools
import pickle
import signal
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

from pipeline.formats.pickles import modules_of_pickle
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
                found.add(module)
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
def test_the_modules_are_those_that_loading_looks_up(value: Any, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    save(value, path)
    found = modules_of_pickle(path)
    assert found is not None
    assert set(found) >= expected(value, suffix, path)
    assert list(found) == sorted(set(found))


@pytest.mark.parametrize("suffix", [".pkl", ".joblib"])
def test_a_model_names_the_modules_of_its_parts(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    save(forest(), path)
    found = modules_of_pickle(path)
    assert found is not None
    assert {"sklearn.ensemble._forest", "sklearn.tree._classes", "sklearn.tree._tree"} <= set(found)
    assert set(found) >= expected(None, suffix, path)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_every_protocol_with_a_header_is_known(protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps([decimal.Decimal(1), collections.OrderedDict()], protocol))
    assert modules_of_pickle(path) == ("collections", "decimal")


class Keyed:
    def __new__(cls, *, key: int) -> "Keyed":
        return super().__new__(cls)

    def __getnewargs_ex__(self) -> Any:
        return ((), {"key": 1})


def test_every_way_to_make_an_object_is_known(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(Keyed(key=1)))
    assert modules_of_pickle(path) == (__name__,)
    for data in (b"\x80\x02(idecimal\nDecimal\n.", b"\x80\x02(cdecimal\nDecimal\no."):
        path.write_bytes(data)
        assert modules_of_pickle(path) == ("decimal",)


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
            assert back == 0 or modules_of_pickle(path) is None
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def test_an_object_without_globals_names_no_module(tmp_path: Path) -> None:
    save([1, "os", {"subprocess": "sys"}], tmp_path / "a.pkl")
    assert modules_of_pickle(tmp_path / "a.pkl") == ()


@pytest.mark.parametrize("dump", [pickle.dump, joblib.dump])
def test_nothing_is_executed(dump: Any, tmp_path: Path) -> None:
    with (tmp_path / "a.pkl").open("wb") as file:
        dump([Trap(tmp_path / "sprung")], file)
    found = modules_of_pickle(tmp_path / "a.pkl")
    assert found is not None
    assert "pathlib" in found
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
        assert modules_of_pickle(path) is None


def test_what_is_no_plain_pickle_is_unknown(tmp_path: Path) -> None:
    joblib.dump(np.arange(1000), tmp_path / "packed.joblib", compress=3)
    assert modules_of_pickle(tmp_path / "packed.joblib") is None
    path = tmp_path / "a.pkl"
    whole = pickle.dumps([decimal.Decimal(1)] * 3)
    for data in (b"", b"text", whole[:-5], whole + whole, b"\x80\x05"):
        path.write_bytes(data)
        assert modules_of_pickle(path) is None


def test_any_cut_of_a_joblib_file_is_unknown(tmp_path: Path) -> None:
    save({"w": np.arange(50.0), "d": decimal.Decimal(1)}, tmp_path / "a.joblib")
    data = (tmp_path / "a.joblib").read_bytes()
    for length in range(len(data)):
        (tmp_path / "cut.joblib").write_bytes(data[:length])
        assert modules_of_pickle(tmp_path / "cut.joblib") is None
