"""Tables in files, as columns and pieces of rows. Compares nothing."""

import csv as csv_module
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import FormatError

ROWS = 1 << 16
"""So many rows are looked at at a time."""
_MOST_NAMES_BYTES = 1 << 20
_WRONG_ROW = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")


class Source(NamedTuple):
    """A table that can be read several times. Names may repeat; `types` are pyarrow's, of CSV always binary."""

    names: list[str]
    types: list[Any]
    batches: Callable[[], Iterator[Any]]
    rows: int | None
    """None where nobody knows before it was read."""
    fields: Any = None
    """pyarrow's schema, where the file has one."""
    index_columns: tuple[str, ...] = ()
    """The columns that pandas keeps as the index."""

    @property
    def is_text(self) -> bool:
        return self.fields is None


class told:  # noqa: N801 - read as a phrase: with told("Parquet")
    """Makes of what pyarrow raises what this room raises."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        import pyarrow as pa

        if isinstance(error, pa.ArrowException) or (isinstance(error, OSError) and error.errno is None):
            first_line = str(error).strip().partition("\n")[0]
            match = _WRONG_ROW.search(first_line)
            if match is not None:
                first_line = f"row {int(match[1]) - 1:,} has {match[3]} cells, and there are {match[2]} names"
            raise FormatError(f"it cannot be read as {self._what}: {first_line}") from error


def parquet(path: str) -> Source:
    """Open a Parquet file."""
    import pyarrow.parquet as pq

    def opened() -> Any:
        # Not whole row groups at a time: they may be as large as the file.
        return pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20)

    def batches() -> Iterator[Any]:
        with told("Parquet"), opened() as file:
            yield from file.iter_batches(batch_size=ROWS)

    with told("Parquet"), opened() as file:
        return _with_schema(file.schema_arrow, batches, file.metadata.num_rows)


def ipc(path: str) -> Source:
    """Open a file or a stream of Arrow IPC. It is mapped, so that a large batch takes no memory of one's own."""
    import pyarrow as pa

    def batches() -> Iterator[Any]:
        with told("Arrow IPC"), pa.memory_map(path) as source:
            reader = _ipc_reader(source)
            if hasattr(reader, "num_record_batches"):
                yield from (reader.get_batch(index) for index in range(reader.num_record_batches))
            else:
                yield from reader

    with told("Arrow IPC"), pa.memory_map(path) as source:
        schema = _ipc_reader(source).schema
    return _with_schema(schema, batches, sum(batch.num_rows for batch in batches()))


def csv(path: str, delimiter: str = ",") -> Source:
    """Open a CSV file, the first line being names. All cells are bytes as they stand: nothing is guessed."""
    import pyarrow as pa
    import pyarrow.csv as pv

    names = _csv_names(path, delimiter)
    columns = [str(index) for index in range(len(names))]

    def batches() -> Iterator[Any]:
        # The names are rows like others to the reader, for they may repeat.
        read = pv.ReadOptions(
            column_names=columns, skip_rows_after_names=1, use_threads=False, block_size=1 << 20
        )
        parse = pv.ParseOptions(
            delimiter=delimiter,
            newlines_in_values=True,
            ignore_empty_lines=len(names) > 1,
        )
        convert = pv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.binary()), strings_can_be_null=False, check_utf8=False
        )
        with told("CSV"), pv.open_csv(path, read, parse, convert) as reader:
            yield from reader

    return Source(names, [pa.binary()] * len(names), batches, None)


def _with_schema(schema: Any, batches: Callable[[], Iterator[Any]], rows: int) -> Source:
    return Source(schema.names, schema.types, batches, rows, schema, _index(schema.metadata or {}))


def _index(metadata: Mapping[bytes, bytes]) -> tuple[str, ...]:
    import json

    try:
        columns = json.loads(metadata.get(b"pandas", b"{}"))["index_columns"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
    is_named: Sequence[Any] = columns if isinstance(columns, list) else ()
    return tuple(name for name in is_named if isinstance(name, str))


def _ipc_reader(source: Any) -> Any:
    import pyarrow as pa

    is_file = source.read(6) == b"ARROW1"
    source.seek(0)
    return pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)


def _csv_names(path: str, delimiter: str) -> list[str]:
    with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        text = file.read(_MOST_NAMES_BYTES)
    try:
        return next(csv_module.reader(text.splitlines(keepends=True), delimiter=delimiter), [])
    except csv_module.Error as error:
        raise FormatError(f"it cannot be read as CSV: {error}") from error
