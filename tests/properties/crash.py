"""Runs a project and kills itself: `python -m tests.properties.crash ROOT POINT [EVENT [ENGINE]]`.

POINT counts what this process does to files (or the EVENT alone): just before the one of that number comes SIGKILL.
With 0 it runs to its end and prints how many there were. ENGINE is the name of a class in `wrong`.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from tests.properties import wrong
from tests.properties.engine import Engine

CHANGES = (
    "os.rename",
    "os.link",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.chmod",
    "os.symlink",
    "os.truncate",
    "os.utime",
)


class Counter:
    def __init__(self, point: int, event: str) -> None:
        self._point = point
        self._event = event
        self.count = 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not (event in CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & 3)):
            return
        if self._event in ("", event):
            self.count += 1
            if self.count == self._point:
                os.kill(os.getpid(), signal.SIGKILL)


def main(root: str, point: str, event: str = "", engine: str = "Engine") -> None:
    counter = Counter(int(point), event)
    made = Engine() if engine == "Engine" else getattr(wrong, engine)()
    sys.addaudithook(counter)
    assert made.run(Path(root), jobs=1).ok
    print(counter.count, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
