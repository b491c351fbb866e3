"""What a key must not depend on, and what happens to a store that was damaged, by properties of whole projects."""

import json
import os
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.project import Project
from tests.properties.world import shuffled

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


def keys(project, **options):
    return {name: stage.key for name, stage in project.run(**options).stages.items()}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("keys")


@settings(max_examples=12)
@given(seed=st.integers(0, 10**6), jobs=st.integers(1, 4))
def test_a_key_does_not_depend_on_order_times_place_or_jobs(home, seed, jobs):
    rng = random.Random(seed)
    with Project(home / "reference") as reference:
        expected = keys(begin(reference))
    with Project(home / f"other-{seed}-{jobs}") as other:
        begin(other, shuffled(STAGES, rng))
        for folder, _, names in os.walk(other.root / "data"):
            for name in names:
                os.utime(os.path.join(folder, name), (rng.randrange(10**9), rng.randrange(10**9)))
        assert keys(other, jobs=jobs) == expected


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


@settings(max_examples=25)
@given(
    which=st.integers(0, 10**6),
    place=st.integers(0, 10**6),
    bit=st.integers(0, 7),
    keeps_times=st.booleans(),
)
def test_a_flipped_bit_in_the_store_is_never_served(home, which, place, bit, keeps_times):
    with Project(Path(tempfile.mkdtemp(dir=home))) as project:
        begin(project)
        project.run()
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
        assert project.run().ok
        assert {name: project.read(name) for name in EXPECTED} == EXPECTED
        assert (project.read("build/tree/a"), len(project.read("build/tree/b"))) == (b"a", 3000)
