"""Decides whether a stage must run, and why. Reads no file and no clock."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from . import action as actions
from .action import Action, Recipe
from .model import Artifact, Decision, Produced, Reason, Stage
from .trace import Trace

ALWAYS = Reason("forced", "always", "declared `always`: it asks the outside world")
FORCED = Reason("forced", "force", "forced")
FROZEN = Reason("declaration", "frozen", "frozen: never executed")
NEVER_RUN = Reason("never-run", "", "never run")
LOST = Reason("never-run", "", "its result is not in the store")


class Locked(NamedTuple):
    """What the lock file has of a stage: the key of its last good action, and what that produced and used."""

    key: str
    outputs: Mapping[str, Produced]
    recipe: str = ""
    """The digest of its recipe without the machine's environment; empty if the entry answers for no action."""
    params: Mapping[str, Any] = {}
    inputs: Mapping[str, Artifact] = {}
    """By path."""


class Last(NamedTuple):
    """What the stage was before, to explain against."""

    recipe: Recipe | None = None
    """None if it never ran, or nobody has the recipe."""
    outputs: Mapping[str, Produced] = {}
    """What it made when it was last executed or restored here: that may lie there still, unmodified."""


def decide(
    stage: Stage,
    action: Action,
    *,
    hit: Trace | None,
    locked: Locked | None,
    last: Callable[[], Last],
    workspace: Mapping[str, Artifact | None],
    forced: bool = False,
    changed: tuple[Reason, ...] = (),
) -> Decision:
    """Say whether a stage must run, and why.

    Args:
        stage: The declaration.
        action: The stage with everything fixed.
        hit: The trace to use for this action key, all of whose objects can be had; None if there is none.
        locked: What the lock file has of the stage.
        last: Looks up what the stage was before. Not asked of what is fresh.
        workspace: What lies where the outputs belong, by output name; None where nothing does.
        forced: The user asked for it by name.
        changed: What the stage once asked for without declaring it and is not as it was: why there is no hit.

    Returns:
        A decision whose reasons are empty only for an ordinary fresh stage.

    The scheme is "constructive traces" (Mokhov, Mitchell, Peyton Jones: Build Systems à la Carte, 4.2.3).
    """
    vouched = locked is not None and locked.key == action.key
    if not (forced or stage.always):
        if hit is not None and lies_there(hit.outputs, workspace):
            return Decision("fresh", (), action.key)
        if hit is None and vouched and locked and lies_there(locked.outputs, workspace):
            return Decision("fresh", (), action.key)
    reasons = (*_why(action, last(), locked, hit, workspace), *changed)
    if changed:
        reasons = tuple(reason for reason in reasons if reason != LOST)
    if forced:
        return Decision("stale", (FORCED, *reasons), action.key)
    if stage.always:
        return Decision("stale", (ALWAYS, *reasons), action.key)
    if hit is not None:
        return Decision("cached", reasons, action.key)
    return Decision("stale", reasons or (LOST,), action.key)


def decide_waiting(
    action: Action,
    last: Recipe | None,
    locked: Locked | None,
    waiting_for: tuple[str, ...],
    unknown: frozenset[str],
) -> Decision:
    """Say what can be said of a stage while what it reads is being made: `unknown` names those inputs."""
    reasons = tuple(Reason("waiting", name, f"waiting for {name}") for name in waiting_for)
    return Decision("waiting", (*_changes(action, last, locked, unknown), *reasons))


def _why(
    action: Action,
    last: Last,
    locked: Locked | None,
    hit: Trace | None,
    workspace: Mapping[str, Artifact | None],
) -> tuple[Reason, ...]:
    changed = _changes(action, last.recipe, locked)
    known = [last.outputs, *(m.outputs for m in (locked, hit) if m is not None)]
    return (*changed, *_misplaced(known, workspace))


def _changes(
    action: Action, last: Recipe | None, locked: Locked | None, unknown: frozenset[str] = frozenset()
) -> tuple[Reason, ...]:
    if last is not None:
        return actions.differences(last, action.recipe, unknown=unknown, places=action.places)
    if locked is None or not locked.recipe:
        return (NEVER_RUN,)
    if locked.key == action.key:
        return (LOST,)
    return actions.differences_from_lock(
        locked.params, locked.inputs, locked.recipe, action.recipe, unknown=unknown
    )


def _misplaced(
    known: list[Mapping[str, Produced]], workspace: Mapping[str, Artifact | None]
) -> tuple[Reason, ...]:
    # What lies there may be what the stage wrote before or what it would write now: neither was modified.
    reasons = []
    for name, there in workspace.items():
        expected = [outputs[name] for outputs in known if name in outputs]
        if not expected:
            continue
        path = expected[-1].path
        if there is None:
            reasons.append(Reason("output-missing", path, f"output {path} is missing"))
        elif not any(_same(there, output.artifact) for output in expected):
            text = f"output {path} was modified"
            reasons.append(Reason("output-modified", path, text, expected[-1].artifact.digest, there.digest))
    return tuple(reasons)


def lies_there(produced: Mapping[str, Produced], workspace: Mapping[str, Artifact | None]) -> bool:
    """Say whether the workspace holds exactly these outputs."""
    return all(_same(workspace.get(name), output.artifact) for name, output in produced.items())


def _same(there: Artifact | None, wanted: Artifact) -> bool:
    return there is not None and there.digest == wanted.digest and there.kind == wanted.kind
