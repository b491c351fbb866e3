"""Tells a story to an engine, and checks at each turn what must hold: promises, each of which can be asked alone."""

import os
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path

from pipeline.model import RunResult
from tests.project import SETTINGS, tree
from tests.properties import reference
from tests.properties import world as worlds
from tests.properties.engine import Engine, outcomes
from tests.properties.strategies import Change, Story
from tests.properties.world import World

PROMISES = ("result", "second", "once", "forecast", "forced")


class Broken(AssertionError):
    """A promise does not hold. The first argument says which."""


def tell(story: Story, engine: Engine, promises: Collection[str] = PROMISES) -> None:
    """Run the world, then again after each change. Raises Broken."""
    with tempfile.TemporaryDirectory() as folder, reference.variables({}):
        before = {name: os.environ.pop(name) for name in SETTINGS if name in os.environ}
        try:
            teller = _Teller(Path(folder, "project"), engine, promises)
            teller.turn(Change("begin", story.world))
            for change in story.changes:
                teller.turn(change)
        finally:
            os.environ.update(before)


class _Teller:
    def __init__(self, root: Path, engine: Engine, promises: Collection[str]) -> None:
        self._root = root
        self._engine = engine
        self._promises = promises
        self._executed: dict[object, str] = {}
        root.mkdir()

    def turn(self, change: Change) -> None:
        world = change.world
        worlds.put(world, self._root, keep_times=change.disturb == "keep times")
        disturb(change, self._root)
        with reference.variables(world.environment):
            decided = self._engine.status(self._root)
            result = self._engine.run(self._root)
            _demand(result.ok, change, "runs", {n: s.error for n, s in result.stages.items() if s.error})
            if "forecast" in self._promises:
                self._forecast({name: d.verdict for name, d in decided.items()}, result, change)
            if "result" in self._promises:
                found = tree(self._root, worlds.written(world))
                _demand(
                    found == dict(reference.build(world)), change, "result", result_difference(found, world)
                )
            if "once" in self._promises:
                self._once(world, result, change)
            if "second" in self._promises:
                again = self._engine.run(self._root)
                _demand(outcomes(again, "fresh") == set(worlds.names(world)), change, "second", kinds(again))
                lock = (self._root / "pipeline.lock").read_bytes()
                verdicts = {n: d.verdict for n, d in self._engine.status(self._root).items()}
                _demand(set(verdicts.values()) == {"fresh"}, change, "second", verdicts)
                _demand(
                    (self._root / "pipeline.lock").read_bytes() == lock, change, "second", "the lock file"
                )
            if "forced" in self._promises and change.at % 3 == 0:
                self._forced(world, change)

    def _forecast(self, verdicts: dict[str, str], result: RunResult, change: Change) -> None:
        executed = outcomes(result, "executed")
        stale = {name for name, verdict in verdicts.items() if verdict == "stale"}
        waiting = {name for name, verdict in verdicts.items() if verdict == "waiting"}
        fresh = {name for name, verdict in verdicts.items() if verdict == "fresh"}
        cached = {name for name, verdict in verdicts.items() if verdict == "cached"}
        said = {name: (verdicts[name], stage.outcome) for name, stage in result.stages.items()}
        _demand(stale <= executed <= stale | waiting, change, "forecast", said)
        _demand(fresh <= outcomes(result, "fresh"), change, "forecast", said)
        _demand(cached <= outcomes(result, "restored"), change, "forecast", said)

    def _once(self, world: World, result: RunResult, change: Change) -> None:
        executed = outcomes(result, "executed")
        for step in world.steps:
            for value in step.instances:
                name = worlds.instance_name(step, value)
                content = reference.content(world, step, value)
                if name in executed:
                    _demand(
                        content not in self._executed, change, "once", (name, self._executed.get(content))
                    )
                self._executed.setdefault(content, f"{name} after {change.label}")

    def _forced(self, world: World, change: Change) -> None:
        every = worlds.names(world)
        target = every[change.at % len(every)]
        result = self._engine.run(self._root, target, force=True)
        _demand(outcomes(result, "executed") == {target}, change, "forced", kinds(result))
        found = tree(self._root, worlds.written(world))
        _demand(found == dict(reference.build(world)), change, "forced", result_difference(found, world))


def disturb(change: Change, root: Path) -> None:
    """Do to the disk what a user, or a tool, does besides editing."""
    made = [path for path in worlds.written(change.world) if (root / path).exists()]
    target = root / made[change.at % len(made)] if made else None
    if change.disturb == "touch":
        for top in ("data", "lib", "steps", "scripts", "build"):
            for file in (root / top).rglob("*"):
                os.utime(file, ns=(0, (change.at + 1) * 10**9))
    elif change.disturb == "delete build":
        shutil.rmtree(root / "build", ignore_errors=True)
    elif change.disturb == "delete state":
        (root / ".pipe" / "state.db").unlink(missing_ok=True)
    elif target is None:
        pass
    elif change.disturb == "delete output":
        shutil.rmtree(target) if target.is_dir() else target.unlink()
    elif change.disturb == "edit output":
        if target.is_dir():
            (target / "added.txt").write_text("by hand")
        else:
            times = target.stat()
            target.write_bytes(b"X" * max(1, times.st_size))
            os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))
    elif change.disturb == "chmod output" and target.is_file():
        target.chmod(0o755)


def kinds(result: RunResult) -> dict[str, str]:
    return {name: stage.outcome for name, stage in result.stages.items()}


def result_difference(found: dict[str, tuple[bytes, bool]], world: World) -> list[str]:
    expected = reference.build(world)
    return sorted(path for path in {*found, *expected} if found.get(path) != expected.get(path))


def _demand(holds: bool, change: Change, promise: str, facts: object) -> None:
    if not holds:
        raise Broken(promise, f"after {change.label} {change.disturb}", facts)
