"""The project's database: what saves time and can be made again. Knows tables, not what their rows mean."""

import os
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

VERSION = 1
_SCHEMA = """
CREATE TABLE files (path TEXT PRIMARY KEY, ino INT, size INT, mtime INT, ctime INT, mode INT, digest TEXT, seen INT)
    WITHOUT ROWID;
CREATE TABLE memo (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE stages (name TEXT PRIMARY KEY, key TEXT, wall_seconds REAL, memory_bytes INT) WITHOUT ROWID;
CREATE TABLE written (path TEXT PRIMARY KEY, kind TEXT, digest TEXT) WITHOUT ROWID;
"""


class StageRow(NamedTuple):
    """What was last executed or used of a stage; `wall_seconds` is of its last execution."""

    key: str
    wall_seconds: float | None
    memory_bytes: int | None


class State:
    """Rows are read one by one and written together by `flush`. Usable from several threads."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = _open(os.fspath(path))
        self._pending: dict[str, list[tuple[Any, ...]]] = {}
        self._memo: dict[str, bytes] = {}

    def file(self, path: str) -> tuple[Any, ...] | None:
        """Return ino, size, mtime, ctime, mode, digest, seen of a path, or None."""
        query = "SELECT ino, size, mtime, ctime, mode, digest, seen FROM files WHERE path = ?"
        with self._lock:
            row: tuple[Any, ...] | None = self._connection.execute(query, (path,)).fetchone()
            return row

    def files_below(self, folder: str) -> dict[str, tuple[Any, ...]]:
        """Return the rows of all files inside a folder, by path."""
        query = (
            "SELECT path, ino, size, mtime, ctime, mode, digest, seen FROM files WHERE path >= ? AND path < ?"
        )
        with self._lock:
            rows = self._connection.execute(query, (folder + "/", folder + "0")).fetchall()
        return {row[0]: row[1:] for row in rows}

    def put_files(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Take rows of path, ino, size, mtime, ctime, mode, digest, seen."""
        self._put("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def forget_files(self, paths: Iterable[str]) -> None:
        """Take nothing for known of these files any more. At once: what is forgotten may be gone the next moment."""
        self._put("DELETE FROM files WHERE path = ?", [(path,) for path in paths])
        self.flush()

    def get(self, key: str) -> bytes | None:
        """Return what was put under `key`: the memo of analyses."""
        with self._lock:
            if key in self._memo:
                return self._memo[key]
            row = self._connection.execute("SELECT value FROM memo WHERE key = ?", (key,)).fetchone()
            return None if row is None else bytes(row[0])

    def put(self, key: str, value: bytes) -> None:
        self._memo[key] = value
        self._put("INSERT OR REPLACE INTO memo VALUES (?, ?)", [(key, value)])

    def stages(self) -> dict[str, StageRow]:
        with self._lock:
            rows = self._connection.execute(
                "SELECT name, key, wall_seconds, memory_bytes FROM stages"
            ).fetchall()
        return {row[0]: StageRow(*row[1:]) for row in rows}

    def put_stages(self, rows: Mapping[str, StageRow]) -> None:
        self._put(
            "INSERT OR REPLACE INTO stages VALUES (?, ?, ?, ?)", [(name, *row) for name, row in rows.items()]
        )

    def written(self) -> dict[str, tuple[str, str]]:
        """Return kind and digest of everything that `pipe` put into the workspace, by path."""
        with self._lock:
            rows = self._connection.execute("SELECT path, kind, digest FROM written").fetchall()
        return {row[0]: (row[1], row[2]) for row in rows}

    def put_written(self, rows: Iterable[tuple[str, str, str]]) -> None:
        self._put("INSERT OR REPLACE INTO written VALUES (?, ?, ?)", rows)

    def forget_written(self, paths: Iterable[str]) -> None:
        self._put("DELETE FROM written WHERE path = ?", [(path,) for path in paths])

    def flush(self) -> None:
        """Write what was put. A database that cannot be written only costs time: it is no error."""
        with self._lock:
            pending, self._pending = self._pending, {}
            if not pending:
                return
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                for statement, rows in pending.items():
                    self._connection.executemany(statement, rows)
                self._connection.execute("COMMIT")
            except sqlite3.Error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def close(self) -> None:
        self.flush()
        with self._lock:
            self._connection.close()

    def _put(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        with self._lock:
            self._pending.setdefault(statement, []).extend(rows)


def _open(path: str) -> sqlite3.Connection:
    try:
        return _opened(path)
    except sqlite3.DatabaseError:
        pass
    # Everything in it can be made again, so a damaged or foreign database is put aside, never argued with.
    try:
        if os.path.exists(path) and os.access(os.path.dirname(path), os.W_OK):
            for suffix in ("", "-wal", "-shm"):
                if os.path.exists(path + suffix):
                    os.replace(path + suffix, path + ".damaged" + suffix)
            return _opened(path)
    except (OSError, sqlite3.DatabaseError):
        pass
    return _opened(":memory:")


def _opened(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            _create(connection)
        elif version != VERSION:
            raise sqlite3.DatabaseError("of another version")
        else:
            connection.execute("SELECT 1 FROM files LIMIT 1").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    # Another process may have made the tables while this one waited.
    if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
        for statement in _SCHEMA.strip().split(";"):
            if statement.strip():
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def reading(path: str) -> sqlite3.Connection:
    """Open a database such that nothing is changed or made; on a read-only disk too."""
    quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    for how in ("mode=ro", "immutable=1"):
        connection = sqlite3.connect(f"file:{quoted}?{how}", uri=True, timeout=10)
        try:
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
            return connection
        except sqlite3.DatabaseError:
            connection.close()
            if how != "mode=ro":
                raise
    raise AssertionError("one of the two is the last")
