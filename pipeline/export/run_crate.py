"""The run in a Provenance Run RO-Crate: the workflow, its steps, and what was executed. Reads no file."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from .. import __version__
from .evidence import Act, Evidence, Used
from .names import began, ended, instant, text_of

PLAN = "workflow.json"
RUN = "#run"
ENGINE_RUN = "#engine-run"
_DONE = "http://schema.org/CompletedActionStatus"

Entity = dict[str, Any]


class Run:
    """`place` gives a reference to an artifact in the crate, by its path and digest; what is not there has none."""

    def __init__(self, evidence: Evidence, place: Mapping[tuple[str, str], Entity]) -> None:
        self._evidence = evidence
        self.place = place
        self._made = {(made.path, made.artifact.digest) for act in evidence.acts for made in act.outputs}
        self._made |= {(path, artifact.digest) for _, (path, artifact) in evidence.parts}
        self.examples: dict[tuple[str, str], list[Entity]] = {}
        """The parameters that an artifact was the value of."""
        for act in evidence.acts:
            for way, places in (("input", act.inputs), ("output", act.outputs)):
                for used in places:
                    at = used.path, used.artifact.digest
                    self.examples.setdefault(at, []).append(ref(_parameter(act, way, used.name)))

    def mentions(self) -> list[Entity]:
        return [ref(RUN), ref(ENGINE_RUN), *(ref(_action(act)) for act in self._evidence.acts)]

    def entities(self) -> Iterator[Entity]:
        yield from self._engine()
        yield self._plan()
        yield from self._run()
        for number, act in enumerate(self._evidence.acts, 1):
            yield from self._step(number, act)

    def _engine(self) -> Iterator[Entity]:
        yield {
            "@id": "#pipe",
            "@type": "SoftwareApplication",
            "name": "pipe",
            "description": "runs pipelines, records each action, and wrote this crate",
            "softwareVersion": __version__,
        }
        yield {"@id": "#language", "@type": "ComputerLanguage", "name": "steps as pipe records them"}

    def _plan(self) -> Entity:
        acts = self._evidence.acts
        return {
            "@id": PLAN,
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
            "name": f"how {text_of(self._evidence.target[0])} was made",
            "encodingFormat": "application/json",
            "version": f"pipe {__version__}",
            "programmingLanguage": ref("#language"),
            "hasPart": [ref(_tool(act)) for act in acts],
            "step": [ref(_step(act)) for act in acts],
            "input": _refs(_parameter(act, "input", used.name) for act, used in self._raw()),
            "output": _refs(_parameter(act, "output", made.name) for act, made in self._results()),
        }

    def _raw(self) -> Iterator[tuple[Act, Used]]:
        """Yield what no step of this crate made, once, with the first step that read it."""
        seen: set[tuple[str, str]] = set()
        for act in self._evidence.acts:
            for used in act.inputs:
                at = used.path, used.artifact.digest
                if at not in self._made and at not in seen:
                    seen.add(at)
                    yield act, used

    def _results(self) -> Iterator[tuple[Act, Used]]:
        path, artifact = self._evidence.target
        for act in self._evidence.acts:
            for made in act.outputs:
                if (made.path, made.artifact.digest) == (path, artifact.digest):
                    yield act, made

    def _run(self) -> Iterator[Entity]:
        acts = self._evidence.acts
        starts = [start for act in acts if (start := began(act.trace)) is not None]
        ends = [end for act in acts if (end := ended(act.trace)) is not None]
        times: Entity = (
            {"startTime": _time(min(starts)), "endTime": _time(max(ends))} if starts and ends else {}
        )
        path, artifact = self._evidence.target
        yield {
            "@id": RUN,
            "@type": "CreateAction",
            "name": f"the making of {text_of(path)}",
            "description": "all steps, which may have been executed in several runs of pipe",
            "instrument": ref(PLAN),
            "object": [self._artifact(used.path, used.artifact.digest) for _, used in self._raw()],
            "result": [self._artifact(path, artifact.digest)],
            "actionStatus": _DONE,
            **times,
        }
        yield {
            "@id": ENGINE_RUN,
            "@type": "OrganizeAction",
            "name": "pipe ran the steps",
            "instrument": ref("#pipe"),
            "object": [ref(_control(act)) for act in acts],
            "result": ref(RUN),
            **times,
        }

    def _step(self, number: int, act: Act) -> Iterator[Entity]:
        """Yield the tool, the step, what was executed, with which values."""
        stage = text_of(act.trace.stage)
        values = list(self._values(act))
        variables = list(_variables(act))
        usage = list(_usage(act))
        yield self._tool(act)
        yield {
            "@id": _step(act),
            "@type": "HowToStep",
            "name": stage,
            "position": str(number),
            "workExample": ref(_tool(act)),
        }
        yield {
            "@id": _control(act),
            "@type": "ControlAction",
            "name": f"orchestration of {stage}",
            "instrument": ref(_step(act)),
            "object": ref(_action(act)),
        }
        yield self._execution(act, values, variables, usage)
        yield from (*values, *variables, *usage)
        yield from self._parameters(act, stage)

    def _parameters(self, act: Act, stage: str) -> Iterator[Entity]:
        """Yield what the tool takes and gives, each with what it was this time: a glob is one of several files."""
        for way, places in (("input", act.inputs), ("output", act.outputs)):
            for name in dict.fromkeys(used.name for used in places):
                examples = [used for used in places if used.name == name]
                at = [
                    found for used in examples if (found := self.place.get((used.path, used.artifact.digest)))
                ]
                yield {
                    "@id": _parameter(act, way, name),
                    "@type": "FormalParameter",
                    "name": f"{stage}: {name}",
                    "additionalType": "Dataset" if examples[0].artifact.kind == "tree" else "File",
                    **({"workExample": at} if at else {}),
                }
        for name, value in act.recipe["params"].items():
            yield {
                "@id": _parameter(act, "param", str(name)),
                "@type": "FormalParameter",
                "name": f"{stage}: {name}",
                "additionalType": _kind_of(value),
                "workExample": ref(_value(act, name)),
            }

    def _tool(self, act: Act) -> Entity:
        return {
            "@id": _tool(act),
            "@type": "SoftwareApplication",
            "name": act.does,
            "softwareVersion": act.trace.key,
            "softwareRequirements": ref("requirements.txt"),
            "hasPart": [at for pair in sorted(act.trace.source.items()) if (at := self.place.get(pair))],
            "input": [
                *_refs(_parameter(act, "input", used.name) for used in act.inputs),
                *(ref(_parameter(act, "param", str(name))) for name in act.recipe["params"]),
            ],
            "output": [ref(_parameter(act, "output", made.name)) for made in act.outputs],
        }

    def _execution(
        self, act: Act, values: list[Entity], variables: list[Entity], usage: list[Entity]
    ) -> Entity:
        start, end = began(act.trace), ended(act.trace)
        found: Entity = {
            "@id": _action(act),
            "@type": "CreateAction",
            "name": f"{text_of(act.trace.stage)}: {act.does}"[:200],
            "description": f"isolated at level {act.trace.level}"
            + (
                "; nobody saw it executed: the lock file vouched for what lay there"
                if act.trace.vouched
                else ""
            ),
            "instrument": ref(_tool(act)),
            "object": [
                *(self._artifact(u.path, u.artifact.digest) for u in act.inputs),
                *map(_reference, values),
            ],
            "result": [self._artifact(made.path, made.artifact.digest) for made in act.outputs],
            "actionStatus": _DONE,
            "environment": [_reference(entity) for entity in variables],
            "resourceUsage": [_reference(entity) for entity in usage],
        }
        if start is not None and end is not None:
            found |= {"startTime": _time(start), "endTime": _time(end)}
        return found

    def _values(self, act: Act) -> Iterator[Entity]:
        for name, value in act.recipe["params"].items():
            yield {
                "@id": _value(act, name),
                "@type": "PropertyValue",
                "name": str(name),
                "value": value if isinstance(value, str | int | float) else json.dumps(value, default=str),
                "exampleOfWork": ref(_parameter(act, "param", str(name))),
            }

    def _artifact(self, path: str, name: str) -> Entity:
        return self.place.get((path, name), ref(absent(path, name)))


def _variables(act: Act) -> Iterator[Entity]:
    for name, value in act.recipe["variables"].items():
        if value is not None:
            at = f"{_action(act)}-env-{quote(name, safe='')}"
            yield {"@id": at, "@type": "PropertyValue", "name": name, "value": value}


def _usage(act: Act) -> Iterator[Entity]:
    for name, unit, value in (
        ("wall-seconds", "https://qudt.org/vocab/unit/SEC", act.trace.wall_seconds),
        ("cpu-seconds", "https://qudt.org/vocab/unit/SEC", act.trace.cpu_seconds),
        ("peak-memory", "https://qudt.org/vocab/unit/BYTE", act.trace.peak_memory_bytes),
    ):
        yield {
            "@id": f"{_action(act)}-{name}",
            "@type": "PropertyValue",
            "name": name,
            "propertyID": f"urn:pipe-lineage:usage:{name}",
            "unitCode": unit,
            "value": str(value),
        }


def ref(name: str) -> Entity:
    return {"@id": name}


def _refs(names: Iterable[str]) -> list[Entity]:
    return [ref(name) for name in dict.fromkeys(names)]


def absent(path: str, name: str) -> str:
    """Name an artifact that the crate does not hold."""
    return f"#missing-{name[:24]}-{quote(text_of(path), safe='')}"


def _reference(entity: Entity) -> Entity:
    return ref(entity["@id"])


def _action(act: Act) -> str:
    return f"#execution-{act.id[:24]}"


def _tool(act: Act) -> str:
    return f"#tool-{act.id[:24]}"


def _step(act: Act) -> str:
    return f"#step-{act.id[:24]}"


def _control(act: Act) -> str:
    return f"#control-{act.id[:24]}"


def _parameter(act: Act, way: str, name: str) -> str:
    return f"{_tool(act)}-{way}-{quote(name, safe='')}"


def _value(act: Act, name: object) -> str:
    return f"{_action(act)}-param-{quote(str(name), safe='')}"


def _kind_of(value: Any) -> str:
    kinds = {bool: "Boolean", int: "Integer", float: "Float"}
    return kinds.get(type(value), "Text")


def _time(when: datetime) -> str:
    return instant(when).replace("Z", "+00:00")
