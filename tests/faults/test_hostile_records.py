"""Records from elsewhere that lie: they are refused or ignored, and nothing is written outside the project."""

import json
import os

import pytest

from pipeline import action as actions
from pipeline import digest, trace
from pipeline.model import Artifact, Produced
from pipeline.store import layout

PIPELINE = """
stages:
  one: {cmd: "cat in.txt > ${outputs.out}", inputs: [in.txt], outputs: {out: build/one.txt}}
"""


@pytest.fixture
def made(project):
    """A project with one record, and what is in it."""
    project.write("pipeline.yaml", PIPELINE)
    project.write("in.txt", "in")
    project.run()
    lock = json.loads(project.read("pipeline.lock"))["stages"]["one"]
    root = str(project.root / ".pipe" / "store")
    project.recipe = dict(actions.of_canonical(read(layout.sharded(root, "actions", lock["key"]))).recipe)
    project.trace = trace.of_bytes(read(layout.sharded(root, "traces", lock["key"])))
    project.store_root = root
    return project


def read(path):
    with open(path, "rb") as file:
        return file.read()


def plant(project, recipe, **changes):
    """Put a well-formed record into the store; returns the digest of its only output, which nothing has."""
    action = actions.of_recipe(recipe)
    name = digest.of_bytes(os.urandom(8))
    path = recipe["outputs"]["out"]["path"]
    outputs = {"out": Produced(path, Artifact("file", name, 2))}
    lie = project.trace._replace(key=action.key, outputs=outputs, recorded="2026-01-01T00:00:00Z", **changes)
    for kind, data in (("actions", action.canonical), ("traces", trace.to_bytes(lie))):
        target = layout.sharded(project.store_root, kind, action.key)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(data)
    return name


def everything(project):
    return sorted(
        str(path.relative_to(project.base)) for path in project.base.rglob("*") if ".pipe" not in path.parts
    )


ESCAPES = ("../evil", "/tmp/evil-of-a-record", "build/../../evil", "./x", "a//b", "nul\0byte")


@pytest.mark.parametrize("path", ESCAPES)
@pytest.mark.parametrize("where", ["output", "input", "source", "scratch"])
def test_a_record_that_names_a_path_outside_is_refused(made, where, path):
    recipe, changes = dict(made.recipe), {}
    if where == "output":
        recipe["outputs"] = {"out": {**recipe["outputs"]["out"], "path": path}}
    elif where == "input":
        recipe["inputs"] = {n: {**entry, "path": path} for n, entry in recipe["inputs"].items()}
    elif where == "scratch":
        recipe["scratch"] = {"s": path}
    else:
        some = next(iter(recipe["inputs"].values()))["digest"]
        changes = {"source": {path: some}, "pruned": {path: some}}
    before = everything(made)
    name = plant(made, recipe, **changes)
    done = made.pipe("rebuild", name, "-o", "again")
    assert done.code == 3, done
    assert "leaves the project: nothing was run" in done.err
    assert everything(made) == before


def test_a_record_of_a_stage_with_a_path_for_a_name_writes_no_log_there(made):
    before = everything(made)
    name = plant(made, made.recipe, stage="../../../evil")
    done = made.pipe("rebuild", name)
    assert done.code == 3, done
    assert everything(made) == before


def test_a_record_whose_key_is_not_its_own_is_no_record(made):
    name = plant(made, made.recipe)
    path = layout.sharded(made.store_root, "actions", actions.of_recipe(made.recipe).key)
    with open(path, "wb") as file:
        file.write(actions.of_recipe({**made.recipe, "cpus": 7}).canonical)
    done = made.pipe("rebuild", name)
    assert done.code == 3
    assert "no recorded artifact has a digest that begins with" in done.err


def test_a_record_that_promises_other_bytes_is_told_and_leaves_nothing(made):
    name = plant(made, made.recipe)
    done = made.pipe("rebuild", name, "-o", "again")
    assert done.code == 1
    assert "output `build/one.txt` of stage `one` came out different" in done.err
    assert not (made.root / "again").exists()
    assert made.damaged_objects() == []


@pytest.mark.parametrize("verb", ["lineage", "rebuild"])
def test_what_nobody_knows_is_exit_3_with_what_to_do(made, verb):
    for word in ("build/nothing.txt", "0" * 12):
        done = made.pipe(verb, word)
        assert done.code == 3, done
        assert "\nhelp: " in done.err


def test_an_input_that_is_gone_is_named(made):
    (made.root / "in.txt").unlink()
    name = next(iter(made.recipe["inputs"].values()))["digest"]
    (made.root / ".pipe/store/objects" / name[:2] / name[2:]).unlink()
    done = made.pipe("rebuild", "build/one.txt", "-o", "again")
    assert done.code == 3
    assert f"`in.txt` ({name[:12]})" in done.err
    assert not (made.root / "again").exists()
