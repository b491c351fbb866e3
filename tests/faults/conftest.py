"""A throw-away project driven through the installed `pipe`, in a process of its own with an empty home."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.warm import warm

PIPE = Path(sys.executable).with_name("pipe")


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """What was printed, which must be one JSON object and nothing else."""
        return json.loads(self.out)

    @property
    def outcomes(self) -> dict[str, str]:
        return {name: stage["outcome"] for name, stage in self.json["stages"].items()}


class FaultProject:
    """A project folder, with the home, temporary folder and processes that belong to it."""

    def __init__(self, base: Path, program: Path = PIPE) -> None:
        self.base = base
        self.program = program
        self.root = base / "project"
        self.home = base / "home"
        self.tmp = base / "tmp"
        self._started: list[subprocess.Popen[str]] = []
        for folder in (self.root, self.home, self.tmp):
            folder.mkdir(parents=True)
        warm(self.root)

    def write(self, path: str, text: str) -> Path:
        """Write a file of the project, without the text's indentation."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text))
        return target

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        fixed = {"HOME": str(self.home), "TMPDIR": str(self.tmp)}
        return {**fixed, "PATH": f"{self.program.parent}:/usr/local/bin:/usr/bin:/bin", **more}

    def start(self, *words: str, cwd: Path | None = None, **env: str) -> "subprocess.Popen[str]":
        """Start `pipe` and do not wait for it."""
        process = subprocess.Popen(
            [self.program, *words],
            cwd=cwd or self.root,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def pipe(self, *words: str, cwd: Path | None = None, **env: str) -> Ran:
        """Run `pipe` to its end."""
        process = self.start(*words, cwd=cwd, **env)
        out, err = process.communicate(timeout=100)
        return Ran(process.returncode, out, err)

    def run(self, *words: str, code: int = 0, **env: str) -> Ran:
        """Run `pipe run --json`, which must end with `code`."""
        ran = self.pipe("run", "--json", *words, **env)
        assert ran.code == code, ran
        return ran

    def executions(self, stage: str) -> int:
        """Count how often a stage that calls `tally` executed: it leaves a line in the log of each run."""
        logs = self.root.glob(f".pipe/runs/*/{stage}.log")
        return sum(log.read_text().count(f"tally {stage}\n") for log in logs)

    def damaged_objects(self) -> list[str]:
        """Return the objects of the store whose bytes are not what their names say."""
        from blake3 import blake3

        files = [p for p in (self.root / ".pipe/store/objects").glob("*/*") if p.is_file()]
        assert files
        return [str(p) for p in files if blake3(p.read_bytes()).hexdigest() != p.parent.name + p.name]

    def processes(self) -> dict[int, str]:
        """All living processes that have to do with this project: by command line, variables or folder."""
        mark, found = os.fsencode(self.base), {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes()
                seen = [command, (entry / "environ").read_bytes(), os.fsencode(os.readlink(entry / "cwd"))]
            except OSError:
                continue  # it ended meanwhile, or is a zombie
            if any(mark in text for text in seen):
                found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")[:200]
        return found

    def wait_for(self, condition: Callable[[], Any], *, seconds: float = 20.0, what: str = "") -> Any:
        """Wait until something is true and return it."""
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            assert time.monotonic() < deadline, f"waited {seconds} s for {what or condition}"
            time.sleep(0.02)
        return value

    def all_processes_end(self, *, seconds: float = 5.0) -> None:
        """Assert that no process of this project is left within the time that the contract grants."""
        deadline = time.monotonic() + seconds
        while left := self.processes():
            assert time.monotonic() < deadline, left
            time.sleep(0.05)

    def end(self) -> None:
        """End whatever a failed test left, so that no other test meets it."""
        for process in self._started:
            process.kill()
            process.communicate()
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


@pytest.fixture
def project(tmp_path: Path) -> Iterator[FaultProject]:
    made = FaultProject(tmp_path / "own")
    yield made
    made.end()


@pytest.fixture(scope="module")
def shared_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultProject]:
    """One project for the tests of a module that only look at what one run left."""
    made = FaultProject(tmp_path_factory.mktemp("shared") / "own")
    yield made
    made.end()
