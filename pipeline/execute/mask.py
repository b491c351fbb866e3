"""Writes a stage's log with its secrets blotted out. Knows their values only as long as the stage runs."""

import os
import select
import threading
from collections.abc import Iterable

_STARS = b"***"


class Masking:
    """A named pipe that the stage logs into, and the thread that copies it to the log, masked."""

    def __init__(self, pipe: str, log: str, values: Iterable[str]) -> None:
        self._values = sorted((os.fsencode(v) for v in values if v), key=len, reverse=True)
        self._hold = max((len(v) for v in self._values), default=1) - 1
        os.mkfifo(pipe, 0o600)
        self._reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._ended, self._end = os.pipe()
        self._thread = threading.Thread(target=self._copy, daemon=True)
        self._thread.start()

    def text(self, text: str) -> str:
        """Return a message with the secrets blotted out."""
        return self._masked(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    def close(self) -> None:
        """Copy what is still in the pipe; every writer has ended."""
        os.close(self._end)
        self._thread.join()
        for descriptor in (self._reading, self._log, self._ended):
            os.close(descriptor)

    def _copy(self) -> None:
        held = b""
        while True:
            ready, _, _ = select.select([self._reading, self._ended], [], [])
            data = self._read() if self._reading in ready else b""
            if data:
                held = self._masked(held + data)
                # What is held back could be the beginning of a secret.
                keep = min(self._hold, len(held))
                os.write(self._log, held[: len(held) - keep])
                held = held[len(held) - keep :]
            elif self._ended in ready:
                os.write(self._log, self._masked(held))
                return
            else:
                # No writer has the pipe open yet, or none any more: wait for one, or for the end.
                select.select([self._ended], [], [], 0.02)

    def _read(self) -> bytes:
        try:
            return os.read(self._reading, 65536)
        except BlockingIOError:
            return b""

    def _masked(self, data: bytes) -> bytes:
        for value in self._values:
            data = data.replace(value, _STARS)
        return data
