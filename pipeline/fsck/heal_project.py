"""Puts right what a project keeps beside its store, from the records. Knows no object."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from .. import config, durable, history, lock
from ..errors import PipeError
from ..layout import Layout
from ..ledger import Ledger, known_trees
from ..lock import Entry
from ..model import Artifact, Produced
from ..state import State
from ..store.records import Records
from .damage import Damage, Healed


def state(layout: Layout, damages: Iterable[Damage]) -> list[Healed]:
    """Make the state database and the compiled pipeline.yaml anew: the one saves time, and so does the other."""
    healed = []
    for damage in damages:
        if damage.kind == "state-damaged":
            for suffix in ("", "-wal", "-shm"):
                if os.path.lexists(damage.path + suffix):
                    os.replace(damage.path + suffix, damage.path + ".damaged" + suffix)
            State(layout.state).close()
        elif damage.kind == "state-wrong":
            database = State(layout.state)
            database.forget_files([damage.path])
            database.close()
        else:
            durable.remove(damage.path)
        healed.append(Healed(damage, True, "made anew"))
    return healed


def runs(layout: Layout, damages: Iterable[Damage]) -> list[Healed]:
    """Put records of runs aside. Nobody can write them again."""
    healed = []
    for damage in damages:
        history.put_aside(layout.pipe, os.path.basename(damage.path))
        healed.append(Healed(damage, False, "put aside: what that run did is lost, what it made is not"))
    return healed


def lock_file(layout: Layout, damages: list[Damage], records: Records, ledger: Ledger) -> list[Healed]:
    """Write the lock file anew: from it what is right, from the records of runs the rest."""
    if not damages:
        return []
    if not lock.is_ours_to_mend(layout.root):
        return [Healed(damage, False, "left alone: a merge, or a newer pipe, wrote it") for damage in damages]
    entries = _sound_entries(layout, damages)
    found, lost = _from_runs(layout, records, ledger)
    entries = {**found, **entries}
    declared = _declared(layout.root)
    entries = {name: entry for name, entry in entries.items() if declared is None or name in declared}
    gone = sorted(name for name in lost - entries.keys() if declared is None or name in declared)
    kept = layout.displaced / f"fsck.{os.urandom(4).hex()}" / lock.NAME
    kept.parent.mkdir(parents=True, exist_ok=True)
    os.rename(layout.root / lock.NAME, kept)
    lock.write(layout.root, entries, durable.temporary_beside)
    how = f"written anew from the records; the old one is {os.path.relpath(kept, layout.root)}"
    if gone:
        how += f"; lost the entries of {', '.join(gone[:5])}: `pipe run` writes them again"
    return [Healed(damage, True, how) for damage in damages]


def _sound_entries(layout: Layout, damages: list[Damage]) -> dict[str, Entry]:
    if any(damage.kind == "lock-damaged" for damage in damages):
        return {}
    wrong = {damage.digest for damage in damages}
    return {name: entry for name, entry in lock.read(layout.root).items() if entry.key not in wrong}


def _from_runs(layout: Layout, records: Records, ledger: Ledger) -> tuple[dict[str, Entry], set[str]]:
    """Return the entries that the last runs would have written, and the stages of which that is not known."""
    entries: dict[str, Entry] = {}
    seen: set[str] = set()
    for run in history.list_runs(layout.pipe):
        for name, stage in run.stages.items() if not run.overrides else ():
            if name in entries or stage.outcome not in ("fresh", "restored", "executed"):
                continue
            seen.add(name)
            entry = (
                _of_frozen(layout.root, stage, ledger)
                if stage.key is None
                else _of_key(stage.key, stage, records, ledger)
            )
            if entry is not None:
                entries[name] = entry
    return entries, seen - entries.keys()


def _of_key(key: str, stage: history.StageRecord, records: Records, ledger: Ledger) -> Entry | None:
    action = records.action(key)
    wanted = {name: made["digest"] for name, made in stage.outputs.items()}
    for trace in ledger.traces.get(key, ()) if action is not None else ():
        if {name: made.artifact.digest for name, made in trace.outputs.items()} == wanted:
            assert action is not None
            return lock.entry_of(action, trace.outputs, {}, trace, None)
    return None


def _of_frozen(root: Path, stage: history.StageRecord, ledger: Ledger) -> Entry:
    trees = known_trees(ledger)
    outputs = {
        name: Produced(str(made["path"]), _artifact(root, made, trees))
        for name, made in stage.outputs.items()
    }
    return Entry(lock.NO_KEY, lock.NO_KEY, stage.params, {}, outputs)


def _artifact(root: Path, made: Mapping[str, object], trees: Mapping[str, Artifact]) -> Artifact:
    path, name = os.path.join(root, str(made["path"])), str(made["digest"])
    is_tree = os.path.isdir(path) or name in trees
    is_exec = not is_tree and os.path.isfile(path) and bool(os.stat(path).st_mode & 0o100)
    size = made["size_bytes"]
    assert isinstance(size, int)
    return Artifact("tree" if is_tree else "exec" if is_exec else "file", name, size)


def _declared(root: Path) -> set[str] | None:
    try:
        return set(config.load(root, compiled=None).project.stages)
    except PipeError:
        return None
