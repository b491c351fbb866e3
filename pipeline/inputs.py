"""Resolves what a stage reads to bytes: from the outputs of other stages, and from the workspace. Writes nothing."""

import os
from collections.abc import Mapping
from typing import NamedTuple

from . import graph as graphs
from . import pattern
from .graph import Graph
from .model import Artifact, Input
from .store import Damaged, Store
from .tree import Leaf, build
from .workspace import Workspace


class Found(NamedTuple):
    """The bytes of one input. Exactly one of `artifact` and `files` is set."""

    artifact: Artifact | None
    files: Mapping[str, Artifact] | None
    raw: Mapping[str, str]
    """Digest of a file -> where in the workspace it lies: what may have to be put into the store."""
    manifests: Mapping[str, bytes]


class MissingInput(Exception):
    """Nothing lies at the path of a raw input, or a glob matches nothing."""


class Inputs:
    """Looks inputs up. `known` gives by path the artifacts of outputs, as far as they have come out."""

    def __init__(
        self, graph: Graph, workspace: Workspace, store: Store, known: Mapping[str, Artifact]
    ) -> None:
        self._graph = graph
        self._workspace = workspace
        self._store = store
        self._known = known
        self._sources: dict[str, Found] = {}

    def find(self, declared: Input, *, locked: Mapping[str, Artifact] | None = None) -> Found:
        """Return the bytes of an input. `locked` stands in for raw inputs that are not there.

        Raises MissingInput, UnfitFile for what cannot be read, Damaged or KeyError for a folder output whose
        manifest is lost.
        """
        feeding = list(graphs.feeding(declared, self._graph.writers, self._graph.output_paths))
        if declared.is_glob:
            return self._glob(declared, feeding, locked)
        if declared.path in self._known:
            return Found(self._known[declared.path], None, {}, {})
        if feeding and not feeding[0].startswith(declared.path + "/") and declared.path != ".":
            return self._inside(declared, feeding[0])
        if feeding:
            return self._composed(declared.path, feeding)
        return self._source(declared, locked)

    def _source(self, declared: Input, locked: Mapping[str, Artifact] | None) -> Found:
        if declared.path in self._sources:
            return self._sources[declared.path]
        scanned = self._workspace.source(declared.path)
        if scanned is None:
            if locked and declared.path in locked:
                return Found(locked[declared.path], None, {}, {})
            pinned = self._pinned(declared)
            if pinned is None:
                raise MissingInput(declared.path)
            return Found(pinned, None, {}, {})
        raw = {
            leaf.digest: f"{declared.path}/{leaf.path}"
            for leaf in scanned.leaves
            if leaf.kind in ("file", "exec")
        }
        if scanned.artifact.kind != "tree":
            raw = {scanned.artifact.digest: declared.path}
        found = Found(scanned.artifact, None, raw, scanned.built.manifests if scanned.built else {})
        self._sources[declared.path] = found
        return found

    def _pinned(self, declared: Input) -> Artifact | None:
        if declared.digest is None or not self._store.objects.has(declared.digest):
            return None
        try:
            self._store.tree(declared.digest)
        except (KeyError, Damaged, ValueError):
            return Artifact("file", declared.digest, 0)
        return Artifact("tree", declared.digest, 0)

    def _inside(self, declared: Input, folder: str) -> Found:
        artifact = self._store.find(self._known[folder], declared.path[len(folder) + 1 :])
        if artifact is None:
            raise MissingInput(declared.path)
        return Found(artifact, None, {}, {})

    def _composed(self, folder: str, feeding: list[str]) -> Found:
        prefix = "" if folder == "." else folder + "/"
        leaves = {leaf.path: leaf for leaf in self._workspace.source_leaves(folder)}
        raw = {leaf.digest: prefix + leaf.path for leaf in leaves.values() if leaf.kind in ("file", "exec")}
        for path in feeding:
            artifact = self._known[path]
            inside = path[len(prefix) :]
            leaves[inside] = Leaf(inside, artifact.kind, artifact.digest, artifact.size_bytes)
        built = build(leaves.values())
        return Found(Artifact("tree", built.digest, built.size_bytes), None, raw, built.manifests)

    def _glob(self, declared: Input, feeding: list[str], locked: Mapping[str, Artifact] | None) -> Found:
        expression = pattern.compiled(declared.path)
        files: dict[str, Artifact] = {}
        raw: dict[str, str] = {}
        for path in self._workspace.matching(declared.path):
            scanned = self._workspace.source(path)
            if scanned is not None:
                files[path] = scanned.artifact
                raw[scanned.artifact.digest] = path
        for path in feeding:
            artifact = self._known[path]
            if artifact.kind != "tree":
                if expression.fullmatch(path):
                    files[path] = artifact
                continue
            for inside, leaf in self._files_of(artifact, path):
                if expression.fullmatch(inside):
                    files[inside] = leaf
        if not files and locked:
            files = {path: artifact for path, artifact in locked.items() if expression.fullmatch(path)}
        if not files:
            raise MissingInput(declared.path)
        return Found(None, dict(sorted(files.items(), key=lambda item: os.fsencode(item[0]))), raw, {})

    def _files_of(self, artifact: Artifact, path: str) -> list[tuple[str, Artifact]]:
        found = []
        todo = [(path, artifact.digest)]
        while todo:
            folder, name = todo.pop()
            for entry in self._store.tree(name):
                if entry.kind == "tree":
                    todo.append((f"{folder}/{entry.name}", entry.digest))
                elif entry.kind != "link":
                    leaf = Artifact(
                        "exec" if entry.kind == "exec" else "file", entry.digest, entry.size_bytes
                    )
                    found.append((f"{folder}/{entry.name}", leaf))
        return found
