"""Bytes by digest. Knows files, not what they mean."""

import errno
import os
import stat
from collections.abc import Iterator

from .. import digest, durable
from ..errors import Problem, StoreError
from ..owned import Temporaries
from ..statcache import StatCache
from . import layout, pins
from .copy import copy_file


class Damaged(Exception):
    """An object does not hold the bytes that its name says; it was put aside."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Objects:
    """The objects of one store: files named by digest, read-only, whole or absent.

    What is put becomes visible when the batch that it belongs to is committed: see `Batch`.
    """

    def __init__(self, root: str, stats: StatCache) -> None:
        self.root = root
        self._stats = stats

    def path_of(self, name: str) -> str:
        return layout.sharded(self.root, "objects", name)

    def has(self, name: str) -> bool:
        """Say whether the object is there and is a file; its content is checked when it is used."""
        try:
            return stat.S_ISREG(os.lstat(self.path_of(name)).st_mode)
        except OSError:
            return False

    def checked(self, name: str) -> str:
        """Return the path of an object whose bytes are known to be right.

        Raises Damaged if they are not (the object is put aside then), KeyError if there is none.
        """
        path = self.path_of(name)
        try:
            status = os.lstat(path)
            if not stat.S_ISREG(status.st_mode):
                self._quarantine(path, name)
                raise Damaged(name)
            known = self._stats.known(path, status)
            if known is None:
                known = digest.of_file(path)
                if known == name:
                    self._stats.record(path, name, at_rest=not status.st_mode & 0o222)
        except FileNotFoundError:
            raise KeyError(name) from None
        except OSError as error:
            raise StoreError(
                Problem(f"the store's object {name[:12]} cannot be read: {error.strerror}")
            ) from error
        if known != name:
            self._quarantine(path, name)
            raise Damaged(name)
        return path

    def read(self, name: str) -> bytes:
        """Return an object's bytes, checked. Raises as `checked` does."""
        path = self.path_of(name)
        try:
            data = bytes_of(path)
        except (FileNotFoundError, NotADirectoryError):
            raise KeyError(name) from None
        except OSError as error:
            raise StoreError(
                Problem(f"the store's object {name[:12]} cannot be read: {error.strerror}")
            ) from error
        if data is None or digest.of_bytes(data) != name:
            self._quarantine(path, name)
            raise Damaged(name)
        return data

    def link(self, name: str, target: str) -> None:
        """Put the object at `target` as a hard link: read-only, and without a copy. Raises as `checked` does."""
        path = self.checked(name)
        os.link(path, target)
        # The link moved the object's ctime; the bytes were checked a moment ago.
        self._stats.record(path, name, at_rest=True)

    def names(self) -> Iterator[str]:
        """Yield every name, sorted."""
        for shard in sorted(os.listdir(f"{self.root}/objects")):
            for rest in sorted(os.listdir(f"{self.root}/objects/{shard}")):
                if digest.is_digest(shard + rest):
                    yield shard + rest

    def noted(self, name: str) -> None:
        """Take note that an object was just written by this process."""
        self._stats.record(self.path_of(name), name, at_rest=True)

    def _quarantine(self, path: str, name: str) -> None:
        try:
            layout.put_aside(self.root, path, name)
        except OSError as error:
            if os.path.lexists(path):
                problem = Problem(
                    f"the store's object {name[:12]} is damaged and cannot be moved: {error.strerror}"
                )
                raise StoreError(problem) from error


class Batch:
    """Objects and records on their way into a store: written first, then made durable, then named, in this order.

    Whatever names others (traces) becomes visible after what it names. A batch belongs to one thread. From when it
    first asks what is there until it is committed or discarded, no gc removes anything.
    """

    def __init__(self, objects: Objects, temporaries: Temporaries) -> None:
        self._objects = objects
        self._temporaries = temporaries
        self._staged: list[tuple[str, str, str | None]] = []
        """Temporary path, final path, name of the object (None for a record)."""
        self._names: set[str] = set()
        self._turn = -1

    def put_bytes(self, data: bytes) -> str:
        """Put bytes; returns their name."""
        name = digest.of_bytes(data)
        if self._is_new(name):
            self._stage(data, self._objects.path_of(name), name)
        return name

    def put_file(self, path: str, name: str, *, move: bool = False) -> None:
        """Put a file whose digest is `name`; with `move` it may be taken away from where it lies.

        Raises ValueError if the bytes are other ones (the file changed since it was hashed).
        """
        if not self._is_new(name):
            return
        temporary = self._temporaries.name()
        if not (move and os.lstat(path).st_nlink == 1 and _is_moved(path, temporary)):
            try:
                if copy_file(path, temporary) != name:
                    raise ValueError(f"{path} changed while it was read")
            except BaseException:
                durable.discard(temporary)
                raise
        os.chmod(temporary, 0o444)
        self._staged.append((temporary, self._objects.path_of(name), name))
        self._names.add(name)

    def put_record(self, path: str, data: bytes) -> None:
        """Put a record at a path of its own; one that is already there stays."""
        if not os.path.exists(path):
            self._stage(data, path, None)

    def has(self, name: str) -> bool:
        """Say whether the object is in the store or on its way there."""
        self._take_turn()
        return name in self._names or self._objects.has(name)

    def commit(self) -> None:
        """Make all of it durable and visible. Raises StoreError for a disk that refuses; nothing is lost then."""
        if not self._staged:
            return
        try:
            durable.sync_files([temporary for temporary, _, _ in self._staged])
            for temporary, final, name in self._staged:
                self._give_name(temporary, final, name)
            durable.sync_folders(os.path.dirname(final) for _, final, _ in self._staged)
        except OSError as error:
            raise durable.disk_refused(error, self._staged[0][1]) from error
        finally:
            self.discard()

    def discard(self) -> None:
        """Forget what was put and not committed."""
        for temporary, _, _ in self._staged:
            durable.discard(temporary)
        self._staged.clear()
        if self._turn >= 0:
            os.close(self._turn)
            self._turn = -1

    def _is_new(self, name: str) -> bool:
        if name in self._names:
            return False
        self._take_turn()
        try:
            self._objects.checked(name)
        except (KeyError, Damaged):
            return True
        return False

    def _take_turn(self) -> None:
        if self._turn < 0:
            self._turn = pins.take_turn(self._objects.root)

    def _stage(self, data: bytes, final: str, name: str | None) -> None:
        temporary = self._temporaries.name()
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(temporary, flags, 0o444)
            try:
                durable.write_all(descriptor, data)
            finally:
                os.close(descriptor)
        except OSError as error:
            durable.discard(temporary)
            raise durable.disk_refused(error, final) from error
        self._staged.append((temporary, final, name))
        if name:
            self._names.add(name)

    def _give_name(self, temporary: str, final: str, name: str | None) -> None:
        if not os.path.isdir(os.path.dirname(final)):
            # The first name of its shard. The shard's own name must last, too.
            os.makedirs(os.path.dirname(final), exist_ok=True)
            durable.sync_folder(os.path.dirname(os.path.dirname(final)))
        try:
            os.link(temporary, final)  # never replaces: whoever came first has the same bytes
        except FileExistsError:
            return
        durable.discard(temporary)
        if name:
            self._objects.noted(name)


def bytes_of(path: str) -> bytes | None:
    """Return what a file of a store holds; None if it is a link or no file. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link; a socket
            return None
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with open(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def _is_moved(path: str, target: str) -> bool:
    """Move a file, unless it lies on another file system: `PIPE_STORE` may be anywhere."""
    try:
        os.rename(path, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return False
    return True
