"""Reads what a project keeps beside its store: lock file, run history, state database. Changes nothing."""

import json
import os
import sqlite3
import stat
from typing import Any

from .. import action as actions
from .. import digest, history, lock, state
from ..action import Action
from ..errors import UsageError
from ..layout import Layout
from ..statcache import is_trusted
from ..store.files import File
from ..store.records import Records
from .damage import Damage
from .objects import digest_of


def check(layout: Layout, records: Records, sound: dict[str, File]) -> list[Damage]:
    """Return what is wrong. `sound` are the objects that were just read and found right, by digest."""
    return [*_lock(layout, records), *_runs(layout), *_state(layout, sound), *_compiled(layout)]


def _lock(layout: Layout, records: Records) -> list[Damage]:
    path = os.fspath(layout.root / lock.NAME)
    try:
        entries = lock.read(layout.root)
    except UsageError as error:
        return [Damage("lock-damaged", "", error.problems[0].text, path)]
    found = []
    for name, entry in entries.items():
        action = records.action(entry.key) if entry.key != lock.NO_KEY else None
        if action is None:
            continue
        if not _is_of(entry, action):
            text = f"the entry of `{name}` in {lock.NAME} is not of the action that it names"
            found.append(Damage("lock-entry", entry.key, text, path))
    return found


def _is_of(entry: lock.Entry, action: Action) -> bool:
    recipe = action.recipe
    inputs = {path: (a.kind, a.digest) for path, a in actions.kind_and_artifacts(recipe)}
    return (
        entry.recipe == actions.portable(recipe)
        and digest.of_value(entry.params) == digest.of_value(recipe["params"])
        and {path: (a.kind, a.digest) for path, a in entry.inputs.items()} == inputs
        and {p.path for p in entry.outputs.values()} == {o["path"] for o in recipe["outputs"].values()}
    )


def _runs(layout: Layout) -> list[Damage]:
    return [
        Damage(
            "run-damaged", "", f"the record of run {run} cannot be read: {why}", os.fspath(layout.runs / run)
        )
        for run, why in history.damaged_records(layout.pipe).items()
    ]


def _state(layout: Layout, sound: dict[str, File]) -> list[Damage]:
    path = os.fspath(layout.state)
    if not os.path.lexists(path):
        return []
    try:
        connection = state.reading(path)
        try:
            told = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if told != ["ok"] or version != state.VERSION:
                why = told[0] if told != ["ok"] else f"it has version {version}"
                return [Damage("state-damaged", "", f"the state database is damaged: {why}", path)]
            query = "SELECT path, ino, size, mtime, ctime, mode, digest, seen FROM files"
            rows = connection.execute(query).fetchall()
        finally:
            connection.close()
    except sqlite3.Error as error:
        return [Damage("state-damaged", "", f"the state database cannot be read: {error}", path)]
    known = {file.path: name for name, file in sound.items()}
    return [damage for row in rows if (damage := _row(os.fspath(layout.root), row, known))]


def _row(root: str, row: tuple[Any, ...], known: dict[str, str]) -> Damage | None:
    """Compare a row of the stat cache with the file, if that is still the one that it was made of."""
    where = os.path.join(root, str(row[0]))
    try:
        status = os.stat(where)
        if not stat.S_ISREG(status.st_mode) or not is_trusted(row[1:], status):
            return None  # it would be read again in any case
        actual = known.get(where) or digest_of(os.path.realpath(where))
    except OSError:
        return None
    if actual == row[6]:
        return None
    return Damage("state-wrong", actual, f"the state database has another digest of `{row[0]}`", str(row[0]))


def _compiled(layout: Layout) -> list[Damage]:
    path = os.fspath(layout.compiled)
    try:
        with open(path, "rb") as file:
            head, body = file.read().split(b"\n", 1)
        if json.loads(head)["body"] == digest.of_bytes(body):
            return []
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        pass
    return [Damage("compiled-damaged", "", f"{os.path.basename(path)} is not what it says it is", path)]
