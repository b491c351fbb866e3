"""Finds the project and reads it, or its compiled form if that still holds. Knows no rule of the file."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import Problem, usage
from ..model import Project
from . import compiled as kept
from . import source


class Loaded(NamedTuple):
    """A project as far as it could be read, and all that is wrong with its files.

    `complete` is False if a stage, or an output of one, had to be left out: what is then not there says
    nothing about the project.
    """

    project: Project
    problems: tuple[Problem, ...]
    complete: bool


def find(start: Path) -> Path:
    """Return the folder of the nearest pipeline.yaml, at `start` or above. Raises UsageError."""
    folder = os.path.abspath(start)
    while not os.path.isfile(os.path.join(folder, source.PIPELINE)):
        above = os.path.dirname(folder)
        if above == folder:
            text = f"there is no `{source.PIPELINE}` in `{os.path.abspath(start)}` or above it"
            raise usage(text, help="run `pipe init` to begin a project, or name its folder with `-C DIR`")
        folder = above
    return Path(folder)


def load(root: Path, *, overrides: Mapping[str, Any] | None = None, compiled: Path | None = None) -> Loaded:
    """Read the project in `root`.

    Args:
        root: The folder of pipeline.yaml.
        overrides: Parameters to be changed, by dotted name.
        compiled: Where a compiled form is kept for the next time; used only if it was made of the same.

    Raises UsageError for a file that cannot be read at all. Everything else that is wrong is returned.
    """
    changes = dict(overrides or {})
    src_is_root = _src_is_root(root)
    if compiled is not None:
        project = kept.load(compiled, root, changes, src_is_root=src_is_root)
        if project is not None:
            return Loaded(project, (), True)
    from .cold import read

    reading = read(root, changes, src_is_root=src_is_root)
    if compiled is not None and reading.complete and not reading.problems:
        key = kept.key(reading.pipeline, reading.params_source, reading.params, changes, src_is_root)
        kept.store(compiled, reading.project, key, reading.params_source)
    return Loaded(reading.project, reading.problems, reading.complete)


def _src_is_root(root: Path) -> bool:
    src = os.path.join(root, "src")
    return os.path.isdir(src) and not os.path.exists(os.path.join(src, "__init__.py"))
