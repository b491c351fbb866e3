"""The forkservers of one `pipe`: started when first needed, shared by stages that want the same. Knows no stage."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .child import BOOT
from .sandbox.isolation import ForServer
from .sandbox.namespaces import HOME
from .world import World

_SHARED = sys.platform == "linux"
"""Elsewhere each action gets a server of its own, with nothing loaded: system libraries there survive no fork."""
_PACKETS = socket.SOCK_SEQPACKET if _SHARED else socket.SOCK_STREAM

AT_MOST = 4
"""Living servers. Each holds its packages in memory; beyond this, the one that was idle longest ends."""

_SERVE = (
    BOOT
    + "import json\nfrom _pipe.execute.server import main\nmain(json.loads(sys.argv[2]), json.loads(sys.argv[3]))\n"
)
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Wanted(NamedTuple):
    """What stages must have in common to share a server."""

    preload: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    """Read when an interpreter starts, so it cannot be changed afterwards: sorted pairs."""


class Server:
    """One forkserver process. `request` may be called from several threads."""

    def __init__(self, wanted: Wanted, plan: ForServer) -> None:
        os.makedirs(plan.home, exist_ok=True)
        ours, theirs = socket.socketpair(socket.AF_UNIX, _PACKETS)
        environment = dict(wanted.environment) | {"HOME": HOME if plan.level == "L2" else plan.home}
        command = [sys.executable, "-s", "-P", "-c", _SERVE, _PACKAGE, json.dumps(wanted.preload)]
        command.append(json.dumps(plan._asdict()))
        with theirs:
            # A session of its own: what the terminal or a shell sends to the group of `pipe` is not for the stages.
            # What packages print while they are loaded is for nobody's terminal.
            log = os.open(
                f"{plan.home}/servers.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644
            )
            self._process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=log,
                stderr=log,
                env=environment,
                cwd="/",
                start_new_session=True,
                close_fds=True,
            )
        os.close(log)
        self._socket = ours
        self._lock = threading.Lock()
        self.busy = 0

    def request(
        self,
        path: str,
        memory_bytes: int | None,
        *,
        terminal: bool,
        watch: Mapping[str, Sequence[Any]] | None,
        world: World,
    ) -> socket.socket | None:
        """Hand over a request, with the stage's limit; returns the socket for the answer and for orders.

        None if the server has ended, so that nothing was handed over. `watch` is what makes a `Watching`, if the
        stage is to be watched.
        """
        request: dict[str, Any] = {"path": path, "memory_bytes": memory_bytes, "watch": watch}
        request |= {"first_process": world.first_process, "altered": world.altered}
        packet = json.dumps(request).encode()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with theirs, self._lock:
                streams = [0, 1, 2] if terminal else []
                socket.send_fds(self._socket, [packet], [theirs.fileno(), *streams])
        except OSError:
            ours.close()
            return None
        return ours

    def close(self) -> None:
        self._socket.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Servers:
    """At most `most` of them live on while nobody uses them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._living: dict[tuple[Wanted, ForServer], Server] = {}
        self._lock = threading.Lock()

    def take(self, wanted: Wanted, plan: ForServer) -> Server:
        """Return the server for such stages, started if there is none. `give_back` it afterwards."""
        if not _SHARED:
            return Server(wanted._replace(preload=()), plan)
        with self._lock:
            server = self._living.pop((wanted, plan), None) or Server(wanted, plan)
            self._living[(wanted, plan)] = server  # the most recently used last
            server.busy += 1
            idle = [key for key, other in self._living.items() if not other.busy]
            for key in idle[: max(0, len(self._living) - self._most)]:
                self._living.pop(key).close()
            return server

    def give_back(self, server: Server) -> None:
        if not _SHARED:
            server.close()
            return
        with self._lock:
            server.busy -= 1

    def lost(self, server: Server) -> None:
        """Forget a server that answers no more, so that the next stage gets a new one."""
        with self._lock:
            self._living = {key: other for key, other in self._living.items() if other is not server}
        server.close()

    def close(self) -> None:
        with self._lock:
            for server in self._living.values():
                server.close()
            self._living.clear()


def answer(stream: socket.socket, buffer: bytearray) -> Mapping[str, Any] | None:
    """Return the next message of a server, None if the stream ended. `buffer` keeps what came too early."""
    while b"\n" not in buffer:
        data = stream.recv(4096)
        if not data:
            return None
        buffer += data
    line, _, rest = bytes(buffer).partition(b"\n")
    buffer[:] = rest
    message: Mapping[str, Any] = json.loads(line)
    return message
