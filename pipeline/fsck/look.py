"""Looks at a whole store and what its project keeps beside it, and says all that is wrong. Changes nothing."""

import os
from collections.abc import Callable
from typing import NamedTuple

from ..errors import Problem, StoreError
from ..layout import Layout
from ..ledger import Ledger
from ..store import layout as store_layout
from ..store.files import File, all_of
from ..store.manifests import Manifests
from ..store.records import Records
from . import objects, project, records, references
from .damage import Damage

Told = Callable[[int, int], None]
"""Hears how many bytes were read, of how many."""


class Findings(NamedTuple):
    objects: int
    """How many there are."""
    damages: tuple[Damage, ...]
    ledger: Ledger


def look(layout: Layout, *, jobs: int, told: Told) -> Findings:
    """Read everything. Raises StoreError for a store of a newer format, or one that cannot be listed."""
    root = os.fspath(layout.store)
    refuse_newer(layout)
    files = list(_files(root))
    ledger = Ledger(Manifests(root))
    found = _around(root, files)
    found += records.check([file for file in files if file.kind != "object"], ledger)
    held = [file for file in files if file.kind == "object"]
    wrong = _read_objects(held, references.sizes(ledger), jobs, told)
    bad = {damage.digest for damage in wrong if damage.kind != "object-writable"}
    sound = {file.name: file for file in held if file.name not in bad}
    found += wrong
    absent = references.check(ledger, {file.name for file in held}, sound)
    named = {damage.digest for damage in absent}
    found = [
        d for d in found if d.kind != "aside" or (d.digest not in named and _is_missed(d, ledger, sound))
    ]
    found += absent
    found += project.check(layout, Records(root), sound)
    return Findings(len(held), tuple(found), ledger)


def refuse_newer(layout: Layout) -> None:
    """Raise StoreError for a store that a newer `pipe` made. Garbage in the format file is another matter."""
    text = "" if os.path.isdir(layout.store / "format") else store_layout.format_of(layout.store) or ""
    number = text.removeprefix("pipe store ").strip()
    if text.startswith("pipe store ") and number.isdigit() and int(number) > store_layout.FORMAT:
        store_layout.is_there(layout.store)  # says so


def _files(root: str) -> list[File]:
    if not os.path.lexists(root):
        return []
    try:
        return list(all_of(root))
    except OSError as error:
        raise StoreError(Problem(f"the store `{root}` cannot be read: {error.strerror}")) from error


def _around(root: str, files: list[File]) -> list[Damage]:
    """Return what is missing of the store itself; an empty folder is no store, and nothing is wrong with it."""
    if not any(file.kind not in ("stranger", "temporary") for file in files):
        return []
    missing = records.missing_folders(root)
    if not any(file.kind == "format" for file in files):
        text = "the store's format file is missing"
        missing.append(Damage("format-changed", "", text, f"{root}/format"))
    return missing


def _read_objects(held: list[File], sizes: dict[str, int], jobs: int, told: Told) -> list[Damage]:
    total = sum(file.status.st_size for file in held)
    done = 0

    def add(size: int) -> None:
        nonlocal done
        done += size
        told(done, total)

    return objects.check(held, sizes, jobs=jobs, told=add)


def _is_missed(aside: Damage, ledger: Ledger, sound: dict[str, File]) -> bool:
    """Say whether what was put aside is an object that a record names and that is not there again."""
    return bool(aside.digest) and aside.digest not in sound and aside.digest in references.named(ledger)
