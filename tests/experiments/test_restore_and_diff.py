"""A run put back into the workspace, and what differs between two of them: one project with a history of both."""

import json
import shutil

import pytest

from pipeline import history, tags
from pipeline.diff import diff
from pipeline.errors import StoreError, UsageError
from pipeline.events import Silent
from pipeline.render import diff_text, restore_text
from pipeline.render.style import PLAIN
from pipeline.restore import restore
from tests.project import Project, tree

STEPS = """\
def prepare(rows: int) -> list:
    return list(range(rows))


def scaled(number, lr):
    return number * lr


def train(table: list, lr: float, kind: str) -> dict:
    return {"w": scaled(sum(table), lr), "kind": kind}


def evaluate(model: dict, raw: str) -> dict:
    return {"auc": model["w"] / 100, "test": {"loss": 1 - model["w"] / 100}, "kind": model["kind"]}
"""

PIPELINE = """\
stages:
  prepare: {run: "steps:prepare", params: [rows], outputs: {table: build/table.json}}
  train:
    run: steps:train
    inputs: {table: build/table.json}
    params: {lr: "${train.lr}", kind: linear}
    outputs: {model: build/model.json}
  evaluate:
    run: steps:evaluate
    inputs: {model: build/model.json, raw: data/raw.txt}
    metrics: {summary: {path: build/summary.json, better: {auc: higher, test.loss: lower}}}
"""

PARAMS = "rows: 10    # of the table\ntrain:\n  lr: 0.1   # the step\n  unused: 1\n"

KEPT = ["build", "pipeline.lock", "params.yaml"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project with three runs: the first, one with other parameters, one with other code and other raw data."""
    with Project(tmp_path_factory.mktemp("history")) as project:
        project.write("steps.py", STEPS)
        project.write("pipeline.yaml", PIPELINE)
        project.write("data/raw.txt", "one\n")
        project.write("params.yaml", PARAMS)
        runs = [project.run().run]
        states = [tree(project.root, KEPT)]
        project.write("params.yaml", PARAMS.replace("0.1 ", "0.2 "))
        runs.append(project.run().run)
        states.append(tree(project.root, KEPT))
        project.write("steps.py", STEPS.replace("number * lr", "number * lr + 1"))
        project.write("pipeline.yaml", PIPELINE.replace("linear", "cubic"))
        project.write("data/raw.txt", "two\n")
        runs.append(project.run().run)
        states.append(tree(project.root, KEPT))
        tags.put(project.root / ".pipe", "first", runs[0])
        yield project, runs, states


@pytest.fixture
def copy(made, tmp_path):
    """The same in a folder of its own, so that it can be changed."""
    project, runs, states = made
    shutil.copytree(project.root, tmp_path / "copy", symlinks=True)
    with Project(tmp_path / "copy") as own:
        yield own, runs, states


def test_parameters_code_inputs_outputs_and_metrics_are_told_apart(made):
    project, runs, _ = made
    found = diff_text.as_plain(diff(project.root, ["first", runs[2]]))
    assert found["runs"] == [runs[0], runs[2]]
    assert found["params"] == {"train.lr": [0.1, 0.2], "train.kind": ["linear", "cubic"]}
    assert list(found["code"]) == ["steps:scaled"]
    changed = found["code"]["steps:scaled"]
    assert changed["stages"] == ["train"]
    assert "-    return number * lr\n+    return number * lr + 1" in changed["diff"]
    assert list(found["inputs"]) == ["data/raw.txt"]
    assert "'one' -> 'two'" in found["inputs"]["data/raw.txt"]["difference"]
    assert list(found["outputs"]) == ["build/model.json"]  # the metrics' file is told as metrics
    assert "4.5 -> 10" in found["outputs"]["build/model.json"]["difference"]
    auc, loss = found["metrics"]["evaluate.summary.auc"], found["metrics"]["evaluate.summary.test.loss"]
    assert (auc["old"], auc["new"], auc["better"]) == (0.045, 0.1, True)
    assert auc["change"] == pytest.approx(0.055) and auc["percent"] == pytest.approx(122.2, abs=0.1)
    assert loss["better"] is True and loss["change"] < 0
    assert found["metrics"]["evaluate.summary.kind"] == {
        "old": "linear", "new": "cubic", "change": None, "percent": None, "better": None,
    }  # fmt: skip
    assert found["environment"] == {} and found["stages"] == {"added": [], "removed": []}
    json.dumps(found)


def test_without_names_the_last_two_runs_are_compared_and_what_got_worse_is_said(made):
    project, runs, _ = made
    found = diff(project.root, [])
    assert found.runs == (runs[1], runs[2])
    back = diff_text.text_of(diff(project.root, [runs[2], runs[0]]), PLAIN, verbose=True).splitlines()
    assert any(line.split()[0] == "auc" and line.endswith("worse") for line in back if line.strip())


def test_a_run_does_not_differ_from_itself(made):
    project, runs, _ = made
    text = diff_text.text_of(diff(project.root, [runs[1], runs[1]]), PLAIN, verbose=True)
    assert text == f"{runs[1]} -> {runs[1]}\nnothing differs"


def test_what_lies_here_is_compared_with_a_run_also_where_it_would_have_to_run(copy):
    project, runs, _ = copy
    assert diff_text.text_of(diff(project.root, ["last"]), PLAIN, verbose=False).endswith("nothing differs")
    project.write("params.yaml", PARAMS.replace("10 ", "12 ").replace("0.1 ", "0.2 "))
    project.write("steps.py", STEPS.replace("number * lr", "number * lr + 2"))
    project.write("build/model.json", '{"w": 0, "kind": "by hand"}\n')
    found = diff(project.root, ["last"])
    assert found.runs == (runs[2], "workspace")
    assert found.params == {"rows": (10, 12)}
    assert [(each.unit, each.stages) for each in found.code] == [("steps:scaled", ("train",))]
    assert found.code[0].diff is not None and "+    return number * lr + 2" in found.code[0].diff
    assert [each.path for each in found.outputs] == ["build/model.json"]
    assert not found.inputs and not found.environment


def test_stages_that_only_one_side_has_are_named(copy):
    project, _, _ = copy
    more = "  other: {cmd: touch build/x, outputs: {x: build/x}}\n"
    project.write("pipeline.yaml", PIPELINE.replace("linear", "cubic") + more)
    assert diff(project.root, ["last"]).added == ("other",)
    assert diff(project.root, ["last"]).removed == ()


def test_bytes_that_are_gone_are_said_to_be_with_what_brings_them_back(copy):
    project, runs, _ = copy
    record = history.read(project.root / ".pipe", runs[0])
    gone = record.stages["train"].outputs["model"]["digest"]
    for path in project.store.rglob(gone[2:]):
        path.unlink()
    found = diff(project.root, [runs[0], runs[2]])
    assert [(each.path, each.difference, each.gone) for each in found.outputs] == [
        ("build/model.json", None, (runs[0],))
    ]
    assert diff_text.help_of(found).startswith(f"`pipe rebuild build/model.json@{runs[0]}`")


def test_there_must_be_two_runs_to_compare(tmp_path):
    with Project(tmp_path) as project:
        project.write("pipeline.yaml", "stages: {a: {cmd: 'true'}}\n")
        with pytest.raises(UsageError, match="no two recorded runs"):
            diff(project.root, [])
        with pytest.raises(UsageError, match="3 runs cannot"):
            diff(project.root, ["a", "b", "c"])


def test_a_run_is_put_back_with_outputs_lock_file_and_parameters(copy):
    project, runs, states = copy
    project.write("steps.py", STEPS)
    project.write("pipeline.yaml", PIPELINE)
    project.write("data/raw.txt", "one\n")
    for number in (1, 0):
        found = restore(project.root, runs[number], Silent())
        assert tree(project.root, KEPT) == states[number]
        assert found.stale == {}
        assert project.status().ok
    assert set(project.outcomes().values()) == {"fresh"}
    assert found.params == {"train.lr": (0.2, 0.1)}
    kept = found.displaced["params.yaml"]
    assert project.read(kept).decode() == PARAMS.replace("0.1 ", "0.2 ")
    assert restore_text.text_of(found, dry_run=False).startswith("restored 2 outputs and 1 parameter")


def test_a_dry_run_says_the_same_and_changes_nothing(copy):
    project, _, states = copy
    found = restore(project.root, "first", Silent(), dry_run=True)
    assert tree(project.root, KEPT) == states[2]
    assert found.params == {"train.lr": (0.2, 0.1)}
    assert found.placed == ("build/model.json", "build/summary.json") and found.kept == ("build/table.json",)
    assert not found.displaced and not (project.root / ".pipe" / "displaced").exists()


def test_what_would_not_stay_so_is_said_where_code_or_inputs_are_others_now(copy):
    project, runs, states = copy
    found = restore(project.root, runs[1], Silent())
    causes = {reason.cause for reason in found.stale["train"]}
    assert causes == {"code", "param"}
    assert tree(project.root, ["build"]) == {k: v for k, v in states[1].items() if k.startswith("build")}
    verdicts = project.verdicts()
    assert verdicts["prepare"] == "fresh" and verdicts["train"] != "fresh"
    assert any("train is not as the run had it" in note for note in restore_text.notes(found))


def test_what_the_user_changed_is_moved_out_of_the_way_first(copy):
    project, runs, _ = copy
    project.write("build/model.json", "by hand")
    found = restore(project.root, runs[0], Silent())
    assert project.read(found.displaced["build/model.json"]) == b"by hand"


def test_what_the_store_lost_is_made_again_before_anything_is_put_in_place(copy):
    project, runs, states = copy
    record = history.read(project.root / ".pipe", runs[0])
    for path in project.store.rglob(record.stages["train"].outputs["model"]["digest"][2:]):
        path.unlink()
    found = restore(project.root, runs[0], Silent())
    assert found.rebuilt == ("build/model.json",)
    assert tree(project.root, ["build"]) == {k: v for k, v in states[0].items() if k.startswith("build")}


def test_what_can_be_had_nowhere_is_named_and_nothing_is_changed(copy):
    project, runs, states = copy
    record = history.read(project.root / ".pipe", runs[0])
    gone = record.stages["train"].outputs["model"]["digest"]
    for path in project.store.rglob(gone[2:]):
        path.unlink()
    shutil.rmtree(project.store / "actions")
    for dry_run in (True, False):
        with pytest.raises(StoreError, match=r"build/model\.json"):
            restore(project.root, runs[0], Silent(), dry_run=dry_run)
    assert tree(project.root, KEPT) == states[2]


def test_a_path_at_which_the_user_has_a_source_now_is_left_alone(copy):
    project, runs, _ = copy
    project.write(
        "pipeline.yaml", PIPELINE.replace("data/raw.txt", "build/table.json").replace("  prepare:", "  x-p:")
    )
    project.write("build/table.json", "my own")
    found = restore(project.root, runs[0], Silent())
    assert found.skipped == ("build/table.json",)
    assert project.read("build/table.json") == b"my own"


@pytest.mark.parametrize("path", ["../outside", "/tmp/outside", ".pipe/state.db", "a/../../b"])
def test_a_record_that_would_write_elsewhere_is_refused(copy, path):
    project, runs, states = copy
    file = project.root / ".pipe" / "runs" / runs[0] / "run.json"
    file.write_text(file.read_text().replace("build/model.json", path))
    with pytest.raises(StoreError, match="which is none"):
        restore(project.root, runs[0], Silent())
    assert tree(project.root, KEPT) == states[2]


def test_gc_keeps_what_a_tagged_run_made(copy):
    from pipeline.gc import GcOptions, gc

    project, runs, _ = copy
    record = history.read(project.root / ".pipe", runs[0])
    other = history.read(project.root / ".pipe", runs[1])
    gc(project.root, GcOptions(0, None, False, False, True))
    held = {path.name for path in project.store.rglob("*")}
    assert record.stages["train"].outputs["model"]["digest"][2:] in held
    assert other.stages["train"].outputs["model"]["digest"][2:] not in held
