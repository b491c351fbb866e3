"""Judges a stage by what it was expected to make and what it made. Executes nothing."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..formats.difference import Tolerance, between
from ..model import Output, Produced, Stage, StageResult
from .bytes import Files
from .result import OK, OutputFound, StageFound, Verdict

UNMADE = frozenset(("failed", "blocked", "cancelled"))
"""The outcomes of a stage that made nothing."""


class Side(NamedTuple):
    """Outputs by name, and how to find their bytes (None if they are nowhere)."""

    outputs: Mapping[str, Produced]
    find: Callable[[Produced], Files | None]


def stage(stage: Stage, result: StageResult, expected: Side | None, actual: Side) -> StageFound:
    """Compare what a stage made with what was expected, which is None if nothing is known of it.

    Outputs that their readers are to judge are "different" here: see `by_consumers`.
    """
    if result.outcome in UNMADE:
        verdict: Verdict = "failed" if result.outcome == "failed" else "blocked"
        above = tuple(reason.subject for reason in result.reasons if reason.cause == "waiting")
        known = expected.outputs if expected else {}
        outputs = {name: OutputFound(p.path, verdict, p.artifact.digest, None) for name, p in known.items()}
        error = result.error or (f"{', '.join(above)} failed" if above else None)
        return StageFound(stage.name, verdict, outputs, result.wall_seconds, error, above)
    if expected is None:
        outputs = {n: _unknown(p) for n, p in actual.outputs.items()}
        return StageFound(
            stage.name, "different", outputs, result.wall_seconds, "pipeline.lock does not have it"
        )
    outputs = {o.name: _output(o, expected, actual) for o in stage.outputs}
    for name, was in expected.outputs.items():
        if name not in outputs:
            text = "pipeline.lock has it, and the stage does not declare it"
            outputs[name] = OutputFound(was.path, "different", was.artifact.digest, None, text)
    return StageFound(stage.name, _worst(outputs), outputs, result.wall_seconds)


def by_consumers(
    found: dict[str, StageFound], stages: Mapping[str, Stage], readers: Callable[[str], list[str]]
) -> dict[str, StageFound]:
    """Judge outputs with `compare: consumers` by the stages that read them and were built on their new bytes.

    `found` is in the order of the graph; `readers` gives those stages by an output's path.
    """
    judged = dict(found)
    for name in reversed(list(found)):
        outputs = dict(judged[name].outputs)
        for output in stages[name].outputs:
            there = outputs.get(output.name)
            if there is not None and there.difference and output.compare == "consumers" and there.expected:
                outputs[output.name] = _by_readers(there, readers(output.path), judged)
        if judged[name].verdict == "different" and not judged[name].error:
            judged[name] = judged[name]._replace(outputs=outputs, verdict=_worst(outputs))
    return judged


def _by_readers(there: OutputFound, readers: list[str], judged: Mapping[str, StageFound]) -> OutputFound:
    bad = [name for name in readers if judged[name].verdict not in OK]
    if not readers:
        return there._replace(difference=f"{there.difference}; no stage that reads it was executed on it")
    if bad:
        return there._replace(difference=f"{there.difference}; {', '.join(bad)} did not come out as expected")
    text = f"{there.difference}; its readers came out as expected: {', '.join(readers)}"
    return there._replace(verdict="equivalent", difference=text)


def _unknown(made: Produced) -> OutputFound:
    return OutputFound(made.path, "different", None, made.artifact.digest, "pipeline.lock does not have it")


def _worst(outputs: Mapping[str, OutputFound]) -> Verdict:
    verdicts = {output.verdict for output in outputs.values()}
    if "different" in verdicts:
        return "different"
    return "equivalent" if "equivalent" in verdicts else "identical"


def _output(output: Output, expected: Side, actual: Side) -> OutputFound:
    made = actual.outputs[output.name]
    was = expected.outputs.get(output.name)
    if was is None or was.path != made.path:
        return _unknown(made)
    here = OutputFound(made.path, "identical", was.artifact.digest, made.artifact.digest)
    if was.artifact[:2] == made.artifact[:2]:
        return here
    if was.artifact.digest == made.artifact.digest:
        return here._replace(verdict="different", difference="its executable bit differs")
    if "tree" in (was.artifact.kind, made.artifact.kind) and was.artifact.kind != made.artifact.kind:
        became = "a file -> a folder" if made.artifact.kind == "tree" else "a folder -> a file"
        return here._replace(verdict="different", difference=became)
    tolerance = Tolerance(**output.compare) if isinstance(output.compare, Mapping) else None
    before, now = expected.find(was), actual.find(made)
    if before is None:
        if output.compare == "consumers":
            return here._replace(verdict="different", difference="other bytes")
        nowhere = "other bytes; those expected are neither in the workspace nor in the store"
        more = ", so no tolerance can be judged" if tolerance else ""
        return here._replace(verdict="different", difference=nowhere + more)
    assert now is not None, "what was just made is there"
    found = between(before, now, made.path, tolerance)
    verdict: Verdict = "equivalent" if found.within else "different"
    return here._replace(verdict=verdict, difference=found.text, details=found.lines, facts=found.facts)
