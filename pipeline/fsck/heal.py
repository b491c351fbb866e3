"""Puts right what was found wrong: nothing is deleted that is not replaced or dispensable. Finds nothing itself."""

import os
import stat
from collections.abc import Callable, Iterable, Mapping

from .. import durable, owned
from ..ledger import Ledger
from ..model import Produced
from ..store import layout
from .damage import Damage, Healed
from .records import is_held
from .spares import Spares

Remake = Callable[[str], Mapping[str, Produced]]
"""Executes a recorded action again, puts what comes out into the store, and returns it by output name.

Raises PipeError where that is not possible or fails.
"""

OBJECTS = ("object-changed", "object-truncated", "object-empty", "object-not-a-file", "object-unreadable")
RECORDS = (
    "action-changed",
    "action-malformed",
    "trace-changed",
    "trace-malformed",
    "trace-misplaced",
    "evidence-changed",
    "evidence-malformed",
    "evidence-misplaced",
    "record-not-a-file",
)


def folders_and_strangers(root: str, damages: Iterable[Damage]) -> list[Healed]:
    """Put right what the store stands on: its folders, its format, what does not belong to it."""
    healed = []
    for damage in damages:
        try:
            how = _STANDS[damage.kind](root, damage)
            healed.append(Healed(damage, bool(how), how or "left alone: it is a link that somebody made"))
        except OSError as error:
            healed.append(Healed(damage, False, f"that was refused: {error.strerror}"))
    return healed


def _folder(root: str, damage: Damage) -> str:
    if os.path.islink(damage.path) and os.path.dirname(damage.path) == root:
        return ""  # a whole folder may have been put on another disk
    if os.path.lexists(damage.path):
        layout.put_aside(root, damage.path, f"stranger.{os.path.basename(damage.path)}")
    os.makedirs(damage.path, exist_ok=True)
    return "made again"


def _stranger(root: str, damage: Damage) -> str:
    layout.put_aside(root, damage.path, f"stranger.{os.path.basename(damage.path)[:100]}")
    return f"moved to {layout.ASIDE} in the store"


def _format(root: str, damage: Damage) -> str:
    if os.path.lexists(damage.path) and not os.path.isfile(damage.path):
        layout.put_aside(root, damage.path, "stranger.format")
    durable.write_file(f"{root}/format", layout.FORMAT_TEXT.encode())
    return "written again"


def _temporary(root: str, damage: Damage) -> str:
    if os.path.dirname(damage.path) == f"{root}/tmp":
        owned.clear_abandoned(f"{root}/tmp")
        if os.path.lexists(damage.path):
            durable.remove(damage.path)
    elif not (os.path.isfile(damage.path) and is_held(damage.path)):
        durable.remove(damage.path)
    return "removed"


def _root(root: str, damage: Damage) -> str:
    layout.put_aside(root, damage.path, f"stranger.{os.path.basename(damage.path)}")
    return "dropped: the project notes itself again when it next runs"


_STANDS: dict[str, Callable[[str, Damage], str]] = {
    "folder": _folder,
    "stranger": _stranger,
    "format-changed": _format,
    "temporary": _temporary,
    "root-changed": _root,
}


def records(root: str, damages: Iterable[Damage], ledger: Ledger, spares: Spares) -> list[Healed]:
    """Put damaged records aside; an action that a stage has today is written again."""
    healed = []
    for damage in damages:
        key = damage.digest
        kind = os.path.relpath(damage.path, root).partition("/")[0]
        try:
            layout.put_aside(root, damage.path, f"{key}.{kind.removesuffix('s')}")
        except FileNotFoundError:
            pass
        except OSError as error:
            healed.append(Healed(damage, False, f"it cannot be moved: {error.strerror}"))
            continue
        if kind == "actions":
            healed.append(_action(root, damage, ledger, spares))
        elif kind == "traces":
            healed.append(_trace(damage, ledger))
        else:
            healed.append(Healed(damage, True, "put aside: `pipe verify` finds it out again"))
    return healed


def missing_actions(root: str, damages: Iterable[Damage], ledger: Ledger, spares: Spares) -> list[Healed]:
    return [_action(root, damage, ledger, spares) for damage in damages]


def _action(root: str, damage: Damage, ledger: Ledger, spares: Spares) -> Healed:
    key = damage.digest
    canonical = spares.actions().get(key)
    if canonical is not None:
        path = layout.sharded(root, "actions", key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        durable.write_file(path, canonical, mode=0o444)
        return Healed(damage, True, "written again: a stage has this action today")
    if key not in ledger.traces:
        return Healed(damage, True, "put aside: nothing was recorded of it, so the stage executes again")
    return Healed(
        damage, False, "no stage has this action today, so its recipe is lost; what it made is kept"
    )


def _trace(damage: Damage, ledger: Ledger) -> Healed:
    key = damage.digest
    act = ledger.acts.get(key)
    if ledger.traces.get(key):
        return Healed(damage, True, "put aside: another trace of the same action is there")
    if act is None or act.network:
        return Healed(
            damage, False, "put aside; what it recorded is lost: it asked the outside world, or has no action"
        )
    return Healed(damage, True, "put aside: the stage executes again when its result is needed")


def writable(damages: Iterable[Damage]) -> list[Healed]:
    """Make objects read-only again. Their bytes were just found right."""
    healed = []
    for damage in damages:
        try:
            if stat.S_ISREG(os.lstat(damage.path).st_mode):
                os.chmod(damage.path, 0o444)
            healed.append(Healed(damage, True, "made read-only"))
        except OSError as error:
            healed.append(Healed(damage, False, f"that was refused: {error.strerror}"))
    return healed
