"""What a stage asked for in the project beyond what it declares: for its trace, for its failure, for the user.

Looks at the project as it is, and executes nothing but a failed stage once more.
"""

import os
from collections.abc import Callable, Collection, Mapping

from . import failure, observed
from .durable import discard
from .execute.capture import Uncaptured
from .execute.child_failure import ChildFailure
from .execute.local import LocalExecutor, Order, Ran
from .failure import lines_for
from .model import Stage
from .observed import Asked, Changed, Observed, Observer
from .opened import OpenProject
from .store import Batch

_MOST_LINES = 20
_PATIENCE_SECONDS = 60.0
"""A stage that failed after longer than this is not executed once more to find out why."""


class Watch:
    """What is seen of the stages of one run. Usable from several threads, for different stages."""

    def __init__(self, opened: OpenProject, cancelled: Callable[[], bool]) -> None:
        self._opened = opened
        self._cancelled = cancelled
        self._root = os.fspath(opened.layout.root)
        self._observer = Observer(self._root, opened.stats)
        self._found: dict[str, dict[str, str | None]] = {}
        self._unseen: dict[str, str] = {}
        """By declared stage what could not be seen of it."""

    def observed(self, executor: LocalExecutor, order: Order, ran: Ran, since_ns: int) -> Observed:
        """Return what a stage under `sandbox: warn` asked for without declaring it.

        Raises Uncaptured if that changed meanwhile, or if the stage is a strict one that nothing was refused to.
        """
        if order.stage.sandbox == "strict" and executor.level == "L0":
            read = refused(order, ran, self._root, kinds=("read", "execute"))
            if read:
                raise Uncaptured(f"it read `{read[0]}`, which it does not declare")
        if order.stage.sandbox != "warn":
            return {}
        base = order.stage.base
        if executor.unwatched:
            seen = "what Python itself opened" if order.stage.run is not None else "nothing"
            self._unseen[base] = f"{seen} could be seen here ({executor.unwatched})"
        try:
            found = self._observer.observe(
                _asked(order, ran, self._root),
                declared={*_given(order), os.path.relpath(self._opened.layout.store, self._root)},
                written=observed.written_by(order.stage),
                since_ns=since_ns,
            )
        except Changed as changed:
            text = f"`{changed}`, which it read undeclared, changed while it ran; nothing was recorded"
            raise Uncaptured(text, "run again once the file is at rest") from changed
        if found:
            self._found.setdefault(base, {}).update(found)
        return found

    def keep(self, stage: Stage, found: Observed, batch: Batch) -> None:
        """Put the bytes of what was observed into the store. Raises ValueError if they changed meanwhile."""
        for path, name in found.items():
            if name in (None, observed.FOLDER, observed.UNSURE) or batch.has(str(name)):
                continue
            if path.endswith("/"):
                batch.put_bytes(self._observer.listing(path, observed.written_by(stage)) or b"")
            else:
                batch.put_file(os.path.join(self._root, path), str(name))

    def asked_in_vain(
        self, executor: LocalExecutor, order: Order, ran: Ran, reason: ChildFailure
    ) -> list[str] | None:
        """Return what a failed stage looked for and does not declare, beyond what it said itself.

        Where nobody said anything, the stage is executed once more and watched, its outputs thrown away. None where
        that might have told more, but would have taken too long.
        """
        stage = order.stage
        if stage.sandbox != "strict":
            return []  # nothing was refused
        heard = refused(order, ran, self._root)
        if heard or order.watched or not reason.own or stage.network or stage.always or executor.unwatched:
            return heard
        if failure.is_explained(order, ran, reason, self._opened.layout):
            return []
        if ran.wall_seconds > _PATIENCE_SECONDS:
            return None
        again = order._replace(watched=True, keeps_scratch=False, log=order.log + ".again")
        watched = executor.execute(again, self._cancelled)
        try:
            return refused(again, watched, self._root)
        finally:
            watched.folder.remove()
            discard(again.log)

    def closing_notices(self) -> list[str]:
        """Say what stages read without declaring it, once for all instances of each."""
        said = [f"of what stage `{base}` read undeclared, {what}" for base, what in self._unseen.items()]
        stages = self._opened.project.stages
        writers = {path: stages[name].base for path, name in self._opened.graph.writers.items()}
        for base, found in self._found.items():
            taken = {i.name for stage in stages.values() if stage.base == base for i in stage.inputs}
            said += notices(base, found, taken, writers)
        return said


def refused(
    order: Order, ran: Ran, root: str, *, kinds: Collection[str] = ("read", "list", "stat", "execute")
) -> list[str]:
    """Return what a stage asked for though it did not declare it: the project has it, the stage's folder does not."""
    given = {*_given(order), *observed.written_by(order.stage)}
    found: dict[str, None] = {}
    for path, kind, by_import in _asked(order, ran, root):
        if kind in kinds and not (by_import and kind == "list") and not observed.is_known(path, given):
            there = os.path.lexists(os.path.join(root, path))
            if there and not os.path.lexists(os.path.join(ran.folder.project, path)):
                found[path] = None
    # The folder on the way to a file that is named says nothing more.
    return [path for path in found if not any(other.startswith(path + "/") for other in found)]


def notices(base: str, found: Observed, taken: Collection[str], writers: Mapping[str, str]) -> list[str]:
    """Say which files a stage read without declaring them, with the lines to paste, and which are others' outputs."""
    paths = observed.files(found)
    folders = [path.rstrip("/") for path, name in found.items() if path.endswith("/") and name is not None]
    paths += [folder for folder in folders if folder != "." and not _holds_one_of(folder, paths)]
    if not paths:
        return []
    paths.sort()
    what = "a file" if len(paths) == 1 else f"{len(paths):,} files"
    lines = [f"    {line}" for line in lines_for(paths[:_MOST_LINES], taken)]
    if len(paths) > _MOST_LINES:
        lines.append(f"    and {len(paths) - _MOST_LINES:,} more (`pipe explain -v {base}`)")
    said = f"stage `{base}` read {what} that it does not declare; add to its inputs in pipeline.yaml:"
    out = ["\n".join([said, *lines])]
    for path in paths:
        writer = _writer(path, writers)
        if writer is not None and writer != base:
            out.append(
                f"stage `{base}` read `{path}`, which stage `{writer}` writes: until it is declared, nothing "
                f"makes `{writer}` run first"
            )
    return out


def _asked(order: Order, ran: Ran, root: str) -> list[Asked]:
    roots = [ran.folder.project, root, os.path.realpath(root)]
    code = {os.path.dirname(path) or "." for path in order.source} | {
        os.path.normpath(r) for r in order.roots
    }
    return observed.relative(ran.accesses or (), roots, code)


def _given(order: Order) -> set[str]:
    own = {order.params_path} if order.stage.params_file is not None else set()
    return {*order.inputs, *order.source, *own}


def _holds_one_of(folder: str, paths: Collection[str]) -> bool:
    return any(path.startswith(folder + "/") for path in paths)


def _writer(path: str, writers: Mapping[str, str]) -> str | None:
    while path:
        if path in writers:
            return writers[path]
        path = path.rpartition("/")[0]
    return None
