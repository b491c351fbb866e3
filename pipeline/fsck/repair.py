"""The order in which damage is put right: what other things stand on comes first. Finds nothing itself."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from .. import durable
from ..errors import PipeError
from ..layout import Layout
from ..layout import prepare as prepare_project
from ..ledger import Ledger
from ..opened import OpenProject, open_project
from ..statcache import StatCache
from ..state import State
from ..store import Store
from ..store.files import all_of
from ..store.manifests import Manifests
from ..workspace import Workspace
from . import heal, heal_objects, heal_project, records
from .damage import Damage, Healed
from .look import Findings
from .spares import Spares

_MISSING = ("object-missing", "aside")


def repaired(layout: Layout, found: Findings, remake: heal.Remake) -> list[Healed]:
    """Put right what was found; returns what became of each, in an order of their own. Raises StoreError."""
    root = os.fspath(layout.store)
    prepare_project(layout)
    healed = heal.folders_and_strangers(root, _of(found, "folder", "stranger", "format-changed", "temporary"))
    healed += heal.folders_and_strangers(root, _of(found, "root-changed"))
    healed += heal_project.state(layout, _of(found, "state-damaged", "state-wrong", "compiled-damaged"))
    with _opened(layout) as (store, workspace, opened):
        store.prepare(layout.root)
        spares = Spares(layout, store, workspace, found.ledger, opened)
        healed += heal.records(root, _of(found, *heal.RECORDS), found.ledger, spares)
        healed += heal.missing_actions(root, _of(found, "action-missing"), found.ledger, spares)
        ledger = _read_again(root)
        healed += heal_project.lock_file(
            layout, _of(found, "lock-damaged", "lock-entry"), store.records, ledger
        )
        healed += heal_project.runs(layout, _of(found, "run-damaged"))
    # Opened anew: the lock file may be right only now, and with it what lies where.
    with _opened(layout) as (store, workspace, opened):
        spares = Spares(layout, store, workspace, ledger, opened)
        manifests = ledger.entries
        assert isinstance(manifests, Manifests)
        objects = heal_objects.Objects(store, manifests, ledger, spares, remake)
        healed += heal.writable(_of(found, "object-writable"))
        healed += objects.heal(_of(found, *heal.OBJECTS, *_MISSING))
        _remove_replaced(root, store)
    healed += [Healed(damage, False, _WHY[damage.kind]) for damage in _of(found, *_WHY)]
    return healed


_WHY = {
    "manifest-malformed": "no rebuild can change that: the record that names it as a folder is wrong",
    "trace-newer": "left alone: upgrade pipe",
    "evidence-newer": "left alone: upgrade pipe",
}


def _of(found: Findings, *kinds: str) -> list[Damage]:
    return [damage for damage in found.damages if damage.kind in kinds]


def _read_again(root: str) -> Ledger:
    """Return what the records say now."""
    ledger = Ledger(Manifests(root))
    records.check([file for file in all_of(root) if file.kind in ("action", "trace")], ledger)
    return ledger


@contextmanager
def _opened(layout: Layout) -> Iterator[tuple[Store, Workspace, OpenProject | None]]:
    """Open the project; where its files are wrong, the store and the working tree alone."""
    try:
        opened = open_project(layout.root)
    except PipeError:
        state = State(layout.state)
        stats = StatCache(state, os.fspath(layout.root))
        store = Store(layout.store, stats)
        workspace = Workspace(layout, state, stats, store, hidden=())
        try:
            yield store, workspace, None
        finally:
            workspace.close()
            store.close()
            state.close()
        return
    try:
        yield opened.store, opened.workspace, None if opened.problems or not opened.complete else opened
    finally:
        opened.close()


def _remove_replaced(root: str, store: Store) -> None:
    """Remove what was put aside and is whole again."""
    for file in all_of(root):
        is_object = file.kind == "aside" and len(file.name) == 64
        is_record = any(f".{kind}." in file.path for kind in ("action", "trace", "evidence"))
        if is_object and not is_record and store.objects.has(file.name):
            durable.remove(file.path)
