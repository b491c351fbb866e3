"""A stage that hides that a file is not there: the file is named all the same, with the line to paste."""

import socket

import pytest

from pipeline.execute.sandbox import probe

STAGES = """
import ctypes, os, subprocess


def caught():
    try:
        rows = open("data/hidden.csv").read()
    except OSError:
        rows = None
    return rows.upper()


def by_child():
    rows = subprocess.run("cat data/hidden.csv data/second.csv 2> /dev/null", shell=True, capture_output=True).stdout
    if not rows:
        raise ValueError("no rows")
    return rows


def by_c_library(path: str):
    libc = ctypes.CDLL(None)
    libc.fopen.restype = ctypes.c_void_p
    if not libc.fopen(os.fsencode(path), b"r"):
        raise RuntimeError("the library failed")


def two():
    for name in ("data/hidden.csv", "data/second.csv"):
        try:
            open(name)
        except OSError:
            pass
    raise ValueError("none of them")


def innocent():
    with open("seen.txt", "a") as file:
        file.write("again")
    raise ValueError("this is no file's fault")


def slow():
    import time
    print("trying", flush=True)
    time.sleep(1)
    raise SystemExit(3)


def reads(path: str):
    return open(path).read()
"""

watched = pytest.mark.skipif(bool(probe.watching()), reason="this machine cannot watch")


def failed(project, stage, *, code=1, **env):
    project.write("odd.py", STAGES)
    project.write("data/hidden.csv", "a\n")
    project.write("data/second.csv", "b\n")
    project.write("pipeline.yaml", "stages:\n  s: {" + stage + "}\n")
    ran = project.pipe("run", **env)
    assert ran.code == code, ran
    return ran.err


def test_an_error_that_was_caught_does_not_hide_the_file(project):
    said = failed(project, "run: 'odd:caught', outputs: {out: out.txt}")
    assert "`data/hidden.csv`, which it does not declare" in said
    assert "`hidden: data/hidden.csv`" in said
    assert "cause:  AttributeError" in said


def test_every_refused_file_is_named(project):
    said = failed(project, "run: 'odd:two', outputs: {out: out.txt}")
    assert "add `hidden: data/hidden.csv` and `second: data/second.csv` to its inputs" in said


@watched
@pytest.mark.parametrize("level", ["L1", "L2"])
def test_a_child_process_that_says_nothing_is_seen(project, level):
    said = failed(project, "run: 'odd:by_child', outputs: {out: out.txt}", PIPE_ISOLATION=level)
    assert "add `hidden: data/hidden.csv` and `second: data/second.csv` to its inputs" in said


@watched
def test_a_c_library_is_seen_by_an_absolute_path_too(project):
    path = project.root / "data/hidden.csv"
    said = failed(project, f"run: 'odd:by_c_library', params: {{path: {path}}}, outputs: {{out: out.txt}}")
    assert "add `hidden: data/hidden.csv` to its inputs" in said


@watched
def test_a_command_that_says_nothing_is_seen(project):
    said = failed(project, "cmd: 'cat data/hidden.csv > out.txt 2> /dev/null', outputs: [out.txt]")
    assert "add `hidden: data/hidden.csv` to its inputs" in said
    said = failed(project, "cmd: 'cat data/hidden.csv 2> /dev/null || true', outputs: [out.txt]")
    assert "add `hidden: data/hidden.csv` to its inputs" in said


def test_a_failure_that_no_file_explains_names_none_and_leaves_nothing(project):
    said = failed(project, "run: 'odd:innocent', outputs: {out: out.txt}")
    assert "stage `s` failed after" in said
    assert "does not declare" not in said
    assert not list(project.root.glob(".pipe/runs/*/*.again"))
    kept = project.root / ".pipe/failed/s/project"
    assert not (kept / "seen.txt").exists() or (kept / "seen.txt").read_text() == "again"
    assert not list(project.tmp.glob("pipe-*/*-*"))


def test_what_was_kept_of_its_scratch_is_not_used_up_by_looking_closer(project):
    stage = "cmd: 'echo x >> work/log; cat work/log; exit 3', scratch: {work: work/log}, outputs: [out.txt]"
    failed(project, stage)
    failed(project, stage)
    logs = sorted(project.root.glob(".pipe/runs/*/s.log"))
    assert [log.read_text().count("x") for log in logs] == [1, 2]


def test_a_stage_that_uses_the_network_is_executed_once(project):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        call = f"exec 3<>/dev/tcp/127.0.0.1/{port}"
        said = failed(project, f"cmd: '{call}; cat data/hidden.csv 2> /dev/null', network: true")
        server.settimeout(0.2)
        server.accept()[0].close()
        with pytest.raises(TimeoutError):
            server.accept()
    assert "does not declare" not in said


@watched
def test_without_any_isolation_what_was_read_is_refused_afterwards(project):
    path = project.root / "data/hidden.csv"
    stage = f"run: 'odd:reads', params: {{path: {path}}}, outputs: {{out: out.txt}}"
    said = failed(project, stage, PIPE_ISOLATION="L0")
    assert "`data/hidden.csv`, which it does not declare" in said
    assert "add `hidden: data/hidden.csv` to its inputs" in said
    assert not (project.root / "out.txt").exists()
