"""Brings a stage's process and the one that follows it together. Kept by the server, which forks both."""

import os
import socket
import struct
from typing import NoReturn

from ..sandbox.kernel import libc
from . import trace
from .rewrite import Altered

_PR_SET_DUMPABLE = 4
_PR_SET_PTRACER = 0x59616D61
_WORD = struct.Struct("=i")


class Following:
    """Made before the forks. The stage's process calls `begin`, the one that follows `follow`, the server `close`."""

    def __init__(self, altered: Altered) -> None:
        self._altered = altered
        self._stage, self._follower = socket.socketpair()

    def begin(self) -> None:
        """In the stage's process, still single-threaded: see an altered world from now on.

        Needs `no_new_privileges` first. Raises OSError where the kernel does not let it be followed.
        """
        self._follower.close()
        with self._stage:
            (follower,) = _WORD.unpack(_read(self._stage))
            # A process that took on another user, or was made in another namespace, lets nobody look into it.
            libc().prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
            libc().prctl(_PR_SET_PTRACER, follower, 0, 0, 0)
            self._stage.sendall(b"go")
            (number,) = _WORD.unpack(_read(self._stage))
        if number:
            raise OSError(number, os.strerror(number), "ptrace")
        trace.be_followed(self._altered)

    def follow(self, pid: int) -> NoReturn:
        """In a process of its own: follow `pid` and all that it starts, until the last of them ends."""
        self._stage.close()
        with self._follower:
            self._follower.sendall(_WORD.pack(os.getpid()))
            if not self._follower.recv(2):
                os._exit(0)
            number = trace.seize(pid)
            self._follower.sendall(_WORD.pack(number))
        if number == 0:
            trace.follow(self._altered)
        os._exit(0)

    def close(self) -> None:
        self._stage.close()
        self._follower.close()


def _read(channel: socket.socket) -> bytes:
    data = channel.recv(_WORD.size, socket.MSG_WAITALL)
    if len(data) < _WORD.size:
        raise OSError(3, "the process that follows ended", "ptrace")
    return data
