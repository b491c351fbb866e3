"""in-toto Statements v1 with SLSA v1 provenance, unsigned. Knows no key and claims no level."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from ..errors import Problem, StoreError
from ..lineage import Place
from ..model import Artifact
from .evidence import Act, Evidence, sha256_of
from .names import URN, began, ended, instant, media_type, text_of

_STATEMENT = "https://in-toto.io/Statement/v1"
_PREDICATE = "https://slsa.dev/provenance/v1"
_BUILD_TYPE = f"{URN}:action:1"
_BUILDER = f"{URN}:local"


def statements(evidence: Evidence, *, ancestors: bool) -> Iterator[dict[str, Any]]:
    """Yield a statement about the target; with `ancestors` one about each artifact above it before.

    Raises StoreError for a target whose making nobody saw: the lock file named bytes that lay there.
    """
    made_by = evidence.made_by()
    for place in evidence.artifacts if ancestors else (evidence.target,):
        for act in _makers(evidence, made_by, place):
            if not act.trace.vouched:
                yield _statement(evidence, place, act)
            elif place == evidence.target:
                text = f"nobody saw `{place[0]}` made: the lock file vouched for bytes that lay there"
                raise StoreError(
                    Problem(text, help=f"`pipe run -f {act.trace.stage}` makes it, and records that")
                )


def _makers(
    evidence: Evidence, made_by: Mapping[tuple[str, str], tuple[Act, ...]], place: Place
) -> Iterable[Act]:
    """Return what made an artifact, or else what made the parts of it, or the folder that it lies in."""
    path, artifact = place
    found = made_by.get((path, artifact.digest), ())
    if found:
        return found
    parts = [part for part, whole in evidence.parts if (whole[0], whole[1].digest) == (path, artifact.digest)]
    return {act.id: act for p, a in parts for act in made_by.get((p, a.digest), ())}.values()


def _statement(evidence: Evidence, place: Place, act: Act) -> dict[str, Any]:
    return {
        "_type": _STATEMENT,
        "subject": list(_subjects(evidence, *place)),
        "predicateType": _PREDICATE,
        "predicate": {"buildDefinition": _definition(evidence, act), "runDetails": _details(evidence, act)},
    }


def _subjects(evidence: Evidence, path: str, artifact: Artifact) -> Iterator[dict[str, Any]]:
    """Yield an artifact; a folder's files each by itself, too: no other tool knows the folder's own digest."""
    yield _resource(evidence, path, artifact)
    if artifact.kind == "tree":
        for inside, file in evidence.files_of(artifact):
            yield _resource(evidence, f"{path}/{inside}", file)


def _resource(evidence: Evidence, path: str, artifact: Artifact, **annotations: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"name": text_of(path), "digest": _digests(evidence, artifact)}
    if artifact.kind != "tree":
        found["mediaType"] = media_type(path)
    return found | ({"annotations": annotations} if annotations else {})


def _digests(evidence: Evidence, artifact: Artifact) -> dict[str, str]:
    """Return the digests of an artifact: SHA-256 beside ours where its bytes are at hand."""
    if artifact.kind == "tree":
        return {"pipeTree": artifact.digest}
    held = evidence.path_of(artifact.digest)
    known = {"blake3": artifact.digest}
    return known if held is None else {"sha256": sha256_of(held), **known}


def _definition(evidence: Evidence, act: Act) -> dict[str, Any]:
    recipe, trace = act.recipe, act.trace
    external = {
        "stage": text_of(trace.stage),
        "run" if "run" in recipe else "cmd": recipe.get("run", recipe.get("cmd")),
        "parameters": recipe["params"],
        "variables": recipe["variables"],
        "inputs": {name: text_of(entry["path"]) for name, entry in recipe["inputs"].items()},
        "outputs": {name: text_of(entry["path"]) for name, entry in recipe["outputs"].items()},
    }
    internal = {
        "action": trace.key,
        "isolation": trace.level,
        "network": recipe["network"],
        "cpus": recipe["cpus"],
        "gpus": recipe["gpus"],
        "platform": recipe["environment"]["platform"],
        "secrets": sorted(name for name, was_set in recipe["secrets"].items() if was_set),
        "tools": recipe["tools"],
        "code": recipe["code"],
    }
    return {
        "buildType": _BUILD_TYPE,
        "externalParameters": external,
        "internalParameters": internal,
        "resolvedDependencies": [*_inputs(evidence, act), *_sources(evidence, act), *_packages(act)],
    }


def _inputs(evidence: Evidence, act: Act) -> Iterator[dict[str, Any]]:
    for used in act.inputs:
        yield _resource(evidence, used.path, used.artifact, role="input", input=used.name)


def _sources(evidence: Evidence, act: Act) -> Iterator[dict[str, Any]]:
    for path, name in sorted(act.trace.source.items()):
        yield _resource(evidence, path, Artifact("file", name, 0), role="source")


def _packages(act: Act) -> Iterator[dict[str, Any]]:
    """Yield the interpreter and the packages as package URLs: which bytes these were, records do not say."""
    platform = act.recipe["environment"]["platform"]
    python = f"pkg:generic/{quote(platform['implementation'])}@{quote(platform['python'])}"
    yield {"name": platform["implementation"], "uri": python, "annotations": {"role": "interpreter"}}
    for name, version in act.recipe["environment"]["packages"].items():
        if name.startswith("file:"):
            digests = {"blake3": version}
            yield {"name": name.removeprefix("file:"), "digest": digests, "annotations": {"role": "module"}}
        else:
            at, _, exactly = version.partition("@")
            more = {"version": version} if exactly else {}
            uri = f"pkg:pypi/{quote(name)}@{quote(at)}"
            yield {"name": name, "uri": uri, "annotations": {"role": "package", **more}}


def _details(evidence: Evidence, act: Act) -> dict[str, Any]:
    start, end = began(act.trace), ended(act.trace)
    metadata = {"invocationId": f"{URN}:execution:{act.id}"}
    metadata |= {"startedOn": instant(start)} if start is not None else {}
    metadata |= {"finishedOn": instant(end)} if end is not None else {}
    found: dict[str, Any] = {"builder": {"id": _BUILDER}, "metadata": metadata}
    if act.trace.log is not None:
        log = Artifact("file", act.trace.log, 0)
        found["byproducts"] = [_resource(evidence, f"{act.trace.stage}.log", log)]
    return found
