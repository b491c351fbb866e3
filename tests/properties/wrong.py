"""Engines that are wrong, each in one way that somebody could write by mistake. The stories must notice every one."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis.strategies import SearchStrategy

from pipeline import digest
from pipeline.action import Action
from pipeline.model import Artifact, Decision, Produced, Stage
from pipeline.opened import OpenProject
from pipeline.statcache import StatCache
from pipeline.store.copy import copy_file
from pipeline.store.objects import Objects
from pipeline.trace import Trace
from pipeline.walk import Fixed, Settings, Walk
from pipeline.workspace import Placer
from tests.properties.engine import Engine
from tests.properties.strategies import FAMILIES, TELLING, Story


def blind_to(*where: str) -> type[Engine]:
    """Return an engine whose key lacks a field of the action, and otherwise is as it should be."""

    class BlindWalk(Walk):
        def fix(self, stage: Stage) -> Fixed:
            fixed = super().fix(stage)
            recipe = json.loads(fixed.action.canonical)
            inner = recipe
            for name in where[:-1]:
                inner = inner[name]
            inner[where[-1]] = None
            return self._keyed(stage, fixed, recipe)

        def _keyed(self, stage: Stage, fixed: Fixed, recipe: Any) -> Fixed:
            action = Action(fixed.action.recipe, fixed.action.canonical, digest.of_value(recipe))
            self.fixed[stage.name] = fixed = fixed._replace(action=action)
            return fixed

    class Blind(Engine):
        walk = BlindWalk

    return Blind


class _Recast(Walk):
    """A walk whose keys are made of something else than the canonical action."""

    def recast(self, stage: Stage, recipe: Any) -> Any:
        raise AssertionError("a variant says how")

    def fix(self, stage: Stage) -> Fixed:
        fixed = super().fix(stage)
        recipe = self.recast(stage, json.loads(fixed.action.canonical))
        action = Action(fixed.action.recipe, fixed.action.canonical, digest.of_value(recipe))
        self.fixed[stage.name] = fixed = fixed._replace(action=action)
        return fixed


class _WithoutBits(_Recast):
    def recast(self, stage: Stage, recipe: Any) -> Any:
        for entry in recipe["inputs"].values():
            entry["kind"] = None
            for file in entry.get("files", {}).values():
                file[0] = None
        return recipe


class BlindToBits(Engine):
    """The executable bit of an input is not in the key."""

    walk = _WithoutBits


class _WithoutNames(_Recast):
    def recast(self, stage: Stage, recipe: Any) -> Any:
        for entry in recipe["inputs"].values():
            if "files" in entry:
                entry["files"] = sorted(digest_ for _, digest_ in entry["files"].values())
        return recipe


class BlindToNames(Engine):
    """What a glob matched is hashed without the files' names."""

    walk = _WithoutNames


class _WithName(_Recast):
    def recast(self, stage: Stage, recipe: Any) -> Any:
        return [stage.name, recipe]


class KeyedByName(Engine):
    """The stage's name is in the key."""

    walk = _WithName


class _InOrder(_Recast):
    def recast(self, stage: Stage, recipe: Any) -> Any:
        return [
            json.dumps({**recipe, "params": self._opened.project.stages[stage.name].params}),
            json.dumps(stage.params),
        ]


class KeyedByOrder(Engine):
    """Mappings are hashed in the order in which they were written."""

    walk = _InOrder


class _ByTime(_Recast):
    def recast(self, stage: Stage, recipe: Any) -> Any:
        root = self._opened.layout.root
        times = [(root / i.path).stat().st_mtime_ns for i in stage.inputs if (root / i.path).is_file()]
        return [times, recipe]


class KeyedByTimes(Engine):
    """The times of input files are in the key."""

    walk = _ByTime


class _ByPlace(_Recast):
    def recast(self, stage: Stage, recipe: Any) -> Any:
        return [str(self._opened.layout.root), recipe]


class KeyedByPlace(Engine):
    """The project's folder is in the key."""

    walk = _ByPlace


class _ByProcessors(_Recast):
    def recast(self, stage: Stage, recipe: Any) -> Any:
        return [KeyedByJobs.jobs, recipe]


class KeyedByJobs(Engine):
    """The number of stages at a time is in the key."""

    walk = _ByProcessors
    jobs = 0

    def run(self, root: Path, *targets: str, **options: Any) -> Any:
        KeyedByJobs.jobs = options.get("jobs") or 0
        return super().run(root, *targets, **options)


class _TimesOnly(StatCache):
    """A file with the size and the time that it had is taken for the one that it was."""

    def known(self, path: str, status: Any, row: Any = None) -> str | None:
        row = self._recent.get(self.key_of(path)) or row or self._state.file(self.key_of(path))
        return str(row[5]) if row and row[1:3] == (status.st_size, status.st_mtime_ns) else None


class TrustsTimes(Engine):
    """Size and time of modification are believed, as Make and many others do."""

    def open(self, root: Path) -> OpenProject:
        opened = super().open(root)
        opened.stats.__class__ = _TimesOnly
        return opened


class _Remembers(Walk):
    """Never asks what was recorded."""

    def _hit(self, *_: Any, **__: Any) -> Trace | None:
        return None

    def _locked(self, name: str) -> None:
        return None


class Forgetful(Engine):
    """Nothing is ever taken from the records."""

    walk = _Remembers


class _NoCutoff(Walk):
    """A stage runs because a stage above it ran, whatever came out."""

    def __init__(self, opened: OpenProject, settings: Settings) -> None:
        super().__init__(opened, settings)
        self._ran: set[str] = set()

    def decide(self, name: str) -> Decision:
        decision = super().decide(name)
        if decision.verdict != "stale" and self._ran & set(self._opened.graph.parents[name]):
            decision = decision._replace(verdict="stale")
        if decision.verdict == "stale":
            self._ran.add(name)
        return decision


class NoCutoff(Engine):
    """No early cutoff: the fault that hides behind keys, because no key executes twice."""

    walk = _NoCutoff


class IgnoresForce(Engine):
    """What the user forces is decided like anything else."""

    def settings(self, settings: Settings) -> Settings:
        return settings._replace(forced=frozenset())


class ForcesAll(Engine):
    """What the user forces takes everything with it."""

    def settings(self, settings: Settings) -> Settings:
        return settings._replace(forced=frozenset(self._names)) if settings.forced else settings

    def open(self, root: Path) -> OpenProject:
        opened = super().open(root)
        self._names = tuple(opened.project.stages)
        return opened


class Hopeful(Engine):
    """Status takes what must run for run, with what came out last time."""

    def forecast(self, opened: OpenProject, scope: list[str], settings: Settings) -> dict[str, Decision]:
        walk = Walk(opened, settings)
        decisions = {}
        for name in scope:
            decision = decisions[name] = walk.decide(name)
            made: Mapping[str, Produced] | None = walk.outputs_of(name, decision)
            entry = opened.lock.get(name)
            if made is None and entry is not None:
                made = entry.outputs
            if made is not None:
                walk.settle(name, made)
        return decisions


class Gloomy(Engine):
    """Status takes everything below what must run for what must run."""

    def forecast(self, opened: OpenProject, scope: list[str], settings: Settings) -> dict[str, Decision]:
        decisions = super().forecast(opened, scope, settings)
        return {n: d._replace(verdict="stale") if d.verdict == "waiting" else d for n, d in decisions.items()}


class _Anything(Walk):
    def _workspace_of(self, stage: Stage) -> dict[str, Artifact | None]:
        lying = super()._workspace_of(stage)
        locked = self._locked(stage.name)
        there = locked.outputs if locked else {}
        return {n: there[n].artifact if a is not None and n in there else a for n, a in lying.items()}


class BelievesOutputs(Engine):
    """An output that is there is taken for the one that was written."""

    walk = _Anything


class ShowsLeftovers(Engine):
    """What stages that are gone have written is seen in folders and matched by globs."""

    def open(self, root: Path) -> OpenProject:
        opened = super().open(root)
        opened.workspace._hidden = frozenset(opened.graph.output_paths)
        return opened


class _InPlace(Placer):
    def place(self, artifact: Artifact, target: str, *, link: str = "copy") -> None:
        if artifact.kind == "tree":
            return super().place(artifact, target, link=link)
        data = self._store.objects.read(artifact.digest)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(data[: len(data) // 2])
            file.flush()
            os.utime(target)  # here the kill comes
            file.write(data[len(data) // 2 :])
        return None


class WritesInPlace(Engine):
    """An output is written where it belongs, bit by bit."""

    def open(self, root: Path) -> OpenProject:
        opened = super().open(root)
        opened.workspace._placer.__class__ = _InPlace
        return opened


class _Believing(Objects):
    def checked(self, name: str) -> str:
        if not self.has(name):
            raise KeyError(name)
        return self.path_of(name)

    def read(self, name: str) -> bytes:
        with open(self.checked(name), "rb") as file:
            return file.read()


class _Copying(Placer):
    def _copy(self, artifact: Artifact, target: str, mode: int) -> None:
        copy_file(self._store.objects.path_of(artifact.digest), target, mode=mode)


class BelievesStore(Engine):
    """What lies in the store under a digest is taken for what has it."""

    def open(self, root: Path) -> OpenProject:
        opened = super().open(root)
        opened.store.objects.__class__ = _Believing
        opened.workspace._placer.__class__ = _Copying
        return opened


class Wrong(NamedTuple):
    engine: type[Engine]
    promise: str
    """The one that it breaks; that alone is asked."""
    stories: SearchStrategy[Story]
    """Those that show it."""


WRONG: Mapping[str, Wrong] = {
    "the key lacks parameters": Wrong(blind_to("params"), "result", TELLING["values"]),
    "the key lacks variables": Wrong(blind_to("variables"), "result", TELLING["values"]),
    "the key lacks code": Wrong(blind_to("code"), "result", FAMILIES["code"]),
    "the key lacks the command": Wrong(blind_to("cmd"), "result", TELLING["commands"]),
    "the key lacks executable bits": Wrong(BlindToBits, "result", FAMILIES["bits"]),
    "the key lacks names in globs": Wrong(BlindToNames, "result", TELLING["names"]),
    "times are believed": Wrong(TrustsTimes, "result", TELLING["times"]),
    "outputs are believed": Wrong(BelievesOutputs, "result", TELLING["outputs"]),
    "leftovers are seen": Wrong(ShowsLeftovers, "result", TELLING["leftovers"]),
    "nothing is remembered": Wrong(Forgetful, "second", FAMILIES["all"]),
    "the name is in the key": Wrong(KeyedByName, "once", FAMILIES["stages"]),
    "file times are in the key": Wrong(KeyedByTimes, "once", FAMILIES["touched"]),
    "no early cutoff": Wrong(NoCutoff, "once", FAMILIES["all"]),
    "force is ignored": Wrong(IgnoresForce, "forced", FAMILIES["all"]),
    "force takes all": Wrong(ForcesAll, "forced", FAMILIES["all"]),
    "status hopes": Wrong(Hopeful, "forecast", FAMILIES["all"]),
    "status despairs": Wrong(Gloomy, "forecast", FAMILIES["all"]),
}
