"""The columns of a table's file, and how many rows it has. Reads no values but the first of a CSV."""

import os
from typing import Any, NamedTuple

from .errors import FormatError
from .tables import unreadable

_SUFFIXES = {".parquet": "Parquet", ".arrow": "Arrow IPC", ".feather": "Arrow IPC", ".csv": "CSV"}


class Columns(NamedTuple):
    """`fields` are pairs of name and type. `rows` is None where only reading all of it would tell."""

    fields: tuple[tuple[str, str], ...]
    rows: int | None


def has_columns(name: str) -> bool:
    """Say whether a file with such a name is one of a table."""
    return os.path.splitext(name)[1].lower() in _SUFFIXES


def of_file(path: str, name: str) -> Columns:
    """Return the columns of the file at `path`, which is called `name`. Raises FormatError if it is no table."""
    import pyarrow as pa

    suffix = os.path.splitext(name)[1].lower()
    try:
        if suffix == ".parquet":
            return _of_parquet(path)
        return _of_csv(path) if suffix == ".csv" else _of_ipc(path)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(name, _SUFFIXES[suffix], error) from error


def _of_parquet(path: str) -> Columns:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        return Columns(_fields(file.schema_arrow), file.metadata.num_rows)


def _of_ipc(path: str) -> Columns:
    import pyarrow as pa

    with pa.memory_map(path) as source:
        is_file = source.read(6) == b"ARROW1"
        source.seek(0)
        reader = pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)
        return Columns(_fields(reader.schema), None)


def _of_csv(path: str) -> Columns:
    """Take the types of the first block: a later one may widen them."""
    from pyarrow import csv

    parsing = csv.ParseOptions(newlines_in_values=True)
    with csv.open_csv(path, parse_options=parsing) as reader:
        return Columns(_fields(reader.schema), None)


def _fields(schema: Any) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, str(field.type)) for field in schema)


__all__ = ["Columns", "FormatError", "has_columns", "of_file"]
