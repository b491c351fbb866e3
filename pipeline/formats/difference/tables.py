"""Differences of Parquet and Arrow files. Reads as many rows of both at a time as fit into little memory."""

from collections.abc import Callable, Iterator
from typing import Any

from ..errors import FormatError
from .numbers import Numbers, Unlike

_ROWS = 1 << 16
_Row = Callable[[int], int]


def parquet(expected: str, actual: str, numbers: Numbers) -> None:
    """Compare two Parquet files. Raises Unlike, FormatError."""
    import pyarrow.parquet as pq

    with _told("Parquet"), pq.ParquetFile(expected) as first, pq.ParquetFile(actual) as second:
        _schemas(first.schema_arrow, second.schema_arrow)
        _rows(first.metadata.num_rows, second.metadata.num_rows)
        one, other = (file.iter_batches(batch_size=_ROWS) for file in (first, second))
        _tables(one, other, first.schema_arrow, numbers)


def ipc(expected: str, actual: str, numbers: Numbers) -> None:
    """Compare two files of Arrow IPC. Raises Unlike, FormatError."""
    with _told("Arrow IPC"):
        first, second = _ipc_reader(expected), _ipc_reader(actual)
        _schemas(first.schema, second.schema)
        _rows(*(sum(batch.num_rows for batch in _batches(_ipc_reader(p))) for p in (expected, actual)))
        _tables(_batches(first), _batches(second), first.schema, numbers)


class _told:  # noqa: N801 - read as a phrase: with told("Parquet")
    """Makes of what pyarrow raises what this room raises."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        import pyarrow as pa

        if isinstance(error, pa.ArrowException):
            first_line = str(error).strip().partition("\n")[0]
            raise FormatError(f"it cannot be read as {self._what}: {first_line}") from error


def _ipc_reader(path: str) -> Any:
    import pyarrow as pa

    source = pa.memory_map(path)
    is_file = source.read(6) == b"ARROW1"
    source.seek(0)
    return pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)


def _batches(reader: Any) -> Iterator[Any]:
    if hasattr(reader, "num_record_batches"):
        yield from (reader.get_batch(index) for index in range(reader.num_record_batches))
    else:
        yield from reader


def _rows(expected: int, actual: int) -> None:
    if expected != actual:
        raise Unlike(f"{expected:,} -> {actual:,} rows")


def _schemas(expected: Any, actual: Any) -> None:
    names, others = expected.names, actual.names
    if names != others:
        gone = [name for name in names if name not in others]
        new = [name for name in others if name not in names]
        if not gone and not new:
            raise Unlike(f"columns {', '.join(names)} -> {', '.join(others)}")
        parts = [f"column `{name}` is gone" for name in gone] + [f"column `{name}` is new" for name in new]
        raise Unlike(", ".join(parts))
    for one, other in zip(expected, actual, strict=True):
        if one.type != other.type:
            raise Unlike(f"column `{one.name}`: type {one.type} -> {other.type}")
        if not one.equals(other, check_metadata=True):
            raise Unlike(f"column `{one.name}`: its nullability or its notes differ")
    if expected.metadata != actual.metadata:
        raise Unlike("the notes of the schema differ (its key-value metadata)")


def _tables(expected: Iterator[Any], actual: Iterator[Any], schema: Any, numbers: Numbers) -> None:
    start = 0
    for one, other in _aligned(expected, actual):
        for index, field in enumerate(schema):

            def row(inside: int, start: int = start) -> int:
                return start + inside

            _columns(one.column(index), other.column(index), field.name, row, numbers)
        start += one.num_rows


def _aligned(expected: Iterator[Any], actual: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
    """Cut the batches of two files of one length such that they have the same rows."""
    one = other = None
    while True:
        one = one if one is not None and one.num_rows else next((b for b in expected if b.num_rows), None)
        other = (
            other if other is not None and other.num_rows else next((b for b in actual if b.num_rows), None)
        )
        if one is None or other is None:
            return
        rows = min(one.num_rows, other.num_rows, _ROWS)
        yield one.slice(0, rows), other.slice(0, rows)
        one, other = one.slice(rows), other.slice(rows)


def _columns(expected: Any, actual: Any, name: str, row: _Row, numbers: Numbers) -> None:
    """Compare two arrays of one type and one length. `row` gives for a place in them the row of the table."""
    import pyarrow as pa

    kind = expected.type
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if expected.equals(actual) and not is_number:
        return
    _same(expected.is_null(), actual.is_null(), expected, actual, name, row)
    if is_number:
        first, second = (side.fill_null(0).to_numpy(zero_copy_only=False) for side in (expected, actual))
        numbers.take_arrays(first, second, lambda index: _place(name, row(index)))
    elif pa.types.is_decimal(kind):
        for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
            if one.is_valid:
                numbers.take(one.as_py(), other.as_py(), lambda at=index: _place(name, row(at)))  # type: ignore[misc]
    elif pa.types.is_dictionary(kind):
        _columns(expected.dictionary_decode(), actual.dictionary_decode(), name, row, numbers)
    elif pa.types.is_struct(kind):
        for field, one, other in zip(kind, expected.flatten(), actual.flatten(), strict=True):
            _columns(one, other, f"{name}.{field.name}", row, numbers)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        _lists(expected, actual, name, row, numbers)
    else:
        _same(expected, actual, expected, actual, name, row)


def _lists(expected: Any, actual: Any, name: str, row: _Row, numbers: Numbers) -> None:
    import pyarrow.compute as pc

    _same(pc.list_value_length(expected), pc.list_value_length(actual), expected, actual, name, row)
    parents = pc.list_parent_indices(expected).to_numpy(zero_copy_only=False)
    _columns(expected.flatten(), actual.flatten(), name, lambda index: row(int(parents[index])), numbers)


def _same(expected: Any, actual: Any, shown: Any, other: Any, name: str, row: _Row) -> None:
    """Refuse two arrays that are not equal, showing the values at the first place where they are not."""
    low, high = 0, len(expected)
    if expected.equals(actual):
        return
    while (
        high - low > 1
    ):  # not every type has a function that compares it, but all can say whether they are equal
        middle = (low + high) // 2
        if expected.slice(low, middle - low).equals(actual.slice(low, middle - low)):
            low = middle
        else:
            high = middle
    values = (_value(side[low]) for side in (shown, other))
    raise Unlike(f"{_place(name, row(low))}: {' -> '.join(values)}")


def _place(name: str, row: int) -> str:
    return f"column `{name}`, row {row + 1:,}"


def _value(scalar: Any) -> str:
    text = repr(scalar.as_py()) if scalar.is_valid else "null"
    return text if len(text) <= 60 else text[:60] + "…"
