"""One build from nothing: a folder at another path with an empty store, run by the engine that runs everything."""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from .. import config, durable, layout, lock, owned
from ..events import Failure, Listener
from ..execute.folder import base_for
from ..layout import Layout
from ..lock import Entry
from ..model import Produced, RunResult, Stage, StageResult
from ..opened import OpenProject, opened_with
from ..run import RunOptions, run_opened
from ..store.copy import copy_file
from . import bytes as places
from . import sources
from .plan import Part


class Built(NamedTuple):
    """What a build made, and of what. `opened` is the copy, which lasts as long as the build is looked at."""

    opened: OpenProject
    results: Mapping[str, StageResult]
    entries: Mapping[str, Entry]


Given = Mapping[str, tuple[Produced, places.Files]]
"""By path, the outputs that are not made again."""


@contextmanager
def build(
    opened: OpenProject, part: Part, given: Given, *, number: int, jobs: int | None, listener: Listener
) -> Iterator[Built]:
    """Execute the stages of a part; what was made is there until the context ends, and then nothing is.

    `number` makes the paths of several builds differ in length, too. Raises Interrupted.
    """
    name = f"verify{'-again' * number}-{os.urandom(4).hex()}"
    with _folder(f"{opened.layout.pipe}/tmp", name) as folder, _folder(base_for(opened.layout), name) as work:
        root = Path(folder, "project")
        root.mkdir()
        stages = {name: opened.project.stages[name] for name in part.executed}
        sources.copy(opened, stages.values(), os.fspath(root))
        for path, (produced, files) in given.items():
            places.copy(files, os.path.join(root, path), produced.artifact.digest)
        pipe = root / ".pipe"
        # Below the folder that is locked: whoever owns a base clears what lies directly in it.
        copy = _open(opened, stages, given, Layout(root, pipe, pipe / "store", Path(work, "work")))
        try:
            heard = _Told(listener, copy.layout, opened.layout, stages)
            result = run_opened(copy, RunOptions(keep_going=True, jobs=jobs), heard)
            yield Built(copy, _executed(result, part), lock.read(root))
        finally:
            copy.close()


def _open(opened: OpenProject, stages: Mapping[str, Stage], given: Given, where: Layout) -> OpenProject:
    """Open the copy as a project of these stages, those above them standing for nothing but their outputs."""
    frozen: dict[str, Stage] = {}
    for path in given:
        writer = opened.project.stages[opened.graph.writers[path]]
        outputs = tuple(output for output in writer.outputs if output.path in given)
        frozen[writer.name] = Stage(writer.name, writer.base, None, "", outputs=outputs, frozen=True)
    own = {name: frozen.get(name) or stages.get(name) for name in opened.project.stages}
    project = opened.project._replace(root=where.root, stages={n: s for n, s in own.items() if s is not None})
    layout.prepare(where)
    copy = opened_with(where, config.Loaded(project, (), True))
    copy.survey.take_answers(opened.survey)
    rows = opened.state.stages()
    copy.state.put_stages({name: rows[name] for name in stages if name in rows})  # how long they take
    copy.state.flush()
    return copy


def _executed(result: RunResult, part: Part) -> dict[str, StageResult]:
    return {name: result.stages[name] for name in part.executed}


@contextmanager
def _folder(base: str, name: str) -> Iterator[str]:
    """Give a folder of one's own. What is left of it if `pipe` is killed, the next run clears."""
    path = f"{base}/{name}"
    try:
        os.makedirs(base, mode=0o700, exist_ok=True)
        owned.clear_abandoned(base)
        owner = owned.claim(path)
    except OSError as error:
        raise durable.disk_refused(error, path) from error
    assert owner is not None, "a random name is taken"
    try:
        yield path
    finally:
        owned.give_up(path)
        os.close(owner)


class _Told:
    """Passes on what the build tells; what a failure names is kept where it can be read afterwards."""

    def __init__(self, listener: Listener, copy: Layout, user: Layout, executed: Collection[str]) -> None:
        self.planned = listener.planned
        self.started = listener.started
        self.waiting_for = listener.waiting_for
        self.notice = listener.notice
        self._listener = listener
        self._copy = copy
        self._user = user
        self._executed = executed

    def finished(self, result: StageResult, done: int, total: int, expected_left: float | None) -> None:
        if result.outcome == "executed":
            self._kept(result.name).unlink(missing_ok=True)
        if result.name in self._executed:
            self._listener.finished(result, done, total, expected_left)

    def failed(self, name: str, failure: Failure) -> None:
        kept = self._kept(name)
        log = os.path.relpath(kept, self._user.root)
        try:
            kept.parent.mkdir(exist_ok=True)
            kept.unlink(missing_ok=True)
            copy_file(os.path.join(self._copy.root, failure.log), os.fspath(kept))
        except OSError:
            log = ""
        self._listener.failed(name, failure._replace(log=log, folder=""))

    def _kept(self, name: str) -> Path:
        return self._user.pipe / "verify" / f"{name}.log"
