"""Puts together the record of a run that has ended. Reads the small metrics of the workspace, nothing else."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import history
from .graph import Graph
from .model import Project, RunResult, Stage, StageResult

_METRICS_BYTES = 64 << 10
"""A metrics file up to this size stands in the record."""


def record(
    project: Project,
    graph: Graph,
    result: RunResult,
    *,
    started: float,
    targets: Sequence[str],
    overrides: Mapping[str, Any],
    flags: Sequence[str],
) -> history.RunRecord:
    """Describe a run with the parameters and metrics of its stages; `started` is in seconds since 1970."""
    return history.record_of(
        result,
        started=started,
        targets=targets,
        overrides=overrides,
        flags=flags,
        params={name: dict(project.stages[name].params) for name in result.stages},
        metrics={name: _metrics(project, stage) for name, stage in result.stages.items()},
        git_commit=history.git_commit(project.root),
        needs={name: graph.parents[name] for name in result.stages},
        measures={name: _measures(project.stages[name]) for name in result.stages},
        docs=_docs(project.stages[name] for name in result.stages),
    )


def _measures(stage: Stage) -> frozenset[str]:
    return frozenset(output.name for output in stage.outputs if output.is_metric)


def _docs(stages: Iterable[Stage]) -> dict[str, str]:
    found: dict[str, str] = {}
    for stage in stages:
        if stage.doc and found.setdefault(stage.base, stage.doc) != stage.doc:
            found[stage.name] = stage.doc
    return found


def _metrics(project: Project, result: StageResult) -> dict[str, Any]:
    found = {}
    for output in project.stages[result.name].outputs:
        produced = result.outputs.get(output.name)
        if not output.is_metric or produced is None or not produced.path.endswith(".json"):
            continue
        if produced.artifact.size_bytes <= _METRICS_BYTES:
            try:
                path = os.path.join(project.root, produced.path)
                found[output.name] = json.loads(Path(path).read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
    return found
