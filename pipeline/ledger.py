"""What all records of a store say together: which bytes were made, and which nobody can make. Reads no object."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from . import action as actions
from .action import Recipe
from .model import Artifact, Produced
from .observed import FOLDER, UNSURE
from .trace import Trace
from .tree import Entry

Entries = Callable[[str], Sequence[Entry] | None]
"""Gives what a folder's manifest holds, by its digest; None if it is not there, or no manifest."""

_NO_BYTES = (FOLDER, UNSURE)
"""What `observed` has in the place of a digest."""

Place = tuple[str, Artifact]
"""An artifact at its path."""


class Act(NamedTuple):
    """An action, as far as it matters here."""

    inputs: tuple[Place, ...]
    network: bool


class Ledger:
    """All actions and traces, by key. Filled by `add_action` and `add_trace`, then asked."""

    def __init__(self, entries: Entries) -> None:
        self.acts: dict[str, Act] = {}
        self.traces: dict[str, list[Trace]] = {}
        self.entries = entries
        self._made: dict[str, dict[str, Artifact]] = {}
        """Path -> digest -> what was made there."""

    def add_action(self, key: str, recipe: Recipe) -> None:
        inputs = tuple(actions.kind_and_artifacts(recipe))
        self.acts[key] = Act(inputs, bool(recipe["network"]))

    def add_trace(self, trace: Trace) -> None:
        """Take a trace; what is only for explaining is not kept."""
        self.traces.setdefault(trace.key, []).append(trace._replace(spans={}, widened=()))
        for path, artifact in trace.outputs.values():
            self._made.setdefault(path, {})[artifact.digest] = artifact

    def is_raw(self, key: str) -> bool:
        """Say whether what an action made counts as raw: it asked the outside world, or nobody saw it executed."""
        act = self.acts.get(key)
        traces = self.traces.get(key, ())
        return act is None or act.network or any(t.always for t in traces) or all(t.vouched for t in traces)

    def objects_of(self, artifact: Artifact) -> Iterator[str]:
        """Yield every object of an artifact: files, and manifests of folders."""
        yield artifact.digest
        for entry in (self.entries(artifact.digest) or ()) if artifact.kind == "tree" else ():
            if entry.kind != "link":
                yield from self.objects_of(_artifact(entry))

    def files_of(self, artifact: Artifact) -> Iterator[str]:
        """Yield the objects of an artifact that are no manifests."""
        if artifact.kind != "tree":
            yield artifact.digest
            return
        for entry in self.entries(artifact.digest) or ():
            if entry.kind != "link":
                yield from self.files_of(_artifact(entry))

    def raw_inputs(self) -> dict[str, Place]:
        """Return every object that an action read and that no recorded action made, with a place where it was read.

        Inputs that pipeline.yaml keeps out of the store are none of them.
        """
        found: dict[str, Place] = {}
        seen: set[tuple[str, str]] = set()
        for key, act in self.acts.items():
            unstored = {path for trace in self.traces.get(key, ()) for path in trace.unstored}
            for path, artifact in act.inputs if key in self.traces else ():
                if path not in unstored:
                    self._add_raw(path, artifact, found, seen)
        return found

    def sources(self) -> dict[str, Place]:
        """Return source, what was observed, and logs, each with its path; a log's is `STAGE.log`."""
        found: dict[str, Place] = {}
        for traces in self.traces.values():
            for trace in traces:
                for files in (trace.source, trace.imported, trace.observed):
                    for path, name in files.items():
                        if name is not None and name not in _NO_BYTES:
                            found.setdefault(name, (path, Artifact("file", name, 0)))
                if trace.log is not None:
                    found.setdefault(trace.log, (f"{trace.stage}.log", Artifact("file", trace.log, 0)))
        return found

    def outputs(self) -> Iterator[tuple[str, Produced]]:
        """Yield all that was ever made, with the action's key."""
        for key, traces in self.traces.items():
            for trace in traces:
                for produced in trace.outputs.values():
                    yield key, produced

    def _add_raw(
        self, path: str, artifact: Artifact, found: dict[str, Place], seen: set[tuple[str, str]]
    ) -> None:
        todo = [(path, artifact)]
        while todo:
            where, what = todo.pop()
            if (where, what.digest) in seen or self._is_made(where, what):
                continue
            seen.add((where, what.digest))
            found.setdefault(what.digest, (where, what))
            if what.kind == "tree":
                prefix = "" if where == "." else where + "/"
                for entry in self.entries(what.digest) or ():
                    if entry.kind != "link":
                        todo.append((prefix + entry.name, _artifact(entry)))

    def _is_made(self, path: str, artifact: Artifact) -> bool:
        if artifact.digest in self._made.get(path, ()):
            return True
        names = path.split("/")
        for depth in range(len(names) - 1, 0, -1):
            for whole in self._made.get("/".join(names[:depth]), {}).values():
                if whole.kind == "tree" and self._may_hold(whole, names[depth:], artifact.digest):
                    return True
        return False

    def _may_hold(self, whole: Artifact, names: Sequence[str], wanted: str) -> bool:
        """Say whether a folder holds this at an inner path; also if it is not there to be asked."""
        at = whole.digest
        for name in names:
            entries = self.entries(at)
            if entries is None:
                return True
            at = next((entry.digest for entry in entries if entry.name == name), "")
            if not at:
                return False
        return at == wanted


def _artifact(entry: Entry) -> Artifact:
    return Artifact(entry.kind, entry.digest, entry.size_bytes)  # type: ignore[arg-type]


def known_trees(ledger: Ledger) -> Mapping[str, Artifact]:
    """Return every folder that a record names, by its digest."""
    trees = {p.artifact.digest: p.artifact for _, p in ledger.outputs() if p.artifact.kind == "tree"}
    for act in ledger.acts.values():
        trees |= {artifact.digest: artifact for _, artifact in act.inputs if artifact.kind == "tree"}
    return trees
