"""`pipe explain`: what changed since the nearest recorded action, and what did not. Executes nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from . import action as actions
from . import code_diff, digest
from .action import Recipe
from .check import check, target_scope
from .code import Code
from .errors import usage
from .model import Decision, Reason
from .opened import OpenProject, expand_targets, open_project
from .status import settings_of
from .walk import Walk


class Change(NamedTuple):
    cause: str
    subject: str
    old: str | None
    new: str | None
    text: str
    diff: str | None = None
    """For code: the change as unified diff."""
    through: tuple[str, ...] = ()
    """For code that is reached: the units through which it is, from where the stage starts."""


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
    sandbox: str = "strict"
    observed: Mapping[str, str | None] = {}
    """What it read without declaring it, under `sandbox: warn`: by path the digest, None for what was not there."""


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
    found = fixed.surveyed.code if fixed else opened.survey.of(opened.project.stages[name]).code
    same: dict[str, int] = {}
    changed: tuple[Change, ...]
    if old is None or fixed is None:
        changed = tuple(_change(opened, found, None, reason) for reason in decision.reasons)
    else:
        reasons = actions.differences(old, fixed.action.recipe, places=fixed.action.places)
        observed = tuple(r for r in decision.reasons if r.cause == "input" and r not in reasons)
        reasons = (*reasons, *observed) or decision.reasons
        changed = tuple(_change(opened, found, old_key, reason) for reason in reasons)
        same = _same(old, fixed.action.recipe)
    widened = tuple(f"{w.file}:{w.line}: {w.construct}: {w.reaches}" for w in found.widened)
    return Explanation(
        name,
        decision.verdict,
        decision.reasons,
        changed,
        same,
        old_key,
        widened,
        (),
        opened.project.stages[name].sandbox,
        _observed(opened, walk, name),
    )


def _observed(opened: OpenProject, walk: Walk, name: str) -> Mapping[str, str | None]:
    hit, entry = walk.hits.get(name), opened.lock.get(name)
    if hit is not None:
        return hit.observed
    return entry.observed if entry is not None else {}


def _baseline(walk: Walk, name: str) -> tuple[str | None, Recipe | None]:
    recipe = walk.last_recipe(name)
    return (None, None) if recipe is None else (actions.of_recipe(recipe).key, recipe)


def _change(opened: OpenProject, found: Code, key: str | None, reason: Reason) -> Change:
    diff = None
    chain: tuple[str, ...] = ()
    if reason.cause == "code":
        chain = _chain(found, reason.subject)
        if key is not None:
            diff = code_diff.of_unit(opened, found, key, reason.subject)
    return Change(reason.cause, reason.subject, reason.old, reason.new, reason.text, diff, chain)


def _chain(found: Code, unit: str) -> tuple[str, ...]:
    """Return the units through which one is reached, from where the stage starts; empty for one that is not."""
    way: list[str] = []
    at: str | None = unit if unit in found.units else None
    while at is not None and at not in way:
        way.append(at)
        at = found.reached_by.get(at)
    return tuple(reversed(way))


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
