"""Which rows of two tables belong together when they do not stand at the same places. Compares no cells."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from .sources import Source

_MOST_ROWS = 2_000_000
_MOST_CELLS = 40_000_000
"""Of a larger table rows are not matched: for each row, some numbers are kept in memory."""
_MOST_LEADING = 3
_NAMED = re.compile(r"(?i)(?:id|key|uuid|guid|index|.*[_ ]id|.*[_ ]key|[a-z]+Id|__index_level_\d+__)")


class Rows(NamedTuple):
    """The rows of one table: a number of 64 bits for the whole row, and one for each possible key."""

    whole: Any
    keys: dict[tuple[str, ...], Any]


class Matched(NamedTuple):
    """Where rows stand in the first and in the second table, as numpy arrays of numbers, ascending.

    `key` is empty where rows are matched as wholes. `changed` are pairs of places, in the order of the first.
    """

    key: tuple[str, ...]
    removed: Any
    added: Any
    changed: tuple[Any, Any]
    is_reordered: bool
    rows: tuple[int, int]


def match(expected: Source, actual: Source, columns: Sequence[tuple[int, int, str]]) -> Matched | None:
    """Match the rows of two tables by a key, else as wholes; None if they are too many.

    `columns` are those that both have, of one type: their places in both, and the name.
    """
    most = min(_MOST_ROWS, _MOST_CELLS // len(columns)) if columns else 0
    if max(expected.rows or 0, actual.rows or 0) > most:
        return None
    candidates = _candidates(expected, columns)
    one = _rows(expected, [(index, name) for index, _, name in columns], candidates, most)
    other = _rows(actual, [(index, name) for _, index, name in columns], candidates, most)
    if one is None or other is None:
        return None
    key = next((key for key in candidates if _is_key(one.keys[key], other.keys[key])), ())
    return _by_key(key, one, other) if key else _by_whole(one.whole, other.whole)


def _candidates(source: Source, columns: Sequence[tuple[int, int, str]]) -> list[tuple[str, ...]]:
    """Return what may be a key, the likeliest first. A name that is there twice is none."""
    import pyarrow as pa

    names = [name for _, _, name in columns if source.names.count(name) == 1]
    types = {name: source.types[index] for index, _, name in columns}
    index = tuple(name for name in source.index_columns if name in names)
    named = [(name,) for name in names if _NAMED.fullmatch(name)][:_MOST_LEADING]
    leading = []
    for name in names[:_MOST_LEADING]:
        if pa.types.is_floating(types[name]) or pa.types.is_nested(types[name]):
            break
        leading.append(name)
    found = [index] if index else []
    found += [*named, *(tuple(leading[: length + 1]) for length in range(len(leading)))]
    return list(dict.fromkeys(found))


def _rows(
    source: Source, columns: list[tuple[int, str]], candidates: list[tuple[str, ...]], most: int
) -> Rows | None:
    import numpy as np

    whole: list[Any] = []
    keys: dict[tuple[str, ...], list[Any]] = {key: [] for key in candidates}
    with np.errstate(over="ignore"):
        for batch in source.batches():
            most -= batch.num_rows
            if most < 0:
                return None
            total = np.zeros(batch.num_rows, np.uint64)
            by_name = {}
            for number, (index, name) in enumerate(columns):
                by_name[name] = numbered(batch.column(index))
                total = _mixed(total * np.uint64(0x9E3779B97F4A7C15) + by_name[name] + np.uint64(number))
            whole.append(total)
            for key, pieces in keys.items():
                part = np.zeros(batch.num_rows, np.uint64)
                for name in key:
                    part = _mixed(part * np.uint64(0x9E3779B97F4A7C15) + by_name[name])
                pieces.append(part)
    empty: Any = [np.zeros(0, np.uint64)]
    return Rows(
        np.concatenate(whole or empty), {key: np.concatenate(pieces or empty) for key, pieces in keys.items()}
    )


def numbered(column: Any) -> Any:
    """Return a number of 64 bits for each cell: equal for equal cells, and hardly ever for others."""
    import numpy as np
    import pyarrow as pa

    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return numbered(column.storage)
    if pa.types.is_temporal(kind) and kind.bit_width <= 64:
        return numbered(column.view(f"int{kind.bit_width}"))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        filled = column.fill_null(False if pa.types.is_boolean(kind) else 0) if column.null_count else column
        values = filled.to_numpy(zero_copy_only=False)
        if pa.types.is_floating(kind):
            values = values.astype(np.float64)
            values = np.where(np.isnan(values), np.nan, values).view(np.uint64)  # of NaN there is one
        numbers = _mixed(values.astype(np.uint64))
    else:
        try:
            encoded = column if pa.types.is_dictionary(kind) else column.dictionary_encode()
            values = np.fromiter(map(hash, encoded.dictionary.to_pylist()), np.int64, len(encoded.dictionary))
            places = encoded.indices.fill_null(0).to_numpy(zero_copy_only=False)
            values = np.append(values, np.int64(0))  # a column of nulls has no values, and still places
            numbers = _mixed(values.view(np.uint64))[places]
        except pa.ArrowNotImplementedError:
            values = np.fromiter((hash(repr(value)) for value in column.to_pylist()), np.int64, len(column))
            numbers = _mixed(values.view(np.uint64))
    if column.null_count:
        numbers = np.where(column.is_null().to_numpy(zero_copy_only=False), np.uint64(0x6E756C6C), numbers)
    return numbers


def _mixed(values: Any) -> Any:
    """Spread the bits (Steele, Lea, Flood: Fast splittable pseudorandom number generators, mix64)."""
    import numpy as np

    with np.errstate(over="ignore"):
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return values ^ (values >> np.uint64(31))


def _is_key(one: Any, other: Any) -> bool:
    """Say whether no value stands twice on either side, and most of the smaller side are on the other, too."""
    import numpy as np

    if min(len(one), len(other)) == 0 or any(len(np.unique(side)) != len(side) for side in (one, other)):
        return False
    return 2 * int(np.isin(one, other).sum()) >= min(len(one), len(other))


def _by_key(key: tuple[str, ...], one: Rows, other: Rows) -> Matched:
    import numpy as np

    _, there, here = np.intersect1d(one.keys[key], other.keys[key], assume_unique=True, return_indices=True)
    order = np.argsort(there)
    there, here = there[order], here[order]
    changed = one.whole[there] != other.whole[here]
    removed = np.setdiff1d(np.arange(len(one.whole)), there, assume_unique=True)
    added = np.setdiff1d(np.arange(len(other.whole)), here, assume_unique=True)
    is_reordered = bool((np.diff(here) < 0).any())
    rows = len(one.whole), len(other.whole)
    return Matched(key, removed, added, (there[changed], here[changed]), is_reordered, rows)


def _by_whole(one: Any, other: Any) -> Matched:
    """Match equal rows, each with one other: the n-th of equal ones with the n-th."""
    import numpy as np

    sides = []
    for side in (one, other):
        order = np.argsort(side, kind="stable")
        ordered = side[order]
        starts = (
            np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])) if len(ordered) else np.zeros(0, int)
        )
        lengths: Any = np.diff(np.append(starts, len(ordered)))
        repeated: Any = np.empty(len(side), np.uint64)
        repeated[order] = np.arange(len(side)) - np.repeat(starts, lengths)
        with np.errstate(over="ignore"):
            sides.append(_mixed(side + repeated * np.uint64(0x9E3779B97F4A7C15)))
    first, second = sides
    _, there, here = np.intersect1d(first, second, assume_unique=True, return_indices=True)
    order = np.argsort(there)
    removed = np.setdiff1d(np.arange(len(one)), there, assume_unique=True)
    added = np.setdiff1d(np.arange(len(other)), here, assume_unique=True)
    none: Any = np.zeros(0, np.int64)
    is_reordered = bool((np.diff(here[order]) < 0).any())
    return Matched((), removed, added, (none, none), is_reordered, (len(one), len(other)))
