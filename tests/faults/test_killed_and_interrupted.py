"""`pipe`, its forkserver or a stage ends in mid-run: what is done stays, the next run puts the rest right."""

import os
import signal
import time

import pytest

PIPELINE = """
stages:
  first: {run: "stages.slow:first", outputs: {out: build/first.txt}}
  second:
    run: stages.slow:second
    secrets: [HANG]
    inputs: {first: build/first.txt}
    outputs: {out: build/second.txt}
  command:
    cmd: "echo started, and will not end soon; echo half > ${outputs.out}; sleep $HANG_COMMAND"
    secrets: [HANG_COMMAND]
    inputs: [build/first.txt]
    outputs: {out: build/command.txt}
  third: {run: "stages.slow:third", inputs: {second: build/second.txt}, outputs: {out: build/third.txt}}
"""

# What makes them hang must not be in the key, or the next run would be another action: a secret is not.
STAGES = """
import os, signal, subprocess, time
from pathlib import Path


def first(out: Path):
    print("tally first", flush=True)
    out.write_text("first")


def second(first: str, out: Path):
    '''Hangs if told to, with children that will not go by themselves.'''
    out.write_text("half")
    if os.environ["HANG"] != "0.0":
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        subprocess.Popen(["sleep", "1000"])
        subprocess.Popen(["sleep", "1000"], start_new_session=True)
        print("started, and will not end soon", flush=True)
        time.sleep(float(os.environ["HANG"]))
    out.write_text(first + ", second")


def third(second: str) -> str:
    return second + ", third"
"""

HANGING = {"HANG": "60.0", "HANG_COMMAND": "60.0"}
QUICK = {"HANG": "0.0", "HANG_COMMAND": "0.0"}


@pytest.fixture
def running(project, request):
    """A project with a run in which `first` is done, `second` and `command` hang, and `third` waits."""
    project.write("pipeline.yaml", PIPELINE)
    project.write("stages/slow.py", STAGES)
    project.process = project.start("run", "-j2", "--json", **HANGING | getattr(request, "param", {}))
    project.wait_for(lambda: started(project, "second") and started(project, "command"))
    return project


def started(project, stage):
    return any("started" in log.read_text() for log in project.root.glob(f".pipe/runs/*/{stage}.log"))


def children(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as file:
            found += [int(text) for text in file.read().split()]
    return found


def the_next_run_is_right(project, command="executed"):
    outcomes = project.run(**QUICK).outcomes
    # What was recorded before `pipe` was killed is fresh though no lock file says so.
    assert outcomes == {"first": "fresh", "second": "executed", "command": command, "third": "executed"}
    assert project.read("build/third.txt") == "first, second, third"
    assert project.read("build/command.txt") == "half\n"
    assert project.damaged_objects() == []
    assert project.executions("first") == 1
    assert set(project.run(**QUICK).outcomes.values()) == {"fresh"}
    project.all_processes_end()
    assert [path for path in project.tmp.glob("pipe-*/*") if path.is_dir()] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_run_within_five_seconds_and_keeps_what_is_done(running, number):
    project = running
    before = time.monotonic()
    project.process.send_signal(number)
    out, _ = project.process.communicate(timeout=20)
    assert time.monotonic() - before < 5
    project.all_processes_end(seconds=0.5)
    assert project.process.returncode == 128 + number
    assert '"second": {"outcome": "cancelled"' in out, out
    assert '"third": {"outcome": "cancelled"' in out
    assert '"first": {"outcome": "executed"' in out
    assert not (project.root / "build/second.txt").exists()
    the_next_run_is_right(project)


def test_a_second_interrupt_is_no_traceback(running):
    project = running
    for _ in range(3):
        project.process.send_signal(signal.SIGINT)
        time.sleep(0.2)
    _, err = project.process.communicate(timeout=20)
    assert project.process.returncode == 130
    assert "Traceback" not in err
    project.all_processes_end(seconds=0.5)


def test_kill_of_pipe_leaves_no_process_and_no_damage(running):
    project = running
    project.process.kill()
    project.process.communicate(timeout=20)
    project.all_processes_end()
    assert not (project.root / "build/second.txt").exists()
    the_next_run_is_right(project)


def test_kill_of_the_forkserver_fails_its_stages_and_nothing_else(running):
    project = running
    for pid in children(project.process.pid):
        os.kill(pid, signal.SIGKILL)
    out, err = project.process.communicate(timeout=20)
    assert project.process.returncode == 1, (out, err)
    assert "the process that supervised it ended" in err
    project.all_processes_end(seconds=0.5)
    the_next_run_is_right(project)


@pytest.mark.parametrize("running", [{"HANG_COMMAND": "1.5"}], indirect=True, ids=["the-other-ends"])
def test_kill_of_a_stage_fails_it_alone(running):
    project = running
    folder = next(path for path in project.tmp.glob("pipe-*/*/project/build/second.txt")).parents[1]
    inside = [p for p in project.processes() if os.readlink(f"/proc/{p}/cwd") == str(folder)]
    (stage,) = [p for p in inside if "sleep" not in project.processes().get(p, "sleep")]
    os.kill(stage, signal.SIGKILL)
    _, err = project.process.communicate(timeout=20)
    assert project.process.returncode == 1
    assert "error: stage `second` failed" in err
    assert "was killed by SIGKILL" in err
    project.all_processes_end(seconds=0.5)
    the_next_run_is_right(project, command="fresh")


TWO_SERVERS = """
stages:
  quick: {run: "stages.slow:first", env: {KIND: idle}, outputs: {out: build/first.txt}}
  hangs:
    cmd: "echo started; sleep 1.5; cat ${inputs.text} > ${outputs.out}"
    inputs: {text: build/first.txt}
    outputs: {out: build/second.txt}
  last:
    run: stages.slow:third
    env: {KIND: idle}
    inputs: {second: build/second.txt}
    outputs: {out: build/third.txt}
"""


def test_kill_of_an_idle_forkserver_costs_nothing(project):
    project.write("pipeline.yaml", TWO_SERVERS)
    project.write("stages/slow.py", STAGES)
    process = project.start("run", "-j2", "--json")
    project.wait_for(lambda: started(project, "hangs"))
    (idle,) = [pid for pid in children(process.pid) if b"KIND=idle" in environment(pid)]
    os.kill(idle, signal.SIGKILL)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, (out, err)
    assert project.read("build/third.txt") == "first, third"
    project.all_processes_end(seconds=0.5)


def environment(pid):
    with open(f"/proc/{pid}/environ", "rb") as file:
        return file.read()


def test_an_interrupt_ends_a_rebuild_within_five_seconds_and_leaves_nothing(project):
    project.write("pipeline.yaml", PIPELINE)
    project.write("stages/slow.py", STAGES)
    assert project.run(**QUICK).outcomes["third"] == "executed"
    process = project.start("rebuild", "build/second.txt", "-o", "again.txt", **HANGING)
    project.wait_for(
        lambda: any(b"started" in log.read_bytes() for log in project.root.glob(".pipe/runs/rebuild-*/*"))
    )
    before = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert time.monotonic() - before < 5
    assert process.returncode == 130, err
    project.all_processes_end(seconds=0.5)
    assert not (project.root / "again.txt").exists()
    assert not list(project.root.glob(".pipe/runs/rebuild-*"))
    assert [path for path in project.tmp.glob("pipe-*/*") if path.is_dir()] == []
