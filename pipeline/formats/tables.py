"""Tables <-> Parquet, Arrow IPC and CSV. One writer a format: pyarrow, whichever library made the table."""

import sys
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import FormatError
from .plain import type_name

_ROWS = 1 << 20
_TAKES = (
    "it takes a `pyarrow.Table`, `pandas.DataFrame`, `polars.DataFrame` or a list of dicts with the same keys"
)


def load_parquet(path: Path, shown: str) -> Any:
    """Return a `pyarrow.Table`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:  # not `pq.read_table`: it imports pyarrow.dataset, and that imports pandas
        with pq.ParquetFile(path, memory_map=True) as file:
            return file.read()
    except (pa.ArrowException, OSError) as error:
        raise unreadable(shown, "Parquet", error) from error


def load_ipc(path: Path, shown: str) -> Any:
    """Return a `pyarrow.Table` that lies in the mapped file; both forms of IPC are known, file and stream."""
    import pyarrow as pa

    try:
        source = pa.memory_map(str(path))
        is_file = source.read(6) == b"ARROW1"
        source.seek(0)
        return (pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)).read_all()
    except (pa.ArrowException, OSError) as error:
        raise unreadable(shown, "Arrow IPC", error) from error


def to_pandas(table: Any) -> Any:
    """Return a `pandas.DataFrame` that may be changed, with the index that it was saved with."""
    return table.to_pandas().copy()  # what pyarrow returns may be a read-only view of the mapped file


def to_polars(table: Any) -> Any:
    """Return a `polars.DataFrame`."""
    import polars

    return polars.from_arrow(table)


def save_parquet(value: Any, path: Path, shown: str) -> None:
    """Write Parquet with pyarrow's defaults, and row groups that do not depend on the table's chunks."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = table_of(value, shown)
    try:
        with pa.OSFile(str(path), "wb") as file, pq.ParquetWriter(file, table.schema) as writer:
            for part in parts(table, _ROWS):
                writer.write_table(part, row_group_size=_ROWS)
    except pa.ArrowException as error:
        raise unwritable(shown, error) from error


def save_ipc(value: Any, path: Path, shown: str) -> None:
    """Write the file form of Arrow IPC (Feather version 2), not compressed, so that it can be mapped."""
    import pyarrow as pa

    table = table_of(value, shown).unify_dictionaries()
    try:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            for part in parts(table, _ROWS):
                writer.write_table(part)
    except pa.ArrowException as error:
        raise unwritable(shown, error) from error


def table_of(value: Any, shown: str, *, is_flat: bool = False) -> Any:
    """Return a value as a `pyarrow.Table`; with `is_flat` a pandas index becomes plain columns.

    Raises FormatError if the value is no table.
    """
    import pyarrow as pa

    try:
        if isinstance(value, pa.Table):
            return value
        if isinstance(value, pa.RecordBatch):
            return pa.Table.from_batches([value])
        if _is_of("pandas", "DataFrame", value):
            return pa.Table.from_pandas(_with_flat_index(value) if is_flat else value)
        if _is_of("polars", "DataFrame", value):
            # The oldest level has only types that every reader of the format knows.
            return value.to_arrow(compat_level=sys.modules["polars"].CompatLevel.oldest())
        if isinstance(value, list) and value and _have_same_keys(value):
            return pa.Table.from_pylist(value)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise unwritable(shown, error) from error
    if _is_of("polars", "LazyFrame", value):
        raise FormatError(f"a `polars.LazyFrame` cannot be written to {shown}", "return its `.collect()`")
    raise FormatError(f"a `{type_name(value)}` cannot be written to {shown}", _TAKES)


def parts(table: Any, rows: int) -> Iterator[Any]:
    """Cut a table into parts of `rows` rows, each of one chunk, so that equal tables become equal bytes.

    What lies in memory under a null is arbitrary, and IPC would write it; `take` leaves zeros there.
    """
    import pyarrow as pa

    for start in range(0, table.num_rows, rows):
        part = table.slice(start, rows).combine_chunks()
        everything = None
        for index, column in enumerate(part.columns):
            if column.null_count:
                if everything is None:
                    numbers = pa.py_buffer(array("q", range(part.num_rows)))  # `pa.array` imports pandas
                    everything = pa.Array.from_buffers(pa.int64(), part.num_rows, [None, numbers])
                part = part.set_column(index, part.schema.field(index), column.take(everything))
        yield part


def unreadable(shown: str, what: str, error: Exception) -> FormatError:
    """Build the error for a file that a library refused."""
    return FormatError(
        f"{shown} cannot be read as {what}: {_first_line(error)}",
        "correct the file, or annotate it as `Path` and load it in the stage",
    )


def unwritable(shown: str, error: Exception) -> FormatError:
    """Build the error for a table that a library refused to write."""
    return FormatError(
        f"the table cannot be written to {shown}: {_first_line(error)}",
        "convert the column, or let the output end in `.joblib`",
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _is_of(package: str, name: str, value: Any) -> bool:
    module = sys.modules.get(package)  # such a value can be here only if somebody imported its package
    return module is not None and isinstance(value, getattr(module, name))


def _have_same_keys(rows: list[Any]) -> bool:
    if not all(isinstance(row, dict) for row in rows):
        return False
    keys = rows[0].keys()
    return all(isinstance(key, str) for key in keys) and all(row.keys() == keys for row in rows)


def _with_flat_index(frame: Any) -> Any:
    index = frame.index
    if index.nlevels == 1 and index.name is None and index.dtype.kind in "iu":
        return frame.reset_index(drop=True)  # row numbers, or what a filter left of them
    return frame.reset_index()
