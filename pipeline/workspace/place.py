"""Puts artifacts of the store where they belong, whole or not at all. Decides nothing."""

import errno
import os
import stat

from .. import durable
from ..durable import remove
from ..model import Artifact
from ..owned import Temporaries
from ..store import Damaged, Store
from ..store.copy import copy_file

SMALL_BYTES = 1 << 20
"""Up to here a copy costs no more than the care that a hard link needs."""

LINKS = ("copy", "hardlink", "symlink")


class Placer:
    """Makes files and folders from the store's objects. Raises KeyError and Damaged as the store does."""

    def __init__(self, store: Store, temporaries: Temporaries) -> None:
        self._store = store
        self._temporaries = temporaries

    def place(self, artifact: Artifact, target: str, *, link: str = "copy") -> None:
        """Put an artifact at an absolute path, in place of what is there, with the user's umask."""
        parent = os.path.dirname(target)
        try:
            os.makedirs(parent, exist_ok=True)
            temporary = self.temporary_for(target)
        except OSError as error:
            raise durable.disk_refused(error, target) from error
        try:
            self._make(artifact, temporary, link)
            exchange(temporary, target)
        except OSError as error:
            raise durable.disk_refused(error, target) from error
        finally:
            remove(temporary)

    def place_input(self, artifact: Artifact, target: str) -> None:
        """Put an artifact into a stage's folder: read-only, and without copying what is large."""
        if artifact.kind == "tree":
            os.mkdir(target)
            for entry in self._store.tree(artifact.digest):
                path = f"{target}/{entry.name}"
                if entry.kind == "link":
                    os.symlink(entry.digest, path)
                else:
                    self.place_input(Artifact(entry.kind, entry.digest, entry.size_bytes), path)  # type: ignore[arg-type]
        elif artifact.kind == "file" and self._is_large(artifact) and self._is_linked(artifact, target):
            pass
        else:
            self._copy(artifact, target, 0o555 if artifact.kind == "exec" else 0o444)

    def _is_linked(self, artifact: Artifact, target: str) -> bool:
        """Link an object, unless the target is on another file system or the object has all links it can have."""
        try:
            self._store.objects.link(artifact.digest, target)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EMLINK):
                raise
            return False
        return True

    def _is_large(self, artifact: Artifact) -> bool:
        # A recipe names no sizes, so the object is asked.
        try:
            return os.lstat(self._store.objects.path_of(artifact.digest)).st_size > SMALL_BYTES
        except OSError:
            return False

    def _make(self, artifact: Artifact, target: str, link: str) -> None:
        if artifact.kind != "tree":
            if link == "copy" or artifact.kind == "exec":
                self._copy(artifact, target, 0o777 if artifact.kind == "exec" else 0o666)
            elif link == "symlink":
                os.symlink(self._store.objects.checked(artifact.digest), target)
            elif not self._is_linked(artifact, target):
                self._copy(artifact, target, 0o666)
            return
        os.mkdir(target)
        for entry in self._store.tree(artifact.digest):
            path = f"{target}/{entry.name}"
            if entry.kind == "link":
                os.symlink(entry.digest, path)
            else:
                self._make(Artifact(entry.kind, entry.digest, entry.size_bytes), path, link)  # type: ignore[arg-type]

    def _copy(self, artifact: Artifact, target: str, mode: int) -> None:
        source = self._store.objects.path_of(artifact.digest)
        try:
            name = copy_file(source, target, mode=mode)
        except (FileNotFoundError, IsADirectoryError):
            raise KeyError(artifact.digest) from None
        if name != artifact.digest:
            durable.discard(target)
            self._store.objects.checked(artifact.digest)
            raise Damaged(artifact.digest)

    def temporary_for(self, path: str) -> str:
        """Return a name at which a file can be made that is then given its own; its folder exists."""
        # Beside the target only where `.pipe` lies on another file system: users should not see it.
        temporary = self._temporaries.name()
        if os.stat(os.path.dirname(path)).st_dev == os.stat(os.path.dirname(temporary)).st_dev:
            return temporary
        return durable.temporary_beside(path)


def exchange(new: str, target: str) -> None:
    """Give what is at `new` the name `target`; what was there is removed."""
    try:
        status = os.lstat(target)
    except FileNotFoundError:
        os.rename(new, target)
        return
    if not stat.S_ISDIR(status.st_mode) and not os.path.isdir(new):
        os.replace(new, target)
        return
    old = f"{new}.old"
    os.rename(target, old)
    os.rename(new, target)
    remove(old)
