"""Copies into an empty folder what stages declare and no stage makes: code, raw inputs. Knows no lock file."""

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .. import durable
from .. import graph as graphs
from ..code import Unpickled
from ..errors import Problem, StoreError
from ..formats import kinds
from ..model import Input, Produced, Stage
from ..opened import OpenProject
from ..pickled import unpickled
from ..store.copy import copy_file
from ..workspace import Scanned
from . import bytes as places

_LINKED_FROM_BYTES = 1 << 20
"""From here on a link does: the first stage that reads the file takes its bytes into the copy's own store."""


class _File(NamedTuple):
    path: str
    digest: str
    is_linked: bool = False


def copy(opened: OpenProject, stages: Iterable[Stage], target: str) -> None:
    """Bring to `target` what the stages need. Raises StoreError if a file changed since it was looked at."""
    for file in _settings(opened):
        _bring(opened, file, target)
    for root in opened.project.pythonpath:
        os.makedirs(os.path.join(target, root), exist_ok=True)
    for stage in stages:
        for file in _code(opened, stage):
            _bring(opened, file, target)
        for declared in stage.inputs:
            for file in _raw(opened, declared, target):
                _bring(opened, file, target)


def _settings(opened: OpenProject) -> Iterator[_File]:
    """What says how the folder is to be read: problems name lines of it, and globs leave things out."""
    for path in ("pipeline.yaml", opened.project.params_path, ".pipeignore"):
        if path and os.path.isfile(os.path.join(opened.layout.root, path)):
            yield _File(path, "")


def _code(opened: OpenProject, stage: Stage) -> Iterator[_File]:
    """Yield the files of a stage's code, and of what the pickles that it reads refer to.

    Most of them are yet to be made, so that is as the lock file has it; else they may refer to anything.
    """
    entry = opened.lock.get(stage.name)
    unread = [i.path for i in stage.inputs if kinds.is_pickle(i.path)] if entry is None else []
    references = entry.pickles if entry is not None else dict.fromkeys(unread)
    for pickles in (Unpickled(), unpickled(references)):
        for path, digest in opened.survey.of(stage, pickles).code.files.items():
            yield _File(path, digest)


def _raw(opened: OpenProject, declared: Input, target: str) -> Iterator[_File]:
    workspace = opened.workspace
    if declared.is_glob:
        for path in workspace.matching(declared.path):
            yield from _files(workspace.source(path), path, target)
        return
    feeding = list(graphs.feeding(declared, opened.graph.writers, opened.graph.output_paths))
    inside = [path for path in feeding if declared.path == "." or path.startswith(declared.path + "/")]
    if feeding and not inside:
        return  # an output, or in one
    if feeding:
        prefix = "" if declared.path == "." else f"{declared.path}/"
        for leaf in workspace.source_leaves(declared.path):
            if leaf.kind != "folder":
                yield _File(prefix + leaf.path, leaf.digest)
        return
    if not declared.store and os.path.lexists(os.path.join(workspace.root, declared.path)):
        yield _File(declared.path, "", is_linked=True)
        return
    scanned = workspace.source(declared.path)
    if scanned is None:
        _pinned(opened, declared, target)
    yield from _files(scanned, declared.path, target)


def _files(scanned: Scanned | None, path: str, target: str) -> Iterator[_File]:
    if scanned is None:
        return
    if scanned.built is None:
        yield _File(path, scanned.artifact.digest)
        return
    os.makedirs(os.path.join(target, path), exist_ok=True)
    for leaf in scanned.leaves:
        if leaf.kind == "folder":
            os.makedirs(os.path.join(target, path, leaf.path), exist_ok=True)
        else:
            yield _File(f"{path}/{leaf.path}", leaf.digest)


def _pinned(opened: OpenProject, declared: Input, target: str) -> None:
    """Take from the store the bytes that an input's `digest` names."""
    found = opened.inputs({}).find(declared).artifact
    assert found is not None, "a glob has no digest"
    files = places.find(opened, Produced(declared.path, found))
    if files is None:
        text = f"input `{declared.path}` can be had neither from the workspace nor from the store"
        raise StoreError(Problem(text, facts=(("digest", found.digest),), help="put the file back"))
    places.copy(files, os.path.join(target, declared.path), found.digest)


def _bring(opened: OpenProject, file: _File, target: str) -> None:
    source = os.path.join(opened.workspace.root, file.path)
    there = os.path.join(target, file.path)
    if os.path.lexists(there):
        return  # several stages use it
    try:
        os.makedirs(os.path.dirname(there), exist_ok=True)
        status = os.stat(source)
        if file.is_linked or status.st_size >= _LINKED_FROM_BYTES:
            os.symlink(os.path.realpath(source), there)
            return
        copied = copy_file(source, there, mode=0o777 if status.st_mode & 0o100 else 0o666)
    except FileNotFoundError:
        raise _changed(file.path) from None
    except OSError as error:
        raise durable.disk_refused(error, there) from error
    if file.digest and copied != file.digest:
        raise _changed(file.path)


def _changed(path: str) -> StoreError:
    return StoreError(Problem(f"`{path}` changed while it was copied", help="run again"))
