"""Differences of SQLite files: tables, columns and rows, by primary key. Reads them alone, and writes no journal."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote

from ..errors import FormatError
from . import raw
from .result import Difference, Tolerance, both, bounded, counts, cut, shown

_MOST_ROWS = 2_000_000
_MOST_STEPS = 2_000
"""Of 100,000 instructions each, for one file: some ten seconds."""
_EXAMPLES = 5
_RANKS = {type(None): 0, int: 1, float: 1, str: 2, bytes: 3}
"""The order in which SQLite sorts values of different types (Datatypes In SQLite, 4.1)."""


def sqlite(expected: str, actual: str, tolerance: Tolerance | None) -> Difference:  # noqa: ARG001 - as all kinds have it
    """Compare two databases."""
    try:
        with closing(_opened(expected)) as first, closing(_opened(actual)) as second:
            return _compared(first, second, expected, actual)
    except (sqlite3.Error, ValueError, OverflowError) as error:
        raise FormatError(f"it cannot be read as SQLite: {error}") from error


def _opened(path: str) -> sqlite3.Connection:
    # Immutable: no lock, no journal, and what stands in a journal beside it is not looked at.
    uri = f"file:{quote(os.path.abspath(path))}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    steps = iter(range(_MOST_STEPS))
    connection.set_progress_handler(lambda: next(steps, None) is None, 100_000)
    return connection


def _compared(
    first: sqlite3.Connection, second: sqlite3.Connection, expected: str, actual: str
) -> Difference:
    one, other = _schema(first), _schema(second)
    parts = [f"{name} is gone" for name in one if name not in other]
    parts += [f"{name} is new" for name in other if name not in one]
    parts += [f"{name} is declared otherwise" for name in one if name in other and one[name] != other[name]]
    lines, tables = list(parts), {}
    for name in (name for name in one if name in other and name.startswith("table ")):
        if "VIRTUAL" in one[name].upper()[:20] or "VIRTUAL" in other[name].upper()[:20]:
            continue  # its rows are made by code that the file names
        found = _Table(name.removeprefix("table ")).compared(first, second)
        if found is not None:
            tables[name] = found.facts
            parts.append(f"{name}: {found.text}")
            lines += [f"{name}: {found.text}", *(f"  {line}" for line in found.lines)]
    facts = {"kind": "sqlite", "schema": lines[: len(parts) - len(tables)], "tables": tables}
    if not parts:
        text = f"the same tables and rows, stored otherwise; {raw.difference(expected, actual).text}"
        return Difference(False, text, (), facts)
    text = "; ".join(parts[:3]) + (f"; and {len(parts) - 3:,} more" if len(parts) > 3 else "")
    return Difference(False, text, bounded(lines) if len(lines) > 1 else (), facts)


def _schema(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name"
    )
    return {
        f"{kind} `{cut(str(name))}`" if kind != "table" else f"table {name}": str(sql)
        for kind, name, sql in rows
    }


class _Table:
    """One table of both. Rows are matched by the primary key, else by SQLite's own number of a row."""

    def __init__(self, name: str) -> None:
        self._name = '"' + name.replace('"', '""') + '"'
        self._names: list[list[str]] = []

    def compared(self, first: sqlite3.Connection, second: sqlite3.Connection) -> Difference | None:
        keys = [self._key(connection) for connection in (first, second)]
        if keys[0] != keys[1]:
            return Difference(False, "its primary key is another", facts={"key": keys})
        one, other = (self._rows(connection, keys[0]) for connection in (first, second))
        added, removed, changed, total = 0, 0, 0, [0, 0]
        examples: list[str] = []
        a, b = next(one, None), next(other, None)
        while (a is not None or b is not None) and max(total) < _MOST_ROWS:
            order = _order(a, b)
            total[0] += order <= 0
            total[1] += order >= 0
            if order < 0:
                removed += 1
                text = f"removed: {self._called(keys[0], a)}"
            elif order > 0:
                added += 1
                text = f"added: {self._called(keys[0], b)}"
            else:
                text = self._changed(keys[0], a, b)
                changed += bool(text)
            if text and len(examples) < _EXAMPLES:
                examples.append(text)
            a = next(one, None) if order <= 0 else a
            b = next(other, None) if order >= 0 else b
        return self._told(keys[0], (added, removed, changed), total, examples)

    def _told(
        self, key: list[str], numbers: tuple[int, int, int], total: list[int], examples: list[str]
    ) -> Difference | None:
        if not any(numbers):
            return None
        added, removed, changed = numbers
        words = ((added, "added"), (removed, "removed"), (changed, "changed"))
        parts = [counts(total[0], total[1], "row")] if total[0] != total[1] else []
        parts += [", ".join(f"{number:,} {word}" for number, word in words if number), examples[0]]
        facts = {"key": key, "rows": total, "added": added, "removed": removed, "changed": changed}
        return Difference(False, "; ".join(parts), tuple(examples[1:]), {**facts, "examples": examples})

    def _key(self, connection: sqlite3.Connection) -> list[str]:
        rows = connection.execute(f"PRAGMA table_info({self._name})").fetchall()
        return [str(row[1]) for row in sorted(rows, key=lambda row: row[5]) if row[5]]

    def _rows(
        self, connection: sqlite3.Connection, key: list[str]
    ) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        """Yield each row's key and its values, in the order of the keys."""
        quoted = ['"' + name.replace('"', '""') + '"' for name in key] or ["rowid"]
        order = ", ".join(f"{name} COLLATE BINARY" for name in quoted)
        # The name is one that the file gave, quoted; SQLite has no way to pass it as a value.
        cursor = connection.execute(f"SELECT {', '.join(quoted)}, * FROM {self._name} ORDER BY {order}")  # noqa: S608
        self._names.append([str(column[0]) for column in cursor.description[len(quoted) :]])
        for row in cursor:
            yield row[: len(quoted)], row[len(quoted) :]

    def _changed(self, key: list[str], one: Any, other: Any) -> str:
        if one[1] == other[1] and list(map(type, one[1])) == list(map(type, other[1])):
            return ""
        there, here = (
            dict(zip(names, row[1], strict=True))
            for names, row in zip(self._names, (one, other), strict=True)
        )
        for name, value in there.items():
            if name in here and (value != here[name] or type(value) is not type(here[name])):
                old, new = both(value, here[name])
                return f"column `{cut(name)}`, {self._called(key, one)}: {old} -> {new}"
        return ""

    def _called(self, key: list[str], row: Any) -> str:
        names = key or ["row"]
        return ", ".join(f"{cut(name)} {shown(value)}" for name, value in zip(names, row[0], strict=True))


def _order(one: Any, other: Any) -> int:
    if one is None or other is None:
        return 1 if one is None else -1
    there, here = ([(_RANKS[type(v)], 0 if v is None else v) for v in side[0]] for side in (one, other))
    return (there > here) - (there < here)
