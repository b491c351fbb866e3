"""Folders that belong to a living process. Knows not what is in them.

A lock marks the owner. The kernel releases it when the owner dies, whatever namespace or container either of
them lives in; a process's number tells nothing across these, and is used again.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .durable import disk_refused, remove

OWNER = "owner"


def claim(path: str) -> int | None:
    """Make the folder; returns the descriptor of the lock on it, None if somebody else has the name.

    Raises OSError where nothing can be made.
    """
    made = f"{os.path.dirname(path)}/.new.{os.urandom(8).hex()}"
    with _locked(os.path.dirname(path), fcntl.LOCK_SH):
        os.mkdir(made, 0o700)
        lock = os.open(f"{made}/{OWNER}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
    for _ in range(2):
        try:
            os.rename(made, path)  # never replaces: the folder that may be there is not empty
            return lock
        except OSError:
            dead = _seize(path)
            if dead is None:
                break
            give_up(path)
            os.close(dead)
    give_up(made)
    os.close(lock)
    return None


def give_up(path: str) -> None:
    """Remove a folder of one's own. Nothing there is fine.

    Under its name it would be empty for a moment, and another one put in its place be removed with it.
    """
    try:
        dead = _renamed(path)
    except OSError:
        return
    remove(dead)


def clear_abandoned(base: str) -> None:
    """Remove the folders in `base` whose owners are gone."""
    dead = []
    try:
        with _locked(base, fcntl.LOCK_EX):  # nobody is about to lock what he has just made
            for name in os.listdir(base):
                path = f"{base}/{name}"
                lock = _seize(path)
                if lock is not None:
                    dead.append(_renamed(path))
                    os.close(lock)
                elif not os.path.lexists(f"{path}/{OWNER}"):  # who removed it was killed
                    dead.append(_renamed(path))
    except OSError:
        pass
    for path in dead:
        remove(path)


class Temporaries:
    """Names for temporary files in one folder. Usable from several threads; who is killed leaves them to be cleared."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._lock = threading.Lock()
        self._mine: str | None = None
        self._owner = -1

    def name(self) -> str:
        """Return a path at which nothing is. Raises StoreError where no folder can be made."""
        with self._lock:
            if self._mine is None:
                mine = f"{self._base}/{os.urandom(8).hex()}"
                try:
                    os.makedirs(self._base, exist_ok=True)
                    owner = claim(mine)
                except OSError as error:
                    raise disk_refused(error, mine) from error
                assert owner is not None, "a random name is taken"
                self._mine, self._owner = mine, owner
            return f"{self._mine}/{os.urandom(8).hex()}"

    def close(self) -> None:
        with self._lock:
            if self._mine is not None:
                give_up(self._mine)
                os.close(self._owner)
                self._mine = None


@contextmanager
def _locked(folder: str, how: int) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


def _renamed(path: str) -> str:
    """Give a folder that goes a name that nobody claims; returns it."""
    dead = f"{os.path.dirname(path)}/.dead.{os.urandom(8).hex()}"
    os.rename(path, dead)
    return dead


def _seize(path: str) -> int | None:
    """Take over a folder whose owner is gone; returns the lock on it, None if there is nothing to take."""
    try:
        lock = os.open(f"{path}/{OWNER}", os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(lock).st_ino == os.stat(f"{path}/{OWNER}").st_ino:  # else it is another one's by now
            return lock
    except OSError:
        pass
    os.close(lock)
    return None
