"""The shape of a table file and its first rows, in little time and memory. Knows no page and no stage."""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .errors import FormatError
from .kinds import SUFFIXES, suffix_of
from .tables import load_ipc

_MOST_BYTES = 64 << 20
"""A file up to this size is read for the distribution of its columns."""
_CSV_BYTES = 8 << 20
_BINS = 16
_PLOTTED_ROWS = 2000


class Column(NamedTuple):
    """One column. `bars` counts its values from `low` to `high` in equal steps; empty for what is no number."""

    name: str
    kind: str
    low: float | None = None
    high: float | None = None
    bars: tuple[int, ...] = ()
    missing: int = 0
    values: tuple[float | None, ...] = ()
    """All of them, of a number in a short table: enough for a line."""


class Preview(NamedTuple):
    """A table as it begins. `rows` is None where counting them would mean to read all of a large file."""

    rows: int | None
    columns: tuple[Column, ...]
    left_out: int
    """How many columns are not among them."""
    first: tuple[tuple[str, ...], ...]


def is_table(path: str) -> bool:
    """Say whether a file of this name is one that `preview` knows."""
    return SUFFIXES.get(suffix_of(path)) in ("parquet", "ipc", "csv")


def preview(file: str, name: str, *, rows: int = 6, columns: int = 12) -> Preview:
    """Look at the table in `file`, whose kind the suffix of `name` says. Raises FormatError if it is none."""
    import pyarrow as pa

    try:
        total, width, head, body = _read(file, SUFFIXES[suffix_of(name)], rows, columns)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise FormatError(f"{name} cannot be read: {str(error).partition(chr(10))[0]}") from error
    first = tuple(tuple(_cell(value) for value in row) for row in zip(*_values(head), strict=True))
    found = tuple(
        _column(field, None if body is None else body.column(i)) for i, field in enumerate(head.schema)
    )
    return Preview(total, found, width - head.num_columns, first)


def _read(file: str, encoding: str, rows: int, columns: int) -> tuple[int | None, int, Any, Any]:
    """Return the number of rows and of columns, the first rows, and all of them if that is cheap."""
    is_small = os.stat(file).st_size <= _MOST_BYTES
    if encoding == "parquet":
        return _of_parquet(file, rows, columns, is_small)
    if encoding == "csv":
        return _of_csv(file, rows, columns)
    table = load_ipc(Path(file), "it")
    kept = table.select(range(min(columns, table.num_columns)))
    return table.num_rows, table.num_columns, kept.slice(0, rows), kept if is_small else None


def _of_parquet(file: str, rows: int, columns: int, is_small: bool) -> tuple[int | None, int, Any, Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(file, memory_map=True) as opened:
        schema = opened.schema_arrow
        names = schema.names[:columns]
        batch = next(opened.iter_batches(batch_size=rows, columns=names), None)
        kept = pa.schema([schema.field(i) for i in range(len(names))])
        head = pa.Table.from_batches([batch] if batch is not None else [], kept if batch is None else None)
        body = opened.read(columns=names) if is_small else None
        return opened.metadata.num_rows, len(schema.names), head.select(names), body


def _of_csv(file: str, rows: int, columns: int) -> tuple[int | None, int, Any, Any]:
    from pyarrow import csv

    options = csv.ParseOptions(newlines_in_values=True)
    if os.stat(file).st_size <= _CSV_BYTES:
        table = csv.read_csv(file, parse_options=options)
        kept = table.select(range(min(columns, table.num_columns)))
        return table.num_rows, table.num_columns, kept.slice(0, rows), kept
    import pyarrow as pa

    with csv.open_csv(file, parse_options=options) as reader:
        table = pa.Table.from_batches([reader.read_next_batch()])
    head = table.select(range(min(columns, table.num_columns))).slice(0, rows)
    return None, table.num_columns, head, None


def _values(table: Any) -> list[Sequence[Any]]:
    return [column.to_pylist() for column in table.columns]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = value.isoformat(" ") if hasattr(value, "isoformat") else str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _column(field: Any, data: Any) -> Column:
    kind = str(field.type)
    kind = kind if len(kind) <= 40 else kind[:39] + "…"
    if data is None:
        return Column(field.name, kind)
    missing = int(data.null_count)
    numbers = _numbers(field.type, data)
    if numbers is None:
        return Column(field.name, kind, missing=missing)
    finite, values = numbers
    if not len(finite):
        return Column(field.name, kind, missing=missing)
    import numpy

    low, high = float(finite.min()), float(finite.max())
    whole = (low, high) if high > low and math.isfinite(high - low) else (low - 0.5, low + 0.5)
    bars = tuple(int(n) for n in numpy.histogram(finite, bins=_BINS, range=whole)[0])
    return Column(field.name, kind, low, high, bars, missing, values)


def _numbers(kind: Any, data: Any) -> tuple[Any, tuple[float | None, ...]] | None:
    """Return the finite values, and all in order if they are few; None if they are no numbers."""
    import pyarrow as pa

    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return None
    try:
        import numpy
    except ImportError:  # pyarrow does without, and so does the rest of the preview
        return None
    parts = [_floats(chunk, numpy) for chunk in data.chunks]
    array = numpy.concatenate(parts) if parts else numpy.empty(0)
    good = numpy.isfinite(array)
    values: tuple[float | None, ...] = ()
    if len(array) <= _PLOTTED_ROWS:
        values = tuple(float(v) if ok else None for v, ok in zip(array, good, strict=True))
    return array[good], values


def _floats(chunk: Any, numpy: Any) -> Any:
    """Return an array of numbers as floats, NaN for null; by its buffers, since pyarrow's own way imports pandas."""
    valid, data = chunk.buffers()
    kind = str(chunk.type).replace("halffloat", "float16").replace("double", "float64")
    kind = "float32" if kind == "float" else kind
    size = len(chunk)
    array = numpy.frombuffer(data, kind, size, chunk.offset * numpy.dtype(kind).itemsize).astype("float64")
    if valid is not None and chunk.null_count:
        bits = numpy.unpackbits(numpy.frombuffer(valid, "uint8"), bitorder="little")
        array[bits[chunk.offset : chunk.offset + size] == 0] = numpy.nan
    return array
