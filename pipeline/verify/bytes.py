"""Where the bytes of an output can be read: in the workspace if they lie there, else in the store. Checks them."""

import os
from collections.abc import Mapping
from typing import NamedTuple

from .. import durable
from ..errors import Problem, StoreError
from ..model import Produced
from ..opened import OpenProject
from ..store import Damaged
from ..store.copy import copy_file
from ..workspace import UnfitFile


class Place(NamedTuple):
    """A kind of `tree.Leaf`, and the absolute path of a file's bytes, or the text of a link."""

    kind: str
    where: str


Files = Mapping[str, Place]
"""By path inside the artifact; a file is the only one, under the empty path."""


def find(opened: OpenProject, produced: Produced) -> Files | None:
    """Return where exactly these bytes are; None if they can be had nowhere."""
    files = _in_workspace(opened, produced)
    if files is not None:
        return files
    try:
        opened.store.check(produced.artifact)
        return {path: Place(*place) for path, place in opened.store.places(produced.artifact).items()}
    except (KeyError, Damaged):
        return None


def copy(files: Files, target: str, digest: str) -> None:
    """Make the artifact at `target`. Raises StoreError if a file of it changed meanwhile."""
    try:
        if "" not in files:
            os.makedirs(target, exist_ok=True)
        for inside, (kind, where) in files.items():
            path = f"{target}/{inside}" if inside else target
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if kind == "folder":
                os.mkdir(path)
            elif kind == "link":
                os.symlink(where, path)
            else:
                copied = copy_file(where, path, mode=0o777 if kind == "exec" else 0o666)
                if not inside and copied != digest:
                    raise StoreError(Problem(f"`{where}` changed while it was copied", help="run again"))
    except OSError as error:
        raise durable.disk_refused(error, target) from error


def _in_workspace(opened: OpenProject, produced: Produced) -> Files | None:
    try:
        scanned = opened.workspace.output_scanned(produced.path)
    except UnfitFile:
        return None
    if scanned is None or scanned.artifact[:2] != produced.artifact[:2]:
        return None
    path = os.path.join(opened.workspace.root, produced.path)
    if scanned.built is None:
        return {"": Place(scanned.artifact.kind, path)}
    return {
        leaf.path: Place(leaf.kind, leaf.digest if leaf.kind == "link" else f"{path}/{leaf.path}")
        for leaf in scanned.leaves
    }
