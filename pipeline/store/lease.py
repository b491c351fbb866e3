"""The right to execute one action: a lock that the kernel releases when its holder dies. Knows no action."""

import fcntl
import os
import time
from collections.abc import Callable

from .. import durable

_POLL_SECONDS = 0.05


class Lease:
    """Held from `acquire` until `release`. The file names its holder, for those who wait."""

    def __init__(self, root: str, key: str) -> None:
        self._path = f"{root}/leases/{key}"
        self._descriptor = -1

    def acquire(self, *, waiting: Callable[[str], None], cancelled: Callable[[], bool]) -> bool:
        """Take the lease, waiting for another holder if there is one; False if cancelled meanwhile.

        `waiting` is told once who holds it. Returns with the lease as it is: whoever waited must look whether
        the other one has recorded a trace.
        """
        told = False
        while not self._try():
            if not told:
                waiting(self._holder())
                told = True
            if cancelled():
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def release(self) -> None:
        if self._descriptor >= 0:
            # Removed while held: whoever opened the file before sees that its name is gone, and tries again.
            durable.discard(self._path)
            os.close(self._descriptor)
            self._descriptor = -1

    def _try(self) -> bool:
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise durable.disk_refused(error, self._path) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_ino != os.stat(self._path).st_ino:
                raise FileNotFoundError
        except (BlockingIOError, FileNotFoundError):
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {os.uname().nodename}\n".encode())
        self._descriptor = descriptor
        return True

    def _holder(self) -> str:
        try:
            with open(self._path, encoding="utf-8", errors="replace") as file:
                return file.read(200).strip() or "another pipe"
        except OSError:
            return "another pipe"
