"""Disks that refuse: full, read-only, and files of `pipe` that hold garbage."""

import os
import subprocess

import pytest

PIPELINE = """
stages:
  one: {run: "stages.work:one", inputs: {data: data/in.txt}, outputs: {out: build/one.bin}}
  two: {run: "stages.work:two", inputs: {one: build/one.bin}, outputs: {out: build/two.txt}}
"""

STAGES = """
from pathlib import Path


def one(data: Path, out: Path):
    out.write_bytes(data.read_bytes() * 4_000_000)


def two(one: Path, out: Path):
    out.write_text(str(one.stat().st_size))
"""


def fill(project):
    project.write("pipeline.yaml", PIPELINE)
    project.write("stages/work.py", STAGES)
    project.write("data/in.txt", "x")
    return project


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 3 MiB. Only root may mount it."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "none", folder], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def remount(folder, options):
    subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)


def test_a_full_store_is_exit_3_with_the_folder_and_works_again_with_room(project, small_disk):
    fill(project)
    store = str(small_disk / "store")
    ran = project.pipe("run", PIPE_STORE=store)
    assert ran.code == 3, ran
    assert "the disk is full" in ran.err
    assert str(small_disk) in ran.err
    assert "Traceback" not in ran.err
    assert not (project.root / "build/one.bin").exists()
    remount(small_disk, "size=64m")
    assert project.run(PIPE_STORE=store).outcomes == {"one": "executed", "two": "executed"}
    assert project.read("build/two.txt") == "4000000"


def test_a_full_disk_of_the_project_is_exit_3_and_works_again_with_room(tmp_path, project, small_disk):
    type_of = type(project)
    full = fill(type_of(small_disk / "all"))
    ran = full.pipe("run")
    assert ran.code in (1, 3), ran  # the stage itself may be the first that is refused
    assert "the disk is full" in ran.err
    assert "Traceback" not in ran.err.replace("| Traceback", "")
    assert not (full.root / "build/one.bin").exists()
    remount(small_disk, "size=64m")
    assert full.run().outcomes == {"one": "executed", "two": "executed"}
    assert full.damaged_objects() == []


@pytest.mark.parametrize("left", [0, 40_000, 400_000])
def test_a_disk_that_is_full_from_the_beginning_is_exit_3(project, small_disk, left):
    type_of = type(project)
    full = fill(type_of(small_disk / "all"))
    free = os.statvfs(small_disk)
    (small_disk / "ballast").write_bytes(b"x" * max(0, free.f_bavail * free.f_frsize - left))
    ran = full.pipe("run")
    assert ran.code in (1, 3), ran
    assert "Traceback" not in ran.err.replace("| Traceback", "")
    assert "the disk is full" in ran.err, ran
    (small_disk / "ballast").unlink()
    remount(small_disk, "size=64m")
    assert set(full.run().outcomes.values()) == {"executed"}


def test_status_works_on_a_read_only_project_and_run_says_why_it_does_not(project, small_disk):
    remount(small_disk, "size=64m")
    type_of = type(project)
    readonly = fill(type_of(small_disk / "all"))
    readonly.run()
    remount(small_disk, "ro")
    status = readonly.pipe("status", "--json", TMPDIR=str(project.tmp))
    assert (status.code, status.json["ok"]) == (0, True), status
    for words in (["explain", "one"], ["graph"], ["runs"], ["logs", "one"]):
        assert readonly.pipe(*words, TMPDIR=str(project.tmp)).code == 0, words
    for words in (["run"], ["run", "-f"]):
        ran = readonly.pipe(*words, TMPDIR=str(project.tmp))
        assert ran.code == 3, ran
        assert "the disk is read-only" in ran.err
        assert str(readonly.root) in ran.err
        assert "Traceback" not in ran.err


def test_status_works_on_a_read_only_store(project, small_disk):
    remount(small_disk, "size=64m")
    fill(project)
    store = str(small_disk / "store")
    project.run(PIPE_STORE=store)
    remount(small_disk, "ro")
    assert project.pipe("status", "--check", PIPE_STORE=store).code == 0
    project.write("data/in.txt", "y")
    assert project.pipe("status", "--json", PIPE_STORE=store).json["stages"]["one"]["verdict"] == "stale"
    ran = project.pipe("run", PIPE_STORE=store)
    assert ran.code == 3, ran
    assert "the disk is read-only" in ran.err
    assert store in ran.err


@pytest.mark.parametrize("garbage", [b"", b"garbage" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_state_database_of_garbage_is_made_again(project, garbage):
    fill(project)
    project.run()
    for path in project.root.glob(".pipe/state.db*"):
        path.unlink()
    (project.root / ".pipe/state.db").write_bytes(garbage)
    assert project.pipe("status", "--check").code == 0
    assert set(project.run().outcomes.values()) == {"fresh"}
    project.write("data/in.txt", "yy")
    assert set(project.run().outcomes.values()) == {"executed"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"stages": {"one": 5}}', "<<<<<<< ours\n", "\0\xff"])
def test_a_lock_file_of_garbage_never_changes_a_result(project, text):
    fill(project)
    project.run()
    sound = project.read("pipeline.lock")
    project.write("pipeline.lock", text)
    status = project.pipe("status")
    run = project.pipe("run")
    assert (status.code, run.code) in [(0, 0), (2, 2)], (status, run)
    if run.code == 2:
        assert "pipeline.lock" in run.err
        (project.root / "pipeline.lock").unlink()
        project.run()
    assert project.read("pipeline.lock") == sound
    assert project.read("build/two.txt") == "4000000"


@pytest.mark.slow
def test_a_log_of_a_hundred_megabytes_keeps_its_ends(project):
    project.write(
        "pipeline.yaml",
        """
        stages:
          talks: {cmd: "echo the beginning; (yes 0123456789abcde || true) | head -c 100M; echo; echo the end; exit 1"}
          speaks: {run: "stages.loud:speaks", outputs: {out: build/out.txt}}
        """,
    )
    project.write(
        "stages/loud.py",
        """
        from pathlib import Path

        def speaks(out: Path):
            print("the beginning")
            for _ in range(100):
                print("x" * 999_999)
            print("the end")
            out.write_text("x")
        """,
    )
    ran = project.run("-k", code=1)
    assert ran.outcomes == {"talks": "failed", "speaks": "executed"}
    for stage in ("talks", "speaks"):
        log = project.read(f".pipe/runs/{ran.json['run']}/{stage}.log")
        assert log.startswith("the beginning\n")
        assert log.endswith("the end\n")
        assert "bytes left out by pipe" in log
        assert len(log) < 3_000_000
    assert "  | the end\n" in ran.err
    assert sum(path.stat().st_blocks * 512 for path in project.root.rglob("*")) < 10_000_000
