"""What may not go from a store: what the projects that use it, and running processes, need. Changes nothing."""

import os
import sqlite3
from collections.abc import Container, Iterator
from pathlib import Path
from typing import NamedTuple

from .. import action as actions
from .. import history, lock, state, tags
from ..errors import PipeError, Problem, StoreError
from ..ledger import Ledger, known_trees
from ..model import Artifact
from ..store import pins
from ..store.records import Records


class Roots(NamedTuple):
    """The projects that use a store."""

    living: tuple[Path, ...]
    gone: tuple[str, ...]
    """The marks of those whose folder is no more."""


def roots(store: str, own: Path) -> Roots:
    """Return the projects that are noted, and `own`. Raises StoreError for a mark that cannot be read."""
    living, gone = {own}, []
    for name in sorted(os.listdir(f"{store}/roots")):
        mark = f"{store}/roots/{name}"
        try:
            with open(mark, "rb") as file:
                project = Path(os.fsdecode(file.read().removesuffix(b"\n")))
        except OSError as error:
            raise StoreError(
                Problem(
                    f"`{mark}` does not say which project uses the store: {error.strerror}",
                    help="`pipe fsck --repair` puts it right",
                )
            ) from error
        if not project.is_absolute() or "\0" in os.fspath(project):
            raise StoreError(
                Problem(
                    f"`{mark}` does not name a project that uses the store",
                    help="`pipe fsck --repair` puts it right",
                )
            )
        if os.path.isdir(project):
            living.add(project)
        else:
            gone.append(mark)
    return Roots(tuple(sorted(living)), tuple(gone))


def needed(store: str, ledger: Ledger, projects: tuple[Path, ...], keep_runs: int) -> set[str]:
    """Return every object that a lock file, a tagged or late run, a link in a workspace or a running process needs.

    Raises StoreError where that cannot be found out.
    """
    artifacts: set[Artifact] = set()
    trees = known_trees(ledger)
    for project in projects:
        artifacts |= set(_of_project(project, keep_runs, trees.keys()))
    keys, pinned = pins.pinned(store)
    records = Records(store)  # what was recorded since the ledger was read counts, too
    for key in keys:
        artifacts |= {p.artifact for trace in records.traces(key) for p in trace.outputs.values()}
        action = records.action(key)
        artifacts |= (
            {a for _, a in actions.kind_and_artifacts(action.recipe)} if action is not None else set()
        )
    return {name for artifact in artifacts | pinned for name in ledger.objects_of(artifact)}


def _of_project(project: Path, keep_runs: int, trees: Container[str]) -> Iterator[Artifact]:
    try:
        entries = lock.read(project)
    except PipeError as error:
        text = (
            f"the lock file of `{project}`, which uses this store, cannot be read: {error.problems[0].text}"
        )
        raise StoreError(
            Problem(text, help="put it right there, or `pipe fsck --repair` there does")
        ) from error
    for entry in entries.values():
        yield from (produced.artifact for produced in entry.outputs.values())
        yield from entry.inputs.values()
    for name in (*_of_runs(project, keep_runs), *_linked(project)):
        yield Artifact("tree" if name in trees else "file", name, 0)


def _of_runs(project: Path, keep_runs: int) -> Iterator[str]:
    pipe = project / ".pipe"
    tagged = set(tags.read(pipe).values())
    if not keep_runs and not tagged:
        return
    damaged = history.damaged_records(pipe) if keep_runs else {}
    damaged |= {run: text for run in tagged if (text := history.damage_of(pipe, run))}
    if damaged:
        text = f"the record of run {min(damaged)} of `{project}`, which uses this store, cannot be read"
        raise StoreError(Problem(text, help=f"`pipe fsck --repair -C {project}` puts it aside"))
    records = history.list_runs(pipe)[:keep_runs] if keep_runs else []
    known = {record.run for record in records}
    records += [history.load(pipe, run) for run in sorted(tagged - known) if history.has_record(pipe, run)]
    for record in records:
        for stage in record.stages.values():
            yield from (str(made["digest"]) for made in stage.outputs.values())


def _linked(project: Path) -> Iterator[str]:
    """Yield what the workspace holds as links into the store: a file without its object would be gone."""
    path = project / ".pipe" / "state.db"
    if not path.exists():
        return
    try:
        connection = state.reading(os.fspath(path))
        try:
            written = connection.execute("SELECT path, digest FROM written").fetchall()
        finally:
            connection.close()
    except sqlite3.Error:
        return  # it saves time, and knows nothing that has to be kept
    for where, name in written:
        if _is_linked(os.path.join(project, where)):
            yield name


def _is_linked(path: str) -> bool:
    """Say whether a path is a link, or a folder that holds one."""
    return os.path.islink(path) or any(
        os.path.islink(os.path.join(folder, name)) for folder, _, names in os.walk(path) for name in names
    )
