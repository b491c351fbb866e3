"""`pipe explain`: what changed since the nearest recorded action, and what did not. Executes nothing."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from . import action as actions
from . import digest
from .action import Recipe
from .check import check, target_scope
from .errors import usage
from .model import Decision, Reason
from .opened import OpenProject, expand_targets, open_project
from .status import settings_of
from .store import Damaged
from .walk import Walk


class Change(NamedTuple):
    cause: str
    subject: str
    old: str | None
    new: str | None
    text: str
    diff: str | None = None
    """For code: the change as unified diff."""


class Explanation(NamedTuple):
    stage: str
    verdict: str
    reasons: tuple[Reason, ...]
    changed: tuple[Change, ...]
    same: Mapping[str, int]
    """Cause -> how many things of that kind are as they were."""
    baseline: str | None
    """The key of the action compared against; None if the stage never ran."""
    widened: tuple[str, ...]
    chain: tuple[str, ...]


def explain(root: Path, stage: str) -> Explanation:
    """Compare one stage with its nearest recorded action. Raises UsageError for a target of several stages."""
    opened = open_project(root)
    try:
        named = expand_targets(opened, (stage,)) if not opened.problems else frozenset(opened.project.stages)
        scope = target_scope(opened, named)
        check(opened, scope, secrets=False)
        if len(named) != 1:
            listed = ", ".join(f"`{name}`" for name in sorted(named)[:6])
            raise usage(f"`{stage}` names {len(named)} stages: {listed}", help="name one of them")
        return _explain(opened, scope, next(iter(named)))
    finally:
        opened.close()


def _explain(opened: OpenProject, scope: list[str], name: str) -> Explanation:
    walk = Walk(opened, settings_of())
    decision = Decision("waiting")
    for each in scope:
        decision = walk.decide(each)
        outputs = walk.outputs_of(each, decision)
        if outputs is not None:
            walk.settle(each, outputs)
    old_key, old = _baseline(walk, name)
    fixed = walk.fixed.get(name)
    same: dict[str, int] = {}
    changed: tuple[Change, ...]
    if old is None or fixed is None:
        changed = tuple(_change(opened, name, None, reason) for reason in decision.reasons)
    else:
        reasons = actions.differences(old, fixed.action.recipe) or decision.reasons
        changed = tuple(_change(opened, name, old_key, reason) for reason in reasons)
        same = _same(old, fixed.action.recipe)
    code = opened.survey.of(opened.project.stages[name]).code
    widened = tuple(f"{w.file}:{w.line}: {w.construct}: {w.reaches}" for w in code.widened)
    return Explanation(name, decision.verdict, decision.reasons, changed, same, old_key, widened, ())


def _baseline(walk: Walk, name: str) -> tuple[str | None, Recipe | None]:
    recipe = walk.last_recipe(name)
    return (None, None) if recipe is None else (actions.of_recipe(recipe).key, recipe)


def _change(opened: OpenProject, name: str, key: str | None, reason: Reason) -> Change:
    diff = None
    if reason.cause == "code" and key is not None:
        diff = _diff(opened, name, key, reason.subject)
    return Change(reason.cause, reason.subject, reason.old, reason.new, reason.text, diff)


def _diff(opened: OpenProject, name: str, key: str, unit: str) -> str | None:
    import difflib

    recorded = opened.store.records.traces(key)
    before = recorded[0].source if recorded else {}
    now = opened.survey.of(opened.project.stages[name]).code.files
    path = _path_of(unit, {*before, *now}, opened.project.pythonpath)
    if path is None:
        return None
    old = _text(opened, before.get(path), None)
    new = _text(opened, None, path if path in now else None)
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), f"{path} (recorded)", path, lineterm="")
    return "\n".join(lines) or None


def _path_of(unit: str, paths: set[str], roots: tuple[str, ...]) -> str | None:
    module = unit.partition(":")[0]
    if module in paths:
        return module
    inside = module.replace(".", "/")
    for root in roots:
        prefix = "" if root == "." else f"{root}/"
        for candidate in (f"{prefix}{inside}.py", f"{prefix}{inside}/__init__.py"):
            if candidate in paths:
                return candidate
    return None


def _text(opened: OpenProject, name: str | None, path: str | None) -> str:
    try:
        if name is not None:
            return opened.store.objects.read(name).decode("utf-8", "replace")
        if path is not None:
            with open(os.path.join(opened.layout.root, path), encoding="utf-8", errors="replace") as file:
                return file.read()
    except (OSError, KeyError, Damaged):
        pass
    return ""


def _same(old: Recipe, new: Recipe) -> dict[str, int]:
    groups: dict[str, tuple[Mapping[str, object], Mapping[str, object]]] = {
        "code": (old["code"], new["code"]),
        "param": (old["params"], new["params"]),
        "input": (old["inputs"], new["inputs"]),
        "environment": (
            {**old["environment"]["platform"], **old["environment"]["packages"], **old["variables"]},
            {**new["environment"]["platform"], **new["environment"]["packages"], **new["variables"]},
        ),
    }
    counted = {}
    for cause, (before, after) in groups.items():
        counted[cause] = sum(
            1
            for name in before
            if name in after and digest.canonical(before[name]) == digest.canonical(after[name])
        )
    return counted
