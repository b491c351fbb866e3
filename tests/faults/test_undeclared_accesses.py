"""What a stage does not declare is out of its reach, at each level that this machine can enforce."""

import http.server
import json
import os
import threading
from pathlib import Path

import pytest

from pipeline.execute.sandbox import LEVELS, probe
from tests.project import Project

STAGES = """
import http.client, multiprocessing, os, socket, sqlite3, subprocess
from pathlib import Path


def attempt(do):
    try:
        return ["done", repr(do())[:300]]
    except BaseException as error:
        return ["refused", type(error).__name__, str(error)]


def arrow(path):
    import pyarrow.csv
    return pyarrow.csv.read_csv(path)


def sqlite(path):
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True).execute("select * from sqlite_master").fetchall()


def shell(text):
    ran = subprocess.run(text, shell=True, capture_output=True, text=True)
    if ran.returncode:
        raise OSError(ran.stderr)
    return ran.stdout


def loopback():
    server = socket.create_server(("127.0.0.1", 0))
    with socket.create_connection(server.getsockname(), 2):
        return True


def pool():
    with multiprocessing.Pool(2) as workers:
        return workers.map(abs, [-1, -2])


def all_of_them(given: str, root: str, port: int, beside: Path, out: Path):
    import json
    out.write_text(json.dumps({
        "a relative path": attempt(lambda: open("data/hidden.csv").read()),
        "an absolute path": attempt(lambda: open(f"{root}/data/hidden.csv").read()),
        "C++": attempt(lambda: arrow(f"{root}/data/hidden.csv")),
        "SQLite": attempt(lambda: sqlite(f"{root}/data/hidden.db")),
        "a child process": attempt(lambda: shell(f"cat {root}/data/hidden.csv")),
        "a listing": attempt(lambda: os.listdir(f"{root}/data")),
        "the store": attempt(lambda: os.listdir(f"{root}/.pipe/store/objects")),
        "the system's secrets": attempt(lambda: open("/etc/shadow").read()),
        "a way out by a link": attempt(lambda: (os.symlink(root, out.parent / "l"), os.listdir(out.parent / "l"))),
        "writing to the project": attempt(lambda: open(f"{root}/stray.txt", "w")),
        "writing an input": attempt(lambda: open("data/in.txt", "w")),
        "writing to the system": attempt(lambda: open("/usr/stray.txt", "w")),
        "the machine's network": attempt(lambda: http.client.HTTPConnection("127.0.0.1", port, 2).request("GET", "/")),
        "what it declares": attempt(lambda: open("data/in.txt").read()),
        "its own loopback": attempt(loopback),
        "multiprocessing": attempt(pool),
        "its temporary folder": attempt(lambda: __import__("tempfile").TemporaryFile()),
        "shared memory": attempt(lambda: __import__("multiprocessing.shared_memory").shared_memory.SharedMemory(
            create=True, size=16).unlink()),
    }))
    if (out.parent / "l").is_symlink():
        (out.parent / "l").unlink()
    beside_said = attempt(lambda: beside.write_text("x"))
    print("beside", beside_said)
"""
ALLOWED = {"what it declares", "its own loopback", "multiprocessing", "its temporary folder", "shared memory"}


@pytest.fixture(scope="module")
def strictest(tmp_path_factory):
    return probe.level(os.fspath(tmp_path_factory.mktemp("probe")))[0]


@pytest.fixture(scope="module")
def port():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module", params=["L1", "L2"])
def said(request, strictest, port, tmp_path_factory):
    """What became of each access, at one level."""
    if LEVELS.index(strictest) < LEVELS.index(request.param):
        pytest.skip(f"this machine enforces {strictest} only")
    os.environ["PIPE_ISOLATION"] = request.param
    try:
        with Project(tmp_path_factory.mktemp("undeclared") / "project") as project:
            project.write("data/in.txt", b"in")
            project.write("data/hidden.csv", b"a,b\n1,2\n")
            project.write("data/hidden.db", b"")
            project.write("stages/odd.py", STAGES)
            stage = {
                "run": "stages.odd:all_of_them",
                "inputs": {"given": "data/in.txt", "beside": "build/beside.txt"},
                "params": {"root": os.fspath(project.root), "port": port},
                "outputs": {"out": "build/out.json"},
            }
            before = {"cmd": "echo b > ${outputs.b}", "outputs": {"b": "build/beside.txt"}}
            project.pipeline({"before": before, "odd": stage})
            result = project.run()
            assert result.ok, {n: s.error for n, s in result.stages.items()}
            assert project.read("build/beside.txt") == b"b\n"
            logs = [p.read_text() for p in Path(project.root, ".pipe", "runs").glob("*/odd.log")]
            return {**json.loads(project.read("build/out.json")), "beside": logs[-1]}
    finally:
        del os.environ["PIPE_ISOLATION"]


def test_what_is_not_declared_is_refused(said):
    reached = [
        name for name, answer in said.items() if name not in {*ALLOWED, "beside"} and answer[0] == "done"
    ]
    assert reached == []


def test_what_a_stage_may_do_works(said):
    assert [name for name in ALLOWED if said[name][0] != "done"] == []


def test_an_input_beside_an_output_cannot_be_written(said):
    assert "refused" in said["beside"]
