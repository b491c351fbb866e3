"""The watch over one stage, kept by the server that started it. Knows descriptors, not what a stage may read.

The server is the one to do it: it is outside the stage, an ancestor of all its processes, has nothing else to do, and
when it ends, its stages end with it.
"""

import os
import socket
from collections.abc import Sequence
from typing import Any

from .sandbox import watch
from .sandbox.watch import Access, Watcher


class Watching:
    """Made before the fork. The stage's process calls `begin`, the server `look` whenever `fileno` can be read."""

    def __init__(self, processors: Sequence[int], roots: Sequence[str], ignored: Sequence[str]) -> None:
        self._roots, self._ignored = roots, ignored
        self.processors = frozenset(processors)
        """Where the stage runs; empty for everywhere."""
        self._found: list[Access] = []
        self._watcher: Watcher | None = None
        self._ours, self._theirs = socket.socketpair()

    def begin(self) -> None:
        """In the stage's process: be watched from now on. Raises OSError where the kernel refuses."""
        self._ours.close()
        with self._theirs:
            listener = watch.install()
            try:
                socket.send_fds(self._theirs, [b"l"], [listener])
            finally:
                os.close(listener)

    def forked(self) -> None:
        """In the server, once the stage's process has its own copy."""
        self._theirs.close()

    def fileno(self) -> int:
        """What the server waits for; -1 if there is nothing to wait for."""
        return self._watcher.fileno() if self._watcher else self._ours.fileno()

    def look(self) -> None:
        if self._watcher is not None:
            self._watcher.answer()
            return
        _, listeners, _, _ = socket.recv_fds(self._ours, 1, 1)
        self._ours.close()
        if listeners:
            self._watcher = Watcher(
                listeners[0], self._found.append, roots=self._roots, ignored=self._ignored
            )

    def close(self) -> list[Any] | None:
        """Once every process of the stage has ended: return what it accessed; None if it was never watched."""
        self._ours.close()
        if self._watcher is None:
            return None
        self._watcher.close()
        return self._found
