"""Puts together the record of a run that has ended. Reads its small metrics, from the store if they are there."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import dotted, history
from .model import Produced, RunResult, Stage
from .opened import OpenProject
from .store import Damaged

_METRICS_BYTES = 64 << 10
"""A metrics file up to this size stands in the record."""
_READ = (".json", ".yaml", ".yml")


def record(
    opened: OpenProject,
    result: RunResult,
    *,
    started: float,
    targets: Sequence[str],
    overrides: Mapping[str, Any],
    flags: Sequence[str],
    sweep: str | None = None,
) -> history.RunRecord:
    """Describe a run with the parameters and metrics of its stages; `started` is in seconds since 1970."""
    stages = opened.project.stages
    facts = history.Facts(
        targets,
        overrides,
        flags,
        params={name: dict(stages[name].params) for name in result.stages},
        metrics={name: metrics_of(opened, name, stage.outputs) for name, stage in result.stages.items()},
        git_commit=history.git_commit(opened.layout.root),
        better={name: found for name in result.stages if (found := better_of(opened, name))},
        parameters=dotted.leaves(opened.project.params),
        sweep=sweep,
        needs={name: opened.graph.parents[name] for name in result.stages},
        docs=_docs(stages[name] for name in result.stages),
        measures={name: _measures(stages[name]) for name in result.stages},
    )
    return history.record_of(result, facts, started=started)


def _docs(stages: Iterable[Stage]) -> dict[str, str]:
    found: dict[str, str] = {}
    for stage in stages:
        if stage.doc and found.setdefault(stage.base, stage.doc) != stage.doc:
            found[stage.name] = stage.doc
    return found


def _measures(stage: Stage) -> frozenset[str]:
    return frozenset(output.name for output in stage.outputs if output.is_metric)


def better_of(opened: OpenProject, name: str) -> dict[str, str]:
    """Return which way the metrics of a stage get better, by dotted name from the output's on."""
    outputs = opened.project.stages[name].outputs
    return {f"{o.name}.{key}": direction for o in outputs for key, direction in o.better.items()}


def metrics_of(opened: OpenProject, name: str, outputs: Mapping[str, Produced]) -> dict[str, Any]:
    """Return what small metrics files of a stage hold, by output name."""
    found = {}
    for output in opened.project.stages[name].outputs:
        produced = outputs.get(output.name)
        if not output.is_metric or produced is None or not produced.path.endswith(_READ):
            continue
        if produced.artifact.size_bytes <= _METRICS_BYTES:
            try:
                found[output.name] = _parsed(_bytes_of(opened, produced).decode("utf-8"), produced.path)
            except (OSError, ValueError, RecursionError):
                continue
    return found


def _bytes_of(opened: OpenProject, produced: Produced) -> bytes:
    try:
        return opened.store.objects.read(produced.artifact.digest)
    except (KeyError, Damaged):
        # What only the lock file vouches for lies in the workspace alone.
        return Path(os.path.join(opened.layout.root, produced.path)).read_bytes()


def _parsed(text: str, path: str) -> Any:
    """Return what a metrics file holds. Raises ValueError."""
    if path.endswith(".json"):
        return json.loads(text)
    from .config import parse_document

    return parse_document(text)
