"""The mutation oracle for all that is not code: the real engine says what is fresh, a clean build what is right.

150 edits, the same each time; `--mutations N` tries about N/10 others.
"""

import os
import random
import shutil
import sys

import pytest

from pipeline.check import target_scope
from pipeline.opened import open_project
from pipeline.status import settings_of
from tests.project import SETTINGS, tree
from tests.properties import engine as engines
from tests.properties.engine import Engine
from tests.properties.wrong import BlindToBits, BlindToNames, blind_to
from tests.soundness.figures import record
from tests.soundness.surroundings import KINDS, VARIABLES, put, setting
from tests.warm import warm

ROUNDS = 6
"""Edits of each kind."""


def all_executed(result):
    assert {name: s.error for name, s in result.stages.items() if s.outcome != "executed"} == {}


class Bench:
    """Two folders: one with a history, in which status is asked, and one in which everything is built anew."""

    def __init__(self, base):
        self.root, self.twin, self.site = base / "project", base / "elsewhere" / "project", base / "site"
        self.site.mkdir()
        self.built = {}

    def place(self, now, family, root):
        put(now, family, root, self.site)
        for name in VARIABLES:
            os.environ.pop(name, None)
        os.environ.update(now.env)

    def begin(self, engine, now, family):
        for folder in (self.root, self.twin):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        self.place(now, family, self.root)
        self.place(now, family, self.twin)
        warm(self.root)
        warm(self.twin)
        all_executed(engine.run(self.root))
        self.built = self.made(self.root)

    def made(self, root):
        """Return by stage the files that it wrote."""
        opened = open_project(root)
        try:
            return {
                name: tree(root, [output.path for output in stage.outputs])
                for name, stage in opened.project.stages.items()
            }
        finally:
            opened.close()

    def truth(self, now, family):
        """Build a setting from nothing; None if it cannot be built."""
        for folder in ("out", "wood", ".pipe/store"):
            shutil.rmtree(self.twin / folder, ignore_errors=True)
        (self.twin / "pipeline.lock").unlink(missing_ok=True)
        self.place(now, family, self.twin)
        all_executed(Engine().run(self.twin))
        return self.made(self.twin)


@pytest.fixture
def bench(tmp_path, monkeypatch):
    for name in (*SETTINGS, *VARIABLES):
        monkeypatch.delenv(name, raising=False)
    made = Bench(tmp_path)
    # A server sees the packages that are there when it starts: these tests have servers of their own.
    monkeypatch.setattr(engines, "_SERVERS", [])
    monkeypatch.setattr(sys, "path", [*sys.path, str(made.site)])
    yield made
    for servers in engines._SERVERS:
        servers.close()
    for name in VARIABLES:
        os.environ.pop(name, None)


def edits(kinds, rounds, first):
    """Give family, seed, kind, the setting before and after; those of one project one after the other."""
    for seed in range(first, first + (rounds + 1) // 2):
        before = setting(seed)
        for family in sorted({KINDS[kind][0] for kind in kinds}):
            for kind in [kind for kind in kinds if KINDS[kind][0] == family]:
                for number in range(2):
                    yield (
                        family,
                        seed,
                        kind,
                        before,
                        KINDS[kind][1](before, random.Random(f"{seed} {number} {kind}")),
                    )


def decide(engine, root):
    """Return stage -> verdict, as `status` gives it, by the walk of this engine."""
    opened = engine.open(root)
    try:
        walk, verdicts = engine.walk(opened, settings_of()), {}
        for name in target_scope(opened, frozenset(opened.project.stages)):
            decision = walk.decide(name)
            verdicts[name] = decision.verdict
            outputs = walk.outputs_of(name, decision)
            if outputs is not None:
                walk.settle(name, outputs)
        return verdicts
    finally:
        opened.close()


def judge(bench, engine, kinds, rounds, first=0):
    """Return by kind what came out, and the faults."""
    counts, faults, last = {}, [], None
    for family, seed, kind, before, after in edits(kinds, rounds, first):
        if (family, seed) != last:
            bench.begin(engine, before, family)
            last = family, seed
        bench.place(after, family, bench.root)
        verdicts = decide(engine, bench.root)
        truth = bench.truth(after, family)
        bench.place(before, family, bench.root)
        changed = {name for name, made in truth.items() if made != bench.built.get(name)}
        fresh = {name for name, verdict in verdicts.items() if verdict == "fresh"}
        must = {name for name, verdict in verdicts.items() if verdict == "stale"}
        found = counts.setdefault(kind, dict.fromkeys(("tried", "changed", "stale", "needless"), 0))
        found["tried"] += 1
        found["changed"] += bool(changed)
        found["stale"] += bool(fresh & changed)
        found["needless"] += bool(must - changed)
        if fresh & changed:
            faults.append((kind, seed, sorted(fresh & changed), before, after))
    return counts, faults


def test_no_edit_around_the_code_that_changes_a_result_goes_unseen(bench, request, record_property):
    chosen = request.config.getoption("--mutations")
    rounds = chosen // 10 // len(KINDS) + 1 if chosen else ROUNDS
    first = random.SystemRandom().randrange(10**9) if chosen else 0
    counts, faults = judge(bench, Engine(), list(KINDS), rounds, first)
    for kind, found in counts.items():
        record(record_property, "random edits around the code", kind, found)
    assert not faults, faults[:2]
    nothing = (
        "the times of files",
        "doc",
        "an undeclared variable",
        "the version of a package that nobody imports",
    )
    for kind in nothing:
        assert counts[kind]["needless"] == 0, kind
        assert counts[kind]["changed"] == 0, kind


@pytest.mark.parametrize(
    ("engine", "kinds"),
    [
        (BlindToBits, ["a file's executable bit"]),
        (BlindToNames, ["a file's name", "two files that change names"]),
        (blind_to("variables"), ["a declared variable"]),
        (blind_to("params"), ["a parameter's value or type"]),
        (
            blind_to("environment"),
            ["a package's version", "the version of a required package", "a package's commit"],
        ),
        (blind_to("network"), ["the network"]),
    ],
)
def test_a_key_that_lacks_something_is_caught(bench, engine, kinds):
    _, faults = judge(bench, engine(), kinds, 4)
    assert faults
