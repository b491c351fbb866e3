"""The user's working tree: what lies in it, and putting outputs in place. Knows paths and digests, not stages."""

import os
from collections.abc import Collection, Iterable

from .. import durable, pattern
from ..layout import Layout
from ..model import Artifact, Produced
from ..owned import Temporaries
from ..statcache import StatCache
from ..state import State
from ..store import Store
from ..tree import Leaf
from .ignore import Ignore
from .place import Placer, exchange
from .scan import Scanned, Scanner, UnfitFile, check_names

__all__ = ["Placer", "Scanned", "Scanner", "UnfitFile", "Workspace", "check_names", "exchange"]


class Workspace:
    """One project's tree. `hidden` are paths that no glob and no folder shows: outputs, and leftovers of old ones."""

    def __init__(
        self,
        layout: Layout,
        state: State,
        stats: StatCache,
        store: Store,
        *,
        hidden: Collection[str],
        like: "Workspace | None" = None,
    ) -> None:
        """With `like`, temporary files are those of another workspace, which closes them."""
        self.layout = layout
        self.root = os.fspath(layout.root)
        self._state = state
        self._stats = stats
        self._store = store
        self._ignore = Ignore(self.root)
        self._hidden = frozenset(hidden)
        self._link = os.environ.get("PIPE_LINK", "copy")
        self._temporaries: Temporaries = (
            like._temporaries if like else Temporaries(os.fspath(layout.pipe / "tmp"))
        )
        self._placer = Placer(store, self._temporaries)
        objects = os.path.join(os.fspath(layout.store), "objects")
        self._sources = Scanner(self.root, stats, self._skip_source, follow=True)
        self._outputs = Scanner(self.root, stats, self._skip_output, follow=False, links_into=objects)

    def temporary_for(self, path: str) -> str:
        """Return a name at which a file can be made that is then given its own. Raises StoreError."""
        return self._placer.temporary_for(path)

    def close(self) -> None:
        self._temporaries.close()

    def source(self, path: str) -> Scanned | None:
        """Return what lies at the path of a raw input, links followed. Raises UnfitFile."""
        return self._sources.scan(path)

    def source_leaves(self, folder: str) -> tuple[Leaf, ...]:
        """Return what a folder holds besides outputs and leftovers. Raises UnfitFile."""
        return self._sources.leaves(folder)

    def output(self, path: str) -> Artifact | None:
        """Return what lies at the path of an output; None if nothing usable does."""
        try:
            scanned = self._outputs.scan(path)
        except UnfitFile:
            return Artifact("file", "0" * 64, 0) if os.path.lexists(os.path.join(self.root, path)) else None
        return scanned.artifact if scanned else None

    def output_scanned(self, path: str) -> Scanned | None:
        """Return what lies at the path of an output, with all that is in it. Raises UnfitFile."""
        return self._outputs.scan(path)

    def matching(self, glob: str) -> list[str]:
        """Return the source files that a glob matches, sorted."""
        expression = pattern.compiled(glob)
        depth = None if "**" in glob else glob.count("/")
        dotted = "/." in glob
        found = []
        start = pattern.fixed_folder(glob)
        todo: list[tuple[str, tuple[tuple[int, int], ...]]] = [(start, ())]
        if self._is_inside_skipped(start):
            return []
        while todo:
            folder, above = todo.pop()
            here, listed = self._listing(folder)
            if here in above:
                continue  # a link to a folder that holds it
            for name, path, is_folder in listed:
                if is_folder:
                    if (dotted or not name.startswith(".")) and (depth is None or path.count("/") < depth):
                        todo.append((path, (*above, here)))
                elif expression.fullmatch(path):
                    found.append(path)
        return sorted(found)

    def put(self, produced: Produced, run: str) -> str | None:
        """Put an output in place, unless it lies there. Returns where the user's own bytes were moved, if any were.

        Raises KeyError or Damaged if the store cannot give the bytes.
        """
        there = self.output(produced.path)
        target = os.path.join(self.root, produced.path)
        if there == produced.artifact:
            self._note(produced)
            return None
        moved = None
        if os.path.lexists(target) and not self._is_kept(there):
            moved = self._displace(produced.path, run)
        self._placer.place(produced.artifact, target, link=self._link)
        self._note(produced)
        return moved

    def place(self, artifact: Artifact, target: str) -> None:
        """Put an artifact at an absolute path, anywhere. Raises KeyError or Damaged as the store does."""
        self._placer.place(artifact, target)

    def leftovers(self, declared: Collection[str]) -> dict[str, tuple[str, str]]:
        """Return what `pipe` wrote and no stage declares any more, as far as it is still there: kind and digest."""
        gone = []
        left = {}
        for path, written in self._state.written().items():
            if path in declared:
                continue
            if os.path.lexists(os.path.join(self.root, path)):
                left[path] = written
            else:
                gone.append(path)
        self._state.forget_written(gone)
        return left

    def forget(self, paths: Iterable[str]) -> None:
        """Take these paths for the user's own from now on."""
        self._state.forget_written(paths)

    def _note(self, produced: Produced) -> None:
        path, artifact = produced
        self._state.put_written([(path, artifact.kind, artifact.digest)])
        if artifact.kind != "tree":
            self._stats.record(os.path.join(self.root, path), artifact.digest)

    def _is_kept(self, there: Artifact | None) -> bool:
        return there is not None and self._store.holds(there)

    def _displace(self, path: str, run: str) -> str:
        target = os.path.join(os.fspath(self.layout.displaced / run), path)
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            while os.path.lexists(target):
                target += "~"
            try:
                os.rename(os.path.join(self.root, path), target)
            except OSError:
                import shutil

                shutil.move(os.path.join(self.root, path), target)
        except OSError as error:
            raise durable.disk_refused(error, target) from error
        return os.path.relpath(target, self.root)

    def _listing(self, folder: str) -> tuple[tuple[int, int], list[tuple[str, str, bool]]]:
        try:
            status = os.stat(os.path.join(self.root, folder))
            with os.scandir(os.path.join(self.root, folder)) as entries:
                listed = [(e.name, f"{folder}/{e.name}" if folder else e.name, e.is_dir()) for e in entries]
        except OSError:
            return (0, 0), []
        kept = [item for item in sorted(listed) if not self._skip_source(item[1], item[2])]
        return (status.st_dev, status.st_ino), kept

    def _is_inside_skipped(self, folder: str) -> bool:
        while folder:
            if self._skip_source(folder, True):
                return True
            folder = folder.rpartition("/")[0]
        return False

    def _skip_source(self, path: str, is_folder: bool) -> bool:
        return path in self._hidden or self._ignore(path, is_folder=is_folder)

    def _skip_output(self, path: str, is_folder: bool) -> bool:
        return self._ignore(path, is_folder=is_folder)
