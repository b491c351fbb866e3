"""Writes a stage's log with its secrets blotted out. Knows their values only as long as the stage runs."""

import json
import os
import re
import select
import threading
from collections.abc import Iterable
from urllib.parse import quote

_STARS = b"***"
_MOST_OF_A_FILE = 1 << 16


_LINE_LENGTH = 6
"""Parts that are shorter are too common in a log to be blotted out wherever they stand."""


def forms(values: Iterable[str]) -> set[bytes]:
    """Return the texts by which values may show: whole, stripped, by line, and as `repr`, JSON and URLs put them."""
    texts: set[str] = set()
    for value in values:
        lines = [line.strip() for line in value.splitlines()]
        texts |= {value, value.strip(), *(line for line in lines if len(line) >= _LINE_LENGTH)}
    texts |= {
        form
        for text in texts
        for form in (repr(text)[1:-1], json.dumps(text)[1:-1], quote(text), quote(text, ""))
    }
    return {text.encode("utf-8", "surrogateescape") for text in texts if text}


def of_file(path: str) -> list[str]:
    """Return what is secret in a file: all of it, and of each line the last word (`password=…`, `host:…:password`)."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            content = file.read(_MOST_OF_A_FILE)
    except OSError:
        return []
    last = [re.split(r"[\s:=]+", line.strip())[-1].strip("\"'") for line in content.splitlines()]
    return [content, *(word for word in last if len(word) >= _LINE_LENGTH)]


class Masking:
    """A named pipe that the stage logs into, and the thread that copies it to the log, masked."""

    def __init__(self, pipe: str, log: str, values: Iterable[str]) -> None:
        self._values = sorted(forms(values), key=len, reverse=True)
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
