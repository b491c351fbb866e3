"""A kill at any write leaves a project that the next run puts right, and no output that is neither old nor new."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.project import PIPE, Project, tree
from tests.properties import reference
from tests.properties import world as worlds
from tests.properties.engine import Engine, outcomes
from tests.properties.test_stories import scaled
from tests.properties.world import Helper, Read, Step, World

HERE = Path(__file__).parents[2]


def world(number: int) -> World:
    """Return a world with stages of every kind, all of which write other bytes for each number."""
    files = (("data/one.txt", b"%d\n" % number, False), ("data/g/a.txt", b"a" * 3000, False))
    common = {"params": ("p",), "constant": number}
    steps = (
        Step(0, "tree", "path", (Read("data/one.txt", "str"),), files=2, folder=True, helper=0, **common),
        Step(1, "each", "return", (Read("build/d0", "Path"),), matrix=("u", 1), **common),
        Step(2, "shell", "cmd", (Read("build/s1-0-*.txt", "dict[str, str]", True),), **common),
        Step(3, "script", "script", (Read("build/s2-0.txt", "str"), Read("data/g/a.txt", "Path")), **common),
    )
    return World(files, (("p", str(number)),), (), (Helper(number),), steps)


class Rig:
    """A project that is killed again and again, each time at another world."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.number = 0
        worlds.put(world(0), project.root)
        assert Engine().run(project.root).ok

    def next(self) -> None:
        self.number += 1
        worlds.put(world(self.number), self.project.root)

    def crash(self, point: int, event: str = "", engine: str = "Engine") -> int:
        """Run in a process of its own that is killed at a point; returns how many points there were, if it was not."""
        command = [
            sys.executable,
            "-m",
            "tests.properties.crash",
            str(self.project.root),
            str(point),
            event,
            engine,
        ]
        done = subprocess.run(
            command, cwd=HERE, env=self.project.environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        return int(done.stdout) if done.returncode == 0 else 0

    def check(self) -> None:
        """Look at what the kill left, run again, and look whether all is right."""
        root, now = self.project.root, world(self.number)
        old, new = reference.build(world(self.number - 1)), reference.build(now)
        for path in worlds.written(now):
            found = tree(root, [path])
            known = [
                {p: b for p, b in made.items() if p == path or p.startswith(path + "/")}
                for made in (old, new)
            ]
            assert found in ({}, *known), f"{path} is neither what it was nor what it will be"
        for name, decision in Engine().status(root).items():
            if decision.verdict == "fresh":
                step, value = next(
                    (s, v) for s in now.steps for v in s.instances if worlds.instance_name(s, v) == name
                )
                for path in worlds.outputs(step, value).values():
                    assert tree(root, [path]) == {
                        p: b for p, b in new.items() if p == path or p.startswith(path + "/")
                    }
        assert Engine().run(root).ok
        assert tree(root, worlds.written(now)) == dict(new)
        assert outcomes(Engine().run(root), "fresh") == set(worlds.names(now))
        self._check_remains()

    def _check_remains(self) -> None:
        root = self.project.root
        sources = {path for path, _, _ in worlds.sources(world(self.number))}
        mine = {
            f.relative_to(root).as_posix() for f in root.rglob("*") if f.is_file() and ".pipe" not in f.parts
        }
        assert mine == sources | set(reference.build(world(self.number))) | {"pipeline.lock"}
        left = [*(root / ".pipe" / "tmp").glob("*"), *(self.project.store / "tmp").glob("*")]
        assert not left, "a run clears what a dead one was writing"


@pytest.fixture
def rig(project):
    return Rig(project)


def test_a_kill_before_any_write_costs_nothing_that_is_done(rig):
    rig.next()
    points = rig.crash(0)
    rig.check()
    assert points > 50
    count = min(points, scaled(14))
    for number in range(count):
        rig.next()
        rig.crash(1 + number * points // count)
        rig.check()


def test_a_kill_at_any_moment_costs_nothing_that_is_done(rig):
    rng = random.Random(4)
    for _ in range(scaled(5)):
        rig.next()
        process = subprocess.Popen(
            [PIPE, "run", "-q"],
            cwd=rig.project.root,
            env=rig.project.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(rng.uniform(0.05, 0.9))
        process.kill()
        process.wait()
        rig.check()


def test_an_engine_that_writes_outputs_in_place_is_noticed(rig):
    with pytest.raises(AssertionError, match="neither what it was"):
        for point in range(1, 9):
            rig.next()
            rig.crash(point, "os.utime", "WritesInPlace")
            rig.check()


def test_a_second_kill_while_the_first_is_put_right_costs_nothing(rig):
    rig.next()
    points = rig.crash(0)
    for number in range(scaled(3)):
        rig.next()
        rig.crash(points * 2 // 3 + number)
        rig.crash(points // 4 + 3 * number)
        rig.check()
        assert os.path.exists(rig.project.root / "pipeline.lock")
