"""Records of runs: whole or absent, found by a part of their name, and never in the way when damaged."""

import json
import os

import pytest

from pipeline import history
from pipeline.errors import UsageError
from pipeline.model import Artifact, Produced, Reason, RunResult, StageResult
from pipeline.runs import Selection, runs
from pipeline.show import show

NOON = 1_704_110_400.0  # 2024-01-01 12:00:00 UTC


def record(run, ok=True):
    stage = StageResult(
        "train",
        "executed",
        "ab" * 32,
        (Reason("param", "lr", "param lr: 1 -> 2", "1", "2"),),
        1.25,
        {"model": Produced("build/m.joblib", Artifact("file", "cd" * 32, 7))},
    )
    return history.record_of(
        RunResult(run, ok, 2.5, {"train": stage}),
        history.Facts(
            targets=["train"],
            overrides={"lr": 2},
            flags=["--force"],
            params={"train": {"lr": 2}},
            metrics={"train": {"scores": {"auc": 0.7}}},
            git_commit="f" * 40,
        ),
        started=NOON,
    )


def test_a_record_reads_back_as_it_was_written(tmp_path):
    written = record(history.new_run_id(tmp_path, NOON))
    history.write(tmp_path, written)
    assert history.read(tmp_path, "last") == written
    assert written.started == "2024-01-01T12:00:00Z"


def test_runs_of_one_second_have_names_of_their_own_and_sort_by_age(tmp_path):
    made = [history.new_run_id(tmp_path, NOON) for _ in range(11)]
    assert made[:2] == ["20240101T120000", "20240101T120000-2"]
    later = history.new_run_id(tmp_path, NOON + 1)
    assert history.run_ids(tmp_path) == [later, *reversed(made)]


def test_a_run_is_found_by_the_beginning_of_its_name(tmp_path):
    for second in (0, 1):
        history.write(tmp_path, record(history.new_run_id(tmp_path, NOON + second)))
    assert history.read(tmp_path, "20240101T120001").run == "20240101T120001"
    with pytest.raises(UsageError, match="beginning of 2 runs"):
        history.read(tmp_path, "2024")


def test_a_run_that_does_not_exist_is_answered_with_a_suggestion(tmp_path):
    history.write(tmp_path, record(history.new_run_id(tmp_path, NOON)))
    with pytest.raises(UsageError) as caught:
        history.read(tmp_path, "20240101T120009")
    assert caught.value.problems[0].help == "did you mean `20240101T120000`?"


@pytest.mark.parametrize("run", ["../../etc", "..", "/", ""])
def test_a_name_cannot_leave_the_folder_of_runs(tmp_path, run):
    history.write(tmp_path, record(history.new_run_id(tmp_path, NOON)))
    with pytest.raises(UsageError):
        history.read(tmp_path, run)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"version": 1}', '{"version": 2, "stages": {}}', "\x00"])
def test_a_damaged_record_is_left_out_with_a_note(tmp_path, damage):
    history.write(tmp_path, record(history.new_run_id(tmp_path, NOON)))
    broken = history.new_run_id(tmp_path, NOON + 5)
    (tmp_path / "runs" / broken / "run.json").write_text(damage)
    notes = []
    assert [found.run for found in history.list_runs(tmp_path, notes.append)] == ["20240101T120000"]
    assert len(notes) == 1 and broken in notes[0]


def test_there_is_no_history_before_the_first_run(tmp_path):
    assert runs(tmp_path, Selection()).rows == ()
    with pytest.raises(UsageError, match="no recorded run yet"):
        show(tmp_path, "last")


def test_a_run_is_under_way_until_its_record_is_written(tmp_path):
    pipe = tmp_path / ".pipe"
    run = history.new_run_id(pipe, NOON)
    assert runs(tmp_path, Selection()).under_way == (run,)
    history.write(pipe, record(run))
    found = runs(tmp_path, Selection())
    assert found.under_way == () and len(found.rows) == 1


def test_a_run_that_was_killed_is_not_under_way(tmp_path):
    run = history.new_run_id(tmp_path, NOON)
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    (tmp_path / "runs" / run / "pid").write_text(str(pid))
    assert not history.is_under_way(tmp_path, run)


def test_a_record_is_plain_json(tmp_path):
    run = history.new_run_id(tmp_path, NOON)
    history.write(tmp_path, record(run))
    found = json.loads((tmp_path / "runs" / run / "run.json").read_text())
    assert found["version"] == 1 and found["stages"]["train"]["metrics"] == {"scores": {"auc": 0.7}}


def repository(folder, head, **files):
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text(head)
    for name, content in files.items():
        path = folder / ".git" / name.replace("__", "/").replace("_", "-")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def test_the_commit_is_read_from_a_loose_reference_above(tmp_path):
    repository(tmp_path, "ref: refs/heads/main\n", refs__heads__main="a" * 40 + "\n")
    (tmp_path / "sub").mkdir()
    assert history.git_commit(tmp_path / "sub") == "a" * 40


def test_the_commit_is_read_from_packed_references(tmp_path):
    repository(
        tmp_path, "ref: refs/heads/main\n", packed_refs="# pack-refs\n" + "b" * 40 + " refs/heads/main\n"
    )
    assert history.git_commit(tmp_path) == "b" * 40


def test_a_detached_head_is_the_commit(tmp_path):
    repository(tmp_path, "c" * 40 + "\n")
    assert history.git_commit(tmp_path) == "c" * 40


def test_the_commit_of_a_worktree_is_read_from_the_repository_it_belongs_to(tmp_path):
    main = tmp_path / "main"
    repository(main, "ref: refs/heads/main\n", refs__heads__side="d" * 40)
    own = main / ".git" / "worktrees" / "side"
    own.mkdir(parents=True)
    (own / "HEAD").write_text("ref: refs/heads/side\n")
    (own / "commondir").write_text("../..\n")
    (tmp_path / "side").mkdir()
    (tmp_path / "side" / ".git").write_text(f"gitdir: {own}\n")
    assert history.git_commit(tmp_path / "side") == "d" * 40


def test_a_repository_without_a_commit_has_none(tmp_path):
    repository(tmp_path, "ref: refs/heads/main\n")
    assert history.git_commit(tmp_path) is None
