"""Engines that are wrong on purpose, each in what tools of this kind get wrong. The stories must catch them."""

from pathlib import Path

from pipeline import digest
from pipeline.action import Recipe
from pipeline.model import Artifact, Decision, Stage
from pipeline.opened import OpenProject
from pipeline.walk import Fixed, Settings, Walk
from tests.properties import strategies
from tests.properties.engine import Engine


class _OtherKey(Walk):
    """The recipe stays, so that the stage gets what it should; only its name is made of less, or of more."""

    def fix(self, stage: Stage) -> Fixed:
        fixed = super().fix(stage)
        key = digest.of_value(dict(self.hashed(stage, fixed.action.recipe)))
        fixed = fixed._replace(action=fixed.action._replace(key=key))
        self.fixed[stage.name] = fixed
        return fixed

    def hashed(self, stage: Stage, recipe: Recipe) -> Recipe:
        raise AssertionError


class _NoParams(_OtherKey):
    def hashed(self, stage: Stage, recipe: Recipe) -> Recipe:
        return {**recipe, "params": {}}


class _NoVariables(_OtherKey):
    def hashed(self, stage: Stage, recipe: Recipe) -> Recipe:
        return {**recipe, "variables": {}}


class _NoHelpers(_OtherKey):
    def hashed(self, stage: Stage, recipe: Recipe) -> Recipe:
        return {
            **recipe,
            "code": {unit: d for unit, d in recipe["code"].items() if not unit.startswith("lib")},
        }


class _NoExecutableBits(_OtherKey):
    def hashed(self, stage: Stage, recipe: Recipe) -> Recipe:
        inputs = {name: {**entry, "kind": ""} for name, entry in recipe["inputs"].items()}
        return {**recipe, "inputs": inputs}


class _NoFileNames(_OtherKey):
    def hashed(self, stage: Stage, recipe: Recipe) -> Recipe:
        inputs = {n: sorted(v["files"].values()) if "files" in v else v for n, v in recipe["inputs"].items()}
        return {**recipe, "inputs": inputs}


class _ParentsKeys(_OtherKey):
    """What follows runs whenever what it reads was made anew, whatever came out: no early cutoff."""

    def hashed(self, stage: Stage, recipe: Recipe) -> Recipe:
        parents = self._opened.graph.parents[stage.name]
        return {**recipe, "parents": [self.fixed[p].action.key for p in parents if p in self.fixed]}


class _Blind(Walk):
    """Takes it that outputs lie there as they came out."""

    def _workspace_of(self, stage: Stage) -> dict[str, Artifact | None]:
        lying = super()._workspace_of(stage)
        fixed = self.fixed.get(stage.name)
        recorded = self._opened.store.records.traces(fixed.action.key) if fixed else []
        return {n: recorded[0].outputs[n].artifact for n in lying} if recorded else lying


class IgnoresParams(Engine):
    walk = _NoParams


class IgnoresVariables(Engine):
    walk = _NoVariables


class IgnoresHelpers(Engine):
    walk = _NoHelpers


class IgnoresExecutableBits(Engine):
    walk = _NoExecutableBits


class IgnoresFileNames(Engine):
    walk = _NoFileNames


class CutsNothingOff(Engine):
    walk = _ParentsKeys


class DoesNotLook(Engine):
    walk = _Blind


class TrustsTimes(Engine):
    """Takes a file of the same size and modification time for the same file."""

    def open(self, root: Path) -> OpenProject:
        opened = super().open(root)
        stats = opened.stats

        def known(path, status, row=None):  # type: ignore[no-untyped-def]
            found = row or stats._recent.get(stats.key_of(path)) or opened.state.file(stats.key_of(path))
            same = found is not None and (found[1], found[2]) == (status.st_size, status.st_mtime_ns)
            return found[5] if same else None

        stats.known = known  # type: ignore[method-assign]
        return opened


class ForgetsForce(Engine):
    def settings(self, settings: Settings) -> Settings:
        return settings._replace(forced=frozenset())


class PromisesTooMuch(Engine):
    """Says that what waits will run."""

    def forecast(self, opened: OpenProject, scope: list[str], settings: Settings) -> dict[str, Decision]:
        decided = super().forecast(opened, scope, settings)
        return {n: d._replace(verdict="stale") if d.verdict == "waiting" else d for n, d in decided.items()}


CAUGHT_BY = (
    (IgnoresParams, "result", (strategies.change_parameter,)),
    (IgnoresVariables, "result", (strategies.change_variable,)),
    (IgnoresHelpers, "result", (strategies.change_helper,)),
    (IgnoresExecutableBits, "result", (strategies.change_bit,)),
    (IgnoresFileNames, "result", (strategies.rename_file,)),
    (DoesNotLook, "result", strategies.EDITS),
    (TrustsTimes, "result", (strategies.change_file,)),
    (CutsNothingOff, "once", (strategies.change_constant, strategies.change_file)),
    (ForgetsForce, "forced", strategies.EDITS),
    (PromisesTooMuch, "forecast", (strategies.change_constant, strategies.change_file)),
)
"""An engine, the promise that it breaks, and the edits among which that shows."""
