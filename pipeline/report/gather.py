"""Puts together what a page is about, out of a run's record and the store. Executes nothing, looks at no workspace."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import graph as graphs
from .. import history, layout
from ..action import Recipe
from ..errors import UsageError
from ..execute import log
from ..history import RunRecord, StageRecord
from ..layout import Layout
from ..model import Input, Reason
from ..trace import Trace
from . import grade
from .changes import between
from .private import mask
from .shelf import Shelf
from .subject import Environment, Execution, Given, Made, Subject, Surroundings, Told

_LOG_LINES = 40
_PAST_RUNS = 30


def gather(root: Path, run: str) -> tuple[Subject, Shelf]:
    """Return all that is known of a run: its name, the beginning of one alone, or `last`. Raises UsageError."""
    where = layout.of(root)
    record = history.read(where.pipe, run)
    shelf = Shelf(os.fspath(where.store))
    past = _past(where, record)
    before = next((p for p in reversed(past[:-1]) if not record.stages.keys().isdisjoint(p.stages)), None)
    shown = mask(os.fspath(where.root))
    stages = _Stages(where, record, shelf, shown).told()
    changes = None if before is None else between(shelf, before, record)
    return Subject(where.root.resolve().name or "project", record, stages, changes, tuple(past)), shelf


def _past(where: Layout, record: RunRecord) -> list[RunRecord]:
    """Return the last runs up to this one, oldest first."""
    found = [record]
    for name in (runs := history.run_ids(where.pipe))[runs.index(record.run) + 1 :]:
        if len(found) >= _PAST_RUNS:
            break
        try:
            found.append(history.read(where.pipe, name))
        except UsageError:  # of a run that did not end, or damaged: no reason to have no page
            continue
    return found[::-1]


class _Stages:
    """Makes a `Told` of each stage's record."""

    def __init__(self, where: Layout, record: RunRecord, shelf: Shelf, shown: Callable[[str], str]) -> None:
        self._where = where
        self._record = record
        self._shelf = shelf
        self._shown = shown
        self._environments: dict[Environment, Environment] = {}
        self._sizes = {
            (made["path"], made["digest"]): int(made["size_bytes"])
            for stage in record.stages.values()
            for made in stage.outputs.values()
        }

    def told(self) -> dict[str, Told]:
        actions = {name: self._recipe(stage) for name, stage in self._record.stages.items()}
        needs = {name: stage.needs for name, stage in self._record.stages.items()}
        if not any(needs.values()):
            needs = _needs_by_path(self._record, actions)
        read = {parent for parents in needs.values() for parent in parents}
        return {
            name: self._stage(name, stage, needs[name], actions[name], is_end=name not in read)
            for name, stage in self._record.stages.items()
        }

    def _recipe(self, stage: StageRecord) -> Recipe | None:
        action = self._shelf.records.action(stage.key) if stage.key else None
        return action.recipe if action is not None else None

    def _stage(
        self, name: str, stage: StageRecord, needs: Sequence[str], recipe: Recipe | None, *, is_end: bool
    ) -> Told:
        base = name.partition("@")[0]
        docs = self._record.docs
        told = Told(
            name=name,
            base=base,
            doc=docs.get(name, docs.get(base, "")),
            outcome=stage.outcome,
            reasons=tuple(Reason(r.cause, r.subject, self._shown(r.text)) for r in stage.reasons),
            wall_seconds=stage.wall_seconds,
            started_seconds=stage.started_seconds,
            needs=tuple(parent for parent in needs if parent in self._record.stages),
            params=stage.params,
            metrics=stage.metrics,
            outputs=_outputs(stage, is_end=is_end),
            better=stage.better,
            error=self._shown(stage.error) if stage.error else None,
            key=stage.key,
        )
        if stage.outcome == "failed":
            told = told._replace(log=self._log(name), leftovers=self._leftovers(name))
        return told if recipe is None else self._with_action(told, recipe)

    def _with_action(self, told: Told, recipe: Recipe) -> Told:
        traces = self._shelf.records.traces(told.key or "")
        made = _trace_of(traces, told)
        command = recipe.get("run") or recipe.get("cmd") or ""
        found = Environment(
            tuple(sorted(recipe["environment"]["platform"].items())),
            tuple(sorted(recipe["environment"]["packages"].items())),
        )
        told = told._replace(
            command=" ".join(command) if isinstance(command, list | tuple) else str(command),
            is_shell="run" not in recipe,
            inputs=tuple(self._input(name, entry) for name, entry in sorted(recipe["inputs"].items())),
            environment=self._environments.setdefault(found, found),
            around=_around(recipe),
        )
        if made is None:
            return told
        results = ((produced.path, produced.artifact) for produced in made.outputs.values())
        graded = self._shelf.records.grade(made.key, results)
        told = told._replace(grade=grade.named(made, graded), differs_with=graded.differs_with)
        parts = {path: (made.source[path], made.imported.get(path, "")) for path in sorted(made.source)}
        kinds = {name: produced.artifact.kind for name, produced in made.outputs.items()}
        outputs = tuple(output._replace(kind=kinds[output.name]) for output in told.outputs)
        return told._replace(source=parts, execution=_execution(made), outputs=outputs)

    def _input(self, name: str, entry: Mapping[str, Any]) -> Given:
        loader = str(entry.get("loader", ""))
        if "files" in entry:
            sizes = [self._size(path, one[1], one[0]) for path, one in entry["files"].items()]
            total = None if None in sizes else sum(size for size in sizes if size is not None)
            return Given(name, entry["path"], "glob", None, total, tuple(sorted(entry["files"])), loader)
        size = self._size(entry["path"], entry["digest"], entry["kind"])
        return Given(name, entry["path"], entry["kind"], entry["digest"], size, (), loader)

    def _size(self, path: str, digest: str, kind: str) -> int | None:
        known = self._sizes.get((path, digest))
        return known if known is not None else self._shelf.size(digest, kind)

    def _log(self, name: str) -> tuple[str, ...]:
        path = os.fspath(self._where.log(self._record.run, name))
        return tuple(self._shown(line) for line in log.tail(path, _LOG_LINES))

    def _leftovers(self, name: str) -> tuple[str, ...]:
        kept = self._where.failed / name
        return (os.path.relpath(kept, self._where.root),) if kept.is_dir() else ()


def _outputs(stage: StageRecord, *, is_end: bool) -> tuple[Made, ...]:
    return tuple(
        Made(
            name,
            made["path"],
            str(made.get("kind", "file")),
            made["digest"],
            int(made["size_bytes"]),
            bool(made.get("metric", name in stage.metrics)),
            is_end,
        )
        for name, made in stage.outputs.items()
    )


def _trace_of(traces: Iterable[Trace], told: Told) -> Trace | None:
    """Return the trace that gave a stage's outputs; of several the first, which later ones only confirm."""
    made = {output.name: output.digest for output in told.outputs}
    found = [t for t in traces if {n: p.artifact.digest for n, p in t.outputs.items()} == made]
    if told.outcome == "executed":
        near = [t for t in found if abs(t.wall_seconds - told.wall_seconds) < 0.001]
        found = near or found
    return found[0] if found else None


def _execution(trace: Trace) -> Execution:
    processor = str(trace.numerics.get("processor", ""))
    return Execution(
        trace.recorded, trace.level, trace.wall_seconds, trace.cpu_seconds, trace.peak_memory_bytes, processor
    )


def _around(recipe: Recipe) -> Surroundings:
    secrets = tuple(sorted(name for name, is_set in recipe["secrets"].items() if is_set))
    return Surroundings(
        dict(recipe["variables"]),
        secrets,
        dict(recipe["tools"]),
        recipe["cpus"],
        recipe["gpus"],
        recipe["network"],
    )


def _needs_by_path(record: RunRecord, recipes: Mapping[str, Recipe | None]) -> dict[str, tuple[str, ...]]:
    """Find out who needs whom in a record of an older `pipe`, which does not say it."""
    writers = {made["path"]: name for name, stage in record.stages.items() for made in stage.outputs.values()}
    paths = tuple(sorted(writers))
    found: dict[str, tuple[str, ...]] = {}
    for name, recipe in recipes.items():
        needed: dict[str, None] = {}
        for declared, entry in (recipe["inputs"] if recipe is not None else {}).items():
            for path in graphs.feeding(Input(declared, entry["path"], "files" in entry), writers, paths):
                if writers[path] != name:
                    needed[writers[path]] = None
        found[name] = tuple(needed)
    return found
