"""`pipe status`: what is stale and why. Executes nothing, takes no lock, writes nothing that changes an answer."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .check import check, target_scope
from .evidence import Graded
from .model import Decision
from .opened import OpenProject, expand_targets, open_project
from .walk import Settings, Walk


class StatusResult(NamedTuple):
    decisions: Mapping[str, Decision]
    """In the order of the graph."""
    estimate_seconds: float | None
    """Of the work that a run would do, from recorded durations; None if nothing is known."""
    leftovers: tuple[str, ...]
    notes: tuple[str, ...]
    parents: Mapping[str, tuple[str, ...]]
    bases: Mapping[str, str]
    """Instance -> declared stage."""
    sandboxes: Mapping[str, str]
    """Of the stages that are not held to what they declare: `warn` or `off`."""
    ok: bool
    """All is fresh; an `always` stage counts as what the lock file has of it."""
    grades: Mapping[str, Graded] = {}
    """By stage, where asked for: how well it is known that it gives what it gave."""


def status(
    root: Path,
    targets: tuple[str, ...] = (),
    *,
    allow_missing: bool = False,
    overrides: Mapping[str, Any] | None = None,
    force: bool = False,
    graded: bool = False,
) -> StatusResult:
    """Decide about the targets and all that they need. Raises UsageError with every problem there is.

    With `graded` the results are graded, too, which reads more records.
    """
    opened = open_project(root, overrides)
    try:
        named = expand_targets(opened, targets) if not opened.problems else frozenset(opened.project.stages)
        scope = target_scope(opened, named)
        check(opened, scope, allow_missing=allow_missing, secrets=False)
        settings = settings_of(allow_missing=allow_missing, forced=named if force else frozenset())
        decisions = forecast(opened, scope, settings)
        ok = all(decision.verdict == "fresh" for decision in decisions.values())
        if not ok and any(opened.project.stages[name].always for name in scope):
            again = forecast(opened, scope, settings._replace(always_as_locked=True))
            ok = all(decision.verdict == "fresh" for decision in again.values())
        return StatusResult(
            decisions,
            estimate(opened, decisions),
            tuple(sorted(opened.leftovers)),
            _notes(opened, scope),
            {name: opened.graph.parents[name] for name in scope},
            {name: opened.project.stages[name].base for name in scope},
            {n: s for n in scope if (s := opened.project.stages[n].sandbox) != "strict"},
            ok,
            _grades(opened, decisions) if graded else {},
        )
    finally:
        opened.close()


def settings_of(
    *, allow_missing: bool = False, forced: frozenset[str] = frozenset(), always_as_locked: bool = False
) -> Settings:
    """Return how a walk sees the project on this machine."""
    trust = os.environ.get("PIPE_TRUST")
    return Settings(forced, allow_missing, always_as_locked, trust)


def forecast(opened: OpenProject, scope: list[str], settings: Settings) -> dict[str, Decision]:
    """Walk over the stages without executing: children of what must run wait for it."""
    walk = Walk(opened, settings)
    decisions = {}
    for name in scope:
        decision = decisions[name] = walk.decide(name)
        outputs = walk.outputs_of(name, decision)
        if outputs is not None:
            walk.settle(name, outputs)
    return decisions


def estimate(opened: OpenProject, decisions: Mapping[str, Decision]) -> float | None:
    """Return the seconds that the stages to be run took when they last ran; None if that is not known of any."""
    rows = opened.state.stages()
    known = [
        row.wall_seconds
        for name, decision in decisions.items()
        if decision.verdict in ("stale", "waiting")
        and (row := rows.get(name))
        and row.wall_seconds is not None
    ]
    return sum(known) if known else None


def _grades(opened: OpenProject, decisions: Mapping[str, Decision]) -> dict[str, Graded]:
    found = {}
    for name, decision in decisions.items():
        entry = opened.lock.get(name)
        if decision.key is not None and entry is not None and entry.key == decision.key:
            outputs = [(made.path, made.artifact) for made in entry.outputs.values()]
            found[name] = opened.store.records.grade(decision.key, outputs)
    return found


def _notes(opened: OpenProject, scope: list[str]) -> tuple[str, ...]:
    loose = [name for name in scope if opened.project.stages[name].sandbox != "strict"]
    return tuple(f"stage `{n}` runs with sandbox: {opened.project.stages[n].sandbox}" for n in loose)
