"""`pipe gc`: removes bytes that can be made again and that nobody needs. Prints nothing."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .. import durable, layout
from ..layout import Layout
from ..statcache import StatCache
from ..state import State
from ..store import Store, pins
from .needed import needed, roots
from .plan import Plan, Planner, Proof

__all__ = ["Dropped", "GcOptions", "GcResult", "Proof", "gc"]


class GcOptions(NamedTuple):
    """`max_bytes` is None to remove all that may go; `keep_runs` is how many runs' outputs stay in any case."""

    keep_runs: int = 0
    max_bytes: int | None = None
    dry_run: bool = False
    prove: bool = False
    unproven: bool = False


class Dropped(NamedTuple):
    digest: str
    stage: str
    path: str
    size_bytes: int


class GcResult(NamedTuple):
    """What went, or would go. Sizes are of files, whatever they take on the disk."""

    dropped: tuple[Dropped, ...]
    freed_bytes: int
    kept_bytes: int
    """Of the whole store."""
    unproven_bytes: int
    """What --prove or --unproven would free besides."""
    unproven_seconds: float
    """How long --prove would take for these."""
    proofs: tuple[Proof, ...]
    """The actions that were executed a second time."""
    fits: bool
    """The store is not larger than was asked for."""
    failed: tuple[str, ...] = ()
    """The stages whose folder of a failure went."""
    forgotten: int = 0
    """How many projects are gone that used the store."""


def gc(
    root: Path, options: GcOptions, *, executing: Callable[[str, float], None] = lambda _stage, _seconds: None
) -> GcResult:
    """Remove what can be made again from the store of the project at `root`.

    `executing` hears which stage is executed a second time, and how long it took the first time. Raises StoreError
    where it cannot be found out what somebody needs: then nothing is removed.
    """
    where = layout.of(root)
    if not where.store.is_dir():
        return GcResult((), 0, 0, 0, 0.0, (), True)
    state = State(where.state)
    store = Store(where.store, StatCache(state, os.fspath(where.root)))
    try:
        if not options.dry_run:
            layout.prepare(where)
            store.prepare(where.root)
        return _Gc(where, state, store, options).run(executing)
    finally:
        store.close()
        state.close()


class _Gc:
    def __init__(self, where: Layout, state: State, store: Store, options: GcOptions) -> None:
        self._where = where
        self._state = state
        self._store = store
        self._root = os.fspath(where.store)
        self._options = options

    def run(self, executing: Callable[[str, float], None]) -> GcResult:
        options = self._options
        used_by = roots(self._root, self._where.root)
        planner = Planner(
            self._where,
            lambda ledger: needed(self._root, ledger, used_by.living, options.keep_runs),
            options.max_bytes,
        )
        proofs: tuple[Proof, ...] = ()
        if options.prove and not options.dry_run:
            proofs = planner.prove(executing)
        plan, other = planner.plans(trusting=options.unproven, hoping=options.prove and options.dry_run)
        if not options.dry_run:
            plan = self._remove(planner, plan)
            for mark in used_by.gone:
                durable.discard(mark)
        dropped = tuple(Dropped(o.artifact.digest, o.stage, o.path, size) for o, size in plan.outputs)
        freed = sum(plan.removed.values())
        kept = planner.total_bytes - freed
        besides = max(0, sum(other.removed.values()) - freed)
        return GcResult(
            tuple(sorted(dropped, key=lambda d: (d.stage, d.path, d.digest))),
            freed,
            kept,
            besides,
            other.unproven_seconds if besides else 0.0,
            proofs,
            options.max_bytes is None or kept <= options.max_bytes,
            self._failed(),
            len(used_by.gone),
        )

    def _remove(self, planner: Planner, plan: Plan) -> Plan:
        """Remove what is planned, but for what somebody has begun to need; returns what went."""
        try:
            with pins.turn(self._root, alone=True):
                plan = planner.without(plan, planner.needed_now())
                paths = {name: self._store.objects.path_of(name) for name in plan.removed}
                # First what says that they are there, then the bytes: a kill in between leaves nothing to be believed.
                self._state.forget_files(
                    map(StatCache(self._state, os.fspath(self._where.root)).key_of, paths.values())
                )
                for path in paths.values():
                    os.unlink(path)
                pins.clear_dead(self._root)
        except OSError as error:
            raise durable.disk_refused(error, f"{self._root}/objects") from error
        return plan

    def _failed(self) -> tuple[str, ...]:
        """Remove the folders of failures; returns the stages."""
        try:
            names = sorted(os.listdir(self._where.failed))
        except OSError:
            return ()
        for name in names if not self._options.dry_run else ():
            durable.remove(os.fspath(self._where.failed / name))
        return tuple(names)
