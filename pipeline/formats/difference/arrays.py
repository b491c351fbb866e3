"""Differences of numpy's files. Maps them and looks at a piece at a time; never unpickles."""

import zipfile
from collections.abc import Iterator
from typing import Any

from ..errors import FormatError
from .numbers import Numbers, Unlike

_PIECE_NUMBERS = 1 << 20


def npy(expected: str, actual: str, numbers: Numbers) -> None:
    """Compare two arrays. Raises Unlike, FormatError."""
    _arrays(_opened(expected), _opened(actual), "", numbers)


def npz(expected: str, actual: str, numbers: Numbers) -> None:
    """Compare two archives, array by array. Raises Unlike, FormatError."""
    with _opened(expected) as first, _opened(actual) as second:
        if first.files != second.files:
            raise Unlike(f"arrays {', '.join(first.files)} -> {', '.join(second.files)}")
        for name in first.files:
            try:
                one, other = first[name], second[name]
            except (ValueError, EOFError, zipfile.BadZipFile) as error:
                raise FormatError(f"it cannot be read as numpy's format: {error}") from error
            _arrays(one, other, f"{name}", numbers)


def _opened(path: str) -> Any:
    import numpy as np

    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise FormatError(f"it cannot be read as numpy's format: {error}") from error


def _arrays(expected: Any, actual: Any, name: str, numbers: Numbers) -> None:
    place = f"{name}: " if name else ""
    if expected.shape != actual.shape:
        raise Unlike(f"{place}shape {expected.shape} -> {actual.shape}")
    if expected.dtype != actual.dtype:
        raise Unlike(f"{place}type {expected.dtype} -> {actual.dtype}")
    if expected.dtype.names:
        for field in expected.dtype.names:
            _arrays(expected[field], actual[field], f"{name}.{field}" if name else field, numbers)
        return
    for start, one, other in _pieces(expected, actual):
        _piece(one, other, start, expected.shape, name, numbers)


def _pieces(expected: Any, actual: Any) -> Iterator[tuple[int, Any, Any]]:
    """Yield flat pieces of both, each with the number of its first element."""
    if expected.ndim == 0:
        yield 0, expected.reshape(1), actual.reshape(1)
        return
    per_row = max(1, expected[:1].size)
    step = max(1, _PIECE_NUMBERS // per_row)
    for row in range(0, expected.shape[0], step):
        yield row * per_row, expected[row : row + step].reshape(-1), actual[row : row + step].reshape(-1)


def _piece(
    expected: Any, actual: Any, start: int, shape: tuple[int, ...], name: str, numbers: Numbers
) -> None:
    import numpy as np

    def where(index: int) -> str:
        at = [int(part) for part in np.unravel_index(start + index, shape)] if shape else []
        return f"{name}{at}" if at else name

    if expected.dtype.kind in "fciu":
        numbers.take_arrays(expected, actual, where)
        return
    if expected.dtype.kind in "mM":
        expected, actual = expected.view("i8"), actual.view("i8")  # what is no time is equal to itself, so
    differ = np.flatnonzero(expected != actual)
    if len(differ):
        first = int(differ[0])
        raise Unlike(f"{where(first)}: {expected[first].item()!r} -> {actual[first].item()!r}")
