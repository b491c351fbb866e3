"""Differences of numpy's files. Reads a piece of both at a time; never unpickles."""

import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO, Literal, NamedTuple

from ..errors import FormatError
from . import raw
from .inside import Budget
from .numbers import Numbers
from .result import CELLS, Difference, Tolerance, bounded, shown, some

_PIECE_BYTES = 4 << 20
_MOST_ITEM_BYTES = 64 << 20
_MOST_REORDERED_BYTES = 64 << 20


class Found(NamedTuple):
    """What was found of one array. `other` is what differs and is no number, in words; `first` the first of all."""

    numbers: Numbers
    other: str = ""
    first: str = ""
    differing: int = 0
    compared: int = 0
    is_cut: bool = False

    @property
    def is_same(self) -> bool:
        return not self.other and not self.differing and not self.numbers.differing

    def text(self) -> str:
        if self.other:
            return self.other
        if self.numbers.differing:
            return self.numbers.text() + (
                f" (in the first {self.compared:,} compared)" if self.is_cut else ""
            )
        differ = (
            f"{self.differing:,} of {self.compared:,} values {'differs' if self.differing == 1 else 'differ'}"
        )
        return f"{self.first}; {differ}"

    def facts(self) -> dict[str, Any]:
        facts = self.numbers.facts() if self.numbers.differing else {"differing": self.differing}
        facts |= {"other": self.other} if self.other else {}
        return {**facts, "complete": not self.is_cut}


def npy(expected: str, actual: str, tolerance: Tolerance | None) -> Difference:
    """Compare two arrays."""
    with open(expected, "rb") as first, open(actual, "rb") as second:
        found = _arrays(first, second, "", tolerance)
    facts = {"kind": "npy", **found.facts()}
    if found.is_same:
        text = f"the same values; {raw.difference(expected, actual).text}"
        if found.numbers.payloads:
            text = f"the same values, but {found.numbers.payloads:,} NaN with other bits (payloads)"
        return Difference(tolerance is not None, text, (), facts)
    within = not found.other and not found.differing and found.numbers.are_within
    return Difference(within, found.text(), (), facts)


def npz(expected: str, actual: str, tolerance: Tolerance | None) -> Difference:
    """Compare two archives of arrays, array by array."""
    with _told(), zipfile.ZipFile(expected) as first, zipfile.ZipFile(actual) as second:
        names, others = (archive.namelist() for archive in (first, second))
        budget = Budget(expected, actual)
        budget.check(sum(info.file_size for archive in (first, second) for info in archive.infolist()))
        found = {}
        for name in names:
            if name in others:
                with first.open(name) as one, second.open(name) as other:
                    each = _arrays(one, other, name.removesuffix(".npy"), tolerance)  # type: ignore[arg-type]
                    if not each.is_same:
                        found[name.removesuffix(".npy")] = each
    return _of_names(names, others, found, expected, actual, tolerance)


def _of_names(
    names: list[str], others: list[str], found: dict[str, Found], expected: str, actual: str, tolerance: Any
) -> Difference:
    gone = [name.removesuffix(".npy") for name in names if name not in others]
    new = [name.removesuffix(".npy") for name in others if name not in names]
    parts = [f"array `{name}` is gone" for name in gone] + [f"array `{name}` is new" for name in new]
    if not parts and names != others:
        parts = [f"the arrays come in another order: {some(n.removesuffix('.npy') for n in others)}"]
    beyond = parts or any(f.other or f.differing or not f.numbers.are_within for f in found.values())
    facts = {
        "kind": "npz",
        "added": new,
        "removed": gone,
        "arrays": {name: {"text": each.text(), **each.facts()} for name, each in found.items()},
    }
    if not parts and not found:
        text = f"the same values; {raw.difference(expected, actual).text}"
        return Difference(tolerance is not None, text, (), facts)
    worst = sorted(
        found.values(), key=lambda f: bool(not f.other and not f.differing and f.numbers.are_within)
    )
    lines = [*parts, *(f"array `{name}`: {each.text()}" for name, each in found.items())]
    text = "; ".join([some(parts)] * bool(parts) + [each.text() for each in worst[:1]])
    if len(found) > 1:
        text += f"; {len(found):,} of {len(set(names) & set(others)):,} arrays differ"
    return Difference(not beyond, text, bounded(lines) if len(lines) > 1 else (), facts)


class _told:  # noqa: N801 - read as a phrase: with told()
    """Makes of what reading raises what this room raises."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        import tokenize
        import zlib

        wrong = (
            tokenize.TokenError,
            SyntaxError,
            ValueError,
            EOFError,
            zipfile.BadZipFile,
            zlib.error,
            RuntimeError,
        )
        if isinstance(error, wrong) and not isinstance(error, RecursionError):
            first_line = str(error).partition("\n")[0]
            raise FormatError(f"it cannot be read as numpy's format: {first_line}") from error


class Header(NamedTuple):
    """What stands before the numbers of an array."""

    shape: tuple[int, ...]
    is_fortran: bool
    dtype: Any

    @property
    def order(self) -> Literal["C", "F"]:
        return "F" if self.is_fortran else "C"


def header(file: BinaryIO) -> Header:
    """Read what an array is, up to its numbers. Raises FormatError, for one of objects too."""
    from numpy.lib import format as npy_format

    with _told():
        version = npy_format.read_magic(file)
        read = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
        found = Header(*read(file))
    if found.dtype.hasobject:
        raise FormatError("it cannot be read: it holds pickled objects, which are never loaded")
    if not 0 < found.dtype.itemsize <= _MOST_ITEM_BYTES:
        raise FormatError(f"it cannot be compared: an item has {found.dtype.itemsize:,} bytes")
    return found


def _arrays(one: BinaryIO, other: BinaryIO, name: str, tolerance: Tolerance | None) -> Found:
    first, second = header(one), header(other)
    place = f"{name}: " if name else ""
    numbers = Numbers(tolerance)
    if first.shape != second.shape:
        return Found(numbers, f"{place}shape {first.shape} -> {second.shape}")
    if first.dtype != second.dtype:
        return Found(numbers, f"{place}type {_named(first.dtype, second.dtype)}")
    comparing = Comparing(name, first.shape, first.order, first.dtype, numbers)
    if first.order == second.order:
        for start, a, b in _pieces(one, other, first):
            comparing.take(a, b, start)
            if comparing.is_cut:
                break
        return comparing.found()
    if _bytes(first) > _MOST_REORDERED_BYTES:
        return Found(
            numbers, f"{place}the order in memory {first.order} -> {second.order}; it is too large to compare"
        )
    sides = []
    for file, each in ((one, first), (other, second)):
        data = b"".join(piece for piece in _read(file, _bytes(each)))
        sides.append(_array(data, each.dtype).reshape(each.shape, order=each.order).reshape(-1))
    comparing = comparing._replace_order("C")
    comparing.take(sides[0], sides[1], 0)
    found = comparing.found()
    if found.is_same:
        # What it holds is the same, and numpy gives it back in the order in which it lies.
        return found._replace(
            other=f"{place}the same values, the order in memory {first.order} -> {second.order}"
        )
    return found


class Comparing:
    """Compares two arrays of one shape and type, piece by piece."""

    def __init__(
        self, name: str, shape: tuple[int, ...], order: Literal["C", "F"], dtype: Any, numbers: Numbers
    ) -> None:
        self.is_cut = False
        self._name = name
        self._shape = shape
        self._order = order
        self._dtype = dtype
        self._numbers = numbers
        self._compared = 0
        self._differing = 0
        self._first = ""
        self._left = CELLS

    def _replace_order(self, order: Literal["C", "F"]) -> "Comparing":
        return Comparing(self._name, self._shape, order, self._dtype, self._numbers)

    def take(self, expected: Any, actual: Any, start: int) -> None:
        """Take flat pieces, `start` being the number of their first item."""
        self._compared += len(expected)
        self._fields(expected, actual, start, self._name)
        if self._differing or self._numbers.differing:
            self._left -= len(expected)
            is_judged = self._numbers.are_within and not self._differing
            self.is_cut = self._left < 0 and not is_judged

    def found(self) -> Found:
        return Found(self._numbers, "", self._first, self._differing, self._compared, self.is_cut)

    def _fields(self, expected: Any, actual: Any, start: int, name: str) -> None:
        import numpy as np

        if expected.dtype.names:
            for field in expected.dtype.names:
                self._fields(expected[field], actual[field], start, f"{name}.{field}" if name else field)
            return
        items = expected.size // max(1, len(expected))  # a field may itself be an array
        expected, actual = expected.reshape(-1), actual.reshape(-1)

        def where(index: int) -> str:
            at: Any = (
                np.unravel_index(start + index // items, self._shape, order=self._order)
                if self._shape
                else ()
            )
            return f"{name}{[int(part) for part in at]}" if at else name

        if expected.dtype.kind in "fciu":
            self._numbers.take_arrays(expected, actual, where)
            return
        differ = _differ(expected, actual)
        places = np.flatnonzero(differ)
        self._differing += len(places)
        if len(places) and not self._first:
            first = int(places[0])
            place = where(first)
            self._first = f"{place}: " * bool(place) + f"{_item(expected[first])} -> {_item(actual[first])}"


def _differ(expected: Any, actual: Any) -> Any:
    import numpy as np

    if expected.dtype.kind in "mM":
        return expected.view("i8") != actual.view("i8")  # what is no time is equal to itself, so
    if expected.dtype.kind == "V":
        width = expected.dtype.itemsize
        sides = (np.ascontiguousarray(side).view("u1").reshape(-1, width) for side in (expected, actual))
        return np.not_equal(*sides).any(axis=1)
    return expected != actual


def _item(value: Any) -> str:
    if value.dtype.kind in "mM":
        return str(value)
    return shown(value.item())


def _pieces(one: BinaryIO, other: BinaryIO, header: Header) -> Iterator[tuple[int, Any, Any]]:
    """Yield flat pieces of both, each with the number of its first item, in the order of the files."""
    start = 0
    width = header.dtype.itemsize
    size = _PIECE_BYTES // width * width or width
    for a, b in zip(_read(one, _bytes(header), size), _read(other, _bytes(header), size), strict=True):
        if a != b:
            yield start, _array(a, header.dtype), _array(b, header.dtype)
        else:
            yield start, _array(a, header.dtype), _array(a, header.dtype)
        start += len(a) // width


def _read(file: BinaryIO, size_bytes: int, piece_bytes: int = _PIECE_BYTES) -> Iterator[bytes]:
    left = size_bytes
    while left:
        with _told():
            piece = file.read(min(left, piece_bytes))
            while len(piece) < min(left, piece_bytes):
                more = file.read(min(left, piece_bytes) - len(piece))
                if not more:
                    raise FormatError(
                        f"it is cut off: {left - len(piece):,} of {size_bytes:,} bytes are missing"
                    )
                piece += more
        left -= len(piece)
        yield piece


def _array(data: bytes, dtype: Any) -> Any:
    import numpy as np

    return np.frombuffer(data, dtype)


def _bytes(header: Header) -> int:
    import math

    return math.prod(header.shape) * int(header.dtype.itemsize)


def _named(one: Any, other: Any) -> str:
    """Write two types; those that differ in the order of their bytes alone have one name."""
    names = str(one), str(other)
    return f"{names[0]} -> {names[1]}" if names[0] != names[1] else f"{one.descr} -> {other.descr}"
