"""What each command prints under --json. The names are the contract's; fields are added, never renamed."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import Problem
from ..model import Produced, Reason, RunResult, StageResult

if TYPE_CHECKING:
    from ..explain import Explanation
    from ..status import StatusResult
    from ..verify import StageFound, VerifyResult

VERSION = 1


def text_of(plain: Mapping[str, Any]) -> str:
    """Write an object as one JSON text, the version first."""
    whole = {"version": VERSION, **plain}
    try:
        return json.dumps(whole, allow_nan=False, default=str)
    except ValueError:  # a metric that is not a number; JSON has none such, and most readers refuse NaN
        return json.dumps(_finite(whole), allow_nan=False, default=str)


def errors(problems: Iterable[Problem]) -> dict[str, Any]:
    """Return what every command says when it cannot do its work."""
    return {"ok": False, "errors": [_error(problem) for problem in problems]}


def run(result: RunResult) -> dict[str, Any]:
    """Return a run, whole."""
    return {
        "run": result.run,
        "ok": result.ok,
        "wall_seconds": round(result.wall_seconds, 6),
        "stages": {name: _result(stage) for name, stage in result.stages.items()},
    }


def forecast(result: "StatusResult", wall_seconds: float) -> dict[str, Any]:
    """Return a dry run in the form of a run, each outcome being the verdict."""
    stages = {
        name: _result(StageResult(name, decision.verdict, decision.key, decision.reasons))
        for name, decision in result.decisions.items()
    }
    return {
        "run": None,
        "ok": True,
        "wall_seconds": round(wall_seconds, 6),
        "estimate_seconds": result.estimate_seconds,
        "stages": stages,
        "notes": list(result.notes),
    }


def status(result: "StatusResult") -> dict[str, Any]:
    """Return the verdicts."""
    return {
        "ok": result.ok,
        "estimate_seconds": result.estimate_seconds,
        "stages": {
            name: {
                "verdict": decision.verdict,
                "key": decision.key,
                "reasons": reasons(decision.reasons),
                "sandbox": result.sandboxes.get(name, "strict"),
                **_graded(result, name),
            }
            for name, decision in result.decisions.items()
        },
        "leftovers": list(result.leftovers),
        "notes": list(result.notes),
    }


def _graded(result: "StatusResult", name: str) -> dict[str, Any]:
    graded = result.grades.get(name)
    return {"grade": graded.grade, "differs_with": list(graded.differs_with)} if graded else {}


def explain(explanation: "Explanation") -> dict[str, Any]:
    """Return what changed and what did not."""
    return {
        "stage": explanation.stage,
        "verdict": explanation.verdict,
        "reasons": reasons(explanation.reasons),
        "changed": [change._asdict() for change in explanation.changed],
        "same": dict(explanation.same),
        "baseline": explanation.baseline,
        "widened": list(explanation.widened),
        "chain": list(explanation.chain),
        "sandbox": explanation.sandbox,
        "observed": dict(explanation.observed),
    }


def verify(result: "VerifyResult") -> dict[str, Any]:
    """Return what became of each stage."""
    return {
        "ok": result.ok,
        "executed": result.executed,
        "wall_seconds": round(result.wall_seconds, 6),
        "stages": {name: _found(stage) for name, stage in result.stages.items()},
    }


def reasons(found: Sequence[Reason]) -> list[dict[str, Any]]:
    """Return reasons; old and new are left out where there are none."""
    return [{k: v for k, v in reason._asdict().items() if k in _ALWAYS or v is not None} for reason in found]


_ALWAYS = ("cause", "subject", "text")


def _result(stage: StageResult) -> dict[str, Any]:
    return {
        "outcome": stage.outcome,
        "key": stage.key,
        "reasons": reasons(stage.reasons),
        "wall_seconds": round(stage.wall_seconds, 6),
        "outputs": {name: _output(made) for name, made in stage.outputs.items()},
        "error": stage.error,
        "same_output": stage.same_output,
    }


def _found(stage: "StageFound") -> dict[str, Any]:
    return {
        "result": stage.verdict,
        "outputs": {
            name: {
                "path": output.path,
                "expected": output.expected,
                "actual": output.actual,
                "difference": output.difference,
                "details": {**output.facts, "lines": list(output.details)} if output.difference else None,
            }
            for name, output in stage.outputs.items()
        },
        "culprit": stage.culprit,
        **_perturbation(stage),
        "suspects": [suspect._asdict() for suspect in stage.suspects],
        "error": stage.error,
        "follows": list(stage.follows),
        "reasons": reasons(stage.reasons),
        "wall_seconds": round(stage.wall_seconds, 6),
    }


def _perturbation(stage: "StageFound") -> dict[str, Any]:
    about = stage.perturbation
    if about is None:
        return {}
    return {
        "culprits": list(about.culprits),
        "detail": about.detail or None,
        "perturbed": list(about.perturbed),
        "not_perturbed": dict(about.not_perturbed),
        "limits": dict(about.limits),
        "builds": about.builds,
    }


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _output(made: Produced) -> dict[str, Any]:
    return {"path": made.path, "digest": made.artifact.digest, "size_bytes": made.artifact.size_bytes}


def _error(problem: Problem) -> dict[str, Any]:
    mark = problem.mark
    return {
        "text": problem.text,
        "file": mark.file if mark else None,
        "line": mark.line if mark else None,
        "column": mark.column if mark else None,
        "facts": [list(fact) for fact in problem.facts],
        "help": problem.help,
    }
