"""`pipe fsck`: re-reads every object and record; `--repair` puts right what can be. Prints nothing."""

from pathlib import Path
from typing import NamedTuple

from .. import layout, machine
from .damage import KINDS, Damage, Healed
from .look import Told, look

__all__ = ["KINDS", "Damage", "FsckResult", "Healed", "Told", "fsck"]


class FsckResult(NamedTuple):
    """`problems` are those that are there now; `healed` those that were, with what was done about them."""

    objects: int
    problems: tuple[Damage, ...]
    healed: tuple[Healed, ...] = ()
    tried: tuple[Healed, ...] = ()
    """What was done about `problems`, in vain."""

    @property
    def ok(self) -> bool:
        return not self.problems


def fsck(
    root: Path, *, repair: bool = False, jobs: int | None = None, told: Told = lambda _done, _total: None
) -> FsckResult:
    """Check the store of the project at `root`, and what the project keeps beside it; with `repair` put it right.

    Nothing is changed without `repair`. Raises StoreError for a store of a newer format.
    """
    where = layout.of(root)
    found = look(where, jobs=jobs or len(machine.processors()), told=told)
    if not repair or not found.damages:
        return FsckResult(found.objects, found.damages)
    from ..again import Again
    from .repair import repaired

    with Again(where) as again:
        healed = repaired(where, found, again)
    return FsckResult(
        found.objects,
        tuple(h.damage for h in healed if not h.is_whole),
        tuple(h for h in healed if h.is_whole),
        tuple(h for h in healed if not h.is_whole),
    )
