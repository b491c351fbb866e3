"""The folders of a store, described in docs/format.md. Knows names, not contents."""

import os
from pathlib import Path

from .. import durable
from ..errors import Problem, StoreError

FORMAT = 1
_FORMAT_TEXT = f"pipe store {FORMAT}\n"
FOLDERS = ("objects", "actions", "traces", "leases", "roots", "tmp")


def sharded(root: str, folder: str, name: str) -> str:
    """Return the path of what has the digest `name`: two digits make the folder, so that none grows too large."""
    return f"{root}/{folder}/{name[:2]}/{name[2:]}"


def is_there(root: Path) -> bool:
    """Say whether there is a store. Raises StoreError for one whose format this `pipe` does not know."""
    try:
        text = (root / "format").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise StoreError(Problem(f"the store `{root}` cannot be read: {error.strerror}")) from error
    if text != _FORMAT_TEXT:
        raise StoreError(
            Problem(
                f"the store `{root}` has format {text.strip()[:60]!r}; this pipe knows {_FORMAT_TEXT.strip()!r}",
                help="upgrade pipe, or choose another store with PIPE_STORE",
            )
        )
    return True


def prepare(root: Path, project: Path) -> None:
    """Make the store if there is none, and note that the project at `project` uses it."""
    try:
        if not is_there(root):
            for folder in FOLDERS:
                (root / folder).mkdir(parents=True, exist_ok=True)
            durable.write_file(os.fspath(root / "format"), _FORMAT_TEXT.encode())
        _note_project(root, project)
    except OSError as error:
        raise durable.disk_refused(error, os.fspath(root / "format")) from error


def _note_project(root: Path, project: Path) -> None:
    from .. import digest

    mark = root / "roots" / digest.of_bytes(os.fsencode(project))[:16]
    if not mark.exists():
        durable.write_file(os.fspath(mark), os.fsencode(project) + b"\n")
