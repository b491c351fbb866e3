"""Waits for the end of a child, and has it ended when it must be. Starts none."""

import select
import socket
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from . import log
from .servers import answer

if TYPE_CHECKING:
    from .local import Order

TERM_PATIENCE_SECONDS = 3.0
_LOOK_SECONDS = 0.1


class Limits:
    """Watches a running child: says when it must end, and remembers why."""

    def __init__(self, order: "Order", cancelled: Callable[[], bool], started: float) -> None:
        self._order = order
        self._cancelled = cancelled
        self._started = started
        self.broken: str | None = None

    def look(self) -> str | None:
        """Return why the child must end: "cancelled" or "timeout"; None if it may go on."""
        stage = self._order.stage
        if self._cancelled():
            self.broken = self.broken or "cancelled"
        elif self._is_late(stage.timeout_seconds):
            self.broken = self.broken or "timeout"
        log.relieve(self._order.log)
        return self.broken

    def _is_late(self, timeout_seconds: float | None) -> bool:
        if timeout_seconds is None or self._order.terminal:
            return False
        return time.monotonic() - self._started > timeout_seconds


def wait(stream: socket.socket, limits: Limits) -> Mapping[str, Any] | None:
    """Wait for the server's answer; None if it ends without. Orders the child's end when a limit says so."""
    buffer = bytearray()
    kill_at: float | None = None
    killed = False
    while True:
        ready, _, _ = select.select([stream], [], [], _LOOK_SECONDS)
        if ready or b"\n" in buffer:
            return answer(stream, buffer)
        if limits.look() is None:
            continue
        if kill_at is None:
            stream.sendall(b"term")
            kill_at = time.monotonic() + TERM_PATIENCE_SECONDS
        elif time.monotonic() > kill_at and not killed:
            stream.sendall(b"kill")
            killed = True
