"""W3C PROV as PROV-JSON: artifacts are entities, executions are activities, `pipe` is the agent. Knows no file."""

import json
from collections.abc import Mapping
from typing import Any

from .. import digest
from ..lineage import Place
from .evidence import Act, Evidence
from .names import URN, began, ended, instant, text_of

_PREFIXES = {
    "pipe": f"{URN}:prov:",
    "artifact": f"{URN}:artifact:",
    "execution": f"{URN}:execution:",
    "code": f"{URN}:code:",
}
_AGENT = "pipe:software"


def document(evidence: Evidence) -> dict[str, Any]:
    """Return the whole history as one PROV-JSON document: the same records give the same one."""
    return _Document(evidence).whole()


class _Document:
    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._records: dict[str, dict[str, dict[str, Any]]] = {}

    def whole(self) -> dict[str, Any]:
        self._add("agent", _AGENT, {"prov:type": _name("prov:SoftwareAgent"), "prov:label": "pipe"})
        for place in self._evidence.artifacts:
            self._add("entity", entity_of(place), self._artifact(place))
        for part, whole in self._evidence.parts:
            self._relate("wasDerivedFrom", generatedEntity=entity_of(whole), usedEntity=entity_of(part))
        feeding = self._evidence.feeding()
        for act in self._evidence.acts:
            self._act(act)
            for before in feeding[act.id]:
                self._relate("wasInformedBy", informed=_activity(act), informant=_activity(before))
        return {"prefix": dict(_PREFIXES), **self._records}

    def _artifact(self, place: Place) -> dict[str, Any]:
        path, artifact = place
        found: dict[str, Any] = {
            "prov:label": text_of(path),
            "pipe:path": text_of(path),
            "pipe:digest": artifact.digest,
            "pipe:kind": artifact.kind,
        }
        if artifact.kind == "tree":
            found["prov:type"] = _name("prov:Collection")
        size = self._evidence.size_of(artifact)
        return found | ({} if size is None else {"pipe:sizeBytes": _long(size)})

    def _act(self, act: Act) -> None:
        activity, plan = _activity(act), self._plan(act)
        trace = act.trace
        start, end = began(trace), ended(trace)
        times = {"prov:startTime": start, "prov:endTime": end}
        self._add(
            "activity",
            activity,
            {name: instant(when) for name, when in times.items() if when is not None}
            | {
                "prov:type": _name("pipe:Action"),
                "prov:label": text_of(trace.stage),
                "pipe:action": trace.key,
                "pipe:isolation": trace.level,
                "pipe:executed": not trace.vouched,
                "pipe:parameters": _json(act.recipe["params"]),
                "pipe:variables": _json(act.recipe["variables"]),
                "pipe:packages": _json(act.recipe["environment"]["packages"]),
                "pipe:platform": _json(act.recipe["environment"]["platform"]),
            },
        )
        self._relate("wasAssociatedWith", activity=activity, agent=_AGENT, plan=plan)
        for used in act.inputs:
            self._relate("used", activity=activity, entity=entity_of(used.place), **{"prov:role": used.name})
        moment = {} if end is None else {"time": instant(end)}
        for made in act.outputs:
            entity = entity_of(made.place)
            self._relate(
                "wasGeneratedBy", entity=entity, activity=activity, **moment, **{"prov:role": made.name}
            )
            for place in dict.fromkeys(used.place for used in act.inputs):
                # That it was there to be read is what is known: nobody saw which bytes went where.
                self._relate(
                    "wasDerivedFrom", generatedEntity=entity, usedEntity=entity_of(place), activity=activity
                )

    def _plan(self, act: Act) -> str:
        """Add what was executed: the recorded source files as the members of one plan."""
        plan = f"code:{digest.of_value([act.does, act.recipe['code'], dict(act.trace.source)])}"
        kinds = [_name("prov:Plan"), _name("prov:Collection")]
        self._add("entity", plan, {"prov:type": kinds, "prov:label": act.does, "pipe:runs": act.does})
        for path, name in sorted(act.trace.source.items()):
            source = f"code:{digest.of_value([path, name])}"
            kept = {"prov:label": text_of(path), "pipe:path": text_of(path), "pipe:digest": name}
            self._add("entity", source, kept)
            self._relate("hadMember", collection=plan, entity=source)
        return plan

    def _add(self, kind: str, name: str, attributes: Mapping[str, Any]) -> None:
        self._records.setdefault(kind, {})[name] = dict(attributes)

    def _relate(self, kind: str, **attributes: Any) -> None:
        """Add a relation once; its name, which only this document knows, is that of what it says."""
        said = {name if ":" in name else f"prov:{name}": value for name, value in attributes.items()}
        self._records.setdefault(kind, {})[f"_:{digest.of_value([kind, said])[:24]}"] = said


def entity_of(place: Place) -> str:
    """Return the name of an artifact's entity: other bytes, or the same at another path, are another one."""
    path, artifact = place
    return f"artifact:{artifact.digest}-{digest.of_bytes(text_of(path).encode())[:12]}"


def _activity(act: Act) -> str:
    return f"execution:{act.id}"


def _name(qualified: str) -> dict[str, str]:
    return {"$": qualified, "type": "prov:QUALIFIED_NAME"}


def _long(number: int) -> dict[str, str]:
    return {"$": str(number), "type": "xsd:long"}


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
