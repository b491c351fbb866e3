"""What a key must not depend on, and what happens to a store that was damaged, by properties of whole projects."""

import contextlib
import json
import os
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import StoreError
from tests.project import Project
from tests.properties.engine import Engine
from tests.properties.test_stories import scaled
from tests.properties.world import shuffled
from tests.properties.wrong import BelievesStore, KeyedByJobs, KeyedByOrder, KeyedByPlace, KeyedByTimes

STAGES = {
    "first": {
        "run": "steps.m:first",
        "inputs": {"text": "data/in.txt", "all": "data/*.txt"},
        "params": {"p": {"a": 1, "b": [1, {"y": 2, "x": "z"}]}, "q": 0.5},
        "outputs": {"o": "build/first.txt", "tree": "build/tree"},
    },
    "second": {
        "cmd": "cat ${inputs.o} > ${outputs.o}; ls ${inputs.tree} >> ${outputs.o}; echo ${params.q} >> ${outputs.o}",
        "inputs": {"o": "build/first.txt", "tree": "build/tree"},
        "params": {"q": [1, "a b"]},
        "outputs": {"o": "build/second.txt"},
    },
}
CODE = """
    from pathlib import Path

    def first(text: str, all: dict[str, str], p: dict, q: float, tree: Path) -> str:
        tree.mkdir()
        (tree / "a").write_text("a")
        (tree / "b").write_text("b" * 3000)
        return f"{text} {sorted(all)} {p} {q}"
"""
EXPECTED = {
    "build/first.txt": b"in ['data/in.txt', 'data/other.txt'] {'a': 1, 'b': [1, {'x': 'z', 'y': 2}]} 0.5",
    "build/second.txt": b"in ['data/in.txt', 'data/other.txt'] {'a': 1, 'b': [1, {'x': 'z', 'y': 2}]} 0.5"
    b'a\nb\n[1, "a b"]\n',
}


def begin(project, stages=STAGES):
    project.write("data/in.txt", b"in")
    project.write("data/other.txt", b"other")
    project.write("steps/m.py", CODE)
    project.pipeline(stages)
    return project


def keys(engine, project, **options):
    return {name: stage.key for name, stage in engine.run(project.root, **options).stages.items()}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("keys")


def are_the_same(engine, home, seed, jobs):
    """Say whether a project has the keys that it has elsewhere, written in another order, at other times."""
    rng = random.Random(seed)
    with Project(Path(tempfile.mkdtemp(dir=home))) as first:
        expected = keys(engine, begin(first), jobs=1)
    with Project(Path(tempfile.mkdtemp(dir=home))) as other:
        begin(other, shuffled(STAGES, rng))
        for folder, _, names in os.walk(other.root / "data"):
            for name in names:
                os.utime(os.path.join(folder, name), (rng.randrange(10**9), rng.randrange(10**9)))
        return keys(engine, other, jobs=jobs) == expected


@settings(max_examples=scaled(8))
@given(seed=st.integers(0, 10**6), jobs=st.integers(1, 4))
def test_a_key_does_not_depend_on_order_times_place_or_jobs(home, seed, jobs):
    assert are_the_same(Engine(), home, seed, jobs)


@pytest.mark.parametrize("engine", [KeyedByOrder, KeyedByTimes, KeyedByJobs, KeyedByPlace])
def test_a_key_that_depends_on_one_of_them_is_noticed(home, engine):
    assert not all(are_the_same(engine(), home, seed, jobs=2) for seed in range(6))


def test_the_order_of_keys_in_a_parameter_runs_nothing(project):
    begin(project)
    project.run()
    text = (project.root / "pipeline.yaml").read_text()
    (project.root / "pipeline.yaml").write_text(json.dumps(shuffled(json.loads(text), random.Random(3))))
    assert set(project.verdicts().values()) == {"fresh"}


def stored(project):
    found = [
        os.path.join(folder, name)
        for part in ("objects", "actions", "traces")
        for folder, _, names in os.walk(project.store / part)
        for name in names
    ]
    return sorted(found)


class Served(AssertionError):
    """Bytes that were damaged came out as if they were right."""


def flip(engine, home, which, place, bit, *, keeps_times):
    """Run, flip a bit of something in the store, lose the outputs, run. Raises Served if the result is wrong."""
    with Project(Path(tempfile.mkdtemp(dir=home))) as project:
        begin(project)
        first = engine.run(project.root)
        assert first.ok, first
        paths = stored(project)
        path = Path(paths[which % len(paths)])
        status = path.stat()
        content = bytearray(path.read_bytes())
        if not content:
            return
        content[place % len(content)] ^= 1 << bit
        path.chmod(0o644)
        path.write_bytes(content)
        path.chmod(0o444)
        if keeps_times:
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        for name in EXPECTED:
            (project.root / name).unlink()
        assert engine.run(project.root).ok
        found = {name: (project.root / name).read_bytes() for name in EXPECTED}
        tree = (project.read("build/tree/a"), len(project.read("build/tree/b")))
        if found != EXPECTED or tree != (b"a", 3000):
            raise Served(path, found)
        assert {d.verdict for d in engine.status(project.root).values()} == {"fresh"}


@settings(max_examples=scaled(20))
@given(
    which=st.integers(0, 10**6), place=st.integers(0, 10**6), bit=st.integers(0, 7), keeps_times=st.booleans()
)
def test_a_flipped_bit_in_the_store_is_never_served(home, which, place, bit, keeps_times):
    flip(Engine(), home, which, place, bit, keeps_times=keeps_times)


def test_an_engine_that_believes_its_store_is_noticed(home):
    with pytest.raises(Served):
        for which in range(40):
            with contextlib.suppress(StoreError):  # it stumbles over some of them, which is no proof
                flip(BelievesStore(), home, which, 0, 0, keeps_times=True)
