"""Differences of tables whose rows have moved: which are new, gone and changed. Matches no rows itself."""

from collections.abc import Generator, Sequence
from typing import Any

from .columns import Columns, of_one_type, plain
from .match import Matched
from .result import Difference, Tolerance, bounded, counts, cut, parts_of_a_line, shown
from .sources import Source

_MOST_GATHERED = 20_000
"""Of so many changed rows the cells are compared."""
_EXAMPLES = 5
_Common = Sequence[tuple[int, int, str]]


def difference(
    one: Source,
    other: Source,
    common: _Common,
    matched: Matched,
    in_place: Columns,
    schema: tuple[list[str], dict[str, Any]],
    tolerance: Tolerance | None,
) -> Difference:
    """Tell of rows that were matched.

    `common` are the columns that both have, `in_place` is what differs when rows are compared at their places, and
    `schema` what is to be said before, in words and as facts.
    """
    removed, added, changed = len(matched.removed), len(matched.added), len(matched.changed[0])
    parts, facts = list(schema[0]), schema[1]
    if matched.rows[0] != matched.rows[1]:
        parts.append(counts(*matched.rows, "row"))
    numbers = ((added, "added"), (removed, "removed"), (changed, "changed"))
    counted = ", ".join(f"{number:,} {word}" for number, word in numbers if number)
    by = f"by key `{'`, `'.join(map(cut, matched.key))}`: " if matched.key else ""
    if counted:
        parts.append(f"{by}{counted}" if by else f"rows: {counted}")
    if matched.is_reordered:
        parts.append("the rows are in another order" if counted else "the same rows in another order")
    lines = list(parts)
    columns, examples = _gathered(one, other, common, matched, tolerance)
    differing = columns.differing
    if differing:
        first = min(differing, key=lambda column: column.first_row)
        parts.append(f"{first.place}: {first.first}")
    elif examples:
        parts.append(f"first {examples[0]}")
    elif matched.is_reordered and in_place.differing:
        first = min(in_place.differing, key=lambda column: column.first_row)
        parts.append(f"{first.place}: {first.first}")
    lines += [*examples, *(column.text() for column in differing)]
    if changed > _MOST_GATHERED:
        lines.append(f"the counts of columns are those of the first {_MOST_GATHERED:,} changed rows")
    facts = facts | {
        "key": list(matched.key),
        "rows_added": added,
        "rows_removed": removed,
        "rows_changed": changed,
        "reordered": matched.is_reordered,
        "examples": examples,
        "columns_differing": {column.name: column.facts() for column in differing},
    }
    return Difference(False, "; ".join(parts_of_a_line(parts)), bounded(lines), facts)


def _gathered(
    one: Source, other: Source, common: _Common, matched: Matched, tolerance: Tolerance | None
) -> tuple[Columns, list[str]]:
    """Compare the cells of changed rows, and name the first rows that are gone and new."""
    columns = Columns(tolerance, is_text=one.is_text)
    names = matched.key or tuple(dict.fromkeys(name for _, _, name in common[:4]))
    keys = ([(h, n) for h, _, n in common if n in names], [(t, n) for _, t, n in common if n in names])
    examples = []
    for word, places, source, at in (
        ("removed", matched.removed, one, keys[0]),
        ("added", matched.added, other, keys[1]),
    ):
        table = _rows_at(source, places[:_EXAMPLES])
        examples += [f"{word}: {_called(table, at, row)}" for row in range(table.num_rows if table else 0)]
    there, here = (side[:_MOST_GATHERED] for side in matched.changed)
    if len(there):
        old, new = _rows_at(one, there), _rows_at(other, here)

        def place(at: int) -> str:
            return _called(old, keys[0], at)

        for before, now, name in common:
            sides = of_one_type(old.column(before), new.column(now))
            if sides is not None:
                columns.take(*sides, name, lambda row: row, place)
    return columns, examples


def _rows_at(source: Source, places: Any) -> Any:
    """Return the rows at these places as one batch, in their order; None if there are none."""
    import numpy as np
    import pyarrow as pa

    if not len(places):
        return None
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    pieces, start = [], 0
    batches = source.batches()
    for batch in batches:
        low, high = (int(np.searchsorted(ordered, at)) for at in (start, start + batch.num_rows))
        if high > low:
            pieces.append(batch.take(pa.array(ordered[low:high] - start)))
        start += batch.num_rows
        if high == len(ordered):
            break
    if isinstance(batches, Generator):
        batches.close()
    back: Any = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    table = pa.Table.from_batches(pieces).combine_chunks().take(pa.array(back)).combine_chunks()
    return table.to_batches()[0]


def _called(table: Any, columns: list[tuple[int, str]], row: int) -> str:
    """Name a row by the values of its key."""
    parts = []
    for index, name in columns:
        value = plain(table.column(index)[row])
        value = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        parts.append(
            f"{cut(name)} {value if isinstance(value, str) and value.isprintable() and value else shown(value)}"
        )
    return cut(", ".join(parts), 120)
