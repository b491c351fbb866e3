"""What a stage asked for in the project beyond what it declares: for its trace, for its failure, for the user.

Looks at the project as it is; executes nothing.
"""

import os
from collections.abc import Collection, Iterable, Mapping

from . import observed
from .execute.local import Order, Ran
from .model import Stage
from .observed import Asked, Observed, Observer
from .opened import OpenProject
from .store import Batch

_MOST_LINES = 20


def observe(opened: OpenProject, order: Order, ran: Ran, since_ns: int) -> dict[str, str | None]:
    """Return what a stage under `sandbox: warn` asked for without declaring it. Raises observed.Changed."""
    root = os.fspath(opened.layout.root)
    store = os.path.relpath(opened.layout.store, root)
    declared = {*_given(order), store}
    observer = Observer(root, opened.stats)
    written = observed.written_by(order.stage)
    return observer.observe(_asked(order, ran, root), declared=declared, written=written, since_ns=since_ns)


def keep(opened: OpenProject, stage: Stage, found: Observed, batch: Batch) -> None:
    """Put the bytes of what was observed into the store. Raises ValueError if they changed meanwhile."""
    root = os.fspath(opened.layout.root)
    observer = Observer(root, opened.stats)
    for path, name in found.items():
        if name in (None, observed.FOLDER, observed.UNSURE) or batch.has(str(name)):
            continue
        if path.endswith("/"):
            listing = observer.listing(path, observed.written_by(stage))
            batch.put_bytes(listing or b"")
        else:
            batch.put_file(os.path.join(root, path), str(name))


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


def lines_for(paths: Iterable[str], taken: Collection[str] = ()) -> list[str]:
    """Return for each path a line of `inputs:`, with a name of its own; `taken` are names in use."""
    names = set(taken)
    lines = []
    for path in paths:
        stem = os.path.basename(path).partition(".")[0]
        name = "".join(c if c.isalnum() or c == "_" else "_" for c in stem) or "input"
        number = 2
        whole = name
        while whole in names:
            whole, number = f"{name}_{number}", number + 1
        names.add(whole)
        lines.append(f"{whole}: {path}")
    return lines


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
