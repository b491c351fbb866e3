"""Tables <-> CSV. Writes the text itself out of Arrow columns; knows tables only as pyarrow's.

pyarrow's own writer puts every text and every name in quotes, and writes the float 1.0 as `1`, which
reads back as an integer.
"""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import FormatError
from .tables import parts, table_of, unreadable, unwritable

_ROWS = 1 << 16


def load_csv(path: Path, shown: str) -> Any:
    """Return a `pyarrow.Table` whose types are inferred from all rows.

    An empty cell, `NA`, `null`, `nan` and the like are null in every column unless they are quoted; quoted,
    they are text. So text that was written by `save_csv` reads back as it was.
    """
    import pyarrow as pa
    from pyarrow import csv

    convert = csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False)
    try:
        return csv.read_csv(
            path, parse_options=csv.ParseOptions(newlines_in_values=True), convert_options=convert
        )
    except (pa.ArrowException, OSError) as error:
        raise unreadable(shown, "CSV", error) from error


def load_csv_by_pandas(path: Path, shown: str) -> Any:
    """Return what `pandas.read_csv` makes of it, with floats read exactly."""
    import pandas

    is_exact = tuple(int(part) for part in pandas.__version__.split(".")[:2]) >= (3, 1)
    options = {} if is_exact else {"float_precision": "round_trip"}  # deprecated since it is the only way
    try:
        return pandas.read_csv(path, **options)
    except ValueError as error:
        raise unreadable(shown, "CSV", error) from error


def load_csv_by_polars(path: Path, shown: str) -> Any:
    """Return what `polars.read_csv` makes of it, with types inferred from all rows."""
    import polars

    try:
        return polars.read_csv(path, infer_schema_length=None)
    except polars.exceptions.PolarsError as error:
        raise unreadable(shown, "CSV", error) from error


def save_csv(value: Any, path: Path, shown: str) -> None:
    """Write commas, `\\n`, UTF-8, one line of names; quotes only where a reader needs them.

    Null is an empty cell, or `NA` in a table of one column, whose empty lines readers skip. A float has a
    point or an exponent; times are ISO 8601.
    """
    import pyarrow as pa

    table = table_of(value, shown, is_flat=True)
    if not table.num_columns:
        raise FormatError(f"a table without columns cannot be written to {shown}", "return one with columns")
    for field in table.schema:
        _refuse_unsuitable(field, shown)
    try:
        with path.open("wb") as file:
            for text in _lines(table):
                file.write(text)
    except pa.ArrowException as error:
        raise unwritable(shown, error) from error


def _lines(table: Any) -> Iterator[Any]:
    import pyarrow.compute as pc

    null = _text("NA" if table.num_columns == 1 else "")
    names = [_quoted(_text(name)).as_py() for name in table.column_names]
    yield f"{','.join(names)}\n".encode()
    for part in parts(table, _ROWS):
        cells = [_cells(column.combine_chunks()).fill_null(null) for column in part.columns]
        rows = pc.binary_join_element_wise(*cells, _text(","))
        rows = pc.binary_join_element_wise(rows, _text(""), _text("\n"))
        size_bytes = pc.sum(pc.binary_length(rows)).as_py()
        yield rows.buffers()[2][:size_bytes]  # Arrow keeps texts end to end: this is the file already


def _cells(column: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    text = column.cast(pa.large_string())
    if pa.types.is_floating(column.type):
        is_whole = pc.match_substring_regex(text, r"^-?\d+$")
        return pc.if_else(is_whole, pc.binary_join_element_wise(text, _text(".0"), _text("")), text)
    return _quoted(text) if _is_text(column.type) else text


def _quoted(text: Any) -> Any:
    import pyarrow.compute as pc
    from pyarrow import csv

    nulls = "|".join(re.escape(spelling) for spelling in csv.ConvertOptions().null_values)
    needed = pc.match_substring_regex(text, rf'[",\r\n]|^\s|\s$|^(?:{nulls})$')
    inside = pc.replace_substring(text, '"', '""')
    return pc.if_else(needed, pc.binary_join_element_wise(_text('"'), inside, _text('"'), _text("")), text)


def _refuse_unsuitable(field: Any, shown: str) -> None:
    import pyarrow as pa

    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    is_number = any(ask(kind) for ask in (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal))
    is_time = any(ask(kind) for ask in (pa.types.is_date, pa.types.is_time, pa.types.is_timestamp))
    is_flag = pa.types.is_boolean(kind) or pa.types.is_null(kind)
    if not (is_number or is_time or is_flag or _is_text(kind)):
        raise FormatError(
            f"the column `{field.name}` of type {kind} cannot be written to {shown}",
            "convert the column to text or numbers, or let the output end in `.parquet`",
        )


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return any(ask(kind) for ask in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))


def _text(text: str) -> Any:
    """Return a `large_string` scalar, made by hand: `pa.scalar` imports pandas, which takes a second."""
    import pyarrow as pa

    data = text.encode()
    offsets = pa.py_buffer(struct.pack("=qq", 0, len(data)))
    return pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, pa.py_buffer(data)])[0]
