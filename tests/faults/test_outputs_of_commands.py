"""The terminal's end of a command goes away or takes nothing more: it is said, and nothing else suffers."""

import os
import subprocess

import pytest

from tests.project import PIPE

PIPELINE = """
stages:
  one: {cmd: "echo 1 > ${outputs.out}", outputs: {out: one.txt}}
"""

needs_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")


def ended(project, *words, out="/dev/full", err=subprocess.PIPE):
    with open(out, "w") as stdout:
        return subprocess.run(
            [PIPE, *words],
            cwd=project.root,
            env=project.environment({}),
            stdout=stdout,
            stderr=err,
            text=True,
            check=False,
        )


@needs_full
@pytest.mark.parametrize(
    "words", [["--version"], ["--help"], ["status"], ["status", "--json"], ["run", "--json"]]
)
def test_a_result_that_cannot_be_written_is_exit_3_with_one_message(project, words):
    project.write("pipeline.yaml", PIPELINE)
    done = ended(project, *words)
    assert done.returncode == 3
    assert "error: cannot write what was asked for: No space left on device\n" in done.stderr
    assert "Traceback" not in done.stderr


@needs_full
def test_messages_that_cannot_be_written_stop_no_run(project):
    project.write("pipeline.yaml", PIPELINE)
    with open("/dev/full", "w") as full:
        done = ended(project, "run", out=os.devnull, err=full)
    assert done.returncode == 0
    assert project.read("one.txt") == "1\n"
