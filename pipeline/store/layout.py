"""The folders of a store, described in docs/format.md. Knows names, not contents."""

import os
from pathlib import Path

from .. import durable
from ..errors import Problem, StoreError

FORMAT = 1
FORMAT_TEXT = f"pipe store {FORMAT}\n"
FOLDERS = ("objects", "actions", "traces", "leases", "pins", "roots", "tmp")
EVIDENCE = "evidence"
"""The folder of what was found out about results later. It is made when first needed."""
ASIDE = "quarantine"
"""The folder of what was damaged. It is made when first needed."""
TURN = "turn"
"""The file whose lock says whose turn it is: see `pins`."""


def sharded(root: str, folder: str, name: str) -> str:
    """Return the path of what has the digest `name`: two digits make the folder, so that none grows too large."""
    return f"{root}/{folder}/{name[:2]}/{name[2:]}"


def is_there(root: Path) -> bool:
    """Say whether there is a store. Raises StoreError for one whose format this `pipe` does not know."""
    text = format_of(root)
    if text is None:
        return False
    if text != FORMAT_TEXT:
        raise StoreError(
            Problem(
                f"the store `{root}` has format {text.strip()[:60]!r}; this pipe knows {FORMAT_TEXT.strip()!r}",
                help="upgrade pipe, or choose another store with PIPE_STORE",
            )
        )
    return True


def format_of(root: Path) -> str | None:
    """Return what stands in the format file; None if there is none. Raises StoreError if it cannot be read."""
    try:
        return (root / "format").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StoreError(Problem(f"the store `{root}` cannot be read: {error.strerror}")) from error


def put_aside(root: str, path: str, label: str) -> str:
    """Move something out of the way, unread and without following it; returns where it is now. Raises OSError."""
    folder = f"{root}/{ASIDE}"
    os.makedirs(folder, exist_ok=True)
    target = f"{folder}/{label}.{os.getpid()}.{os.urandom(3).hex()}"
    os.rename(path, target)
    return target


def prepare(root: Path, project: Path) -> None:
    """Make the store if there is none, and note that the project at `project` uses it."""
    try:
        if not is_there(root):
            for folder in FOLDERS:
                (root / folder).mkdir(parents=True, exist_ok=True)
            durable.write_file(os.fspath(root / "format"), FORMAT_TEXT.encode())
        _note_project(root, project)
    except OSError as error:
        raise durable.disk_refused(error, os.fspath(root / "format")) from error


def mark_of(project: Path) -> str:
    """Return the name under `roots/` that says that a project uses the store."""
    from .. import digest

    return digest.of_bytes(os.fsencode(project))[:16]


def _note_project(root: Path, project: Path) -> None:
    mark = root / "roots" / mark_of(project)
    if not mark.exists():
        durable.write_file(os.fspath(mark), os.fsencode(project) + b"\n")
