"""Puts into the store what an execution is about to use: sources, raw inputs, outputs only the workspace has.

Knows nothing of execution; what was hashed when the stage was looked at is what is stored, or nothing is.
"""

import os
from collections.abc import Mapping

from .errors import Problem, StoreError
from .inputs import Found
from .model import Artifact, Produced, Stage
from .opened import OpenProject
from .store import Batch
from .walk import Fixed


class InputLost(Exception):
    """The bytes of an upstream output can be had neither from the store nor from the workspace."""


class Ingest:
    """Usable from several threads. Raises StoreError if a file changed since it was looked at."""

    def __init__(self, opened: OpenProject) -> None:
        self._store = opened.store
        self._workspace = opened.workspace

    def source(self, files: Mapping[str, str]) -> None:
        """Store source files, given as project-relative path and digest."""
        batch = self._store.batch()
        try:
            for path, digest in files.items():
                if not batch.has(digest):
                    batch.put_file(os.path.join(self._workspace.root, path), digest)
            batch.commit()
        except (ValueError, FileNotFoundError) as error:
            raise _changed("a source file", error) from error
        finally:
            batch.discard()

    def texts(self, texts: Mapping[str, bytes]) -> dict[str, str]:
        """Store texts by path; returns their digests."""
        batch = self._store.batch()
        try:
            stored = {path: batch.put_bytes(data) for path, data in texts.items()}
            batch.commit()
        finally:
            batch.discard()
        return stored

    def inputs(self, stage: Stage, fixed: Fixed) -> dict[str, Artifact | str]:
        """Store a stage's inputs; returns by path the artifact, or the absolute path of one that is not stored.

        Raises InputLost.
        """
        inputs: dict[str, Artifact | str] = {}
        batch = self._store.batch()
        try:
            for declared in stage.inputs:
                found = fixed.found[declared.name]
                if not declared.store and found.raw and found.artifact:
                    inputs[declared.path] = os.path.join(self._workspace.root, declared.path)
                    continue
                artifacts = {declared.path: found.artifact} if found.files is None else found.files
                for path, artifact in artifacts.items():
                    assert artifact is not None
                    inputs[path] = artifact
                    if not self._store.holds(artifact):
                        self._put(batch, found, path, artifact)
            batch.commit()
        except (ValueError, FileNotFoundError) as error:
            raise _changed("an input", error) from error
        finally:
            batch.discard()
        return inputs

    def output(self, path: str, artifact: Artifact) -> None:
        """Store an output that lies in the workspace. Raises InputLost if other bytes lie there."""
        batch = self._store.batch()
        try:
            self._put_from_workspace(batch, path, artifact)
            batch.commit()
        finally:
            batch.discard()

    def outputs(self, outputs: Mapping[str, Produced]) -> None:
        """Store those outputs that lie in the workspace alone."""
        for produced in outputs.values():
            if not self._store.holds(produced.artifact):
                try:
                    self.output(produced.path, produced.artifact)
                except InputLost as error:
                    raise _changed(f"the output `{produced.path}`", error) from error

    def _put(self, batch: Batch, found: Found, path: str, artifact: Artifact) -> None:
        for data in found.manifests.values():
            batch.put_bytes(data)
        for digest, where in found.raw.items():
            if not batch.has(digest):
                batch.put_file(os.path.join(self._workspace.root, where), digest)
        if not batch.has(artifact.digest) or not (found.raw or found.manifests):
            self._put_from_workspace(batch, path, artifact)

    def _put_from_workspace(self, batch: Batch, path: str, artifact: Artifact) -> None:
        scanned = self._workspace.output_scanned(path)
        if scanned is None or scanned.artifact.digest != artifact.digest:
            raise InputLost(path)
        where = os.path.join(self._workspace.root, path)
        if scanned.built is None:
            batch.put_file(where, artifact.digest)
            return
        for data in scanned.built.manifests.values():
            batch.put_bytes(data)
        for leaf in scanned.leaves:
            if leaf.kind in ("file", "exec"):
                batch.put_file(os.path.join(where, leaf.path), leaf.digest)


def _changed(what: str, error: Exception) -> StoreError:
    return StoreError(Problem(f"{what} changed while it was read: {error}", help="run again"))
