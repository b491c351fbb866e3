"""What is never part of a folder or a glob: left-behind names, and `.pipeignore`. Reads that file alone."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

NAME = ".pipeignore"
_NAMES = frozenset(
    (".DS_Store", "Thumbs.db", "desktop.ini", ".git", ".pipe", "__pycache__", ".ipynb_checkpoints"),
)


class Ignore:
    """Asked about paths relative to the project, with `/`."""

    def __init__(self, root: str) -> None:
        self._spec: GitIgnoreSpec | None = None
        try:
            with open(os.path.join(root, NAME), encoding="utf-8", errors="surrogateescape") as file:
                lines = file.read().splitlines()
        except OSError:
            return
        import pathspec

        self._spec = pathspec.GitIgnoreSpec.from_lines(lines)

    def __call__(self, path: str, *, is_folder: bool) -> bool:
        """Say whether `path` is left out; what lies in a folder that is left out is not asked about."""
        if is_always_left_out(path):
            return True
        return self._spec is not None and self._spec.match_file(path + "/" if is_folder else path)


def is_always_left_out(path: str) -> bool:
    """Say whether systems and tools leave files of this name behind, whatever a project says."""
    name = path.rpartition("/")[2]
    return name in _NAMES or name.endswith(".pyc")
