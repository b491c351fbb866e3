"""OpenLineage 2.0: a START and a COMPLETE event for each execution. Reads no wire format but its own."""

import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha1
from typing import Any

from .. import __version__
from ..digest import of_value
from ..errors import Problem, StoreError
from ..formats import columns
from ..model import Artifact
from .evidence import Act, Evidence, Used
from .names import PRODUCER, began, ended, instant, text_of

_SPEC = "https://openlineage.io/spec"
_EVENT = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"


def events(evidence: Evidence, namespace: str) -> Iterator[dict[str, Any]]:
    """Yield the events, those of an execution after those of what it read.

    A job is a stage and a dataset is an artifact's path, both in `namespace`: two projects need two of them.
    Raises StoreError for a trace that does not say when it was recorded.
    """
    runs = {act.id: run_id(act) for act in evidence.acts}
    feeding = evidence.feeding()
    for act in evidence.acts:
        upstream = [_job(before, namespace, runs[before.id]) for before in feeding[act.id]]
        run = {"runId": runs[act.id], "facets": _run_facets(act, upstream)}
        job = {"namespace": namespace, "name": text_of(act.trace.stage), "facets": _job_facets(evidence, act)}
        inputs = [_dataset(evidence, used, namespace, "input") for used in _by_path(act.inputs)]
        outputs = [_dataset(evidence, made, namespace, "output") for made in _by_path(act.outputs)]
        common = {"producer": PRODUCER, "schemaURL": _EVENT, "run": run, "job": job}
        yield {
            "eventType": "START",
            "eventTime": instant(_began(act)),
            **common,
            "inputs": inputs,
            "outputs": [],
        }
        end = instant(_ended(act))
        yield {"eventType": "COMPLETE", "eventTime": end, **common, "inputs": inputs, "outputs": outputs}


def run_id(act: Act) -> str:
    """Name an execution by a version 7 UUID: the same each time, and in the order of time.

    Made as `generate_static_uuid` of openlineage-python makes it: SHA-1 stands where RFC 9562 has random bits.
    """
    import uuid

    start = _began(act)
    node = (
        int(sha1(start.isoformat().encode() + act.id.encode(), usedforsecurity=False).hexdigest(), 16) >> 84
    )
    bits = (int(start.timestamp() * 1000) & 0xFFFFFFFFFFFF) << 80 | node
    bits = bits & ~(0xF000 << 64) | 7 << 76
    return str(uuid.UUID(int=bits & ~(0xC000 << 48) | 0x8000 << 48))


def _began(act: Act) -> datetime:
    return began(act.trace) or _ended(act)


def _ended(act: Act) -> datetime:
    end = ended(act.trace)
    if end is None:
        raise StoreError(Problem(f"the trace of stage `{act.trace.stage}` does not say when it was recorded"))
    return end


def _job(act: Act, namespace: str, run: str) -> dict[str, Any]:
    return {"job": {"namespace": namespace, "name": text_of(act.trace.stage)}, "run": {"runId": run}}


def _run_facets(act: Act, upstream: list[dict[str, Any]]) -> dict[str, Any]:
    recipe, trace = act.recipe, act.trace
    platform = recipe["environment"]["platform"]
    variables = [
        {"name": name, "value": value} for name, value in recipe["variables"].items() if value is not None
    ]
    facets = {
        "processing_engine": _facet(
            "1-1-1/ProcessingEngineRunFacet",
            name=platform.get("implementation", "python"),
            version=platform.get("python", ""),
            openlineageAdapterVersion=__version__,
        ),
        "executionParameters": _facet(
            "1-0-0/ExecutionParametersRunFacet",
            parameters=[
                {"key": str(name), "value": _text(value)} for name, value in recipe["params"].items()
            ],
        ),
        "environmentVariables": _facet("1-0-0/EnvironmentVariablesRunFacet", environmentVariables=variables),
        "tags": _facet(
            "1-0-0/TagsRunFacet",
            tags=[
                {"key": key, "value": value, "source": "PIPE"}
                for key, value in (
                    ("action", trace.key),
                    ("isolation", trace.level),
                    ("executed", "no: vouched for by the lock file" if trace.vouched else "yes"),
                    ("code", of_value(recipe["code"])),
                    ("packages", of_value(recipe["environment"]["packages"])),
                )
            ],
        ),
    }
    if upstream:
        facets["jobDependencies"] = _facet("1-0-1/JobDependenciesRunFacet", upstream=upstream)
    return facets


def _job_facets(evidence: Evidence, act: Act) -> dict[str, Any]:
    facets = {
        "jobType": _facet(
            "2-0-4/JobTypeJobFacet", processingType="BATCH", integration="PIPE", jobType="STAGE"
        )
    }
    source = _source(evidence, act)
    if source is not None:
        language, text = source
        facets["sourceCode"] = _facet("1-0-1/SourceCodeJobFacet", language=language, sourceCode=text)
    return facets


def _source(evidence: Evidence, act: Act) -> tuple[str, str] | None:
    """Return the language and text of a command, or of the file in which the callable stands, as recorded."""
    if "cmd" in act.recipe:
        return "bash", act.does
    path, _ = act.trace.spans.get(act.does, ("", 0))
    held = evidence.path_of(act.trace.source.get(path, ""))
    if held is None:
        return None
    with open(held, encoding="utf-8", errors="backslashreplace") as file:
        return "python", file.read()


def _dataset(evidence: Evidence, used: Used, namespace: str, way: str) -> dict[str, Any]:
    artifact = used.artifact
    kind = "DIRECTORY" if artifact.kind == "tree" else "FILE"
    facets = {
        "version": _facet("1-0-1/DatasetVersionDatasetFacet", datasetVersion=artifact.digest),
        "datasetType": _facet("1-0-1/DatasetTypeDatasetFacet", datasetType=kind),
    }
    found = _columns(evidence, used.path, artifact)
    if found is not None:
        fields = [
            {"name": name, "type": kind, "ordinal_position": place}
            for place, (name, kind) in enumerate(found.fields, 1)
        ]
        facets["schema"] = _facet("1-2-0/SchemaDatasetFacet", fields=fields)
    counted = {"size": evidence.size_of(artifact), "rowCount": found.rows if found is not None else None}
    counted["fileCount"] = sum(1 for _ in evidence.files_of(artifact)) if artifact.kind == "tree" else 1
    schema = {
        "input": "1-0-0/InputStatisticsInputDatasetFacet",
        "output": "1-0-2/OutputStatisticsOutputDatasetFacet",
    }[way]
    statistics = _facet(schema, **{name: value for name, value in counted.items() if value is not None})
    return {
        "namespace": namespace,
        "name": text_of(used.path),
        "facets": facets,
        f"{way}Facets": {f"{way}Statistics": statistics},
    }


def _columns(evidence: Evidence, path: str, artifact: Artifact) -> columns.Columns | None:
    held = (
        evidence.path_of(artifact.digest) if artifact.kind != "tree" and columns.has_columns(path) else None
    )
    try:
        return None if held is None else columns.of_file(held, os.path.basename(path))
    except columns.FormatError:
        return None  # whatever it is called, it is no table


def _by_path(used: tuple[Used, ...]) -> list[Used]:
    """Return artifacts in the order of their paths; one that is declared twice counts once."""
    return list({one.path: one for one in sorted(used, key=lambda u: u.path)}.values())


def _facet(schema: str, **fields: Any) -> dict[str, Any]:
    name = schema.partition("/")[2]
    return {"_producer": PRODUCER, "_schemaURL": f"{_SPEC}/facets/{schema}.json#/$defs/{name}", **fields}


def _text(value: Any) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, default=str)


def namespace_of(environment: Mapping[str, str]) -> str:
    """Return the namespace that OpenLineage's own variable names, or "pipe"."""
    return environment.get("OPENLINEAGE_NAMESPACE") or "pipe"
