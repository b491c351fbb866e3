"""What `status` says of a clone that has the lock file and nothing else."""

import shutil

import pytest

from tests.project import Project


@pytest.fixture
def clone(tmp_path):
    with Project(tmp_path / "first") as first:
        first.write("data/in.txt", b"in")
        first.write("stages/m.py", "def check(text: str) -> None:\n    assert text\n")
        copy = {
            "cmd": "cp ${inputs.i} ${outputs.o}",
            "inputs": {"i": "data/in.txt"},
            "outputs": {"o": "build/o"},
        }
        check = {"run": "stages.m:check", "inputs": {"text": "build/o"}, "after": ["copy"]}
        first.pipeline(
            {
                "copy": {**copy, "outputs": {"o": "build/o.txt"}},
                "check": {**check, "inputs": {"text": "build/o.txt"}},
            }
        )
        assert first.run().ok
    shutil.copytree(
        tmp_path / "first", tmp_path / "clone", ignore=shutil.ignore_patterns(".pipe", "data", "build")
    )
    with Project(tmp_path / "clone") as second:
        yield second


def test_the_lock_file_answers_for_what_is_missing(clone):
    assert clone.status(allow_missing=True).ok


def test_a_changed_check_is_stale_though_nothing_else_is_there(clone):
    clone.write("stages/m.py", "def check(text: str) -> None:\n    assert len(text) > 1\n")
    assert clone.status(allow_missing=True).decisions["check"].verdict == "stale"
    assert clone.status(allow_missing=True).decisions["copy"].verdict == "fresh"


def test_a_command_given_as_a_list_is_no_reason_while_it_stays_as_it_is(project):
    stage = {
        "cmd": ["bash", "-c", "echo ${params.x} > ${outputs.out}"],
        "params": {"x": "${x}"},
        "outputs": {"out": "out.txt"},
    }
    project.pipeline({"write": stage}, params={"x": 1})
    assert project.run().ok
    reasons = project.status(overrides={"x": 2}).decisions["write"].reasons
    assert [reason.text for reason in reasons] == ["param x: 1 -> 2"]
