"""Notes which paths Python itself opens and lists in this process. Sees nothing of C libraries and child processes."""

import os
import sys
from typing import Any

from .sandbox.watch import Access, kinds_of_open

_MOST = 20_000
_FOLDERS = ("os.listdir", "os.scandir")


class Audit:
    """What was heard since `begin`, each path and kind once; below `roots` alone, but not below `ignored`."""

    def __init__(self, roots: list[str], ignored: list[str]) -> None:
        self._roots = tuple(root.rstrip("/") + "/" for root in roots)
        self._ignored = tuple(path.rstrip("/") + "/" for path in ignored)
        self._found: dict[tuple[str, str, bool], Access] = {}

    def begin(self) -> None:
        """Hear of everything from now on, where there is something to hear: no hook can be taken away again."""
        if self._roots:
            sys.addaudithook(self._hear)

    def accesses(self) -> list[Access]:
        return list(self._found.values())

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open" and event not in _FOLDERS:
            return
        asked = "." if arguments[0] is None else arguments[0]
        if not isinstance(asked, str | bytes | os.PathLike) or len(self._found) > _MOST:
            return
        asked = os.fsdecode(asked)
        path = os.path.normpath(os.path.join(os.getcwd(), asked))
        if not f"{path}/".startswith(self._roots) or f"{path}/".startswith(self._ignored):
            return
        kinds = kinds_of_open(arguments[2]) if event == "open" else ("list",)
        by_import = event != "open" and sys._getframe(1).f_code.co_filename.startswith("<frozen importlib")
        for kind in kinds:
            access = Access(path, kind, os.getpid(), event, asked, by_import)
            self._found.setdefault((path, kind, by_import), access)
