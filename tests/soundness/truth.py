"""What a project of Python modules really does: it is executed. Knows no `pipe`, so it can be asked about `pipe`."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pipeline import digest

SCRIPT = Path(__file__).with_name("interpreter.py")


class Answer(NamedTuple):
    is_ok: bool
    """Whether it came to an end: nothing is recorded of what fails."""
    said: str


class Interpreter:
    """A warm interpreter; each question costs a fork. As a context it ends with it."""

    def __init__(self) -> None:
        environment = {"PYTHONHASHSEED": "0", "PATH": os.defpath}
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", SCRIPT],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._sent: set[str] = set()
        self._known: dict[str, Answer] = {}
        self.executed = 0

    def __enter__(self) -> "Interpreter":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def ask(self, files: Mapping[str, str | bytes]) -> Answer:
        """Import `main` of these files and call `main.go()`. The same files are executed once."""
        texts = {path: t if isinstance(t, str) else t.decode() for path, t in files.items()}
        names = {path: digest.of_bytes(text.encode()) for path, text in texts.items()}
        key = json.dumps(names, sort_keys=True)
        if key not in self._known:
            new = {names[path]: text for path, text in texts.items() if names[path] not in self._sent}
            self._sent |= new.keys()
            self._process.stdin.write(json.dumps({"new": new, "files": names}).encode() + b"\n")
            self._process.stdin.flush()
            word, said = json.loads(self._process.stdout.readline())
            self._known[key] = Answer(word == "ok", said)
            self.executed += 1
        return self._known[key]
