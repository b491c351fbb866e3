"""Objects, actions and traces on disk, shareable between projects. Knows nothing of stages or workspaces."""

import os
from pathlib import Path

from .. import owned, tree
from ..model import Artifact
from ..statcache import StatCache
from . import layout
from .lease import Lease
from .objects import Batch, Damaged, Objects
from .pins import Pin
from .records import Records

__all__ = ["Batch", "Damaged", "Store"]


class Store:
    """A folder of objects and records. Reading works where there is none yet, or where nothing may be written."""

    def __init__(self, root: Path, stats: StatCache) -> None:
        self.root = root
        layout.is_there(root)
        self.objects = Objects(os.fspath(root), stats)
        self.records = Records(os.fspath(root))
        self.pin = Pin(os.fspath(root))
        self._temporaries = owned.Temporaries(f"{root}/tmp")

    def prepare(self, project: Path) -> None:
        """Make what is missing, for the project that is about to write."""
        layout.prepare(self.root, project)
        owned.clear_abandoned(f"{self.root}/tmp")

    def close(self) -> None:
        self.pin.close()
        self._temporaries.close()

    def batch(self) -> Batch:
        return Batch(self.objects, self._temporaries)

    def lease(self, key: str) -> Lease:
        return Lease(os.fspath(self.root), key)

    def tree(self, name: str) -> list[tree.Entry]:
        """Return a folder's entries. Raises KeyError if there is no such object, Damaged if it is no manifest."""
        data = self.objects.read(name)
        try:
            return tree.decode(data)
        except ValueError as error:
            raise Damaged(name) from error

    def places(self, artifact: Artifact) -> dict[str, tuple[str, str]]:
        """Return where bytes of an artifact lie: by path inside, a kind of `tree.Leaf` and a path, or a link's text.

        A file is the only entry, under the empty path. Nothing is checked but manifests. Raises as `tree` does.
        """
        if artifact.kind != "tree":
            return {"": (artifact.kind, self.objects.path_of(artifact.digest))}
        found: dict[str, tuple[str, str]] = {}
        todo = [("", artifact.digest)]
        while todo:
            folder, name = todo.pop()
            entries = self.tree(name)
            if not entries:
                found[folder] = ("folder", "")
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.kind == "tree":
                    todo.append((path, entry.digest))
                else:
                    is_link = entry.kind == "link"
                    found[path] = (
                        entry.kind,
                        entry.digest if is_link else self.objects.path_of(entry.digest),
                    )
        return dict(sorted(found.items()))

    def holds(self, artifact: Artifact) -> bool:
        """Say whether every object of an artifact is there; their content is checked when they are used."""
        if not self.objects.has(artifact.digest):
            return False
        if artifact.kind != "tree":
            return True
        try:
            return all(
                entry.kind == "link" or self.holds(Artifact(entry.kind, entry.digest, entry.size_bytes))  # type: ignore[arg-type]
                for entry in self.tree(artifact.digest)
            )
        except (KeyError, Damaged):
            return False

    def check(self, artifact: Artifact) -> None:
        """Make sure that every object of an artifact holds its bytes. Raises KeyError or Damaged."""
        if artifact.kind != "tree":
            self.objects.checked(artifact.digest)
            return
        for entry in self.tree(artifact.digest):
            if entry.kind != "link":
                self.check(Artifact(entry.kind, entry.digest, entry.size_bytes))  # type: ignore[arg-type]

    def find(self, artifact: Artifact, path: str) -> Artifact | None:
        """Return what lies at `path` (relative, with `/`) inside a folder artifact; None if nothing does."""
        for name in path.split("/"):
            if artifact.kind != "tree":
                return None
            entry = next((e for e in self.tree(artifact.digest) if e.name == name), None)
            if entry is None or entry.kind == "link":
                return None
            artifact = Artifact(entry.kind, entry.digest, entry.size_bytes)  # type: ignore[arg-type]
        return artifact
