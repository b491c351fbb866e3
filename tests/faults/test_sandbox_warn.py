"""Under `sandbox: warn` a stage sees the project, and what it reads there counts as its input."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

from pipeline.digest import of_bytes, of_file
from pipeline.execute.sandbox import LEVELS, probe
from tests.faults.conftest import PIPE

pytestmark = pytest.mark.skipif(bool(probe.watching()), reason="this machine cannot watch")

STAGES = """
import os, subprocess
from pathlib import Path


def reads(root: str):
    import pyarrow.csv
    rows = pyarrow.csv.read_csv("data/arrow.csv").num_rows
    said = [open("data/relative.txt").read(), open(f"{root}/data/absolute.txt").read(), open("linked/far.txt").read()]
    said.append(subprocess.run(["cat", "data/child.txt"], capture_output=True, text=True, check=True).stdout)
    said.append(str(sorted(os.listdir("many"))))
    said.append("there" if os.path.exists("data/looked-for.txt") else "not there")
    return f"{rows} {said}"


def writes(root: str):
    for path in ("stray.txt", "data/relative.txt", f"{root}/stray.txt", f"{root}/data/relative.txt"):
        try:
            with open(path, "a") as file:
                file.write("spoiled")
        except OSError as error:
            print(error)
    return "written"


def opens_to_write():
    with open("data/relative.txt", "r+") as file:
        return file.read()


def one():
    return Path("data/relative.txt").read_text()


def slow():
    import time
    text = Path("data/relative.txt").read_text()
    print("it has read", flush=True)
    time.sleep(1.5)
    return text


def by_child():
    return subprocess.run(["cat", "data/child.txt"], capture_output=True, text=True).stdout + one()
"""
READ = ["data/arrow.csv", "data/relative.txt", "data/absolute.txt", "linked/far.txt", "data/child.txt"]


@pytest.fixture(scope="module")
def strictest(tmp_path_factory):
    return probe.level(os.fspath(tmp_path_factory.mktemp("probe")))[0]


@pytest.fixture(params=LEVELS)
def level(request, strictest):
    if LEVELS.index(strictest) < LEVELS.index(request.param):
        pytest.skip(f"this machine enforces {strictest} only")
    return {"PIPE_ISOLATION": request.param}


def filled(project, function, *, inputs="{}", sandbox="warn", root=False):
    project.write("odd.py", STAGES)
    for name in ("relative.txt", "absolute.txt", "child.txt"):
        project.write(f"data/{name}", f"{name}\n")
    project.write("data/arrow.csv", "a,b\n1,2\n")
    project.write("many/one.txt", "1")
    far = project.base / "far"
    if not far.exists():
        far.mkdir()
        (far / "far.txt").write_text("far away\n")
        (project.root / "linked").symlink_to(far)
    params = f"params: {{root: {project.root}}}, " if root else ""
    project.write(
        "pipeline.yaml",
        f"stages:\n  s: {{run: 'odd:{function}', {params}inputs: {inputs}, "
        f"outputs: {{out: out.txt}}, sandbox: {sandbox}}}\n",
    )


def observed(project):
    return json.loads(project.read("pipeline.lock"))["stages"]["s"]["observed"]


def verdict(project, **env):
    stage = project.pipe("status", "--json", **env).json["stages"]["s"]
    return stage["verdict"], [reason["text"] for reason in stage["reasons"]]


def test_whatever_way_it_is_read_a_file_counts_and_nothing_else_does(project, level):
    filled(project, "reads", root=True)
    ran = project.run(**level)
    assert ran.outcomes == {"s": "executed"}
    found = observed(project)
    files = {path: of_file(project.root / path) for path in READ}
    assert found == {**files, "many/": of_bytes(b'["one.txt"]'), "data/looked-for.txt": None}
    assert verdict(project, **level) == ("fresh", [])
    for path in READ:
        before = project.read(path)
        project.write(path, before + "3,4\n")
        assert verdict(project, **level) == ("stale", [f"input {path} changed"])
        project.write(path, before)
    project.write("data/looked-for.txt", "")
    assert verdict(project, **level) == ("stale", ["input data/looked-for.txt appeared"])
    (project.root / "data/looked-for.txt").unlink()
    project.write("many/two.txt", "2")
    assert verdict(project, **level) == ("stale", ["input many/: its names changed"])
    (project.root / "many/two.txt").unlink()
    assert project.run(**level).outcomes == {"s": "fresh"}


def test_what_it_writes_elsewhere_does_not_reach_the_project(project, strictest):
    for name in LEVELS[1 : LEVELS.index(strictest) + 1]:
        filled(project, "writes", root=True)
        ran = project.pipe("run", "-f", PIPE_ISOLATION=name)
        assert project.read("data/relative.txt") == "relative.txt\n", name
        assert not (project.root / "stray.txt").exists(), name
        if name == "L2":
            assert ran.code == 1
            assert "it wrote `stray.txt`, which it does not declare" in ran.err


def test_a_file_that_it_opens_for_writing_and_only_reads_was_read(project, strictest):
    if strictest != "L2":
        pytest.skip("it is read-only there")
    filled(project, "opens_to_write")
    project.run()
    assert list(observed(project)) == ["data/relative.txt"]


def test_of_several_results_the_one_that_holds_is_taken(project):
    filled(project, "one")
    project.run()
    project.write("data/relative.txt", "other\n")
    assert project.run().outcomes == {"s": "executed"}
    assert project.read("out.txt") == "other\n"
    project.write("data/relative.txt", "relative.txt\n")
    assert verdict(project)[0] == "cached"
    assert project.run().outcomes == {"s": "restored"}
    assert project.read("out.txt") == "relative.txt\n"
    assert project.run().outcomes == {"s": "fresh"}


def test_a_file_that_is_declared_is_none_that_was_only_observed(project):
    project.write("data/declared.txt", "declared")
    filled(project, "one", inputs="{}")
    project.write(
        "pipeline.yaml",
        """
        stages:
          s: {cmd: "cat data/declared.txt data/relative.txt > out.txt", inputs: [data/declared.txt],
              outputs: [out.txt], sandbox: warn}
        """,
    )
    project.run()
    assert list(observed(project)) == ["data/relative.txt"]


def test_what_was_read_is_named_once_at_the_end_as_lines_to_paste(project):
    filled(project, "one")
    project.write(
        "pipeline.yaml",
        """
        stages:
          s: {cmd: "cat data/${matrix.n}.txt data/child.txt > ${outputs.out}", matrix: {n: [relative, absolute]},
              outputs: {out: "${matrix.n}.out"}, sandbox: warn}
        """,
    )
    ran = project.pipe("run")
    assert ran.code == 0
    notes = ran.err[ran.err.index("note: stage `s` read 3 files that it does not declare") :]
    assert (
        "    absolute: data/absolute.txt\n    child: data/child.txt\n    relative: data/relative.txt" in notes
    )
    assert ran.err.count("child: data/child.txt") == 1
    assert "does not declare" not in project.pipe("run").err


def test_an_output_of_another_stage_is_named_as_such(project):
    filled(project, "one")
    project.write(
        "pipeline.yaml",
        """
        stages:
          first: {cmd: "echo 1 > first.txt", outputs: [first.txt]}
          s: {cmd: "cat first.txt > out.txt", after: [first], outputs: [out.txt], sandbox: warn}
        """,
    )
    ran = project.pipe("run")
    assert "stage `s` read `first.txt`, which stage `first` writes" in ran.err
    assert project.run().outcomes == {"first": "fresh", "s": "fresh"}


def test_its_own_output_of_an_earlier_run_is_not_there(project, level):
    filled(project, "one")
    project.write(
        "pipeline.yaml",
        """
        stages:
          s: {cmd: "echo x >> build/out.txt", outputs: [build/out.txt], sandbox: warn}
        """,
    )
    project.run(**level)
    project.run("-f", **level)
    assert project.read("build/out.txt") == "x\n"
    assert "observed" not in json.loads(project.read("pipeline.lock"))["stages"]["s"]


def test_a_strict_stage_takes_no_such_result_unless_the_user_trusts_it(project):
    filled(project, "one")
    project.run()
    filled(project, "one", sandbox="strict")
    assert verdict(project, PIPE_TRUST="warn")[0] == "fresh"
    assert verdict(project)[0] == "stale"
    ran = project.pipe("run")
    assert ran.code == 1
    assert "relative: data/relative.txt" in ran.err


def test_the_bytes_that_were_read_are_kept(project):
    filled(project, "reads", root=True)
    project.run()
    for path, digest in observed(project).items():
        if digest is not None:
            kept = project.root / ".pipe/store/objects" / digest[:2] / digest[2:]
            assert of_bytes(kept.read_bytes()) == digest, path


def test_a_file_that_changes_while_it_runs_makes_it_fail(project):
    filled(project, "slow")
    process = project.start("run")
    project.wait_for(
        lambda: any("it has read" in log.read_text() for log in project.root.glob(".pipe/runs/*/s.log"))
    )
    project.write("data/relative.txt", "meanwhile\n")
    _, error = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "`data/relative.txt`, which it read undeclared, changed while it ran" in error
    assert project.run().outcomes == {"s": "executed"}


def test_a_clone_without_the_store_believes_the_lock_file_while_that_holds(project):
    filled(project, "one")
    project.run()
    (project.root / ".pipe").rename(project.base / "elsewhere")
    assert verdict(project) == ("fresh", [])
    project.write("data/relative.txt", "other\n")
    assert verdict(project)[0] == "stale"
    assert "input data/relative.txt changed" in verdict(project)[1]


def test_status_explain_and_trace_say_under_which_sandbox_it_ran(project):
    filled(project, "one")
    project.run()
    assert project.pipe("status", "--json").json["stages"]["s"]["sandbox"] == "warn"
    assert "stage `s` runs with sandbox: warn" in project.pipe("status").err
    said = project.pipe("explain", "-v", "s").out
    assert "runs with sandbox: warn" in said
    assert "data/relative.txt" in said
    traces = [json.loads(p.read_text()) for p in project.root.glob(".pipe/store/traces/*/*") if p.is_file()]
    assert [trace["level"] for trace in traces] == ["warn"]
    project.write("data/relative.txt", "other\n")
    explained = project.pipe("explain", "--json", "s").json
    assert [change["text"] for change in explained["changed"]] == ["input data/relative.txt changed"]


def test_a_work_folder_inside_the_project_serves_too(project):
    filled(project, "reads", root=True)
    project.run(TMPDIR="/dev/shm", HOME="/dev/shm")
    assert set(READ) <= set(observed(project))
    assert not list((project.root / ".pipe/work").glob("*-*"))


def test_it_is_rebuilt_from_what_it_saw_then(project):
    filled(project, "one")
    project.write(
        "pipeline.yaml",
        """
        stages:
          s: {cmd: "cat data/child.txt > out.txt; ls -p data many >> out.txt; test -e new || echo none >> out.txt",
              outputs: [out.txt], sandbox: warn}
        """,
    )
    (project.root / "many/empty").mkdir()
    project.run()
    was = project.read("out.txt")
    assert "empty/" in was
    project.write("data/child.txt", "other\n")
    project.write("new", "")
    (project.root / "many/empty").rmdir()
    ran = project.pipe("rebuild", "out.txt", "-o", str(project.base / "old.txt"))
    assert ran.code == 0, ran
    assert (project.base / "old.txt").read_text() == was


REFUSE_TO_WATCH = """
import ctypes, os, struct, sys
from pipeline.execute.sandbox import kernel
from pipeline.execute.sandbox.notification import _SECCOMP
import platform
# Allows all but `seccomp`, which fails as on a machine whose administrator forbids it.
steps = [(0x20, 0, 0, 0), (0x15, 0, 1, _SECCOMP[platform.machine()]), (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7FFF0000)]
code = b"".join(struct.pack("HBBI", *step) for step in steps)
text = ctypes.create_string_buffer(code, len(code))
kernel.no_new_privileges()
program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(text))
assert kernel.libc().prctl(22, 2, program, 0, 0) == 0, ctypes.get_errno()
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_where_the_kernel_cannot_tell_what_python_opens_counts_and_that_is_said(project):
    filled(project, "by_child")
    (project.root / ".pipe/state.db").unlink()  # it says what this machine can do without the filter
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(REFUSE_TO_WATCH), PIPE, "run"],
        cwd=project.root,
        env=project.environment({}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert (
        "of what stage `s` read undeclared, what Python itself opened could be seen here (seccomp: "
        in ran.stderr
    )
    assert list(observed(project)) == ["data/relative.txt"]
