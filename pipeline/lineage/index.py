"""Which actions made an artifact, and which used it. Made from the records alone, and kept as a memo of them."""

import bisect
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from .. import action as actions
from ..model import Artifact
from ..store import Damaged, Store
from ..tree import Entry

_SCHEMA = "lineage:1:"

Place = tuple[str, Artifact]
"""An artifact at the path where it was made or used."""


class Memo(Protocol):
    def get(self, key: str) -> bytes | None: ...
    def put(self, key: str, value: bytes) -> None: ...


class Made(NamedTuple):
    """One trace, as lineage needs it. `outputs` and `inputs` are by path."""

    key: str
    stage: str
    recorded: str
    wall_seconds: float
    outputs: Mapping[str, Artifact]
    inputs: Mapping[str, Artifact]
    is_raw: bool
    """It asked the outside world: what came out is kept and never made again."""


class _Places:
    """Artifacts by path, in the order of the paths."""

    def __init__(self) -> None:
        self._at: dict[str, dict[str, Artifact]] = {}
        self._paths: list[str] | None = None

    def add(self, path: str, artifact: Artifact) -> None:
        self._at.setdefault(path, {}).setdefault(artifact.digest, artifact)
        self._paths = None

    def at(self, path: str) -> Iterable[Artifact]:
        return self._at.get(path, {}).values()

    def below(self, folder: str) -> Iterator[str]:
        self._paths = self._paths if self._paths is not None else sorted(self._at)
        for path in self._paths[bisect.bisect_left(self._paths, folder + "/") :]:
            if not path.startswith(folder + "/"):
                return
            yield path


class Index:
    """All traces of a store, by what they made and used. Damaged ones are left out."""

    def __init__(self, store: Store, memo: Memo) -> None:
        self._store = store
        self.made = _first_of_each(_all_made(store, memo))
        self._makers: dict[tuple[str, str], list[Made]] = {}
        self._users: dict[tuple[str, str], list[Made]] = {}
        self._written, self._read = _Places(), _Places()
        self.places: dict[str, set[str]] = {}
        """Digest -> the paths at which it was made or used."""
        for made in self.made:
            for path, artifact in made.outputs.items():
                self._makers.setdefault((path, artifact.digest), []).append(made)
                self._written.add(path, artifact)
                self.places.setdefault(artifact.digest, set()).add(path)
            for path, artifact in made.inputs.items():
                self._users.setdefault((path, artifact.digest), []).append(made)
                self._read.add(path, artifact)
                self.places.setdefault(artifact.digest, set()).add(path)

    def makers(self, path: str, artifact: Artifact) -> list[Made]:
        """Return the traces that made exactly these bytes at this path, the last recorded one first."""
        return sorted(self._makers.get((path, artifact.digest), ()), key=lambda m: m.recorded, reverse=True)

    def users(self, path: str, artifact: Artifact) -> list[Made]:
        """Return the traces that read exactly these bytes at this path, the first recorded one first."""
        return sorted(self._users.get((path, artifact.digest), ()), key=lambda m: m.recorded)

    def latest(self, path: str) -> Artifact | None:
        """Return what was written at a path last, or else read there, as far as the records know."""
        for places in (
            [(m.recorded, m.outputs) for m in self.made],
            [(m.recorded, m.inputs) for m in self.made],
        ):
            found = [(recorded, there[path]) for recorded, there in places if path in there]
            if found:
                return max(found)[1]
        return None

    def parts(self, path: str, artifact: Artifact) -> list[Place]:
        """Return the outputs of which an artifact that no action made as such is put together.

        A file may lie in a folder that an action made; a folder may hold what several actions made.
        """
        return [*self._around(self._written, path, artifact), *self._inside(self._written, path, artifact)]

    def wholes(self, path: str, artifact: Artifact) -> list[Place]:
        """Return what actions read that holds this artifact, or lies in it."""
        return [*self._around(self._read, path, artifact), *self._inside(self._read, path, artifact)]

    def _around(self, places: "_Places", path: str, part: Artifact) -> Iterator[Place]:
        names = path.split("/")
        for depth in range(1, len(names)):
            above, inner = "/".join(names[:depth]), "/".join(names[depth:])
            for whole in places.at(above):
                if self._has(whole, inner, part):
                    yield above, whole

    def _inside(self, places: "_Places", path: str, whole: Artifact) -> Iterator[Place]:
        if whole.kind == "tree":
            for below in places.below(path):
                for part in places.at(below):
                    if self._has(whole, below[len(path) + 1 :], part):
                        yield below, part

    def _has(self, whole: Artifact, inner: str, part: Artifact) -> bool:
        """Say whether a folder holds exactly this at an inner path."""
        if whole.kind != "tree":
            return False
        at = whole.digest
        names = inner.split("/")
        for place, name in enumerate(names):
            entry = self._entry(at, name)
            if entry is None:
                return False
            if place == len(names) - 1:
                return entry.digest == part.digest and entry.kind == part.kind
            if entry.kind != "tree":
                return False
            at = entry.digest
        return False

    def _entry(self, tree: str, name: str) -> Entry | None:
        try:
            return next((entry for entry in self._store.tree(tree) if entry.name == name), None)
        except (KeyError, Damaged):
            return None


def _all_made(store: Store, memo: Memo) -> list[Made]:
    """Read the traces that are new since the memo was written."""
    key = _SCHEMA + os.fspath(store.root)
    kept = memo.get(key)
    known: dict[str, Any] = json.loads(kept) if kept is not None else {}
    names = store.records.trace_names()
    rows = {}
    for name in names:
        row = known.get(name) or _row(store, name)
        if row is not None:
            rows[name] = row
    if rows.keys() != known.keys():
        memo.put(key, json.dumps(rows, separators=(",", ":")).encode())
    return [_made(row) for row in rows.values()]


def _first_of_each(made: list[Made]) -> list[Made]:
    """Leave out what was executed again with the same result: it was made when it was made first."""
    first: dict[tuple[object, ...], Made] = {}
    for one in sorted(made, key=lambda m: m.recorded):
        first.setdefault((one.key, *sorted(one.outputs.items())), one)
    return list(first.values())


def _row(store: Store, name: str) -> list[Any] | None:
    trace = store.records.at(name)
    action = store.records.action(trace.key) if trace is not None else None
    if trace is None or action is None:
        return None
    return [
        trace.key,
        trace.stage,
        trace.recorded,
        trace.wall_seconds,
        _plain((produced.path, produced.artifact) for produced in trace.outputs.values()),
        _plain(actions.kind_and_artifacts(action.recipe)),
        trace.always or bool(action.recipe["network"]),
    ]


def _plain(places: Iterable[Place]) -> list[list[Any]]:
    return [[path, artifact.kind, artifact.digest, artifact.size_bytes] for path, artifact in places]


def _made(row: list[Any]) -> Made:
    key, stage, recorded, seconds, outputs, inputs, is_raw = row
    return Made(key, stage, recorded, seconds, _artifacts(outputs), _artifacts(inputs), is_raw)


def _artifacts(plain: list[list[Any]]) -> dict[str, Artifact]:
    return {path: Artifact(kind, name, size) for path, kind, name, size in plain}
