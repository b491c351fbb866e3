"""The metadata of a Provenance Run RO-Crate: profiles 0.5, RO-Crate 1.1. Knows what lies where, and reads no file."""

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from ..layout import CRATE
from ..model import Artifact
from .contents import Contents
from .evidence import Evidence
from .names import ended, instant, media_type, text_of
from .run_crate import PLAN, Entity, Run, absent, ref

_CONTEXT = ("https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context")
_WFRUN = "https://w3id.org/ro/wfrun"
_WORKFLOW = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
_PROFILES = (f"{_WFRUN}/process/0.5", f"{_WFRUN}/workflow/0.5", f"{_WFRUN}/provenance/0.5", _WORKFLOW)
_NO_LICENSE = "not stated: the records know no licence; ask those who own the data and the code"


def metadata(evidence: Evidence, contents: Contents, sha256: Mapping[str, str]) -> Entity:
    """Return the whole of `ro-crate-metadata.json`. `sha256` is by the digest of a file."""
    entities = _entities(evidence, contents, sha256)
    return {"@context": list(_CONTEXT), "@graph": [_compact(entity) for entity in entities]}


def _entities(evidence: Evidence, contents: Contents, sha256: Mapping[str, str]) -> Iterator[Entity]:
    """Yield every entity once; the description of the crate itself comes first."""
    places = {pair: ref(_id(at, folder=at in contents.folders)) for pair, at in contents.at.items()}
    run = Run(evidence, places)
    data: dict[str, Entity] = {}
    for entity in _data(evidence, contents, sha256, run):
        data.setdefault(entity["@id"], entity)
    yield {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "about": ref("./"),
        "conformsTo": [ref("https://w3id.org/ro/crate/1.1"), ref(_WORKFLOW)],
    }
    yield _root(evidence, [PLAN, *data], run)
    for profile in _PROFILES:
        name, _, version = profile.rpartition("/")
        yield {"@id": profile, "@type": "CreativeWork", "name": name.rpartition("/")[2], "version": version}
    yield from data.values()
    for missing in contents.missing:
        yield {
            "@id": absent(missing.path, missing.digest),
            "@type": "CreativeWork",
            "name": text_of(missing.path),
            "identifier": f"blake3:{missing.digest}",
            "description": f"not in this crate: {missing.why}",
            "exampleOfWork": run.examples.get((missing.path, missing.digest), []),
        }
    yield from run.entities()


def _root(evidence: Evidence, parts: list[str], run: Run) -> Entity:
    path = text_of(evidence.target[0])
    times = [instant(end) for act in evidence.acts if (end := ended(act.trace)) is not None]
    return {
        "@id": "./",
        "@type": "Dataset",
        "conformsTo": [ref(profile) for profile in _PROFILES],
        "name": f"{path}, and what it takes to make it again",
        "description": f"{path} as the pipeline orchestrator pipe recorded it: inputs, code, parameters, packages and "
        "each step. In this folder `pipe rebuild` makes it again, and compares.",
        "datePublished": max(times, default="1970-01-01")[:10],
        "license": _NO_LICENSE,
        "mainEntity": ref(PLAN),
        "mentions": run.mentions(),
        "hasPart": [ref(part) for part in parts],
    }


def _data(evidence: Evidence, contents: Contents, sha256: Mapping[str, str], run: Run) -> Iterator[Entity]:
    """Yield what lies in the crate; the files of a folder only where they have another name here."""

    def file(path: str, name: str) -> Entity:
        size = evidence.size_of(Artifact("file", name, 0))
        known = {
            "name": text_of(path),
            "identifier": f"blake3:{name}",
            "encodingFormat": media_type(path),
            "contentSize": None if size is None else str(size),
            "sha256": sha256.get(name),
        }
        return {field: value for field, value in known.items() if value is not None}

    for path, artifact in evidence.artifacts:
        pair = path, artifact.digest
        at = contents.at.get(pair)
        if at is not None:
            examples = {"exampleOfWork": run.examples[pair]} if pair in run.examples else {}
            if artifact.kind == "tree":
                inside = [place for place in contents.renamed if place.startswith(f"{at}/")]
                known: Entity = {"name": text_of(path), "identifier": f"pipe-tree:{artifact.digest}"}
                known |= {"hasPart": [ref(_id(place)) for place in inside]}
                yield {"@id": _id(at, folder=True), "@type": "Dataset", **known, **examples}
                for place in inside:
                    yield {
                        "@id": _id(place),
                        "@type": "File",
                        **file(contents.renamed[place], contents.objects[place]),
                    }
            else:
                yield {"@id": _id(at), "@type": "File", **file(path, artifact.digest), **examples}
    for act in evidence.acts:
        for path, name in sorted(act.trace.source.items()):
            at = contents.at.get((path, name))
            if at is not None:
                kinds = ["File", "SoftwareSourceCode"]
                yield {"@id": _id(at), "@type": kinds, **file(path, name), "version": f"blake3:{name}"}
    yield {
        "@id": "README.md",
        "@type": "File",
        "name": "how to make it again",
        "about": ref("./"),
        "encodingFormat": "text/markdown",
    }
    yield {
        "@id": "requirements.txt",
        "@type": "File",
        "name": "the packages that the steps were executed with",
        "encodingFormat": "text/plain",
    }
    if any(place.startswith("imported/") for place in contents.objects):
        yield {
            "@id": "imported/",
            "@type": "Dataset",
            "name": "what the steps were given of the sources",
            "description": "By stage: the definitions that it reaches, and nothing else. This is what was executed.",
        }
    yield {
        "@id": "records/",
        "@type": "Dataset",
        "name": "what pipe recorded",
        "description": f"Actions, traces, and in {CRATE} the digest of every file: what `pipe rebuild` reads.",
    }


def _compact(entity: Entity) -> Entity:
    """Write a list of one as the one, and leave out an empty one: so RO-Crate 1.1 wants it."""
    found = {
        name: value[0] if isinstance(value, list) and len(value) == 1 else value
        for name, value in entity.items()
    }
    return {name: value for name, value in found.items() if value != []}


def _id(at: str, *, folder: bool = False) -> str:
    return quote(at, safe="/") + ("/" if folder else "")
