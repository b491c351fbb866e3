"""Which cells of two pieces of a table differ, column by column. Reads no file; knows no order of rows."""

import re
from collections.abc import Callable
from typing import Any

from .numbers import Numbers
from .result import Tolerance, both, count, cut

_NUMBER = re.compile(r"[+-]?(?:0|[1-9][0-9]*)(?P<rest>\.[0-9]*)?(?P<power>[eE][+-]?[0-9]+)?|[+-]?\.[0-9]+")
"""A number in CSV. What begins with more zeros is a code: 02134 is no place near 02135."""
_MOST_DIGITS = 400
_Row = Callable[[int], int]
_Place = Callable[[int], str]


class Column:
    """What is known of one column; of one field of a column that holds structures."""

    def __init__(self, name: str, tolerance: Tolerance | None) -> None:
        self.name = name
        self.numbers = Numbers(tolerance)
        self.compared = 0
        self.differing = 0
        self.others = 0
        """Cells that differ and are no numbers."""
        self.first_row = -1
        self.first = ""
        """Both values of the first cell that differs, in the order of the rows."""
        self.place = ""
        self.spelled = 0
        """Equal numbers in CSV that are written otherwise, as 1 and 1.0."""

    def note(self, count: int, row: int, place: str, told: str) -> None:
        self.differing += count
        if self.first_row < 0 or row < self.first_row:
            self.first_row, self.place, self.first = row, f"column `{cut(self.name)}`, {place}", told

    def text(self) -> str:
        """Say how many cells differ, and the first."""
        if not self.differing:
            return f"column `{cut(self.name)}`: the same values, {count(self.spelled, 'number')} written otherwise"
        deviation = self.numbers.deviation()
        by = f", by up to {deviation}" if deviation else ""
        differ = "cells differ" if self.compared > 1 else "cell differs"
        inside = (
            self.place.partition(", ")[2]
            if self.place.startswith(f"column `{cut(self.name)}`, ")
            else self.place
        )
        counted = f"{self.differing:,} of {self.compared:,} {differ}{by}"
        return f"column `{cut(self.name)}`: {counted}; first {inside}: {self.first}"

    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {"compared": self.compared, "differing": self.differing, "first": self.first}
        facts["first_place"] = self.place
        return facts | ({"numbers": self.numbers.facts()} if self.numbers.differing else {})


class Columns:
    """Compares pieces of columns, and remembers what differs by column, in the order of the columns."""

    def __init__(self, tolerance: Tolerance | None, *, is_text: bool) -> None:
        self._tolerance = tolerance
        self._is_text = is_text
        self.by_name: dict[str, Column] = {}
        self.read = 0
        """Cells of CSV that had to be read as numbers, which takes longer than all else."""

    @property
    def differing(self) -> list[Column]:
        return [column for column in self.by_name.values() if column.differing]

    @property
    def are_within(self) -> bool:
        return all(not column.others and column.numbers.are_within for column in self.by_name.values())

    def take(self, expected: Any, actual: Any, name: str, row: _Row, place: _Place) -> Any:
        """Compare two arrays of one type and one length: a column.

        `row` gives for a place in them the number of the row, `place` says how the row is called. Returns which rows
        differ; None if none does.
        """
        import pyarrow as pa

        kind = expected.type
        if isinstance(kind, pa.BaseExtensionType):
            return self.take(expected.storage, actual.storage, name, row, place)
        if pa.types.is_dictionary(kind):
            return self.take(expected.dictionary_decode(), actual.dictionary_decode(), name, row, place)
        if pa.types.is_struct(kind) and kind.num_fields:
            return self._struct(expected, actual, name, row, place)
        if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
            return self._lists(expected, actual, name, row, place)
        return self._plain(expected, actual, name, row, place)

    def _column(self, name: str) -> Column:
        return self.by_name.setdefault(name, Column(name, self._tolerance))

    def _plain(self, expected: Any, actual: Any, name: str, row: _Row, place: _Place) -> Any:
        import pyarrow as pa

        kind = expected.type
        column = self._column(name)
        column.compared += len(expected)
        is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
        if not is_number and expected.equals(actual):
            return None
        nulls = _nulls(expected, actual)
        if is_number:
            return self._numbers(column, expected, actual, nulls, row, place)
        differ = _unequal(expected, actual, nulls)
        if not differ.any():
            return None
        if self._is_text and pa.types.is_binary(kind):
            return self._texts(column, expected, actual, differ, row, place)
        if pa.types.is_decimal(kind):
            _one_by_one(column, expected, actual, differ, row, place)
            return differ
        self._others(column, expected, actual, differ, row, place)
        return differ

    def _others(
        self, column: Column, expected: Any, actual: Any, differ: Any, row: _Row, place: _Place
    ) -> None:
        count = int(differ.sum())
        if count:
            first = int(differ.argmax())
            told = " -> ".join(_values(expected[first], actual[first]))
            column.others += count
            column.note(count, row(first), place(first), told)

    def _numbers(
        self, column: Column, expected: Any, actual: Any, nulls: Any, row: _Row, place: _Place
    ) -> Any:
        import numpy as np

        if nulls is not None:
            self._others(column, expected, actual, nulls, row, place)
            both_there = expected.is_valid().to_numpy(zero_copy_only=False) & ~nulls
        if expected.null_count or actual.null_count:
            expected, actual = (side.fill_null(0) for side in (expected, actual))
        one, other = (side.to_numpy(zero_copy_only=False) for side in (expected, actual))
        if nulls is not None:
            one, other = (np.where(both_there, side, side.dtype.type(0)) for side in (one, other))
        differ = _take_arrays(column, one, other, row, place)
        if differ is None:
            return nulls
        return differ if nulls is None else differ | nulls

    def _texts(
        self, column: Column, expected: Any, actual: Any, differ: Any, row: _Row, place: _Place
    ) -> Any:
        """Compare cells of CSV that are written differently: as numbers, where both are such."""
        import numpy as np

        places = np.flatnonzero(differ)
        one, other = (
            [_text(value) for value in side.take(places).to_pylist()] for side in (expected, actual)
        )
        kinds = np.array([_kind(a, b) for a, b in zip(one, other, strict=True)])
        self.read += len(places)
        found = differ.copy()
        for kind in (_INTEGER, _FLOAT, _EXACT):
            chosen = np.flatnonzero(kinds == kind)
            if len(chosen):
                at = places[chosen]
                written = [[side[index] for index in chosen] for side in (one, other)]
                numbers = [_as_numbers(texts, kind) for texts in written]
                places_of = _through(row, at), _through(place, at)
                unequal = _take_arrays(column, numbers[0], numbers[1], *places_of, written)
                equal = at if unequal is None else at[~unequal]
                column.spelled += len(equal)
                found[equal] = False
        rest: Any = np.zeros(len(differ), bool)
        rest[places[kinds == _NO_NUMBER]] = True
        self._others(column, expected, actual, rest, row, place)
        return found if found.any() else None

    def _struct(self, expected: Any, actual: Any, name: str, row: _Row, place: _Place) -> Any:
        nulls = _nulls(expected, actual)
        if nulls is not None:
            column = self._column(name)
            column.compared += len(expected)
            self._others(column, expected, actual, nulls, row, place)
        found = nulls
        for field, one, other in zip(expected.type, expected.flatten(), actual.flatten(), strict=True):
            differ = self.take(one, other, f"{name}.{field.name}", row, place)
            found = differ if found is None else (found if differ is None else found | differ)
        return found

    def _lists(self, expected: Any, actual: Any, name: str, row: _Row, place: _Place) -> Any:
        import numpy as np
        import pyarrow.compute as pc

        one, other = (pc.list_value_length(side) for side in (expected, actual))
        differ = _unequal(one, other, _nulls(one, other))
        if differ.any():
            column = self._column(name)
            column.compared += len(expected)
            self._others(column, expected, actual, differ, row, place)
            keep = (~differ).nonzero()[0]
            expected, actual = expected.take(keep), actual.take(keep)
        else:
            keep = np.arange(len(expected))
        parents = keep[pc.list_parent_indices(expected).to_numpy(zero_copy_only=False)]
        inner = self.take(
            expected.flatten(),
            actual.flatten(),
            name,
            lambda index: row(int(parents[index])),
            lambda index: place(int(parents[index])),
        )
        if inner is not None:
            differ = differ.copy()
            differ[parents[inner]] = True
        return differ if differ.any() else None


_NO_NUMBER, _INTEGER, _FLOAT, _EXACT = range(4)


def _kind(one: str, other: str) -> int:
    """Say as what two cells are compared: whole numbers exactly, also where they have more digits than a float."""
    matches = [_NUMBER.fullmatch(text) if len(text) <= _MOST_DIGITS else None for text in (one, other)]
    if not all(matches):
        return _NO_NUMBER
    if any(m["rest"] is not None or m["power"] is not None or "." in m[0] for m in matches if m):
        return _FLOAT
    return _INTEGER if max(len(one), len(other)) <= 18 else _EXACT


def _as_numbers(texts: list[str], kind: int) -> Any:
    import numpy as np

    if kind == _EXACT:
        return np.array([int(text) for text in texts], dtype=object)
    return np.array(texts).astype(np.int64 if kind == _INTEGER else np.float64)


def _through(of: Callable[[int], Any], at: Any) -> Callable[[int], Any]:
    """Ask for places in a selection what is known of places in the whole."""
    return lambda index: of(int(at[index]))


def _take_arrays(
    column: Column, one: Any, other: Any, row: _Row, place: _Place, written: list[list[str]] | None = None
) -> Any:
    before = column.numbers.differing
    where = f"column `{cut(column.name)}`, "
    differ = column.numbers.take_arrays(one, other, lambda index: where + place(index))
    if differ is not None:
        pair = column.numbers.latest
        assert pair is not None, "numbers differ"
        first = int(differ.argmax())
        # As it stands in the file, where a number may be written in several ways.
        old, new = (texts[first] for texts in written) if written else (pair.expected, pair.actual)
        told = f"{old} -> {new}{pair.apart()}"
        column.note(column.numbers.differing - before, row(first), place(first), told)
    return differ


def _one_by_one(column: Column, expected: Any, actual: Any, differ: Any, row: _Row, place: _Place) -> None:
    for index in differ.nonzero()[0]:
        at = int(index)
        one, other = expected[at].as_py(), actual[at].as_py()
        told = " -> ".join(_values(expected[at], actual[at]))
        if one is None or other is None:
            column.others += 1
        elif column.numbers.take(one, other, lambda: f"column `{cut(column.name)}`, {place(at)}"):  # noqa: B023 - called at once
            pair = column.numbers.latest
            told += pair.apart() if pair else ""
        column.note(1, row(at), place(at), told)


def _nulls(expected: Any, actual: Any) -> Any:
    """Return where one is null and the other is not; None if nowhere."""
    if not expected.null_count and not actual.null_count:
        return None
    one, other = (side.is_null().to_numpy(zero_copy_only=False) for side in (expected, actual))
    differ = one != other
    return differ if differ.any() else None


def _unequal(expected: Any, actual: Any, nulls: Any) -> Any:
    """Return where two arrays differ, as numpy has it."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        differ = pc.not_equal(expected, actual).fill_null(False).to_numpy(zero_copy_only=False)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # of maps and unions
        pairs = zip(expected.to_pylist(), actual.to_pylist(), strict=True)
        differ = np.fromiter((repr(one) != repr(other) for one, other in pairs), bool, len(expected))
    return differ if nulls is None else differ | nulls


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "surrogateescape")


def _values(expected: Any, actual: Any) -> tuple[str, str]:
    one, other = plain(expected), plain(actual)
    if isinstance(one, bytes) and isinstance(other, bytes):
        one, other = _text(one), _text(other)
    return both(one, other)


def plain(scalar: Any) -> Any:
    """Return the Python value of a cell; what Python cannot hold, as nanoseconds, as its text."""
    import pyarrow as pa

    if not scalar.is_valid:
        return None
    try:
        if pa.types.is_temporal(scalar.type):
            return _Written(scalar.cast(pa.string()).as_py())
        return scalar.as_py()
    except (pa.ArrowException, ValueError, OverflowError, ImportError):
        return _Written(str(getattr(scalar, "value", scalar)))


def of_one_type(one: Any, other: Any) -> tuple[Any, Any] | None:
    """Return both as the type of the second; None where the values of the first cannot be had as such."""
    import pyarrow as pa

    if one.type == other.type:
        return one, other
    try:
        return one.cast(other.type), other
    except (pa.ArrowException, ValueError):
        return None


class _Written(str):
    """Text that is shown as it is."""

    __slots__ = ()

    def isoformat(self) -> str:
        return str(self)
