"""The latest log of a stage is found and followed, whatever runs came after."""

import os
import threading
import time

import pytest

from pipeline import history, logs
from pipeline.errors import UsageError
from pipeline.model import RunResult

NOON = 1_704_110_400.0


def ended(root, second, **texts):
    run = begun(root, second, **texts)
    end(root, run)
    return run


def begun(root, second, **texts):
    run = history.new_run_id(root / ".pipe", NOON + second)
    for stage, text in texts.items():
        (root / ".pipe" / "runs" / run / f"{stage}.log").write_text(text)
    return run


def end(root, run):
    facts = history.Facts((), {}, (), params={}, metrics={}, git_commit=None)
    result = RunResult(run, True, 1.0, {})
    history.write(root / ".pipe", history.record_of(result, facts, started=NOON))


def test_the_latest_log_is_that_of_the_last_run_that_executed_the_stage(tmp_path):
    ended(tmp_path, 0, train="old")
    ended(tmp_path, 1, train="new")
    ended(tmp_path, 2, clean="other")
    assert b"".join(logs.read(logs.logs(tmp_path, "train"))) == b"new"


def test_a_stage_that_nobody_knows_is_answered_with_a_suggestion(tmp_path):
    ended(tmp_path, 0, train="x")
    with pytest.raises(UsageError) as caught:
        logs.logs(tmp_path, "trian")
    assert caught.value.problems[0].help == "did you mean `train`?"


def test_a_stage_of_many_instances_asks_for_one(tmp_path):
    ended(tmp_path, 0, **{"train@a": "x", "train@b": "y"})
    with pytest.raises(UsageError) as caught:
        logs.logs(tmp_path, "train")
    assert caught.value.problems[0].help == "name one of them: train@a, train@b"


@pytest.mark.parametrize("stage", ["../../../etc/passwd", "", "a\0b"])
def test_a_name_cannot_lead_out_of_the_logs(tmp_path, stage):
    ended(tmp_path, 0, train="x")
    with pytest.raises(UsageError):
        logs.logs(tmp_path, stage)


def test_following_yields_what_is_written_until_the_run_ends(tmp_path):
    run = begun(tmp_path, 0, train="one\n")
    log = logs.logs(tmp_path, "train", follow=True)
    assert log.is_under_way

    def write():
        with open(log.path, "a") as file:
            for word in ("two\n", "three\n"):
                time.sleep(0.15)
                file.write(word)
                file.flush()
        end(tmp_path, run)

    writer = threading.Thread(target=write)
    writer.start()
    found = b"".join(logs.follow(tmp_path, log))
    writer.join()
    assert found == b"one\ntwo\nthree\n"


def test_following_a_run_that_has_ended_prints_its_log_and_stops(tmp_path):
    ended(tmp_path, 0, train="whole")
    log = logs.logs(tmp_path, "train", follow=True)
    assert b"".join(logs.follow(tmp_path, log)) == b"whole"


def test_following_the_run_of_a_process_that_died_stops(tmp_path):
    run = begun(tmp_path, 0, train="half")
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    (tmp_path / ".pipe" / "runs" / run / "pid").write_text(str(pid))
    assert b"".join(logs.follow(tmp_path, logs.logs(tmp_path, "train", follow=True))) == b"half"
