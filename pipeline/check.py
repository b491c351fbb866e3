"""Finds what is wrong with a project before anything runs, all of it at once. Changes nothing."""

import os
from collections.abc import Iterable

from . import config
from . import graph as graphs
from .errors import Problem, UsageError
from .graph import Fault
from .inputs import MissingInput
from .model import Artifact, Input, Stage
from .opened import OpenProject
from .workspace import UnfitFile


def check(
    opened: OpenProject,
    names: Iterable[str],
    *,
    allow_missing: bool = False,
    secrets: bool = True,
    inputs: bool = True,
) -> None:
    """Raise UsageError with every problem of the project and of the named stages.

    With `allow_missing` raw inputs that the lock file knows may be absent; without `secrets` those need not be set;
    without `inputs` nobody asks whether those are there.
    """
    problems = list(opened.problems)
    problems += [problem_of(opened, fault) for fault in opened.graph.faults]
    for name in names:
        stage = opened.project.stages[name]
        for fault in opened.survey.of(stage).faults:
            if (secrets or fault.where[:1] != ("secrets",)) and not _follows(fault, stage, opened.problems):
                problems.append(problem_of(opened, fault))
        if opened.complete and inputs:
            problems += _input_problems(opened, stage, allow_missing=allow_missing)
    if problems:
        raise UsageError(*sorted(dict.fromkeys(problems), key=_place))


def problem_of(opened: OpenProject, fault: Fault) -> Problem:
    """Give a fault its place in pipeline.yaml."""
    base = opened.project.stages[fault.stage].base
    mark = config.mark(opened.layout.root, base, *fault.where)
    prefix = "" if fault.text.startswith("stage") else f"stage `{fault.stage}`: "
    return Problem(prefix + fault.text, mark, help=fault.help)


def _follows(fault: Fault, stage: Stage, told: Iterable[Problem]) -> bool:
    """Say whether a callable lacks what it needs only because another mistake hides a name of the stage."""
    names = (f"stage `{stage.name}`", f"stage `{stage.base}`")
    return fault.text.startswith("the callable needs") and any(p.text.startswith(names) for p in told)


def _place(problem: Problem) -> tuple[str, int, int]:
    mark = problem.mark
    return (mark.file, mark.line, mark.column) if mark else ("~", 0, 0)


def _input_problems(opened: OpenProject, stage: Stage, *, allow_missing: bool) -> list[Problem]:
    entry = opened.lock.get(stage.name)
    locked = entry.inputs if entry else {}
    problems = []
    inputs = opened.inputs({})
    for declared in stage.inputs:
        if opened.feeding_stages(declared):
            continue
        try:
            found = inputs.find(declared, locked=locked if allow_missing else None)
            if declared.digest and found.artifact and found.artifact.digest != declared.digest:
                problems.append(_other_bytes(opened, stage, declared, found.artifact.digest))
        except MissingInput:
            problems.append(_missing(opened, stage, declared, locked.get(declared.path)))
        except UnfitFile as unfit:
            fault = Fault(
                stage.name, ("inputs", declared.name), unfit.problems[0].text, unfit.problems[0].help
            )
            problems.append(problem_of(opened, fault))
    return problems


def _other_bytes(opened: OpenProject, stage: Stage, declared: Input, actual: str) -> Problem:
    text = f"input `{declared.path}` has other bytes than its `digest` says"
    help_text = "put the file of that digest there, or declare the actual one"
    problem = problem_of(opened, Fault(stage.name, ("inputs", declared.name), text, help_text))
    return problem._replace(facts=(("declared", declared.digest or ""), ("actual", actual)))


def _missing(opened: OpenProject, stage: Stage, declared: Input, locked: Artifact | None) -> Problem:
    where = ("inputs", declared.name)
    if declared.is_glob:
        text = f"input `{declared.path}` matches no file and no output"
        return problem_of(
            opened, Fault(stage.name, where, text, _near(opened, declared.path) or "correct the pattern")
        )
    text = f"input `{declared.path}` is not written by any stage and does not exist"
    help_text = _near(opened, declared.path)
    if locked is not None and opened.store.holds(locked):
        source = os.path.relpath(opened.store.objects.path_of(locked.digest), opened.layout.root)
        help_text = f"the store has it: `cp {source} {declared.path}`"
    return problem_of(opened, Fault(stage.name, where, text, help_text or "make it, or correct the path"))


def _near(opened: OpenProject, path: str) -> str:
    writers = opened.graph.writers
    near = config.suggest(path, writers)
    if near:
        return f"did you mean `{near}`, written by stage `{writers[near]}`?"
    folder = os.path.dirname(path)
    try:
        beside = [os.path.join(folder, name) for name in os.listdir(os.path.join(opened.layout.root, folder))]
    except OSError:
        return ""
    near = config.suggest(path, beside)
    return f"did you mean `{near}`?" if near else ""


def target_scope(opened: OpenProject, targets: frozenset[str]) -> list[str]:
    """Return the targets and all that they need, in the order of the graph."""
    needed = graphs.ancestors(opened.graph, targets)
    return [name for name in opened.graph.order if name in needed]
