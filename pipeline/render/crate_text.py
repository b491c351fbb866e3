"""What the writing of a crate says. Writes none."""

from collections.abc import Iterator
from typing import Any

from ..export.crate import Crate
from .words import count, printable, size

_MOST_NAMES = 5


def as_text(made: Crate) -> str:
    """Write what the crate holds and where it is."""
    path, artifact = made.target
    return (
        f"packed {printable(path)} ({artifact.digest[:12]}): {count(made.files, 'file')}, {size(made.size_bytes)}\n"
        f"  -> {printable(made.path)}"
    )


def notes(made: Crate) -> Iterator[str]:
    """Yield what the crate lacks, and what that means."""
    for missing in made.missing[:_MOST_NAMES]:
        yield f"not in it: {printable(missing.path)}: {missing.why}"
    if len(made.missing) > _MOST_NAMES:
        yield f"not in it: {count(len(made.missing) - _MOST_NAMES, 'more artifact')}"
    if not made.rebuilds:
        yield "`pipe rebuild` cannot make the artifact from it"
    elif not made.from_scratch:
        yield "`pipe rebuild` makes the artifact from it, but not with --from-scratch"


def as_plain(made: Crate) -> dict[str, Any]:
    """Return the result as JSON has it."""
    return {
        "format": "ro-crate",
        "target": made.target[1].digest,
        "path": made.path,
        "files": made.files,
        "size_bytes": made.size_bytes,
        "missing": [missing._asdict() for missing in made.missing],
        "rebuilds": made.rebuilds,
        "from_scratch": made.from_scratch,
    }
