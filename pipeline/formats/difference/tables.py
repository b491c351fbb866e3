"""Differences of Parquet, Arrow and CSV: schema, rows, cells; by a key where rows have moved. Opens no file."""

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, NamedTuple

from . import moved, raw, sources
from .columns import Columns, of_one_type
from .match import Matched, match
from .result import CELLS, Difference, Tolerance, bounded, count, counts, cut, parts_of_a_line, some
from .sources import ROWS, Source

_READING = 25
"""So many times longer than another cell takes one of CSV that has to be read as a number."""
_Common = Sequence[tuple[int, int, str]]


def parquet(expected: str, actual: str, tolerance: Tolerance | None) -> Difference:
    """Compare two Parquet files."""
    return _compared("parquet", sources.parquet, expected, actual, tolerance)


def ipc(expected: str, actual: str, tolerance: Tolerance | None) -> Difference:
    """Compare two files of Arrow IPC."""
    return _compared("arrow", sources.ipc, expected, actual, tolerance)


def csv(expected: str, actual: str, tolerance: Tolerance | None) -> Difference:
    """Compare two CSV files, the first line being names."""
    return _compared("csv", sources.csv, expected, actual, tolerance)


def tsv(expected: str, actual: str, tolerance: Tolerance | None) -> Difference:
    """Compare two files of values between tabs."""
    return _compared("tsv", lambda path: sources.csv(path, "\t"), expected, actual, tolerance)


class _Schemas(NamedTuple):
    """In what two schemas differ, in words, and the columns that can be compared."""

    parts: list[str]
    common: _Common
    facts: dict[str, Any]


class _InPlace(NamedTuple):
    """What was found by comparing rows at the same places."""

    columns: Columns
    rows: tuple[int, int]
    """Where that is not known without reading all, and not all was read: as many as were compared."""
    differing: int
    compared: int
    is_cut: bool


def _compared(
    kind: str, opened: Callable[[str], Source], expected: str, actual: str, tolerance: Tolerance | None
) -> Difference:
    one, other = opened(expected), opened(actual)
    schemas = _schemas(one, other)
    found = _in_place(one, other, schemas.common, tolerance)
    facts: dict[str, Any] = {"kind": kind, "rows": list(found.rows), **schemas.facts}
    has_moved = found.rows[0] != found.rows[1] or found.differing > 1
    is_judged = tolerance is not None and found.columns.are_within and found.rows[0] == found.rows[1]
    matched = None
    if has_moved and not is_judged:
        same_type = [
            (here, there, name)
            for here, there, name in schemas.common
            if one.types[here] == other.types[there]
        ]
        matched = match(one, other, same_type)
    if matched is not None:
        found = found._replace(rows=matched.rows)
        facts["rows"] = list(matched.rows)
    elif found.is_cut and one.rows is None:
        facts["rows"] = None
    if matched is not None and _says_more(matched, found.rows):
        given = schemas.parts, facts
        return moved.difference(one, other, schemas.common, matched, found.columns, given, tolerance)
    return _told_in_place(
        schemas, found, facts, (expected, actual), tolerance, is_too_large=has_moved and not matched
    )


def _schemas(one: Source, other: Source) -> _Schemas:
    there, here = _numbered(one.names), _numbered(other.names)
    gone = [key[0] for key in there if key not in here]
    new = [key[0] for key in here if key not in there]
    parts = [f"column `{cut(name)}` is gone" for name in gone] + [
        f"column `{cut(name)}` is new" for name in new
    ]
    common = [(there[key], here[key], key[0]) for key in there if key in here]
    if not gone and not new and one.names != other.names:
        parts.append(f"columns {some(one.names, 12)} -> {some(other.names, 12)}")
    retyped = {}
    for index, at, name in common:
        if one.types[index] != other.types[at]:
            retyped[name] = [str(one.types[index]), str(other.types[at])]
            parts.append(f"column `{cut(name)}`: type {cut(retyped[name][0])} -> {cut(retyped[name][1])}")
        elif one.fields is not None:
            fields = one.fields.field(index), other.fields.field(at)
            if not fields[0].equals(fields[1], check_metadata=True):
                parts.append(f"column `{cut(name)}`: its nullability or its notes differ")
    if one.fields is not None and one.fields.metadata != other.fields.metadata:
        parts.append(
            f"the notes of the schema differ (its key-value metadata{_notes(one.fields, other.fields)})"
        )
    is_reordered = not gone and not new and one.names != other.names
    facts = {"columns": {"added": new, "removed": gone, "retyped": retyped, "reordered": is_reordered}}
    return _Schemas(parts, common, facts)


def _numbered(names: list[str]) -> dict[tuple[str, int], int]:
    """Return the place of each name, and of each repetition of it."""
    found: dict[tuple[str, int], int] = {}
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        found[name, seen.get(name, 0)] = index
        seen[name] = seen.get(name, 0) + 1
    return found


def _notes(one: Any, other: Any) -> str:
    there, here = (side.metadata or {} for side in (one, other))
    differing = sorted(key for key in {*there, *here} if there.get(key) != here.get(key))
    return f": {some(repr(key.decode('utf-8', 'replace')) for key in differing)}"


def _in_place(one: Source, other: Source, common: _Common, tolerance: Tolerance | None) -> _InPlace:
    columns = Columns(tolerance, is_text=one.is_text)
    differing, start, left, read = 0, 0, CELLS, 0
    pairs = _aligned(one.batches(), other.batches())
    for piece, rest in pairs:
        if piece is None:
            return _InPlace(columns, (start + rest[0], start + rest[1]), differing, start, False)
        differ = _piece(columns, piece[0], piece[1], common, start)
        differing += int(differ.sum()) if differ is not None else 0
        start += piece[0].num_rows
        if differing:
            left -= piece[0].num_rows * max(1, len(common)) + _READING * (columns.read - read)
            read = columns.read
        is_judged = tolerance is not None and columns.are_within
        if left < 0 and not is_judged:
            pairs.close()
            rows = start if one.rows is None else one.rows, start if other.rows is None else other.rows
            return _InPlace(columns, rows, differing, start, True)
    raise AssertionError("the last pair is the rest")


def _piece(columns: Columns, one: Any, other: Any, common: _Common, start: int) -> Any:
    found = None
    for here, there, name in common:
        sides = of_one_type(one.column(here), other.column(there))
        if sides is not None:
            differ = columns.take(*sides, name, lambda at: start + at, lambda at: f"row {start + at + 1:,}")
            found = differ if found is None else (found if differ is None else found | differ)
    return found


def _aligned(
    expected: Iterator[Any], actual: Iterator[Any]
) -> Generator[tuple[Any, tuple[int, int]], None, None]:
    """Cut the pieces of two tables such that they have the same rows; the last pair is None and what is left over."""
    one = other = None
    try:
        while True:
            one = one if one is not None and one.num_rows else next((b for b in expected if b.num_rows), None)
            other = (
                other
                if other is not None and other.num_rows
                else next((b for b in actual if b.num_rows), None)
            )
            if one is None or other is None:
                left = [0 if side is None else side.num_rows for side in (one, other)]
                more = [sum(batch.num_rows for batch in side) for side in (expected, actual)]
                yield None, (left[0] + more[0], left[1] + more[1])
                return
            rows = min(one.num_rows, other.num_rows, ROWS)
            yield (one.slice(0, rows), other.slice(0, rows)), (0, 0)
            one, other = one.slice(rows), other.slice(rows)
    finally:
        for side in (expected, actual):
            if hasattr(side, "close"):
                side.close()


def _told_in_place(
    schemas: _Schemas,
    found: _InPlace,
    facts: dict[str, Any],
    paths: tuple[str, str],
    tolerance: Tolerance | None,
    *,
    is_too_large: bool,
) -> Difference:
    rows = found.rows
    parts = list(schemas.parts)
    if rows[0] != rows[1]:
        parts.append(counts(*rows, "row") + (", too many to be matched by a key" if is_too_large else ""))
    differing = found.columns.differing
    lines = [
        *parts,
        *(column.text() for column in found.columns.by_name.values() if column.differing or column.spelled),
    ]
    facts |= {"columns_differing": {column.name: column.facts() for column in differing}}
    facts |= {
        "rows_differing": found.differing,
        "rows_compared": found.compared,
        "complete": not found.is_cut,
    }
    spelled = sum(column.spelled for column in found.columns.by_name.values())
    if differing:
        parts.append(_cells(found, tolerance))
    elif not parts and spelled:
        parts.append(
            f"the same values, {count(spelled, 'number')} written otherwise; {raw.difference(*paths).text}"
        )
    elif not parts:
        payloads = sum(column.numbers.payloads for column in found.columns.by_name.values())
        said = f"; {payloads:,} NaN have other bits (payloads)" if payloads else ""
        parts.append(f"the same values{said}; {raw.difference(*paths).text}")
    within = tolerance is not None and not schemas.parts and rows[0] == rows[1] and found.columns.are_within
    return Difference(
        within, "; ".join(parts_of_a_line(parts)), bounded(lines) if len(lines) > 1 else (), facts
    )


def _cells(found: _InPlace, tolerance: Tolerance | None) -> str:
    """Write the first cell that differs, or with a tolerance the worst, and how many there are."""
    differing = found.columns.differing
    worst = max(differing, key=lambda column: column.numbers.excess)
    if tolerance is not None and all(not column.others for column in differing):
        assert worst.numbers.worst is not None, "it differs"
        head = worst.numbers.worst.text()
    else:
        # With a tolerance, what is no number decides, wherever it stands.
        decisive = [column for column in differing if column.others] if tolerance is not None else differing
        first = min(decisive or differing, key=lambda column: column.first_row)
        head = f"{first.place}: {first.first}"
    cells = sum(column.differing for column in differing)
    within = f" of the first {found.compared:,} rows" if found.is_cut else ""
    if len(differing) == 1:
        noun = "number" if not worst.others else "cell"
        counted = (
            f"{cells:,} of {count(worst.compared, noun)}{within} {'differs' if cells == 1 else 'differ'}"
        )
    else:
        total = sum(column.compared for column in found.columns.by_name.values())
        counted = f"{cells:,} of {total:,} cells{within} differ, in {count(found.differing, 'row')}"
        counted += f" and {len(differing):,} columns"
    deviation = worst.numbers.deviation()
    largest = worst.numbers.largest
    if not deviation or cells == 1 or (largest is not None and head.endswith(largest.apart())):
        return f"{head}; {counted}"
    return f"{head}; {counted}, by up to {deviation}" + (
        f" in `{cut(worst.name)}`" if len(differing) > 1 else ""
    )


def _says_more(matched: Matched, rows: tuple[int, int]) -> bool:
    """Say whether rows belong together otherwise than by their places."""
    if matched.key:
        # Where a key itself was changed in its place, the place says more than "one added, one removed".
        return matched.is_reordered or list(matched.removed) != list(matched.added)
    return rows[0] != rows[1] or not (len(matched.removed) or len(matched.added))
