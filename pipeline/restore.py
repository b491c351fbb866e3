"""`pipe show RUN --restore`: puts a run's parameters and outputs into the workspace. Decides nothing about stages."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from . import action as actions
from . import config, dotted, durable, history, lock, status
from .errors import PipeError, Problem, StoreError, UsageError, usage
from .events import Listener
from .history import RunRecord
from .lock import Entry
from .model import Artifact, Produced, Reason
from .opened import OpenProject, open_project
from .state import StageRow
from .store import Damaged
from .walk import Walk

MADE = ("fresh", "restored", "executed")


class Restored(NamedTuple):
    """What was done; of a dry run, what would be."""

    run: str
    params: Mapping[str, tuple[Any, Any]]
    """Those that changed, by dotted name: old and new. None is of one that was not there."""
    placed: tuple[str, ...]
    kept: tuple[str, ...]
    """Outputs that lay there already."""
    rebuilt: tuple[str, ...]
    """Outputs that the store did not have any more."""
    displaced: Mapping[str, str]
    """Where files of the user's were moved."""
    skipped: tuple[str, ...]
    """Outputs of then that a stage reads as a source today. What lies there stays."""
    others: tuple[str, ...]
    """Parameters that the run did not have. They stay."""
    unmade: tuple[str, ...]
    """Stages of which the run has nothing."""
    stale: Mapping[str, tuple[Reason, ...]]
    """Stages that a run would not leave as they are now: code, packages or inputs are not those of the run."""


def restore(root: Path, run: str, listener: Listener, *, dry_run: bool = False) -> Restored:
    """Make the workspace and the lock file what they were after a run, as far as stages are concerned.

    All that is needed is found, or made again, before anything is put in place. Raises UsageError for parameters that
    cannot be set in their file, StoreError for bytes that can be had nowhere.
    """
    opened = open_project(root)
    try:
        if opened.problems:
            raise UsageError(*opened.problems)
        record = history.read(opened.layout.pipe, run)
        made = outputs_of(opened, record)
        sources = _sources(opened)
        outputs = [(name, produced) for name, produced in made if produced.path not in sources]
        params, others = _params(opened, record)
        edited = _edited(opened, {name: new for name, (_, new) in params.items()})
        there = {p.path for _, p in outputs if opened.workspace.output(p.path) == p.artifact}
        missing = [p for _, p in outputs if p.path not in there and not opened.store.holds(p.artifact)]
        if not dry_run:
            opened.prepare()
        rebuilt = _made_again(root, missing, listener, dry_run=dry_run)
        displaced: dict[str, str] = {}
        if not dry_run:
            displaced = _put(opened, [p for _, p in outputs], record.run)
            if edited is not None:
                displaced |= _write(opened, *edited, record.run)
    finally:
        opened.close()
    stale: Mapping[str, tuple[Reason, ...]] = {}
    if not dry_run:
        _lock(root, record, outputs)
        stale = _stale(root, record)
    return Restored(
        record.run,
        params,
        tuple(p.path for _, p in outputs if p.path not in there),
        tuple(sorted(there)),
        rebuilt,
        displaced,
        tuple(p.path for _, p in made if p.path in sources),
        others,
        tuple(name for name, stage in record.stages.items() if stage.outcome not in MADE),
        stale,
    )


def outputs_of(opened: OpenProject, record: RunRecord) -> list[tuple[str, Produced]]:
    """Return the outputs of a run with their stages."""
    found = []
    for name, stage in record.stages.items():
        if stage.outcome not in MADE:
            continue
        traces = opened.store.records.traces(stage.key) if stage.key else []
        kinds = {
            (p.path, p.artifact.digest): p.artifact.kind for trace in traces for p in trace.outputs.values()
        }
        for made in stage.outputs.values():
            path, digest = str(made["path"]), str(made["digest"])
            kind = made.get("kind") or kinds.get((path, digest), "file")
            artifact = Artifact(kind, digest, int(made["size_bytes"]))
            found.append((name, Produced(_inside(path), artifact)))
    return found


def _sources(opened: OpenProject) -> set[str]:
    """Return the paths at which the user's own files lie that stages read."""
    declared = {i.path for stage in opened.project.stages.values() for i in stage.inputs if not i.is_glob}
    return {path for path in declared if path not in opened.graph.writers}


def _inside(path: str) -> str:
    """Refuse a record from elsewhere that would write outside of the project."""
    if (
        os.path.isabs(path)
        or os.path.normpath(path) != path
        or path.split("/", maxsplit=1)[0] in ("..", ".pipe", ".")
    ):
        raise StoreError(Problem(f"the record names an output `{path}`, which is none: nothing was restored"))
    return path


def _params(opened: OpenProject, record: RunRecord) -> tuple[dict[str, tuple[Any, Any]], tuple[str, ...]]:
    now = dotted.leaves(opened.project.params)
    was = record.parameters
    if not was and record.overrides:
        was = {**now, **record.overrides}  # a record of an older `pipe`
    changed = {name: (now.get(name), value) for name, value in was.items() if _differs(now, name, value)}
    others = [name for name in now if name not in was and not any(dotted.is_below(name, w) for w in changed)]
    return changed, tuple(others) if was else ()


def _differs(now: Mapping[str, Any], name: str, value: Any) -> bool:
    return name not in now or now[name] != value or type(now[name]) is not type(value)


def _edited(opened: OpenProject, changes: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the file of the parameters, and its text as it is to be; None if it stays."""
    if not changes:
        return None
    name: str | None = opened.project.params_path
    below: tuple[str, ...] = ()
    if name is None:
        name, below = "pipeline.yaml", ("params",) if opened.project.params else ()
        if not below:
            return "params.yaml", config.adjusted("", (), changes, "params.yaml")
    try:
        text = (opened.layout.root / name).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise usage(f"`{name}` cannot be read: {error}") from error
    return name, config.adjusted(text, below, changes, name)


def _made_again(root: Path, missing: list[Produced], listener: Listener, *, dry_run: bool) -> tuple[str, ...]:
    """Make outputs again that the store does not have any more. Raises StoreError if one cannot be had."""
    if not missing:
        return ()
    from .lineage import open_records
    from .rebuild import can_be_made, of_place

    records = open_records(root)
    try:
        for path, artifact in missing:
            if dry_run:
                can_be_made(records, (path, artifact))
                continue
            found = of_place(records, (path, artifact), listener)
            if found.first_difference is not None:
                text = f"`{path}` is in the store no more, and making it again failed: {found.first_difference.text}"
                raise StoreError(Problem(text, help=f"`pipe rebuild {artifact.digest[:12]}` says more"))
    finally:
        records.close()
    return tuple(produced.path for produced in missing)


def _put(opened: OpenProject, outputs: list[Produced], run: str) -> dict[str, str]:
    displaced = {}
    try:
        for produced in outputs:
            if opened.store.holds(produced.artifact):
                opened.store.check(produced.artifact)  # before the first is put in place
        for produced in outputs:
            moved = opened.workspace.put(produced, run)
            if moved:
                displaced[produced.path] = moved
    except (KeyError, Damaged) as error:
        text = f"the store has not the bytes of a result any more: {str(error)[:12]}"
        raise StoreError(
            Problem(text, help="once more: what is damaged was put aside, and is made again")
        ) from error
    opened.state.flush()
    return displaced


def _write(opened: OpenProject, name: str, text: str, run: str) -> dict[str, str]:
    """Write the parameters; the file as it was is kept."""
    path = os.path.join(opened.layout.root, name)
    displaced = {}
    try:
        if os.path.lexists(path):
            target = os.path.join(opened.layout.displaced, run, name)
            while os.path.lexists(target):
                target += "~"
            os.makedirs(os.path.dirname(target), exist_ok=True)
            Path(target).write_bytes(Path(path).read_bytes())
            displaced[name] = os.path.relpath(target, opened.layout.root)
    except OSError as error:
        raise durable.disk_refused(error, path) from error
    real = os.path.realpath(path)
    durable.write_file(real, text.encode("utf-8"), temporary=opened.workspace.temporary_for(real))
    return displaced


def _lock(root: Path, record: RunRecord, outputs: list[tuple[str, Produced]]) -> None:
    """Let the lock file name the actions of the run; entries of stages that it did not make stay."""
    opened = open_project(root)
    try:
        walk = _walked(opened)
        entries: dict[str, Entry] = {}
        rows: dict[str, StageRow] = {}
        for name, stage in record.stages.items():
            if stage.outcome not in MADE or stage.key is None or name not in opened.project.stages:
                continue
            action = opened.store.records.action(stage.key)
            if action is None:
                continue
            paths = {made["path"]: output for output, made in stage.outputs.items()}
            own = {paths[p.path]: p for of, p in outputs if of == name}
            traces = opened.store.records.traces(stage.key)
            made = next((trace for trace in traces if dict(trace.outputs) == own), None)
            fixed = walk.fixed.get(name)
            pickles: dict[str, tuple[str, ...] | None] = {}
            if fixed is not None and fixed.action.key == stage.key:
                pickles = dict(fixed.pickles)
            else:
                for path, artifact in actions.kind_and_artifacts(action.recipe):
                    pickles |= opened.pickled.recalled(path, artifact, of_any_name=False) or {}
            entries[name] = lock.entry_of(action, own, pickles, made, opened.lock.get(name))
            known = opened.state.stages().get(name)
            rows[name] = StageRow(
                stage.key, known.wall_seconds if known else None, known.memory_bytes if known else None
            )
        merged = lock.merged(lock.read(root), entries, frozenset(opened.project.stages))
        lock.write(root, merged, opened.workspace.temporary_for)
        opened.state.put_stages(rows)
    finally:
        opened.close()


def _walked(opened: OpenProject) -> Walk:
    walk = Walk(opened, status.settings_of())
    try:
        for name in opened.graph.order:
            outputs = walk.outputs_of(name, walk.decide(name))
            if outputs is not None:
                walk.settle(name, outputs)
    except PipeError:
        pass  # a project that cannot be walked over today is told of by `status`
    return walk


def _stale(root: Path, record: RunRecord) -> dict[str, tuple[Reason, ...]]:
    try:
        found = status.status(root)
    except PipeError as error:
        return {"": tuple(Reason("input-missing", "", problem.text) for problem in error.problems)}
    return {
        name: decision.reasons
        for name, decision in found.decisions.items()
        if decision.verdict != "fresh" and name in record.stages and record.stages[name].outcome in MADE
    }
