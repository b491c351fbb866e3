"""Actions, traces and evidence by key. Knows where they stand and what makes one whole, not who asks."""

import os
from collections.abc import Iterable

from .. import action as actions
from .. import evidence as evidences
from .. import trace as traces
from ..action import Action
from ..digest import of_bytes
from ..evidence import Evidence, Graded
from ..model import Artifact
from ..trace import Trace
from . import layout
from .objects import Batch


class Records:
    """The records of one store. What is not whole is as good as absent: the stage is executed again."""

    def __init__(self, root: str) -> None:
        self._root = root

    def action(self, key: str) -> Action | None:
        """Return the recorded action; None if there is none, or one that is damaged."""
        data = _read(layout.sharded(self._root, "actions", key))
        if data is None or of_bytes(data) != key:
            return None
        try:
            return actions.of_canonical(data)
        except (ValueError, RecursionError):
            return None

    def traces(self, key: str) -> list[Trace]:
        """Return the traces of a key, the first recorded one first."""
        path = layout.sharded(self._root, "traces", key)
        first = self._trace(path, key)
        found = [first] if first is not None else []
        try:
            others = sorted(os.listdir(path + ".d"))
        except OSError:
            return found
        later = [t for name in others if (t := self._trace(f"{path}.d/{name}", key)) is not None]
        return found + sorted(later, key=lambda trace: trace.recorded)

    def trace_names(self) -> list[str]:
        """Return the names of all trace files, as `at` takes them, in order."""
        found = []
        top = f"{self._root}/traces"
        for shard in _listed(top):
            for name in _listed(f"{top}/{shard}"):
                if not name.endswith(".d"):
                    found.append(f"{shard}/{name}")
                else:
                    found += [f"{shard}/{name}/{later}" for later in _listed(f"{top}/{shard}/{name}")]
        return found

    def at(self, name: str) -> Trace | None:
        """Return the trace of a file; None if it is damaged or does not stand where its key says."""
        shard, _, rest = name.partition("/")
        key = shard + rest.partition("/")[0].removesuffix(".d")
        return self._trace(f"{self._root}/traces/{name}", key)

    def put(self, batch: Batch, action: Action, trace: Trace) -> None:
        """Add an action and what it produced to a batch."""
        data = traces.to_bytes(trace)
        path = layout.sharded(self._root, "traces", action.key)
        recipe_path = layout.sharded(self._root, "actions", action.key)
        if self.action(action.key) is None:
            _discard_damaged(recipe_path)
            batch.put_record(recipe_path, action.canonical)
        if self._trace(path, action.key) is None:
            _discard_damaged(path)
            batch.put_record(path, data)
        else:
            batch.put_record(f"{path}.d/{of_bytes(data)[:16]}", data)

    def evidence(self, key: str) -> list[Evidence]:
        """Return what was found out about the results of an action, in the order in which that was recorded."""
        folder = layout.sharded(self._root, layout.EVIDENCE, key)
        found = []
        for name in _listed(folder):
            data = _read(f"{folder}/{name}")
            try:
                one = evidences.of_bytes(data) if data is not None else None
            except evidences.Malformed:
                continue
            if one is not None and one.key == key:
                found.append(one)
        return sorted(found, key=lambda one: (one.recorded, one.identity))

    def grade(self, key: str, outputs: Iterable[tuple[str, Artifact]]) -> Graded:
        """Say how well it is known that an action gives these outputs."""
        return evidences.grade(evidences.outputs_of(outputs), self.traces(key), self.evidence(key))

    def put_evidence(self, batch: Batch, evidence: Evidence) -> None:
        """Add evidence to a batch; what says the same as what is there already is left out."""
        folder = layout.sharded(self._root, layout.EVIDENCE, evidence.key)
        batch.put_record(f"{folder}/{evidence.identity}", evidences.to_bytes(evidence))

    def _trace(self, path: str, key: str) -> Trace | None:
        data = _read(path)
        if data is None:
            return None
        try:
            trace = traces.of_bytes(data)
        except (ValueError, RecursionError):
            return None
        return trace if trace.key == key else None


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _read(path: str) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        size = os.fstat(descriptor).st_size
        return os.read(descriptor, size + 1) if size < (64 << 20) else None
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _discard_damaged(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        os.rename(path, f"{path}.damaged.{os.urandom(4).hex()}")
    elif os.path.lexists(path):
        os.unlink(path)
