"""Rows of plain values -> a Parquet file. Knows nothing of what they mean."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import tables


def save_columns(columns: Mapping[str, Sequence[Any]], path: Path) -> None:
    """Write columns of equal length. One whose values are of several kinds, or lists, becomes text, as JSON has it.

    Raises OSError.
    """
    import pyarrow as pa

    made = {name: pa.array(*_typed(values, pa)) for name, values in columns.items()}
    tables.save_parquet(pa.table(made), path, str(path))


def _typed(values: Sequence[Any], pa: Any) -> tuple[list[Any], Any]:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return list(values), pa.bool_()
    if kinds == {int} and all(value is None or -(1 << 63) <= value < 1 << 63 for value in values):
        return list(values), pa.int64()
    if kinds and kinds <= {int, float}:
        return [None if value is None else float(value) for value in values], pa.float64()
    return [_text(value) for value in values], pa.string()


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
