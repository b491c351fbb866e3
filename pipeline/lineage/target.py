"""What the user means by the name of an artifact, and the records of a project. Needs no pipeline.yaml."""

import os
from pathlib import Path
from typing import NamedTuple

from .. import digest, history, layout, lock
from ..errors import Problem, StoreError, usage
from ..layout import Layout
from ..model import Artifact
from ..statcache import StatCache
from ..state import State
from ..store import Store
from ..workspace import UnfitFile, Workspace
from .index import Index, Place

_MOST_CHOICES = 6
_SHORTEST_PREFIX = 6


class Records(NamedTuple):
    """What a project remembers, opened without asking what it declares today."""

    layout: Layout
    state: State
    store: Store
    workspace: Workspace
    made: Index

    def close(self) -> None:
        self.workspace.close()
        self.store.close()
        self.state.close()


def open_records(root: Path) -> Records:
    """Open the records of the project at `root`. Raises StoreError for a store that cannot be read."""
    where = layout.of(root)
    state = State(where.state)
    stats = StatCache(state, os.fspath(where.root))
    store = Store(where.store, stats)
    workspace = Workspace(where, state, stats, store, hidden=())
    return Records(where, state, store, workspace, Index(store, state))


def resolve(records: Records, word: str) -> Place:
    """Find the artifact that a word names: a path, `PATH@RUN`, a digest or its beginning, or a stage.

    Raises UsageError for a word that means several, StoreError for one that the records do not know.
    """
    path, at, run = word.rpartition("@")
    if at and run and path and not os.path.lexists(records.layout.root / word):
        found = _of_run(records, path, run)
        if found is not None:
            return found
    if len(word) >= _SHORTEST_PREFIX and set(word) <= set("0123456789abcdef"):
        known = _of_digest(records, word)
        if known is not None:
            return known
    return _of_path(records, os.path.normpath(word)) or _of_stage(records, word) or _unknown(records, word)


def _of_run(records: Records, path: str, run: str) -> Place | None:
    if not history.is_name(records.layout.pipe, run):
        return None  # a stage's instance, maybe
    record = history.read(records.layout.pipe, run)
    keys = {stage.key for stage in record.stages.values()}
    for stage in record.stages.values():
        for output in stage.outputs.values():
            if output["path"] == path:
                return path, _known_artifact(records, path, str(output["digest"]))
    for made in records.made.made:
        if made.key in keys and path in made.inputs:
            return path, made.inputs[path]
    text = f"run {record.run} neither wrote nor read `{path}`"
    raise StoreError(Problem(text, help=f"`pipe show {record.run} -v` lists what it made"))


def _of_digest(records: Records, word: str) -> Place | None:
    found = sorted(name for name in records.made.places if name.startswith(word))
    if not found:
        if os.path.lexists(records.layout.root / word):
            return None  # a file with such a name
        text = f"no recorded artifact has a digest that begins with `{word}`"
        raise StoreError(Problem(text, help="`pipe show last -v` lists digests; so does pipeline.lock"))
    if len(found) > 1:
        listed = ", ".join(f"`{name[:12]}`" for name in found[:_MOST_CHOICES])
        raise usage(f"`{word}` is the beginning of {len(found)} digests: {listed}", help="write more of it")
    path = min(records.made.places[found[0]])
    return path, _known_artifact(records, path, found[0])


def _of_path(records: Records, path: str) -> Place | None:
    """Find what lies at a path now; where nothing does, what the lock file names or was written there last."""
    lying = [records.workspace.output(path)]
    try:
        source = records.workspace.source(path)
        lying.append(source.artifact if source is not None else None)
    except UnfitFile:
        pass
    for artifact in lying:
        if artifact is not None and path in records.made.places.get(artifact.digest, ()):
            return path, artifact
    if any(artifact is not None for artifact in lying):
        text = f"nothing that is recorded made or read what lies at `{path}` now"
        latest = records.made.latest(path)
        help_text = (
            f"what was written there last is {latest.digest[:12]}: name it by that digest"
            if latest is not None
            else "`pipe run` records what it makes and reads"
        )
        raise StoreError(Problem(text, help=help_text))
    for entry in lock.read(records.layout.root).values():
        for produced in entry.outputs.values():
            if produced.path == path:
                return path, produced.artifact
    latest = records.made.latest(path)
    return None if latest is None else (path, latest)


def _of_stage(records: Records, word: str) -> Place | None:
    entry = lock.read(records.layout.root).get(word)
    if entry is None:
        return None
    outputs = list(entry.outputs.values())
    if len(outputs) != 1:
        listed = ", ".join(f"`{produced.path}`" for produced in outputs)
        raise usage(f"stage `{word}` has {len(outputs)} outputs", help=f"name one of them: {listed}")
    return outputs[0].path, outputs[0].artifact


def _known_artifact(records: Records, path: str, name: str) -> Artifact:
    for made in records.made.made:
        for places in (made.outputs, made.inputs):
            if path in places and places[path].digest == name:
                return places[path]
    return Artifact("file", name, 0)


def _unknown(records: Records, word: str) -> Place:
    import difflib

    known = sorted({path for paths in records.made.places.values() for path in paths})
    near = difflib.get_close_matches(word, known, n=1)
    help_text = (
        f"did you mean `{near[0]}`?" if near else "name a path, a digest, or a path as of a run: PATH@RUN"
    )
    if digest.is_digest(word):
        help_text = ""
    raise StoreError(Problem(f"the records know no artifact `{word}`", help=help_text))
