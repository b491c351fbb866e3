"""A table of accesses that a stage does not declare: each is refused, or nothing is there, and the file is named."""

import contextlib
import os
import socket
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.events import Failure, Silent
from pipeline.execute.sandbox import LEVELS, probe
from pipeline.run import RunOptions, run
from tests.project import Project
from tests.soundness.accesses import ACCESSES, Access
from tests.soundness.figures import record

SHARED = f"sound-{os.getpid()}"
LINES = "ROOT, PID, PORT, SOCKET, ABSTRACT, SHARED = {!r}, {}, {}, {!r}, {!r}, {!r}\n\n\ndef go(given: str):\n{}\n"


class Failures(Silent):
    """Keeps what a user is shown of a stage that failed."""

    def __init__(self) -> None:
        self.seen: dict[str, Failure] = {}

    def failed(self, name: str, failure: Failure) -> None:
        self.seen[name] = failure


@contextlib.contextmanager
def answering(family: int, address: object) -> Iterator[object]:
    """Somebody who takes connections."""
    with socket.socket(family) as server:
        server.bind(address)
        server.listen()
        thread = threading.Thread(target=lambda: _take_all(server), daemon=True)
        thread.start()
        yield server.getsockname()


def _take_all(server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            server.accept()[0].close()


@pytest.fixture(scope="module")
def level(tmp_path_factory):
    return probe.level(os.fspath(tmp_path_factory.mktemp("probe")))[0]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Return the project, and by row what became of its stage."""
    base = tmp_path_factory.mktemp("accesses")
    with contextlib.ExitStack() as stack:
        project = stack.enter_context(Project(base / "project"))
        port = stack.enter_context(answering(socket.AF_INET, ("127.0.0.1", 0)))[1]
        path = f"/tmp/{SHARED}.sock"
        stack.callback(os.unlink, path)
        stack.enter_context(answering(socket.AF_UNIX, path))
        stack.enter_context(answering(socket.AF_UNIX, f"\0{SHARED}"))
        shared = Path("/dev/shm", SHARED)
        shared.write_text("x")
        stack.callback(shared.unlink)
        os.environ["SOUND_HIDDEN"] = "1"
        stack.callback(os.environ.pop, "SOUND_HIDDEN")
        write(project, [os.fspath(project.root), os.getpid(), port, path, SHARED, SHARED])
        listener = Failures()
        result = run(project.root, RunOptions(keep_going=True), listener)
        yield project, result.stages, listener.seen


def write(project: Project, values: list[object]) -> None:
    for path in ("data/in.txt", "data/hidden.csv", "data/hidden.db", "other/one.txt", "scripts/hidden.py"):
        project.write(path, b"a,b\n1,2\n")
    project.write("scripts/hidden.sh", b"#!/bin/sh\necho hidden\n", executable=True)
    stages = {}
    for number, row in enumerate(ACCESSES):
        stage = {"inputs": {"given": "data/in.txt"}, "outputs": {"out": f"out/{number}.txt"}}
        if row.cmd:
            stage["cmd"] = row.cmd
        else:
            project.write(
                f"rows/r{number}.py", LINES.format(*values, textwrap.indent(row.code, "    ")).encode()
            )
            stage["run"] = f"rows.r{number}:go"
        stages[f"r{number}"] = stage
    project.pipeline(stages)


@pytest.mark.parametrize("number", range(len(ACCESSES)), ids=[row.name for row in ACCESSES])
def test_what_is_not_declared_is_out_of_reach_and_named(number, ran, level, record_property):
    project, stages, failures = ran
    row: Access = ACCESSES[number]
    if LEVELS.index(level) < LEVELS.index(row.level):
        pytest.skip(f"this machine enforces {level}, and it takes {row.level}")
    stage = stages[f"r{number}"]
    is_refused = stage.outcome == "failed"
    record(
        record_property, "accesses that are not declared", row.outcome, {"tried": 1, "refused": is_refused}
    )
    if row.outcome == "refused":
        assert is_refused, project.read(f"out/{number}.txt")
        failure = failures[f"r{number}"]
        said = f"{failure.text}: {failure.cause}\n" + "\n".join(failure.tail)
        assert row.names in said
        if row.line:
            assert f"{row.line}: {row.names}`" in (failure.help or ""), (said, failure.help)
    else:
        assert stage.outcome == "executed", stage.error
        assert row.sees in project.read(f"out/{number}.txt").decode()


def test_nothing_was_changed_outside(ran):
    project, *_ = ran
    assert not (project.root / "stray.txt").exists()
    assert not (project.root / "out/stray.txt").exists()
    assert project.read("data/in.txt") == b"a,b\n1,2\n"
    assert not (project.store / "stray").exists()
