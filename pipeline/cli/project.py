"""Which project a command line means, and what its words mean there. Reads no pipeline.yaml."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import layout
from ..errors import UsageError, usage


def root_of(values: Mapping[str, Any]) -> Path:
    """Find the nearest project, upwards from the folder of -C or from here. Raises UsageError."""
    from .. import config

    folder = values["folder"]
    if folder is not None and not os.path.isdir(folder):
        raise usage(f"`{folder}` is no folder", help="name the project's folder after `-C`")
    return config.find(Path(folder or "."))


def records_root_of(values: Mapping[str, Any]) -> Path:
    """Find the nearest project, or else the nearest folder that holds the records of one. Raises UsageError.

    In the folder of an unpacked crate it is that one, whatever lies above; StoreError if the crate was changed.
    """
    folder = Path(values["folder"] or ".")
    if layout.is_crate(folder):
        from ..export.unpacked import take_in

        take_in(folder.resolve())
        return folder.resolve()
    try:
        return root_of(values)
    except UsageError:
        start = Path(values["folder"] or ".").resolve()
        for folder in (start, *start.parents):
            if (folder / ".pipe").is_dir():
                return folder
        if os.environ.get("PIPE_STORE") and start.is_dir():
            return start
        raise


def target_of(word: str, root: Path) -> str:
    """Return a target; a path from here is made the project's."""
    return _target(word, root)


def targets_of(values: Mapping[str, Any], root: Path) -> tuple[str, ...]:
    """Return the targets; paths from here, or from the file system's root, are made the project's."""
    return tuple(_target(word, root) for word in values["targets"])


def overrides_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that --set gives. Raises UsageError."""
    from .. import config

    found = {}
    for word in values["set"]:
        key, equals, value = word.partition("=")
        if not equals or not key.strip():
            raise usage(f"`--set {word}` is no KEY=VALUE", help="write it like `--set train.lr=0.1`")
        found[key.strip()] = config.parse_value(value)
    return found


def _target(word: str, root: Path) -> str:
    here = os.path.realpath(".")
    top = os.path.realpath(root)
    if here == top or os.path.commonpath([here, top]) != top:
        # Not below the project's folder: what is written is the project's already, unless it is absolute.
        if not os.path.isabs(word):
            return word
    elif not os.path.lexists(word) and not word.startswith(("./", "../")):
        return word  # a stage, a glob, or the project's path of something that is not there yet
    path = os.path.relpath(
        os.path.join(os.path.realpath(os.path.dirname(word) or "."), os.path.basename(word)), top
    )
    return word if path.startswith("..") else path
