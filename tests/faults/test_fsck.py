"""Every kind of file of a store, damaged in every way: `fsck` names it, `--repair` heals it or says why not, and
what a plain run makes afterwards is right."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline import lock
from pipeline.fsck import KINDS, FsckResult, fsck
from tests.project import Project, tree

STAGES = {
    "make": {
        "run": "s:make",
        "inputs": {"text": "data/in.txt"},
        "outputs": {"one": "build/one.txt", "tree": "build/tree"},
    },
    "join": {
        "cmd": "cat ${inputs.t}/*.txt ${inputs.d}/x > ${outputs.o}; echo said",
        "inputs": {"t": "build/tree", "d": "data/dir"},
        "outputs": {"o": "build/o.txt"},
    },
    "mixed": {
        "cmd": "ls -R build > ${outputs.o}; cat build/own.txt >> ${outputs.o}",
        "inputs": {"all": "build"},
        "outputs": {"o": "all.txt"},
    },
    "net": {"cmd": "echo net > ${outputs.o}", "network": True, "outputs": {"o": "net.txt"}},
    "loose": {
        "cmd": "cat data/dir/deep/y > ${outputs.o}; ls data >> ${outputs.o}",
        "sandbox": "warn",
        "outputs": {"o": "loose.txt"},
    },
    "unkept": {
        "cmd": "wc -c < ${inputs.big} > ${outputs.o}",
        "inputs": {"big": {"path": "data/big.bin", "store": False}},
        "outputs": {"o": "unkept.txt"},
    },
}
CODE = """
    from pathlib import Path

    UNUSED = 1

    def make(text: str, one: Path, tree: Path):
        print("made")
        one.write_text(text + "one")
        (tree / "sub").mkdir(parents=True)
        (tree / "a.txt").write_text(text * 2)
        (tree / "sub" / "b.txt").write_text(text * 3)
        (tree / "sub" / "tool").write_text("x")
        (tree / "sub" / "tool").chmod(0o755)
"""
PATHS = ("build", "all.txt", "net.txt", "loose.txt", "unkept.txt", "pipeline.lock")


@pytest.fixture(scope="module")
def pristine(tmp_path_factory) -> Path:
    """A project with all kinds of records, one action executed twice, all of it sound."""
    with Project(tmp_path_factory.mktemp("fsck") / "project") as project:
        project.write("s.py", CODE)
        project.write("data/in.txt", "in\n")
        project.write("data/dir/x", "x\n")
        project.write("data/dir/deep/y", "y\n")
        project.write("data/big.bin", "big\n")
        project.write("build/own.txt", "own\n")
        project.pipeline(STAGES)
        assert project.run().ok
        project.run("make", force=True)
        assert fsck(project.root).problems == ()
        return project.root


class Copied(NamedTuple):
    project: Project
    expected: dict[str, tuple[bytes, bool]]

    @property
    def store(self) -> Path:
        return self.project.store

    def files(self, folder: str) -> list[Path]:
        return sorted(p for p in (self.store / folder).rglob("*") if p.is_file())

    def check(self) -> FsckResult:
        return fsck(self.project.root)

    def repair(self) -> FsckResult:
        return fsck(self.project.root, repair=True)

    def object_of(self, path: str) -> Path:
        """The object that has the bytes of a file of the project."""
        from blake3 import blake3

        name = blake3(self.project.read(path)).hexdigest()
        return self.store / "objects" / name[:2] / name[2:]

    def a_run_is_right(self) -> None:
        result = self.project.run()
        assert result.ok
        assert tree(self.project.root, PATHS) == self.expected
        assert self.check().problems == ()


@pytest.fixture
def copied(pristine, tmp_path) -> Iterator[Copied]:
    yield from copy_of(pristine, tmp_path / "copy")


def copy_of(pristine: Path, root: Path) -> Iterator[Copied]:
    shutil.copytree(pristine, root, symlinks=True)
    (mark,) = (root / ".pipe/store/roots").iterdir()
    mark.unlink()
    with Project(root) as project:
        yield Copied(project, tree(root, PATHS))


def flip(path: Path, _: Copied) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    overwrite(path, bytes(data))


def truncate(path: Path, _: Copied) -> None:
    overwrite(path, path.read_bytes()[:-1])


def empty(path: Path, _: Copied) -> None:
    overwrite(path, b"")


def delete(path: Path, _: Copied) -> None:
    path.unlink()


def folder(path: Path, _: Copied) -> None:
    path.unlink()
    path.mkdir()
    (path / "inside").write_text("x")


def link(path: Path, copied: Copied) -> None:
    """A link to a file outside that has the right bytes: following it would find nothing wrong."""
    outside = copied.project.root.parent / "outside"
    shutil.copy(path, outside)
    path.unlink()
    path.symlink_to(outside)


def fifo(path: Path, _: Copied) -> None:
    path.unlink()
    os.mkfifo(path)


def other(path: Path, copied: Copied) -> None:
    """Another file of the same folder of the store, whole."""
    top = path.relative_to(copied.store).parts[0]
    others = [p.read_bytes() for p in copied.files(top) if key_of(p) != key_of(path)]
    overwrite(path, max((data for data in others if data != path.read_bytes()), key=len))


def key_of(path: Path) -> str:
    """The digest or key that the place of a file says."""
    if path.parent.name.endswith(".d"):
        path = path.parent
    return path.parent.name + path.name.removesuffix(".d")


def overwrite(path: Path, data: bytes) -> None:
    status = path.stat()
    path.chmod(0o644)
    path.write_bytes(data)
    path.chmod(status.st_mode & 0o777)


WAYS: dict[str, Callable[[Path, Copied], None]] = {
    "flip": flip,
    "truncate": truncate,
    "empty": empty,
    "delete": delete,
    "folder": folder,
    "link": link,
    "fifo": fifo,
    "other": other,
}


def damage(way: str, path: Path, copied: Copied, *, keep_times: bool) -> None:
    status = path.stat()
    WAYS[way](path, copied)
    if keep_times and path.is_file() and not path.is_symlink():
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("top", ["objects", "actions", "traces"])
def test_every_file_of_a_store_damaged_in_every_way_is_found_and_healed(pristine, tmp_path, top, way):
    """What cannot be had elsewhere (what a stage with a network recorded) is said to be lost; nothing else is."""
    count = len([p for p in (pristine / ".pipe/store" / top).rglob("*") if p.is_file()])
    assert count >= 5
    for number in range(count):
        for copied in copy_of(pristine, tmp_path / f"{number}"):
            path = copied.files(top)[number]
            key = key_of(path)
            is_of_network = key == lock.read(copied.project.root)["net"].key and top == "traces"
            damage(way, path, copied, keep_times=bool(number % 2))
            found = copied.check()
            if way == "delete" and not found.problems:
                assert top == "traces" or is_derived(copied, key), key
            else:
                assert found.problems, path
                assert all(d.kind in KINDS for d in found.problems)
            healed = copied.repair()
            assert healed.ok == (not is_of_network or way == "delete"), (path, healed.problems, healed.tried)
            assert len(healed.healed) + len(healed.problems) == len(found.problems)
            copied.a_run_is_right()


def is_derived(copied: Copied, name: str) -> bool:
    """Say whether an object is an output, or lies in one, of a stage that can be executed again."""
    from pipeline.store.manifests import Manifests

    todo = [
        p.artifact
        for n, e in lock.read(copied.project.root).items()
        if n != "net"
        for p in e.outputs.values()
    ]
    names = {artifact.digest for artifact in todo}
    manifests = Manifests(os.fspath(copied.store))
    trees = [a.digest for a in todo if a.kind == "tree"]
    while trees:
        for entry in manifests(trees.pop()) or ():
            names.add(entry.digest)
            trees += [entry.digest] if entry.kind == "tree" else []
    return name in names


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        ("flip", "object-changed"),
        ("truncate", "object-truncated"),
        ("empty", "object-empty"),
        ("folder", "object-not-a-file"),
        ("link", "object-not-a-file"),
        ("fifo", "object-not-a-file"),
        ("other", "object-changed"),
    ],
)
@pytest.mark.parametrize("keep_times", [False, True])
def test_a_damaged_output_is_named_and_taken_from_the_workspace(copied, way, kind, keep_times):
    path = copied.object_of("build/o.txt")
    damage(way, path, copied, keep_times=keep_times)
    (found,) = copied.check().problems
    assert (found.kind, found.digest) == (kind, path.parent.name + path.name)
    (healed,) = copied.repair().healed
    assert healed.how == "taken from build/o.txt"
    assert path.is_file()
    assert not path.is_symlink()
    assert path.read_bytes() == copied.project.read("build/o.txt")
    copied.a_run_is_right()


def test_what_is_in_no_other_place_is_put_aside_and_said_to_be_lost(copied):
    path = copied.object_of("data/in.txt")
    damage("flip", path, copied, keep_times=True)
    copied.project.write("data/in.txt", "another\n")
    result = copied.repair()
    (problem,) = result.problems
    assert (problem.kind, problem.digest) == ("object-changed", path.parent.name + path.name)
    assert "nothing here has these bytes" in result.tried[0].how
    assert not path.exists()
    assert len(list((copied.store / "quarantine").iterdir())) == 1
    # It stays a problem until the bytes are there again.
    assert [p.kind for p in copied.check().problems] == ["object-missing"]
    assert not copied.repair().ok
    copied.project.write("data/in.txt", "in\n")
    assert copied.repair().ok
    assert copied.check().problems == ()
    assert list((copied.store / "quarantine").iterdir()) == []
    copied.a_run_is_right()


def test_an_output_that_may_be_made_again_is_no_problem_when_it_is_gone_and_one_of_the_network_is(copied):
    copied.object_of("build/o.txt").unlink()
    assert copied.check().problems == ()
    gone = copied.object_of("net.txt")
    gone.unlink()
    (found,) = copied.check().problems
    assert (found.kind, found.digest) == ("object-missing", gone.parent.name + gone.name)
    assert "net.txt" in found.text
    (healed,) = copied.repair().healed
    assert healed.how == "taken from net.txt"


def test_an_input_that_is_kept_out_of_the_store_is_not_missing(copied):
    assert not copied.object_of("data/big.bin").exists()
    assert copied.check().problems == ()


def test_an_object_that_may_be_written_to_is_made_read_only(copied):
    path = copied.object_of("build/o.txt")
    path.chmod(0o644)
    (found,) = copied.check().problems
    assert found.kind == "object-writable"
    assert copied.repair().ok
    assert path.stat().st_mode & 0o777 == 0o444


def test_an_object_that_no_record_names_is_put_aside(copied):
    path = copied.store / "objects/ab" / ("0" * 62)
    path.parent.mkdir(exist_ok=True)
    path.write_text("x")
    assert [p.kind for p in copied.check().problems] == ["object-changed"]
    (healed,) = copied.repair().healed
    assert "no record names it" in healed.how
    assert [p.read_text() for p in (copied.store / "quarantine").iterdir()] == ["x"]
    assert copied.check().problems == ()


def test_a_trace_under_another_key_is_named(copied):
    first, second = [p for p in copied.files("traces") if ".d" not in p.parent.name][:2]
    overwrite(first, second.read_bytes())
    (found,) = copied.check().problems
    assert found.kind == "trace-misplaced"
    assert copied.repair().ok
    copied.a_run_is_right()


def test_a_trace_of_a_newer_pipe_is_named_and_left_alone(copied):
    path = copied.files("traces")[0]
    overwrite(path, json.dumps({"trace": 99, "check": "0" * 64}).encode())
    assert [p.kind for p in copied.check().problems if p.path == str(path)] == ["trace-newer"]
    result = copied.repair()
    assert [p.kind for p in result.problems] == ["trace-newer"]
    assert json.loads(path.read_bytes())["trace"] == 99


def test_a_store_of_a_newer_format_is_refused_with_exit_3(copied):
    (copied.store / "format").write_text("pipe store 2\n")
    for words in (["fsck"], ["fsck", "--repair"]):
        done = copied.project.pipe(*words, code=3)
        assert "pipe store 2" in done.stderr
    assert (copied.store / "format").read_text() == "pipe store 2\n"


@pytest.mark.parametrize("text", [None, b"", b"garbage\xff", b"pipe store one\n"])
def test_a_store_whose_format_is_garbage_or_gone_is_put_right(copied, text):
    path = copied.store / "format"
    path.unlink()
    if text is not None:
        path.write_bytes(text)
    assert [p.kind for p in copied.check().problems] == ["format-changed"]
    assert copied.repair().ok
    copied.a_run_is_right()


def test_strangers_are_named_and_moved_and_links_are_not_followed(copied):
    outside = copied.project.root.parent / "mine"
    outside.mkdir()
    (outside / "precious").write_text("x")
    (copied.store / "objects/README").write_text("hello")
    (copied.store / "objects/00").mkdir(exist_ok=True)
    (copied.store / "objects/00/notes.txt").write_text("x")
    (copied.store / "elsewhere").symlink_to(outside)
    (copied.store / "traces/zz").symlink_to(outside)
    assert [p.kind for p in copied.check().problems] == ["stranger"] * 4
    assert copied.repair().ok
    assert (outside / "precious").read_text() == "x"
    assert copied.check().problems == ()
    moved = list((copied.store / "quarantine").iterdir())
    assert "hello" in [p.read_text() for p in moved if p.is_file()]
    copied.a_run_is_right()


@pytest.mark.parametrize("name", ["objects", "actions", "traces", "leases", "roots"])
def test_a_folder_of_the_store_that_is_gone_or_a_file_is_made_again(copied, name):
    shutil.rmtree(copied.store / name)
    (copied.store / name).write_text("not a folder")
    assert "folder" in {p.kind for p in copied.check().problems}
    copied.repair()
    assert (copied.store / name).is_dir()
    shutil.rmtree(copied.store / name)
    assert "folder" in {p.kind for p in copied.check().problems}
    copied.repair()
    assert (copied.store / name).is_dir()
    assert copied.project.run().ok
    assert {p: v for p, v in tree(copied.project.root, PATHS).items() if p != "pipeline.lock"} == {
        p: v for p, v in copied.expected.items() if p != "pipeline.lock"
    }


def test_a_shard_that_is_a_link_is_moved_and_its_objects_are_had_again(copied):
    path = copied.object_of("build/o.txt")
    outside = copied.project.root.parent / "shard"
    shutil.move(path.parent, outside)
    path.parent.symlink_to(outside)
    before = sorted(outside.iterdir())
    assert "folder" in {p.kind for p in copied.check().problems}
    copied.repair()
    assert sorted(outside.iterdir()) == before
    copied.a_run_is_right()


def test_what_dead_processes_left_is_removed_and_what_living_ones_hold_is_not(copied):
    import fcntl

    (copied.store / "tmp/abcdef/").mkdir(parents=True)
    (copied.store / "tmp/abcdef/owner").write_text("")
    (copied.store / "leases" / ("a" * 64)).write_text("process 1 on nowhere\n")
    held = copied.store / "leases" / ("b" * 64)
    with held.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert [p.kind for p in copied.check().problems] == ["temporary"] * 2
        assert copied.repair().ok
        assert held.exists()
    assert not (copied.store / "tmp/abcdef").exists()
    assert not (copied.store / "leases" / ("a" * 64)).exists()


def test_a_mark_that_names_another_project_is_dropped_and_written_again(copied):
    copied.project.run()
    (mark,) = (copied.store / "roots").iterdir()
    overwrite(mark, b"/somewhere/else\n")
    assert [p.kind for p in copied.check().problems] == ["root-changed"]
    assert copied.repair().ok
    (mark,) = (copied.store / "roots").iterdir()
    assert mark.read_text() == f"{copied.project.root}\n"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1, "stages": {"make": 5}}', "\0"])
def test_a_damaged_lock_file_is_written_whole_from_the_records(copied, text):
    copied.project.write("pipeline.lock", text.encode())
    assert [p.kind for p in copied.check().problems] == ["lock-damaged"]
    assert copied.repair().ok
    assert tree(copied.project.root, PATHS) == copied.expected
    assert [p.read_text() for p in copied.project.root.glob(".pipe/displaced/*/pipeline.lock")] == [text]


@pytest.mark.parametrize(
    "text", ["<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n", '{"version": 2, "stages": {}}']
)
def test_a_lock_file_of_a_merge_or_of_a_newer_pipe_is_named_and_left_alone(copied, text):
    copied.project.write("pipeline.lock", text.encode())
    result = copied.repair()
    assert [p.kind for p in result.problems] == ["lock-damaged"]
    assert copied.project.read("pipeline.lock").decode() == text


def test_an_entry_of_the_lock_file_that_contradicts_its_action_is_put_right(copied):
    plain = json.loads(copied.project.read("pipeline.lock"))
    plain["stages"]["make"]["inputs"]["data/in.txt"]["digest"] = "0" * 64
    copied.project.write("pipeline.lock", json.dumps(plain).encode())
    assert [p.kind for p in copied.check().problems] == ["lock-entry"]
    assert copied.repair().ok
    assert tree(copied.project.root, PATHS) == copied.expected


def test_a_damaged_record_of_a_run_is_put_aside_and_said_to_be_lost(copied):
    record = sorted(copied.project.root.glob(".pipe/runs/*/run.json"))[0]
    record.write_text("{")
    assert [p.kind for p in copied.check().problems] == ["run-damaged"]
    result = copied.repair()
    assert [p.kind for p in result.problems] == ["run-damaged"]
    assert "lost" in result.tried[0].how
    assert copied.check().problems == ()


@pytest.mark.parametrize("garbage", [b"", b"garbage" * 999, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_state_database_of_garbage_is_named_and_made_again(copied, garbage):
    for path in copied.project.root.glob(".pipe/state.db*"):
        path.unlink()
    (copied.project.root / ".pipe/state.db").write_bytes(garbage)
    assert [p.kind for p in copied.check().problems] == ["state-damaged"]
    assert (copied.project.root / ".pipe/state.db").read_bytes() == garbage
    assert copied.repair().ok
    copied.a_run_is_right()


def test_a_wrong_digest_in_the_state_database_is_found(copied):
    copied.project.run()
    path = copied.project.root / ".pipe/state.db"
    status = (copied.project.root / "data/in.txt").stat()
    row = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_mode & 0o7777)
    connection = sqlite3.connect(path)
    late = max(status.st_mtime_ns, status.st_ctime_ns) + 3_000_000_000
    connection.execute(
        "INSERT OR REPLACE INTO files VALUES ('data/in.txt', ?, ?, ?, ?, ?, ?, ?)", (*row, "0" * 64, late)
    )
    connection.commit()
    connection.close()
    assert copied.project.verdicts()["make"] == "stale"
    (found,) = copied.check().problems
    assert (found.kind, found.path) == ("state-wrong", "data/in.txt")
    assert copied.repair().ok
    assert set(copied.project.verdicts().values()) == {"fresh"}


def test_a_compiled_project_of_garbage_is_removed(copied):
    (copied.project.root / ".pipe/compiled.json").write_text("{}\n{}")
    assert [p.kind for p in copied.check().problems] == ["compiled-damaged"]
    assert copied.repair().ok
    copied.a_run_is_right()


def test_a_repair_without_a_readable_pipeline_takes_what_lies_in_the_workspace(copied):
    path = copied.object_of("build/tree/a.txt")
    damage("flip", path, copied, keep_times=False)
    sound = copied.project.read("pipeline.yaml")
    copied.project.write("pipeline.yaml", "stages: [")
    assert copied.repair().ok
    copied.project.write("pipeline.yaml", sound)
    copied.a_run_is_right()


def test_a_trace_of_a_hostile_store_reads_no_file_outside_the_project(copied, tmp_path):
    """A record names a path outside that holds the very bytes it asks for: they are not taken."""
    from pipeline import trace as traces

    (tmp_path / "secret").write_text("secret\n")
    path = next(p for p in copied.files("traces") if traces.of_bytes(p.read_bytes()).stage == "make")
    made = traces.of_bytes(path.read_bytes())
    from blake3 import blake3

    name = blake3(b"secret\n").hexdigest()
    for wanted in ("../secret", str(tmp_path / "secret")):
        overwrite(path, traces.to_bytes(made._replace(source={**made.source, wanted: name})))
        assert [p.kind for p in copied.check().problems] == ["object-missing"]
        assert not copied.repair().ok
        assert not (copied.store / "objects" / name[:2] / name[2:]).exists()


def test_nothing_is_changed_without_repair(copied):
    for top in ("objects", "actions", "traces"):
        damage("flip", copied.files(top)[1], copied, keep_times=False)
    (copied.store / "stranger").write_text("x")
    copied.project.write("pipeline.lock", "{")
    (copied.project.root / ".pipe/state.db").write_bytes(b"garbage")
    before = listing(copied.project.root)
    assert len(copied.check().problems) >= 6
    assert listing(copied.project.root) == before


def listing(root: Path) -> dict[str, tuple[int, int, int]]:
    return {
        os.path.relpath(p, root): ((s := p.lstat()).st_mode, s.st_size, s.st_mtime_ns)
        for p in sorted(root.rglob("*"))
        if not p.is_dir()
    }


def test_the_command_exits_with_1_until_all_is_healed_and_prints_what_it_did(copied):
    damage("flip", copied.object_of("build/o.txt"), copied, keep_times=True)
    plain = copied.project.json("fsck", code=1)
    assert (plain["version"], plain["ok"]) == (1, False)
    assert plain["objects"] == len(copied.files("objects"))
    (problem,) = plain["problems"]
    assert problem["kind"] == "object-changed"
    assert problem["digest"][:12] in problem["text"]
    said = copied.project.pipe("fsck", code=1)
    assert "object-changed" in said.stdout
    assert "pipe fsck --repair" in said.stderr
    healed = copied.project.json("fsck", "--repair")
    assert (healed["ok"], healed["problems"], len(healed["healed"])) == (True, [], 1)
    assert copied.project.json("fsck", "-j", "1")["ok"]


def test_what_the_workspace_lacks_is_made_again_from_the_records(copied):
    path = copied.object_of("build/tree/sub/b.txt")
    damage("flip", path, copied, keep_times=True)
    shutil.rmtree(copied.project.root / "build")
    copied.project.write("s.py", "changed = 1")
    (healed,) = copied.repair().healed
    assert healed.how == "made again by stage `make`"
    assert path.read_bytes() == b"in\n" * 3


def test_what_it_is_made_from_is_made_again_first(copied):
    path = copied.object_of("build/o.txt")
    damage("flip", path, copied, keep_times=True)
    for inside in ("build/tree/a.txt", "build/tree/sub/b.txt"):
        copied.object_of(inside).unlink()
    shutil.rmtree(copied.project.root / "build")
    (healed,) = copied.repair().healed
    assert healed.how == "made again by stage `join`"
    assert path.read_bytes() == b"in\nin\nx\n"


def test_a_rebuild_that_differs_is_never_called_healed(tmp_path):
    project = Project(tmp_path / "dice")
    project.pipeline({"dice": {"cmd": "head -c 9 /dev/urandom > ${outputs.o}", "outputs": {"o": "o.bin"}}})
    project.pipe("run")
    copied = Copied(project, {})
    path = copied.object_of("o.bin")
    damage("flip", path, copied, keep_times=True)
    (project.root / "o.bin").unlink()
    result = copied.repair()
    assert (result.ok, result.healed) == (False, ())
    assert "gave other bytes" in result.tried[0].how
    assert not path.exists()
    assert [p.kind for p in copied.check().problems] == ["aside"]
    assert project.json("run")["stages"]["dice"]["outcome"] == "executed"
