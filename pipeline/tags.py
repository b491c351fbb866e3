"""The names that a user gives to runs, each a small file under `.pipe/tags/`. Knows no record.

Records are facts; a tag may move to another run, or go. So it lies beside them, as git's do.
"""

import os
import re

from . import durable
from .errors import usage

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
_RUN = re.compile(r"\d{8}T\d{6}(-\d+)?")
_RESERVED = ("last",)


def read(pipe_dir: str | os.PathLike[str]) -> dict[str, str]:
    """Return the runs by their tags, sorted by tag."""
    folder = os.path.join(pipe_dir, "tags")
    found = {}
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return {}
    for name in names:
        if _NAME.fullmatch(name):
            run = of(pipe_dir, name)
            if run:
                found[name] = run
    return found


def of(pipe_dir: str | os.PathLike[str], tag: str) -> str | None:
    """Return the run that a tag names; None if there is no such tag."""
    if not _NAME.fullmatch(tag):
        return None
    try:
        with open(os.path.join(pipe_dir, "tags", tag), encoding="ascii") as file:
            run = file.read(100).strip()
            return run if _RUN.fullmatch(run) else None
    except (OSError, ValueError):
        return None


def by_run(pipe_dir: str | os.PathLike[str]) -> dict[str, tuple[str, ...]]:
    """Return the tags of each run that has any."""
    found: dict[str, tuple[str, ...]] = {}
    for tag, run in read(pipe_dir).items():
        found[run] = (*found.get(run, ()), tag)
    return found


def put(pipe_dir: str | os.PathLike[str], tag: str, run: str) -> str | None:
    """Let a tag name a run; returns the run that it named before. Raises UsageError for what can be no tag."""
    if not _NAME.fullmatch(tag) or tag in _RESERVED:
        help_text = "begin it with a letter; digits, `_`, `-` and `.` may follow"
        raise usage(
            f"`{tag}` cannot be a tag", help="`last` is the newest run" if tag in _RESERVED else help_text
        )
    before = of(pipe_dir, tag)
    folder = os.path.join(pipe_dir, "tags")
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise durable.disk_refused(error, folder) from error
    durable.write_file(os.path.join(folder, tag), f"{run}\n".encode("ascii"))
    return before


def remove(pipe_dir: str | os.PathLike[str], tag: str) -> str:
    """Let a tag name nothing any more; returns the run that it named. Raises UsageError if there is none."""
    run = of(pipe_dir, tag)
    if run is None:
        known = ", ".join(f"`{name}`" for name in read(pipe_dir))
        raise usage(
            f"there is no tag `{tag}`", help=f"there are {known}" if known else "there are none at all"
        )
    try:
        os.unlink(os.path.join(pipe_dir, "tags", tag))
    except OSError as error:
        raise durable.disk_refused(error, os.path.join(pipe_dir, "tags")) from error
    return run
