"""Reads exports by each standard's own library, and holds what they say against `pipe lineage --json`.

Each `check_` raises for an export that the library refuses, or that lacks an artifact, an execution or an edge.
"""

import hashlib
import importlib
import io
import json
import pkgutil
import typing
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attr

Plain = dict[str, Any]
Edge = tuple[str, str, str]
"""Action key, digest and path."""


class Truth(typing.NamedTuple):
    """What `pipe lineage --json` says."""

    target: str
    actions: frozenset[str]
    read: frozenset[Edge]
    wrote: frozenset[Edge]
    parts: frozenset[tuple[tuple[str, str], tuple[str, str]]]
    """A folder that an action wrote, and what was read of it; or the other way round. Each by digest and path."""


def truth_of(plain: Plain) -> Truth:
    nodes = {node["id"]: node for node in plain["nodes"]}
    read, wrote, parts = set(), set(), set()
    for start, end in plain["edges"]:
        if nodes[end]["kind"] == "action":
            read.add((nodes[end]["key"], nodes[start]["digest"], nodes[start]["path"]))
        elif nodes[start]["kind"] == "action":
            wrote.add((nodes[start]["key"], nodes[end]["digest"], nodes[end]["path"]))
        else:
            parts.add(tuple((nodes[name]["digest"], nodes[name]["path"]) for name in (start, end)))
    actions = frozenset(node["key"] for node in plain["nodes"] if node["kind"] == "action")
    return Truth(plain["target"], actions, frozenset(read), frozenset(wrote), frozenset(parts))


def _agree(truth: Truth, actions: set[str], read: set[Edge], wrote: set[Edge]) -> None:
    assert actions == truth.actions
    assert read == truth.read
    assert wrote >= truth.wrote  # an action may have written what the target does not come from
    assert {key for key, _, _ in wrote} <= actions


# OpenLineage


def check_openlineage(events: list[Plain], truth: Truth) -> None:
    from openlineage.client.event_v2 import RunEvent
    from openlineage.client.serde import Serde

    for event in events:
        assert _without_empty(Serde.to_dict(_built(RunEvent, event))) == _without_empty(event)
    complete = [event for event in events if event["eventType"] == "COMPLETE"]
    started = [event["run"]["runId"] for event in events if event["eventType"] == "START"]
    assert started == [event["run"]["runId"] for event in complete]
    seen: set[str] = set()
    keys = []
    for event in complete:
        for upstream in event["run"]["facets"].get("jobDependencies", {}).get("upstream", ()):
            assert upstream["run"]["runId"] in seen
        seen.add(event["run"]["runId"])
        keys.append(_tag(event, "action"))
    read, wrote = (
        {
            (key, dataset["facets"]["version"]["datasetVersion"], dataset["name"])
            for key, event in zip(keys, complete, strict=True)
            for dataset in event[way]
        }
        for way in ("inputs", "outputs")
    )
    _agree(truth, set(keys), read, wrote)


def _without_empty(plain: Any) -> Any:
    """Return what is said: the library writes a list that nobody gave as an empty one."""
    if isinstance(plain, list):
        return [_without_empty(item) for item in plain]
    if isinstance(plain, dict):
        return {name: _without_empty(value) for name, value in plain.items() if value not in ([], {})}
    return plain


def _tag(event: Plain, key: str) -> str:
    return next(tag["value"] for tag in event["run"]["facets"]["tags"]["tags"] if tag["key"] == key)


def _built(kind: type, plain: Plain) -> Any:
    """Build one of the library's classes, which refuse a field they do not know or that is not what it must be."""
    hints = typing.get_type_hints(
        kind, vars(importlib.import_module(kind.__module__)), {"ClassVar": typing.ClassVar}
    )
    fixed = {name: plain[name] for name in ("_schemaURL", "schemaURL") if name in plain}
    given = {
        name.lstrip("_"): _value(hints.get(name), value) for name, value in plain.items() if name not in fixed
    }
    built = kind(**given)
    assert all(getattr(built, name) == value for name, value in fixed.items()), fixed
    return built


def _value(hint: Any, value: Any) -> Any:
    from enum import Enum

    inner = [one for one in typing.get_args(hint) if one is not type(None)] if hint is not None else []
    if typing.get_origin(hint) is not dict and len(inner) == 1 and typing.get_origin(hint) is not list:
        return _value(inner[0], value)
    if typing.get_origin(hint) is dict and isinstance(value, dict):
        return {name: _built(_facets()[facet["_schemaURL"]], facet) for name, facet in value.items()}
    if typing.get_origin(hint) is list:
        return [_value(inner[0], item) for item in value]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    return _built(hint, value) if attr.has(hint) and isinstance(value, dict) else value


def _facets(known: dict[str, type] = {}) -> Mapping[str, type]:  # noqa: B006 - a memo
    """Return every facet of the library by the URL of its schema."""
    if not known:
        generated = importlib.import_module("openlineage.client.generated")
        for module in pkgutil.iter_modules(generated.__path__, "openlineage.client.generated."):
            for one in vars(importlib.import_module(module.name)).values():
                if isinstance(one, type) and hasattr(one, "_get_schema"):
                    known[one._get_schema()] = one
    return known


# PROV


def check_prov(text: str, truth: Truth) -> None:
    from prov.model import ProvActivity, ProvDocument

    document = ProvDocument.deserialize(content=text, format="json")
    again = ProvDocument.deserialize(content=document.serialize(), format="json")
    assert again == document
    assert len(document.unified().get_records()) == len(document.get_records())  # nothing is said twice
    plain = json.loads(text)
    entities = {name: (e.get("pipe:digest"), e.get("pipe:path")) for name, e in plain["entity"].items()}
    keys = {
        str(a.identifier): str(next(iter(a.get_attribute("pipe:action"))))
        for a in document.get_records(ProvActivity)
    }

    def edges(kind: str) -> set[Edge]:
        return {
            (keys[one["prov:activity"]], *entities[one["prov:entity"]])
            for one in plain.get(kind, {}).values()
        }

    _agree(truth, set(keys.values()), edges("used"), edges("wasGeneratedBy"))
    plans = {one["prov:activity"]: one["prov:plan"] for one in plain["wasAssociatedWith"].values()}
    assert plans.keys() == keys.keys() and set(plans.values()) <= entities.keys()
    assert {one["prov:agent"] for one in plain["wasAssociatedWith"].values()} == plain["agent"].keys()
    made = {one["prov:entity"]: one["prov:activity"] for one in plain["wasGeneratedBy"].values()}
    informed = {
        (one["prov:informed"], one["prov:informant"]) for one in plain.get("wasInformedBy", {}).values()
    }
    for one in plain.get("used", {}).values():
        if one["prov:entity"] in made:
            assert (one["prov:activity"], made[one["prov:entity"]]) in informed
    derived = {
        (o["prov:generatedEntity"], o["prov:usedEntity"]) for o in plain.get("wasDerivedFrom", {}).values()
    }
    assert {(entities[used], entities[made]) for made, used in derived} >= truth.parts
    for used in plain.get("used", {}).values():
        for output, activity in made.items():
            assert activity != used["prov:activity"] or (output, used["prov:entity"]) in derived


# SLSA


def check_slsa(statements: list[Plain], truth: Truth, files: Mapping[str, bytes]) -> None:
    """`files` are bytes by the name that a statement has for them."""
    import google.protobuf.json_format as protobuf
    from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
    from in_toto_attestation.v1.statement import Statement

    actions, read, wrote = set(), set(), set()
    for statement in statements:
        message = protobuf.ParseDict(statement, statement_pb2.Statement())
        Statement.copy_from_pb(message).validate()
        assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
        predicate = statement["predicate"]
        provenance = protobuf.ParseDict(predicate, provenance_pb2.Provenance())
        definition, details = provenance.build_definition, provenance.run_details
        assert definition.build_type and details.builder.id and details.metadata.invocation_id
        assert details.metadata.started_on.ToSeconds() <= details.metadata.finished_on.ToSeconds()
        for resource in (*definition.resolved_dependencies, *details.byproducts):
            ResourceDescriptor.copy_from_pb(resource).validate()
        key = predicate["buildDefinition"]["internalParameters"]["action"]
        actions.add(key)
        dependencies = predicate["buildDefinition"]["resolvedDependencies"]
        for resource in (*statement["subject"], *dependencies):
            if resource["name"] in files:
                assert resource["digest"]["sha256"] == hashlib.sha256(files[resource["name"]]).hexdigest()
        wrote |= {(key, _digest(subject), subject["name"]) for subject in statement["subject"]}
        inputs = [d for d in dependencies if d.get("annotations", {}).get("role") == "input"]
        reads = {(key, _digest(resource), resource["name"]) for resource in inputs}
        assert reads == {edge for edge in truth.read if edge[0] == key}  # whichever output it is about
        read |= reads
        assert any(d.get("annotations", {}).get("role") == "interpreter" for d in dependencies)
    _agree(truth, actions, read, wrote)


def _digest(resource: Plain) -> str:
    return str(resource["digest"].get("blake3") or resource["digest"]["pipeTree"])


# RO-Crate

UNKNOWN = {"agent", "author", "license", "publisher", "url", "conformsTo"}
"""What RO-Crate recommends and no record knows: people, a licence, addresses on the web, what Bioschemas asks for."""
NO_ADDRESS = "The SoftwareApplication id SHOULD be an absolute URI"


def check_crate(folder: Path, truth: Truth, cache: Path) -> None:
    from rocrate.rocrate import ROCrate

    issues = validator_issues(folder, cache)
    assert [i for i in issues if i[0] == "REQUIRED"] == []
    assert [i for i in issues if i[2] not in UNKNOWN and i[1] != NO_ADDRESS] == []
    crate = ROCrate(folder)
    assert {entity.id for entity in crate.data_entities} >= {"workflow.json", "records/"}
    for entity in crate.data_entities:
        path = folder / entity.id
        decoded = folder / _unquoted(entity.id)
        assert decoded.exists(), path
        if entity.get("sha256"):
            assert hashlib.sha256(decoded.read_bytes()).hexdigest() == entity["sha256"]
            assert str(decoded.stat().st_size) == entity["contentSize"]
    graph = {e["@id"]: e for e in json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]}
    actions = [e for e in graph.values() if e["@type"] == "CreateAction" and e["@id"] != "#run"]
    tools = {action["@id"]: graph[action["instrument"]["@id"]]["softwareVersion"] for action in actions}

    def edges(way: str) -> set[Edge]:
        found = ((tools[a["@id"]], graph[ref["@id"]]) for a in actions for ref in _many(a.get(way)))
        return {
            (key, one["identifier"].partition(":")[2], one["name"])
            for key, one in found
            if one["@type"] != "PropertyValue"
        }

    _agree(truth, set(tools.values()), edges("object"), edges("result"))
    assert graph[_many(graph["#run"]["result"])[0]["@id"]]["identifier"].endswith(truth.target)
    referenced = {
        ref["@id"]
        for e in graph.values()
        for value in e.values()
        for ref in _many(value)
        if isinstance(ref, dict)
    }
    assert {name for name in referenced if name not in graph and not name.startswith("http")} == set()


def validator_issues(
    folder: Path, cache: Path, profile: str = "provenance-run-crate-0.5"
) -> list[tuple[str, str, str]]:
    """Return severity, message and property of what roc-validator finds; it has no network, but the contexts."""
    from rocrate_validator import services

    prime(cache)
    settings = services.ValidationSettings(
        rocrate_uri=str(folder),
        profile_identifier=profile,
        requirement_severity="RECOMMENDED",
        offline=True,
        cache_path=cache,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pyshacl uses what rdflib is about to drop
        found = services.validate(settings).get_issues()
    return [(i.severity.name, i.message, str(i.violatingProperty).rpartition("/")[2]) for i in found]


def prime(cache: Path) -> None:
    """Put the two JSON-LD contexts into the validator's cache of the web, as the library `rocrate` brings them."""
    import rocrate.rocrate
    from requests.adapters import HTTPAdapter
    from requests_cache import CachedSession
    from urllib3 import HTTPResponse

    text = (Path(rocrate.rocrate.__file__).parent / "data/ro-crate.jsonld").read_text(encoding="utf-8")
    for term in (
        "FormalParameter",
        "ComputationalWorkflow",
    ):  # version 1.3 has moved these four, and no other of ours
        text = text.replace(f"bioschemas.org/terms/{term}", f"bioschemas.org/{term}")
    for term in ("input", "output"):
        text = text.replace(f"bioschemas.org/terms/{term}", f"bioschemas.org/ComputationalWorkflow#{term}")
    terms = ("environment", "resourceUsage", "sha256")
    run = {"@context": {term: f"https://w3id.org/ro/terms/workflow-run#{term}" for term in terms}}
    contexts = {
        "https://w3id.org/ro/crate/1.1/context": text,
        "https://w3id.org/ro/terms/workflow-run/context": json.dumps(run),
    }

    class Served(HTTPAdapter):
        def send(self, request: Any, *arguments: Any, **options: Any) -> Any:
            body = io.BytesIO(contexts[request.url].encode())
            kind = {"Content-Type": "application/ld+json"}
            return self.build_response(request, HTTPResponse(body, kind, 200, preload_content=False))

    session = CachedSession(str(cache), backend="sqlite", expire_after=-1)
    session.mount("https://", Served())
    for url in contexts:
        session.get(url)
    session.close()


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _unquoted(name: str) -> str:
    from urllib.parse import unquote

    return unquote(name)
