"""`pipe doctor`: what this machine can enforce for the project, why not more, and what that means. Changes nothing."""

import os
import sys
from pathlib import Path
from typing import NamedTuple

from . import layout
from .opened import isolation_of, watching_of
from .state import State
from .store.copy import can_reflink

_MEANS = {
    "L2": (
        "a stage sees what it declares, the system and its packages; nothing else is there, whoever looks",
        "it writes its outputs, its scratch and its temporary folder; elsewhere the disk is read-only",
        "without `network: true` it has a loopback of its own and no other network",
    ),
    "L1": (
        "content and listing of what a stage does not declare are refused; that a file is there, and its size, "
        "can still be seen by its absolute path",
        "an input that lies beside an output is protected by its mode alone",
        "/dev/shm and the list of processes are shared with the machine",
    ),
    "L0": (
        "a stage runs in a folder that holds what it declares, but an absolute path leads to the machine",
        "promises about undeclared files are not kept by the kernel; a `pipe` that isolates better takes no result "
        "made here",
    ),
}


class Doctor(NamedTuple):
    level: str
    why: str
    """Why it is no stricter level; empty for the strictest."""
    means: tuple[str, ...]
    unwatched: str
    """Why the kernel cannot tell what a stage reads under `sandbox: warn`; empty if it can."""
    store: str
    reflink: bool
    """Whether copies cost nothing on the disk of the store."""
    python: str


def doctor(root: Path) -> Doctor:
    """Look at the machine as the project at `root` would use it."""
    where = layout.of(root)
    state = State(Path(":memory:") if not where.pipe.exists() else where.state)
    try:
        level, why = isolation_of(where, state)
        unwatched = watching_of(state)
    finally:
        state.close()
    store = where.store
    there = store if store.exists() else where.root
    return Doctor(level, why, _MEANS[level], unwatched, os.fspath(store), can_reflink(there), sys.executable)
