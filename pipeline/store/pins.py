"""What running processes need of a store, and whose turn it is. Knows digests, not what they are for.

A `pipe` that runs writes what it needs into a file of its own that it keeps locked. It does so while it has the turn,
together with all others; gc has the turn alone, from when it reads the pins until it has removed what nobody needs.
So what is pinned is there, or whoever pinned it finds out when he uses it.
"""

import fcntl
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ..digest import is_digest
from ..model import Artifact
from . import layout


class Pin:
    """What this process needs. The file is made when first needed, and goes with `close`, or with the process."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._path = f"{root}/pins/{os.urandom(8).hex()}"
        self._descriptor = -1
        self._lock = threading.Lock()

    def hold(self, key: str, inputs: Iterable[Artifact] = ()) -> None:
        """Need whatever the action made, and what it reads, until the end."""
        lines = [f"key {key}\n", *(f"{artifact.kind} {artifact.digest}\n" for artifact in inputs)]
        with turn(self._root), self._lock:
            try:
                if self._descriptor < 0:
                    self._open()
                os.write(self._descriptor, "".join(lines).encode())
            except OSError:
                return  # a store in which nothing can be written is one from which nothing is removed

    def close(self) -> None:
        if self._descriptor >= 0:
            os.unlink(self._path)
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> None:
        os.makedirs(f"{self._root}/pins", exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(self._path, flags, 0o644)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)


def take_turn(root: str, *, alone: bool = False) -> int:
    """Wait for the turn, and return the descriptor that has it until it is closed; -1 where nothing can be written.

    Several threads and processes may have it at once, unless one has it `alone`: then that raises OSError instead.
    """
    path, flags = f"{root}/{layout.TURN}", os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        try:
            descriptor = os.open(path, flags | os.O_RDWR | os.O_CREAT, 0o666)
        except PermissionError:
            descriptor = os.open(path, flags | os.O_RDONLY)  # another user has made it
    except OSError:
        if alone:
            raise
        return -1
    fcntl.flock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
    return descriptor


@contextmanager
def turn(root: str, *, alone: bool = False) -> Iterator[None]:
    """Have the turn for a while, as `take_turn` has it."""
    descriptor = take_turn(root, alone=alone)
    try:
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def pinned(root: str) -> tuple[set[str], set[Artifact]]:
    """Return the action keys and the artifacts that running processes need. To be asked when one has the turn alone."""
    keys: set[str] = set()
    artifacts: set[Artifact] = set()
    try:
        names = os.listdir(f"{root}/pins")
    except FileNotFoundError:
        return keys, artifacts
    for name in names:
        for kind, digest in _lines(f"{root}/pins/{name}"):
            if kind == "key":
                keys.add(digest)
            else:
                artifacts.add(Artifact(kind, digest, 0))  # type: ignore[arg-type]
    return keys, artifacts


def clear_dead(root: str) -> None:
    """Remove the pins of processes that were killed. To be done when one has the turn alone."""
    try:
        names = os.listdir(f"{root}/pins")
    except FileNotFoundError:
        return
    for name in names:
        try:
            descriptor = os.open(
                f"{root}/pins/{name}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            )
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(f"{root}/pins/{name}")
        except OSError:
            pass  # it is held, or somebody else's
        finally:
            os.close(descriptor)


def _lines(path: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs of a living process's file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return  # nobody holds it any more
    except BlockingIOError:
        lines = os.read(descriptor, os.fstat(descriptor).st_size).decode("ascii", "replace").splitlines()
    finally:
        os.close(descriptor)
    for line in lines:
        kind, _, digest = line.partition(" ")
        if kind in ("key", "file", "exec", "tree") and is_digest(digest):
            yield kind, digest
