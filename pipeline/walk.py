"""Decides about the stages of a project one after the other, as what they read becomes known. Executes nothing."""

import os
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

from . import action as actions
from . import command, rebuilder
from . import trace as traces
from .action import Action, Recipe, Resolved
from .check import problem_of
from .errors import Problem, StoreError, UsageError
from .inputs import Found, MissingInput
from .model import Artifact, Decision, Input, Produced, Reason, Stage
from .observed import Observed, Observer, written_by
from .opened import OpenProject
from .pickled import References, unpickled
from .rebuilder import Last, Locked
from .survey import Surveyed
from .trace import Trace


class Settings(NamedTuple):
    """How this walk sees the project."""

    forced: frozenset[str] = frozenset()
    allow_missing: bool = False
    always_as_locked: bool = False
    """An `always` stage counts as fresh or cached where the lock file has it and its outputs can be had."""
    trust: str | None = None
    """The lowest level of isolation that the user accepts of a trace (PIPE_TRUST)."""


class Fixed(NamedTuple):
    """A stage whose inputs are known: what it would execute, and where its inputs' bytes are."""

    action: Action
    found: Mapping[str, Found]
    surveyed: Surveyed
    pickles: Mapping[str, References]
    """What each pickle that it reads refers to, by path."""

    @property
    def artifacts(self) -> list[Artifact]:
        """All that it reads."""
        globs = [artifact for found in self.found.values() for artifact in (found.files or {}).values()]
        return [found.artifact for found in self.found.values() if found.artifact is not None] + globs


class Walk:
    """One pass over the graph. `decide` a stage only when its parents are settled or known to be unsettled.

    `settle` says what a stage's outputs are: from then on its children can be decided. Usable from several
    threads, for different stages.
    """

    def __init__(self, opened: OpenProject, settings: Settings) -> None:
        self._opened = opened
        self._settings = settings
        self._rows = opened.state.stages()
        self._lock = threading.RLock()
        self.known: dict[str, Artifact] = {}
        """Output path -> what came out."""
        self.settled: set[str] = set()
        self.fixed: dict[str, Fixed] = {}
        self.hits: dict[str, Trace] = {}
        self._inputs = opened.inputs(self.known)
        self._observer = Observer(os.fspath(opened.layout.root), opened.stats)
        self._recipes: dict[str, Recipe | None] = {}
        self._level: str | None = None

    def decide(self, name: str) -> Decision:
        """Say what must be done about a stage, and why.

        Raises StoreError for a frozen stage whose outputs cannot be had.
        """
        stage = self._opened.project.stages[name]
        if stage.frozen:
            return self._decide_frozen(stage)
        waiting = tuple(p for p in self._opened.graph.parents[name] if p not in self.settled)
        if waiting:
            return self._decide_waiting(stage, waiting, self.last_recipe(name))
        try:
            fixed = self.fix(stage)
        except MissingInput as missing:
            text = f"input {missing} is missing"
            return Decision("stale", (Reason("input-missing", str(missing), text),))
        workspace = self._workspace_of(stage)
        locked = self._locked(name)
        hit = self._hit(stage, fixed.action.key, locked, workspace)
        changed = self._changed(stage, fixed.action.key, locked) if hit is None else ()
        if changed and locked is not None:
            locked = locked._replace(key="")
        if hit is not None:
            self.hits[name] = hit
        else:
            self.hits.pop(name, None)
        if self._settings.always_as_locked and stage.always:
            return self._as_locked(stage, fixed.action, locked, workspace)
        return rebuilder.decide(
            stage,
            fixed.action,
            hit=hit,
            locked=locked,
            last=lambda: self._last(name, fixed.action.key),
            workspace=workspace,
            forced=name in self._settings.forced,
            changed=changed,
        )

    def settle(self, name: str, outputs: Mapping[str, Produced]) -> None:
        """Take a stage's outputs as come out."""
        with self._lock:
            for produced in outputs.values():
                self.known[produced.path] = produced.artifact
            self.settled.add(name)

    def outputs_of(self, name: str, decision: Decision) -> Mapping[str, Produced] | None:
        """Return the outputs of a stage that is fresh or cached; None if it must run or waits."""
        if decision.verdict not in ("fresh", "cached"):
            return None
        stage = self._opened.project.stages[name]
        if stage.frozen:
            return self._frozen_outputs(stage)
        hit = self.hits.get(name)
        if hit is not None:
            # A trace is found by its key, which holds the paths: the names can be trusted to be these.
            return hit.outputs
        locked = self._locked(name)
        return locked.outputs if locked is not None else {}

    def fix(self, stage: Stage) -> Fixed:
        """Build the action of a stage whose parents are settled.

        Raises MissingInput, and UsageError where what a pickle refers to is no Python.
        """
        found: dict[str, Found] = {}
        pickles: dict[str, References] = {}
        resolved = []
        for declared in stage.inputs:
            here = self._find(stage, declared)
            found[declared.name] = here
            is_tree = here.artifact is not None and here.artifact.kind == "tree"
            loader = self._opened.survey.loader(stage, declared.name, is_tree=is_tree)
            resolved.append(Resolved(declared, loader, here.artifact, here.files or {}))
            pickles |= self._pickles_of(stage, declared, here)
        surveyed = self._opened.survey.of(stage, unpickled(pickles))
        faults = [fault for fault in surveyed.faults if fault.where in (("run",), ("cmd",))]
        if pickles and faults:
            raise UsageError(*(problem_of(self._opened, fault) for fault in faults))
        around = surveyed.around._replace(variables=_expanded(stage, surveyed.around.variables, found))
        fixed = Fixed(actions.build(stage, tuple(resolved), around), found, surveyed, pickles)
        self.fixed[stage.name] = fixed
        return fixed

    def last_recipe(self, name: str) -> Recipe | None:
        """Return the recipe that the stage had last: as the lock file has it, else as this project recorded it.

        That of another action, if there is one: where the lock file is of this very action (after a change of the
        branch, say), what lies here was made by the one that this project executed or restored.
        """
        fixed = self.fixed.get(name)
        return self._last_recipe(name, fixed.action.key if fixed else None)

    def _last_recipe(self, name: str, now: str | None) -> Recipe | None:
        entry = self._opened.lock.get(name)
        row = self._rows.get(name)
        keys = [known.key for known in (entry, row) if known is not None]
        mine = self._recipe(row.key) if row else None
        if entry and mine is not None and actions.portable(mine) == entry.recipe:
            keys.reverse()  # the lock file has the same with the packages of another day
        for key in sorted(keys, key=lambda key: key == now):
            if self._recipe(key) is not None:
                return self._recipe(key)
        return None

    def _recipe(self, key: str) -> Recipe | None:
        if key not in self._recipes:
            recorded = self._opened.store.records.action(key)
            self._recipes[key] = recorded.recipe if recorded is not None else None
        return self._recipes[key]

    def _last(self, name: str, now: str) -> Last:
        row = self._rows.get(name)
        made = (
            next(iter(self._opened.store.records.traces(row.key)), None) if row and row.key != now else None
        )
        return Last(self._last_recipe(name, now), made.outputs if made else {})

    def _find(self, stage: Stage, declared: Input) -> Found:
        entry = self._opened.lock.get(stage.name)
        locked = entry.inputs if entry and self._settings.allow_missing else None
        return self._inputs.find(declared, locked=locked)

    def _locked_pickles(self, stage: Stage) -> Mapping[str, References] | None:
        entry = self._opened.lock.get(stage.name)
        return entry.pickles if entry and self._settings.allow_missing else None

    def outline(self, name: str, last: Recipe | None) -> tuple[Action, frozenset[str]]:
        """Build the action of a stage that waits, as far as it is known; says which inputs are not.

        What only those would tell is taken from `last`.
        """
        waiting = tuple(p for p in self._opened.graph.parents[name] if p not in self.settled)
        return self._outline(self._opened.project.stages[name], waiting, last)

    def _decide_waiting(self, stage: Stage, waiting: tuple[str, ...], last: Recipe | None) -> Decision:
        built, unknown = self._outline(stage, waiting, last)
        return rebuilder.decide_waiting(built, last, self._locked(stage.name), waiting, unknown)

    def _outline(
        self, stage: Stage, waiting: tuple[str, ...], last: Recipe | None
    ) -> tuple[Action, frozenset[str]]:
        unknown = set()
        pickles: dict[str, References] | None = {}
        resolved = []
        for declared in stage.inputs:
            found = None
            if not any(parent in waiting for parent in self._opened.feeding_stages(declared)):
                try:
                    found = self._find(stage, declared)
                except (MissingInput, KeyError):
                    found = None
            if found is None:
                unknown.add(declared.name)
            was = last["inputs"].get(declared.name) if last else None
            loader = was["loader"] if was and found is None else None
            is_tree = found is not None and found.artifact is not None and found.artifact.kind == "tree"
            loader = loader or self._opened.survey.loader(stage, declared.name, is_tree=is_tree)
            artifact = found.artifact if found else None
            resolved.append(Resolved(declared, loader, artifact, (found.files or {}) if found else {}))
            more = self._pickles_of(stage, declared, found) if found else self._pickles_before(stage, was)
            pickles = {**pickles, **more} if pickles is not None and more is not None else None
        around = self._opened.survey.of(stage, unpickled(pickles or {})).around
        if pickles is None and last is not None:
            # What they will refer to is not known, so nothing can be said of code and packages.
            around = around._replace(units=last["code"], packages=last["environment"]["packages"])
        built = actions.build(stage, tuple(resolved), around)
        if last is not None and stage.env:
            # Their values may name inputs that are not known yet.
            around = around._replace(variables=last["variables"])
            built = actions.build(stage, tuple(resolved), around)
        return built, frozenset(unknown)

    def _pickles_of(self, stage: Stage, declared: Input, found: Found) -> dict[str, References]:
        of_any_name = self._opened.survey.of(stage).unpickles
        locked = self._locked_pickles(stage)
        return self._opened.pickled.of(declared, found, of_any_name=of_any_name, locked=locked)

    def _pickles_before(self, stage: Stage, was: Mapping[str, Any] | None) -> dict[str, References] | None:
        """Return what the pickles of an input referred to when the stage last ran; None if that is not known."""
        known: dict[str, References] = {}
        of_any_name = self._opened.survey.of(stage).unpickles
        for path, artifact in actions.artifacts_of(was) if was else ():
            found = self._opened.pickled.recalled(path, artifact, of_any_name=of_any_name)
            if found is None:
                return None
            known |= found
        return known

    def _workspace_of(self, stage: Stage) -> dict[str, Artifact | None]:
        lying = {o.name: self._opened.workspace.output(o.path) for o in stage.outputs}
        locked = self._locked(stage.name)
        if self._settings.allow_missing and locked is not None:
            for name, artifact in lying.items():
                if artifact is None and name in locked.outputs:
                    lying[name] = locked.outputs[name].artifact
        return lying

    def _locked(self, name: str) -> Locked | None:
        entry = self._opened.lock.get(name)
        if entry is None:
            return None
        outputs = {o.name: o.path for o in self._opened.project.stages[name].outputs}
        if {n: p.path for n, p in entry.outputs.items()} != outputs:
            kept = {n: p for n, p in entry.outputs.items() if outputs.get(n) == p.path}
            return entry.locked._replace(key="", outputs=kept)
        if entry.sandbox != "strict" and not traces.is_level_trusted(
            entry.sandbox, self._level_of(self._opened.project.stages[name]), trust=self._settings.trust
        ):
            return entry.locked._replace(key="")
        return entry.locked

    def _hit(
        self, stage: Stage, key: str, locked: Locked | None, workspace: Mapping[str, Artifact | None]
    ) -> Trace | None:
        """Return the trace to use: the one whose outputs the lock file names, else the first; None if none can be."""
        level = self._level_of(stage)
        found = [
            trace
            for trace in self._opened.store.records.traces(key)
            if not trace.vouched and traces.is_trusted_at(trace, level, trust=self._settings.trust)
        ]
        if locked is not None and locked.key == key:
            found.sort(key=lambda trace: trace.outputs != locked.outputs)
        for trace in found:
            if self._unheld(trace.observed, stage):
                continue
            if rebuilder.lies_there(trace.outputs, workspace):
                return trace
            if all(self._opened.store.holds(produced.artifact) for produced in trace.outputs.values()):
                return trace
        return None

    def _changed(self, stage: Stage, key: str, locked: Locked | None) -> tuple[Reason, ...]:
        """Say why no result of this action holds, if what a stage once asked for without declaring it is the reason."""
        entry = self._opened.lock.get(stage.name)
        if entry is not None and entry.key == key and entry.observed:
            return self._unheld(entry.observed, stage)
        known = [trace for trace in self._opened.store.records.traces(key) if trace.observed]
        return self._unheld(known[-1].observed, stage) if known else ()

    def _unheld(self, observed: Observed, stage: Stage) -> tuple[Reason, ...]:
        """Say what is not as it was observed. Where files may be missing, a missing one is as it was."""
        changed = self._observer.changed(observed, written_by(stage)) if observed else ()
        return tuple(r for r in changed if not (self._settings.allow_missing and r.new is None))

    def _level_of(self, stage: Stage) -> str:
        if stage.sandbox != "strict":
            return stage.sandbox
        if self._level is None:
            self._level = self._opened.level
        return self._level

    def _as_locked(
        self, stage: Stage, action: Action, locked: Locked | None, workspace: Mapping[str, Artifact | None]
    ) -> Decision:
        if locked is not None and locked.key:
            self.hits.pop(stage.name, None)
            if rebuilder.lies_there(locked.outputs, workspace):
                return Decision("fresh", (rebuilder.ALWAYS,), action.key)
            if all(self._opened.store.holds(produced.artifact) for produced in locked.outputs.values()):
                return Decision("cached", (rebuilder.ALWAYS,), action.key)
        return Decision("stale", (rebuilder.ALWAYS,), action.key)

    def _decide_frozen(self, stage: Stage) -> Decision:
        lying = {o.name: self._opened.workspace.output(o.path) for o in stage.outputs}
        missing = [o for o in stage.outputs if lying[o.name] is None]
        if not missing:
            return Decision("fresh", (rebuilder.FROZEN,))
        locked = self._locked(stage.name)
        for output in missing:
            produced = locked.outputs.get(output.name) if locked else None
            if produced is None or not (
                self._settings.allow_missing or self._opened.store.holds(produced.artifact)
            ):
                text = f"stage `{stage.name}` is frozen, and its output `{output.path}` cannot be had"
                help_text = "put the file back, or remove `frozen` so that the stage may run"
                raise StoreError(Problem(text, help=help_text))
        if self._settings.allow_missing:
            return Decision("fresh", (rebuilder.FROZEN,))
        gone = [Reason("output-missing", o.path, f"output {o.path} is missing") for o in missing]
        return Decision("cached", (rebuilder.FROZEN, *gone))

    def _frozen_outputs(self, stage: Stage) -> dict[str, Produced]:
        locked = self._locked(stage.name)
        outputs = {}
        for output in stage.outputs:
            lying = self._opened.workspace.output(output.path)
            if lying is None:
                assert locked is not None
                lying = locked.outputs[output.name].artifact
            outputs[output.name] = Produced(output.path, lying)
        return outputs


def _expanded(
    stage: Stage, variables: Mapping[str, str | None], found: Mapping[str, Found]
) -> dict[str, str | None]:
    """Put paths and parameters in the place of `${...}` in the values that variables are set to."""
    declared = dict(stage.env)
    values: command.Values | None = None
    expanded: dict[str, str | None] = {}
    for name, value in variables.items():
        if value is None or declared.get(name) is None or "$" not in value:
            expanded[name] = value
            continue
        if values is None:
            values = {
                "inputs": {i.name: tuple(f) if (f := found[i.name].files) else i.path for i in stage.inputs},
                "outputs": {o.name: o.path for o in stage.outputs},
                "params": stage.params,
                "scratch": dict(stage.scratch),
            }
        expanded[name] = command.for_text(value, values)
    return expanded
