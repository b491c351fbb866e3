"""What `gc` removes can be made again and is needed by nobody: by no lock file, no run, no process that goes on."""

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from blake3 import blake3

from pipeline.fsck import fsck
from pipeline.gc import GcOptions, GcResult, gc
from tests.project import PIPE, Project, tree

STAGES = {
    "make": {
        "cmd": "mkdir -p ${outputs.t}; for i in 1 2 3; do seq ${params.n} 200$i > ${outputs.t}/$i.txt; done; "
        "seq 1 999 > ${outputs.t}/same.txt",
        "params": {"n": "${n}"},
        "outputs": {"t": "build/tree"},
    },
    "join": {
        "cmd": "cat ${inputs.t}/*.txt > ${outputs.o}",
        "inputs": {"t": "build/tree"},
        "outputs": {"o": "o.txt"},
    },
    "count": {"cmd": "wc ${inputs.i} > ${outputs.o}", "inputs": {"i": "o.txt"}, "outputs": {"o": "c.txt"}},
}
PATHS = ("build", "o.txt", "c.txt")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project(tmp_path / "project") as made:
        yield made


def begin(project: Project, *, proven: bool = True) -> dict[int, dict[str, tuple[bytes, bool]]]:
    """Run with two values of a parameter, each twice if it is to be proven; returns what the outputs were."""
    made = {}
    for n in (1, 2):
        project.pipeline(STAGES, params={"n": n})
        assert project.run().ok
        if proven:
            assert project.run(force=True).ok
        made[n] = tree(project.root, PATHS)
    return made


def collect(project: Project, **options) -> GcResult:
    return gc(project.root, GcOptions(**options))


def has(project: Project, data: bytes) -> bool:
    name = blake3(data).hexdigest()
    return (project.store / "objects" / name[:2] / name[2:]).exists()


def nothing_locked_is_gone(project: Project) -> None:
    plain = json.loads(project.read("pipeline.lock"))
    from pipeline.ledger import Ledger
    from pipeline.model import Artifact
    from pipeline.store.manifests import Manifests

    ledger = Ledger(Manifests(os.fspath(project.store)))
    for entry in plain["stages"].values():
        for made in entry["outputs"].values():
            for name in ledger.objects_of(Artifact(made["kind"], made["digest"], 0)):
                assert (project.store / "objects" / name[:2] / name[2:]).is_file()


def test_what_was_made_twice_and_nobody_needs_goes_and_comes_back(project):
    made = begin(project)
    result = collect(project)
    assert {(d.stage, d.path) for d in result.dropped} == {
        ("make", "build/tree"),
        ("join", "o.txt"),
        ("count", "c.txt"),
    }
    assert not has(project, made[1]["build/tree/1.txt"][0])
    assert not has(project, made[1]["o.txt"][0])
    assert result.freed_bytes == sum(d.size_bytes for d in result.dropped)
    assert result.unproven_bytes == 0
    # A folder that is kept has a file that the one that went had, too.
    assert has(project, made[1]["build/tree/same.txt"][0])
    nothing_locked_is_gone(project)
    assert fsck(project.root).problems == ()
    assert set(project.outcomes().values()) == {"fresh"}
    project.pipeline(STAGES, params={"n": 1})
    assert project.outcomes() == {"make": "executed", "join": "executed", "count": "executed"}
    assert tree(project.root, PATHS) == made[1]
    assert fsck(project.root).problems == ()


def test_what_was_made_once_stays_and_is_told_with_the_time_that_a_proof_takes(project):
    made = begin(project, proven=False)
    result = collect(project)
    assert (result.dropped, result.freed_bytes) == ((), 0)
    assert result.unproven_bytes >= len(made[1]["o.txt"][0])
    assert result.unproven_seconds > 0
    result = collect(project, unproven=True)
    assert len(result.dropped) == 3
    assert not has(project, made[1]["o.txt"][0])
    nothing_locked_is_gone(project)


def test_prove_executes_again_what_was_made_once_and_removes_it(project):
    made = begin(project, proven=False)
    result = collect(project, prove=True)
    assert [proof.why for proof in result.proofs] == ["", "", ""]
    assert len(result.dropped) == 3
    assert not has(project, made[1]["o.txt"][0])
    nothing_locked_is_gone(project)
    project.pipeline(STAGES, params={"n": 1})
    assert project.run().ok
    assert tree(project.root, PATHS) == made[1]


def test_what_comes_out_different_is_never_removed(project):
    stage = {"cmd": "echo ${params.n}; head -c 9 /dev/urandom > ${outputs.o}", "outputs": {"o": "o.bin"}}
    for n in (1, 2):
        project.pipeline({"dice": {**stage, "params": {"n": n}}})
        project.run()
    result = collect(project, prove=True)
    assert result.dropped == ()
    assert ["not deterministic" in proof.why for proof in result.proofs] == [True]
    project.pipeline({"dice": {**stage, "params": {"n": 1}}})
    project.run("dice", force=True)  # now two results are on record
    project.pipeline({"dice": {**stage, "params": {"n": 2}}})
    project.run()
    result = collect(project, unproven=True)
    assert (result.dropped, result.unproven_bytes) == ((), 0)


@pytest.mark.parametrize("how", [{"always": True}, {"network": True}])
def test_what_asked_the_outside_world_is_never_removed(project, how):
    for n in (1, 2):
        project.pipeline({"ask": {"cmd": f"echo {n} > ${{outputs.o}}", "outputs": {"o": "o.txt"}, **how}})
        project.run()
        project.run(force=True)
    for options in ({}, {"unproven": True}, {"prove": True}):
        result = collect(project, **options)
        assert (result.dropped, result.proofs, result.unproven_bytes) == ((), (), 0)
    assert has(project, b"1\n")


def test_raw_inputs_sources_and_logs_stay_and_so_does_a_raw_input_that_a_stage_also_made(project):
    stages = {
        "copy": {
            "cmd": "echo said; cat ${inputs.i} > ${outputs.o}",
            "inputs": {"i": "in.txt"},
            "outputs": {"o": "o.txt"},
        },
    }
    for text in ("one\n", "two\n"):
        project.write("in.txt", text)
        project.pipeline(stages)
        project.run()
        project.run(force=True)
    assert collect(project, unproven=True).dropped == ()
    assert has(project, b"one\n")
    assert has(project, b"said\n")


def test_what_is_made_of_what_cannot_be_had_stays(project):
    """The input is kept out of the store: nobody could execute the stage for its old bytes."""
    for text in ("1", "22"):
        project.write("big.txt", text)
        project.pipeline(
            {
                "wc": {
                    "cmd": "wc -c < ${inputs.i} > ${outputs.o}",
                    "inputs": {"i": {"path": "big.txt", "store": False}},
                    "outputs": {"o": "o.txt"},
                }
            }
        )
        project.run()
        project.run(force=True)
    assert collect(project, unproven=True).dropped == ()


def test_the_last_runs_keep_what_they_made(project):
    made = begin(project)
    assert collect(project, keep_runs=4).dropped == ()
    assert len(collect(project, keep_runs=2).dropped) == 3
    assert has(project, made[2]["o.txt"][0])


def test_a_size_takes_the_cheapest_bytes_first_and_stops(project):
    for n in (1, 2):
        project.pipeline(
            {
                "slow": {
                    "cmd": f"sleep 0.4; head -c {100_000 + n} /dev/zero > ${{outputs.o}}",
                    "outputs": {"o": "slow.bin"},
                },
                "fast": {
                    "cmd": f"head -c {200_000 + n} /dev/zero > ${{outputs.o}}",
                    "outputs": {"o": "fast.bin"},
                },
            }
        )
        project.run()
        project.run(force=True)
    whole = collect(project, dry_run=True)
    total = whole.freed_bytes + whole.kept_bytes
    assert {d.stage for d in whole.dropped} == {"slow", "fast"}
    some = collect(project, max_bytes=total - 150_000)
    assert [d.stage for d in some.dropped] == ["fast"]
    assert some.fits
    assert collect(project, max_bytes=total).dropped == ()
    rest = collect(project, max_bytes=1)
    assert [d.stage for d in rest.dropped] == ["slow"]
    assert not rest.fits
    nothing_locked_is_gone(project)


def test_a_dry_run_says_what_the_real_one_does_and_does_nothing(project):
    begin(project)
    before = {p: p.lstat().st_mtime_ns for p in project.store.rglob("*")}
    said = collect(project, dry_run=True)
    assert said.dropped
    assert {p: p.lstat().st_mtime_ns for p in project.store.rglob("*")} == before
    assert collect(project) == said
    assert collect(project, dry_run=True).dropped == ()


def test_two_checkouts_keep_what_each_has_locked_until_one_is_gone(tmp_path):
    store = tmp_path / "store"
    with Project(tmp_path / "one", store=store) as one:
        made = begin(one)
        one.pipeline(STAGES, params={"n": 1})
        assert set(one.outcomes().values()) == {"restored"}
    with Project(tmp_path / "two", store=store) as two:
        two.pipeline(STAGES, params={"n": 2})
        assert set(two.outcomes().values()) == {"restored"}
        assert collect(two, unproven=True).dropped == ()
        (one.root / "pipeline.lock").rename(one.root / "away")
        shutil.copy(two.root / "pipeline.lock", one.root / "pipeline.lock")
        assert len(collect(two, dry_run=True).dropped) == 3
        (one.root / "away").rename(one.root / "pipeline.lock")
        shutil.rmtree(one.root)
        result = collect(two)
        assert (len(result.dropped), result.forgotten) == (3, 1)
        assert not has(two, made[1]["o.txt"][0])
        assert len(list((store / "roots").iterdir())) == 1


def test_nothing_goes_while_a_checkout_has_a_lock_file_that_cannot_be_read(tmp_path):
    store = tmp_path / "store"
    with Project(tmp_path / "one", store=store) as one:
        begin(one)
        one.write("pipeline.lock", "{")
    with Project(tmp_path / "two", store=store) as two:
        two.pipeline(STAGES, params={"n": 2})
        two.pipe("run")
        done = two.pipe("gc", code=3)
        assert str(one.root) in done.stderr


def test_outputs_that_are_links_into_the_store_stay_readable(project, monkeypatch):
    monkeypatch.setenv("PIPE_LINK", "symlink")
    begin(project)
    project.run(overrides={"n": 1})  # in place, and in no lock file
    before = tree(project.root, PATHS)
    collect(project, unproven=True)
    assert tree(project.root, PATHS) == before


def test_the_folders_of_failures_go(project):
    project.pipeline({"bad": {"cmd": "exit 1"}})
    project.run()
    assert (project.root / ".pipe/failed/bad").exists()
    assert collect(project, dry_run=True).failed == ("bad",)
    assert (project.root / ".pipe/failed/bad").exists()
    assert collect(project).failed == ("bad",)
    assert not (project.root / ".pipe/failed/bad").exists()


@pytest.mark.slow
def test_a_run_that_goes_on_keeps_what_it_uses(project):
    """A run restores the first two stages, and needs them when the third one, which waits, is executed."""
    made = begin(project)
    shutil.rmtree(project.root / "build")
    (project.root / "o.txt").unlink()
    stages = {
        **STAGES,
        "count": {
            "cmd": "echo started; sleep 3; wc ${inputs.i} > ${outputs.o}",
            "inputs": {"i": "o.txt"},
            "outputs": {"o": "c.txt"},
        },
    }
    project.pipeline(stages, params={"n": 1})
    running = subprocess.Popen([PIPE, "run", "-q"], cwd=project.root, env=project.environment())
    try:
        deadline = time.monotonic() + 20
        while not any("started" in log.read_text() for log in project.root.glob(".pipe/runs/*/count.log")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        result = collect(project, unproven=True)
        # Everything else that nobody needs goes; what the run uses does not.
        assert {(d.stage, d.path) for d in result.dropped} == {("count", "c.txt")}
        assert has(project, made[1]["o.txt"][0])
        assert has(project, made[1]["build/tree/1.txt"][0])
    finally:
        assert running.wait() == 0
    assert list((project.store / "pins").iterdir()) == []
    assert fsck(project.root).problems == ()


@pytest.mark.slow
def test_runs_and_gcs_at_once_end_well_and_lose_nothing(tmp_path):
    """Two checkouts of one store go back and forth between two values while a third process removes all it can."""
    store = tmp_path / "store"
    stop = threading.Event()
    failed: list[str] = []

    def back_and_forth(root: Path) -> None:
        env = {**os.environ, "PIPE_STORE": str(store)}
        for turn in range(10):
            (root / "params.yaml").write_text(json.dumps({"n": turn % 2 + 1}))
            done = subprocess.run(
                [PIPE, "run"], cwd=root, env=env, capture_output=True, text=True, check=False
            )
            found = (root / "o.txt").read_text() if (root / "o.txt").exists() else ""
            wanted = "".join(
                "".join(f"{n}\n" for n in range(first, last + 1))
                for first, last in [
                    (turn % 2 + 1, 2001),
                    (turn % 2 + 1, 2002),
                    (turn % 2 + 1, 2003),
                    (1, 999),
                ]
            )
            if done.returncode or found != wanted:
                failed.append(f"{done.returncode} {done.stdout} {done.stderr}")

    def keep_removing(root: Path) -> None:
        env = {**os.environ, "PIPE_STORE": str(store)}
        while not stop.is_set():
            words = [PIPE, "gc", "--unproven"]
            done = subprocess.run(words, cwd=root, env=env, capture_output=True, text=True, check=False)
            if done.returncode:
                failed.append(f"gc {done.returncode} {done.stderr}")

    projects = [Project(tmp_path / name, store=store) for name in ("one", "two")]
    for project in projects:
        project.pipeline(STAGES, params={"n": 1})
    with projects[0] as first:
        first.run()
    runners = [threading.Thread(target=back_and_forth, args=(project.root,)) for project in projects]
    remover = threading.Thread(target=keep_removing, args=(projects[0].root,))
    for thread in (*runners, remover):
        thread.start()
    for thread in runners:
        thread.join()
    stop.set()
    remover.join()
    assert failed == []
    for project in projects:
        with project:
            nothing_locked_is_gone(project)
            assert fsck(project.root).problems == ()
            assert set(project.outcomes().values()) == {"fresh"}


def test_the_command_prints_what_went_and_refuses_what_makes_no_sense(project):
    begin(project)
    plain = project.json("gc", "-n")
    assert (plain["version"], plain["ok"], len(plain["dropped"])) == (1, True, 3)
    assert set(plain["dropped"][0]) == {"digest", "stage", "path", "size_bytes"}
    assert set(plain["unproven"]) == {"bytes", "seconds"}
    text = project.pipe("gc", "--keep-runs", "1", "--max-size", "1KiB").stdout
    assert text.startswith("freed ")
    assert "o.txt" in text
    assert "unit" in project.pipe("gc", "--max-size", "5 parsecs", code=2).stderr
    project.pipe("gc", "--prove", "--unproven", code=2)
    assert project.json("fsck")["ok"]


def test_what_a_dead_process_pinned_goes_and_what_a_living_one_pinned_stays(project):
    import fcntl

    from pipeline.trace import of_bytes

    made = begin(project)
    traces = [of_bytes(p.read_bytes()) for p in (project.store / "traces").glob("??/*") if p.is_file()]
    data = made[1]["o.txt"][0]
    key = next(
        t.key
        for t in traces
        if t.stage == "join" and t.outputs["o"].artifact.digest == blake3(data).hexdigest()
    )
    pin = project.store / "pins" / ("a" * 16)
    pin.write_text(f"key {key}\n")
    with pin.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert {d.path for d in collect(project).dropped} == {"c.txt"}
        assert has(project, data)
        assert has(project, made[1]["build/tree/1.txt"][0])
    assert {d.path for d in collect(project).dropped} == {"o.txt", "build/tree"}
    assert not pin.exists()
