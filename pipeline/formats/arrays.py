"""numpy arrays <-> `.npy` and `.npz`. Never pickles: an array of objects is refused both ways."""

import zipfile
from pathlib import Path
from typing import Any

from .errors import FormatError
from .plain import type_name

_FIRST = "arr_0"  # the name that `np.savez` gives to an array without one


def load_npy(path: Path, shown: str) -> Any:
    """Return the array, in memory and writable."""
    return _read(path, shown)


def load_npz(path: Path, shown: str) -> dict[str, Any]:
    """Return the arrays by name, in the order of the file."""
    with _read(path, shown) as archive:
        try:
            return {name: archive[name] for name in archive.files}
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            raise _unreadable(shown, error) from error


def load_single(path: Path, shown: str) -> Any:
    """Return the only array of an `.npz`."""
    arrays = load_npz(path, shown)
    if len(arrays) != 1:
        raise FormatError(
            f"{shown} cannot arrive as `numpy.ndarray`: it holds {len(arrays)} arrays",
            "annotate it as `dict`",
        )
    return next(iter(arrays.values()))


def save_npy(value: Any, path: Path, shown: str) -> None:
    """Write one array, in the order in which it lies in memory."""
    import numpy as np

    if not isinstance(value, np.ndarray):
        raise FormatError(
            f"a `{type_name(value)}` cannot be written to {shown}",
            "it takes a `numpy.ndarray`: `np.asarray(...)`",
        )
    _refuse_objects(value, shown)
    with path.open("wb") as file:
        np.lib.format.write_array(file, np.asanyarray(value), allow_pickle=False)


def save_npz(value: Any, path: Path, shown: str) -> None:
    """Write a mapping of names to arrays, or one array, as `np.savez` does (not compressed).

    Not by `np.savez` itself, which takes the names as keywords and so has no array called `file`.
    """
    import numpy as np

    arrays = {_FIRST: value} if isinstance(value, np.ndarray) else value
    if not isinstance(arrays, dict) or not all(isinstance(name, str) for name in arrays):
        raise FormatError(
            f"a `{type_name(value)}` cannot be written to {shown}",
            "it takes a `dict` from names to arrays, or one `numpy.ndarray`",
        )
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise FormatError(
                f"a `{type_name(array)}` cannot be written to {shown} at `{name}`",
                "every value is a `numpy.ndarray`: `np.asarray(...)`",
            )
        _refuse_objects(array, shown)
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # its time is 1980, not now
            with archive.open(entry, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def _read(path: Path, shown: str) -> Any:
    import numpy as np

    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(shown, error) from error


def _unreadable(shown: str, error: Exception) -> FormatError:
    if "allow_pickle" in str(error):
        return FormatError(
            f"{shown} is not an array of numbers or text: it holds pickled objects",
            "annotate it as `Path` and load it in the stage",
        )
    return FormatError(f"{shown} cannot be read as numpy's format: {error}", "write the file again")


def _refuse_objects(array: Any, shown: str) -> None:
    if array.dtype.hasobject:
        raise FormatError(
            f"an array of Python objects cannot be written to {shown}",
            "give it a dtype of numbers or text, or let the output end in `.joblib`",
        )
