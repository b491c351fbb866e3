"""`pipe clean`: removes what `pipe` wrote and no stage declares any more. Removes nothing that was changed since."""

import os
from pathlib import Path
from typing import NamedTuple

from .durable import remove
from .opened import open_project


class CleanResult(NamedTuple):
    removed: tuple[str, ...]
    kept: tuple[tuple[str, str], ...]
    """Path, and why it was kept."""


def clean(root: Path, *, dry_run: bool = False) -> CleanResult:
    """Remove leftovers; with `dry_run` only say which."""
    opened = open_project(root)
    try:
        removed, kept = [], []
        for path, (kind, digest) in sorted(opened.leftovers.items()):
            there = opened.workspace.output(path)
            if there is None or there.digest != digest or there.kind != kind:
                kept.append((path, "it was changed since pipe wrote it"))
                continue
            removed.append(path)
            if not dry_run:
                remove(os.path.join(opened.layout.root, path))
                _remove_empty(opened.layout.root, os.path.dirname(path))
        if not dry_run:
            opened.workspace.forget(removed)
        return CleanResult(tuple(removed), tuple(kept))
    finally:
        opened.close()


def _remove_empty(root: Path, folder: str) -> None:
    while folder:
        try:
            os.rmdir(os.path.join(root, folder))
        except OSError:
            return
        folder = os.path.dirname(folder)
