"""The same for shell commands: one run in which nearly every command does something wrong."""

import pytest

PIPELINE = r"""
stages:
  good: {cmd: "echo good > ${outputs.out}", outputs: {out: build/good.txt}}
  better: {cmd: "cat ${inputs.good} > ${outputs.out}", inputs: {good: build/good.txt}, outputs: {out: build/better.txt}}
  needs_exits: {cmd: "cat ${inputs.in} > ${outputs.out}", inputs: {in: build/exits}, outputs: {out: build/needs.txt}}
  exits: {cmd: "echo half > ${outputs.out}; echo oh no >&2; exit 3", outputs: {out: build/exits}}
  is_killed: {cmd: "echo half > ${outputs.out}; kill -9 $$", outputs: {out: build/is_killed}}
  fails_in_pipe: {cmd: "false | cat > ${outputs.out}", outputs: {out: build/fails_in_pipe}}
  fails_halfway: {cmd: "false; echo x > ${outputs.out}", outputs: {out: build/fails_halfway}}
  uses_unset: {cmd: "echo $NOWHERE > ${outputs.out}", outputs: {out: build/uses_unset}}
  finds_no_program: {cmd: [no-such-program, "${outputs.out}"], outputs: {out: build/finds_no_program}}
  finds_no_command: {cmd: "no-such-command > ${outputs.out}", outputs: {out: build/finds_no_command}}
  prints_rubbish: {cmd: "head -c 5000 /dev/urandom; printf '\\033[2J\\n'; exit 1", outputs: {out: build/rubbish}}
  writes_nothing: {cmd: "true", outputs: {out: build/writes_nothing}}
  writes_more: {cmd: "echo x | tee ${outputs.out} > build/more.txt", outputs: {out: build/writes_more}}
  makes_fifo: {cmd: "mkfifo ${outputs.out}", outputs: {out: build/makes_fifo}}
  links_outside: {cmd: "ln -s /etc/passwd ${outputs.out}", outputs: {out: build/links_outside}}
  reads_undeclared: {cmd: "cat data/other.csv > ${outputs.out}", outputs: {out: build/reads_undeclared}}
  reads_undeclared_in_python:
    cmd: python scripts/reads.py
    outputs: {out: build/reads_undeclared_in_python}
  raises_in_python: {cmd: python scripts/raises.py, outputs: {out: build/raises_in_python}}
  overwrites: {cmd: "echo changed > ${inputs.data}", inputs: {data: data/in.txt}, outputs: {out: build/overwrites}}
  loops:
    cmd: "trap '' TERM INT HUP; while true; do sleep 1; done"
    timeout: 0.5s
    outputs: {out: build/loops}
  hungers:
    cmd: ["python", "-c", "held = b'x' * 600_000_000; import time; time.sleep(100)"]
    resources: {memory: 200 MiB}
    outputs: {out: build/hungers}
  leaves_child: {cmd: "sleep 1000 & echo x > ${outputs.out}", outputs: {out: build/leaves_child}}
  leaves_daemon:
    cmd: "(trap '' TERM HUP; cd /; setsid sleep 1000 <&- >&- 2>&- &); echo x > ${outputs.out}"
    outputs: {out: build/leaves_daemon}
  tries_thrice:
    cmd: |
      mkdir -p ${scratch.state}; mktemp ${scratch.state}/XXXX
      ls ${scratch.state} | wc -l > ${outputs.out}
      test $(cat ${outputs.out}) = 3
    scratch: {state: work/state}
    retries: 2
    outputs: {out: build/tries_thrice}
"""

FAILURES = {
    "exits": ["exited with status 3"],
    "is_killed": ["was killed by SIGKILL"],
    "fails_in_pipe": ["exited with status 1"],
    "fails_halfway": ["exited with status 1"],
    "uses_unset": ["exited with status 1"],
    "finds_no_program": ["`no-such-program` cannot be executed: No such file or directory"],
    "finds_no_command": ["exited with status 127"],
    "prints_rubbish": ["exited with status 1"],
    "writes_nothing": ["it did not write its output `build/writes_nothing`"],
    "writes_more": ["it wrote `build/more.txt`, which it does not declare"],
    "makes_fifo": ["`build/makes_fifo` is neither a file nor a folder"],
    "links_outside": ["`build/links_outside` is a link that leaves", "`/etc/passwd`"],
    "reads_undeclared": ["read `data/other.csv`, which it does not declare"],
    "reads_undeclared_in_python": ["read `data/other.csv`, which it does not declare"],
    "raises_in_python": ["exited with status 1"],
    "overwrites": ["exited with status 1"],
    "loops": ["did not end within its timeout of 0.5 s"],
    "hungers": ["used more memory than its limit"],
}

TOLD = [
    "  | oh no\n",
    ": NOWHERE: unbound variable\n",
    "help: install it, or correct the command\n",
    "help: add `other: data/other.csv` to its inputs in pipeline.yaml\n",
    "ValueError: half-baked\n",
    "blocked  needs_exits",
    "note: stage `leaves_child` left a process behind, ended by pipe\n",
    "note: stage `leaves_daemon` left a process behind, ended by pipe\n",
]

EXECUTED = {"good", "better", "leaves_child", "leaves_daemon", "tries_thrice"}


@pytest.fixture(scope="module")
def ran(shared_project):
    project = shared_project
    project.write("pipeline.yaml", PIPELINE)
    project.write("scripts/reads.py", 'print(open("data/other.csv").read())\n')
    project.write("scripts/raises.py", 'raise ValueError("half-baked")\n')
    project.write("data/in.txt", "in")
    project.write("data/other.csv", "a,b\n")
    return project.run("-k", code=1)


def test_every_command_has_its_outcome_and_the_good_ones_are_unharmed(ran):
    expected = dict.fromkeys(FAILURES, "failed") | dict.fromkeys(EXECUTED, "executed")
    assert ran.outcomes == expected | {"needs_exits": "blocked"}


@pytest.mark.parametrize("stage", FAILURES)
def test_the_error_says_what_the_command_did(ran, stage):
    error = ran.json["stages"][stage]["error"]
    assert all(part in error for part in FAILURES[stage]), error


@pytest.mark.parametrize("text", TOLD, ids=range(len(TOLD)))
def test_the_terminal_is_told_what_the_command_said(ran, text):
    assert text in ran.err


def test_no_byte_of_a_command_can_command_the_terminal(ran):
    assert all(c.isprintable() or c == "\n" for c in ran.err)


def test_only_complete_results_lie_in_the_workspace(ran, shared_project):
    there = {str(path.relative_to(shared_project.root)) for path in shared_project.root.glob("build/**/*")}
    names = {"good.txt", "better.txt", "leaves_child", "leaves_daemon", "tries_thrice"}
    assert there == {f"build/{name}" for name in names}
    assert shared_project.read("data/in.txt") == "in"
    assert shared_project.damaged_objects() == []


def test_a_command_gets_its_scratch_again_with_each_attempt(ran, shared_project):
    assert shared_project.read("build/tries_thrice").strip() == "3"


def test_no_process_of_any_command_is_left(ran, shared_project):
    shared_project.all_processes_end(seconds=1)
    assert list(shared_project.tmp.glob("pipe-*/*")) == []
