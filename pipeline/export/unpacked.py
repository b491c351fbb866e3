"""Takes an unpacked crate into a store of its own, so that `rebuild` works there. Believes nothing it reads.

A file counts only if it has the digest that the crate's index says, a record only if it is whole and has its own
key; what the index does not name is not looked at, and nothing is executed, unpickled or written but in `.pipe`.
"""

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from .. import action as actions
from .. import digest, layout
from .. import trace as traces
from ..action import Action
from ..errors import Problem, StoreError
from ..statcache import StatCache
from ..state import State
from ..store import Store
from ..trace import Trace
from .contents import FOLDERS, FORM, TEXTS

_MOST_INDEX_BYTES = 256 << 20
_MOST_TOLD = 5


def take_in(root: Path) -> None:
    """Check the crate at `root`, and put what it holds into `.pipe/store` there; what is there already stays.

    Raises StoreError for a crate that is not as it was written, with all that is wrong.
    """
    where = layout.of(root)
    files = _index(root)
    state = State(where.state)
    try:
        stats = StatCache(state, os.fspath(root))
        wrong = [problem for place, name in files.items() if (problem := _look(root, place, name, stats))]
        records, malformed = _records(root, files) if not wrong else ([], [])
        if wrong or malformed:
            raise _changed(wrong or malformed)
        layout.prepare(where)
        store = Store(where.store, stats)
        try:
            store.prepare(root)
            _put(root, files, records, store)
        finally:
            store.close()
    finally:
        state.close()


def _index(root: Path) -> dict[str, str]:
    """Return the digest of every file that counts, by its place."""
    try:
        with open(root / layout.CRATE, "rb") as file:
            plain = json.loads(file.read(_MOST_INDEX_BYTES))
        form, files = plain["crate"], plain["files"]
    except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
        raise _changed([f"`{layout.CRATE}` cannot be read"]) from error
    if form != FORM:
        raise StoreError(Problem(f"a crate of form {form!r}; this pipe knows {FORM}", help="upgrade pipe"))
    if not isinstance(files, dict) or not all(
        isinstance(name, str) and digest.is_digest(name) and _is_place(place) for place, name in files.items()
    ):
        raise _changed([f"`{layout.CRATE}` names what no crate holds"])
    return files


def _is_place(place: str) -> bool:
    names = place.split("/")
    inside = place in TEXTS or (len(names) > 1 and names[0] in FOLDERS)
    return inside and "\0" not in place and not {"", ".", ".."} & set(names)


def _look(root: Path, place: str, name: str, stats: StatCache) -> str | None:
    """Say what is wrong with a file; None if it is what it should be. No link is followed."""
    path = os.path.join(root, place)
    try:
        if os.path.realpath(path) != path or not stat.S_ISREG(os.lstat(path).st_mode):
            return f"`{place}` is not there as a file"
        return None if stats.digest_of(path) == name else f"`{place}` was changed"
    except (OSError, ValueError):
        return f"`{place}` cannot be read"


def _records(root: Path, files: Mapping[str, str]) -> tuple[list[tuple[Action, Trace]], list[str]]:
    """Read the traces, each with its action; and say which are none."""
    found, wrong = [], []
    for place in sorted(files):
        if place.startswith("records/traces/"):
            try:
                trace = traces.of_bytes((root / place).read_bytes())
                action = actions.of_canonical((root / f"records/actions/{trace.key}.json").read_bytes())
            except (OSError, ValueError, RecursionError):
                wrong.append(f"`{place}` is no record")
                continue
            if action.key == trace.key:
                found.append((action, trace))
            else:
                wrong.append(f"`{place}` is of another action")
    return found, wrong


def _put(root: Path, files: Mapping[str, str], records: list[tuple[Action, Trace]], store: Store) -> None:
    """Put everything into the store: the bytes before the records that name them."""
    batch = store.batch()
    try:
        for place, name in files.items():
            if not place.startswith(("records/actions/", "records/traces/")):
                try:
                    batch.put_file(os.path.join(root, place), name)
                except ValueError as error:
                    raise _changed([f"`{place}` was changed"]) from error
        batch.commit()
        for action, trace in records:
            if trace not in store.records.traces(action.key):
                store.records.put(batch, action, trace)
        batch.commit()
    finally:
        batch.discard()


def _changed(wrong: list[str]) -> StoreError:
    more = [f"and {len(wrong) - _MOST_TOLD} more"] if len(wrong) > _MOST_TOLD else []
    return StoreError(
        Problem(
            "this crate is not as it was written: nothing was run",
            facts=tuple(("changed", text) for text in (*wrong[:_MOST_TOLD], *more)),
            help="unpack it once more, or get it again from where it came from",
        )
    )
