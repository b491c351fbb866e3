"""Several `pipe` at once, in one project and on one store: each action executes once, and all are right."""

import json
import os
import threading

import pytest

from pipeline import owned

PIPELINE = """
stages:
{stages}
  join: {{run: "stages.work:join", inputs: {{parts: "build/part-*.txt"}}, outputs: {{out: build/join.txt}}}}
"""

STAGES = """
import time
from pathlib import Path


def part(number: int, out: Path):
    print(f"tally part-{number}")
    time.sleep(0.15)
    out.write_text(str(number))


def join(parts: dict):
    return " ".join(parts[name] for name in sorted(parts))
"""

PARTS = 6


def fill(project):
    stages = "".join(
        f"  part-{n}: {{run: 'stages.work:part', params: {{number: {n}}},"
        f" outputs: {{out: build/part-{n}.txt}}}}\n"
        for n in range(PARTS)
    )
    project.write("pipeline.yaml", PIPELINE.format(stages=stages))
    project.write("stages/work.py", STAGES)
    return project


def all_at_once(starts):
    """Start them all, then wait for all; returns what each said."""
    said = []
    for process in starts:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, (out, err)
        said.append(json.loads(out)["stages"])
    return said


def each_executed_once(said, projects):
    tallied = [sum(project.executions(f"part-{n}") for project in projects) for n in range(PARTS)]
    assert tallied == [1] * PARTS
    executed = [name for stages in said for name, stage in stages.items() if stage["outcome"] == "executed"]
    assert sorted(executed) == sorted([*(f"part-{n}" for n in range(PARTS)), "join"])
    assert {stage["outcome"] for stages in said for stage in stages.values()} <= {
        "executed",
        "restored",
        "fresh",
    }


@pytest.mark.parametrize("count", [2, 8])
def test_each_action_executes_once_though_many_run_in_one_project(project, count):
    fill(project)
    words = ("run", "--json", "-j2")
    said = all_at_once([project.start(*words) for _ in range(count)])
    each_executed_once(said, [project])
    assert project.read("build/join.txt") == "0 1 2 3 4 5"
    assert project.damaged_objects() == []
    status = project.pipe("status", "--check")
    assert status.code == 0, status
    runs = project.pipe("runs", "--json").json["runs"]
    assert len({run["run"] for run in runs}) == count
    json.loads(project.read("pipeline.lock"))


def test_each_action_executes_once_though_projects_share_a_store(tmp_path, project):
    type_of = type(project)
    projects = [fill(type_of(tmp_path / f"checkout-{n}")) for n in range(3)]
    env = {"PIPE_STORE": str(tmp_path / "store")}
    try:
        said = all_at_once([one.start("run", "--json", "-j2", **env) for one in projects])
        each_executed_once(said, projects)
        assert [one.read("build/join.txt") for one in projects] == ["0 1 2 3 4 5"] * 3
        assert len({one.read("pipeline.lock") for one in projects}) == 1
        assert not any((one.root / ".pipe/store").exists() for one in projects)
    finally:
        for one in projects:
            one.end()


def test_a_dead_holder_of_a_lease_is_not_waited_for(project):
    project.write(
        "pipeline.yaml", 'stages: {slow: {cmd: "sleep 1; echo x > ${outputs.out}", outputs: {out: out.txt}}}'
    )
    first = project.start("run", "--json")
    project.wait_for(lambda: list(project.tmp.glob("pipe-*/*/project")))
    second = project.start("run", "--json")
    first.kill()
    (said,) = all_at_once([second])
    assert said["slow"]["outcome"] == "executed"
    first.communicate()


def test_a_stage_starts_while_others_clear_what_the_dead_left(project):
    project.write("work.py", "def go():\n    return 'x'\n")
    project.write("pipeline.yaml", 'stages: {one: {run: "work:go", outputs: {out: out.txt}}}')
    base, ended = project.tmp / f"pipe-{os.getuid()}", threading.Event()

    def clear():
        while not ended.is_set():
            owned.clear_abandoned(str(base))

    thread = threading.Thread(target=clear)
    thread.start()
    try:
        for _ in range(5):
            assert project.run("-f").outcomes == {"one": "executed"}
    finally:
        ended.set()
        thread.join()
    assert not [p for p in base.iterdir() if p.name.startswith((".root", ".new"))]
