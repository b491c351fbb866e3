"""Throw-away projects: writes their files, and drives the real engine in this process or as the installed command."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from types import TracebackType
from typing import Any

from pipeline.events import Silent
from pipeline.model import RunResult
from pipeline.run import RunOptions, run
from pipeline.status import StatusResult, status
from tests.warm import warm

PIPE = os.path.join(os.path.dirname(sys.executable), "pipe")

SETTINGS = ("PIPE_STORE", "PIPE_LINK", "PIPE_TRUST")
"""Variables by which a user changes what `pipe` does."""


class Project:
    """A folder with a pipeline. As a context it hides the user's settings; it removes nothing."""

    def __init__(self, root: Path, *, store: Path | None = None) -> None:
        self.root = root
        self.store = store or root / ".pipe" / "store"
        self._shared = store is not None
        self._settings: dict[str, str] = {}
        root.mkdir(parents=True, exist_ok=True)
        warm(root)

    def __enter__(self) -> "Project":
        self._settings = {name: os.environ.pop(name) for name in SETTINGS if name in os.environ}
        if self._shared:
            os.environ["PIPE_STORE"] = os.fspath(self.store)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.environ.pop("PIPE_STORE", None)
        os.environ.update(self._settings)

    def write(self, path: str, content: str | bytes, *, executable: bool = False) -> Path:
        """Write a file; text is without the indentation that it has in a test."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else dedent(content).encode())
        target.chmod(0o755 if executable else 0o644)
        return target

    def pipeline(
        self, stages: Mapping[str, Mapping[str, Any]], *, params: Mapping[str, Any] | None = None, **top: Any
    ) -> None:
        """Write pipeline.yaml, and params.yaml if there are parameters. JSON is YAML, so nothing needs quoting."""
        whole = {"version": 1, **({"params": "params.yaml"} if params is not None else {}), **top}
        self.write("pipeline.yaml", json.dumps({**whole, "stages": stages}, indent=1).encode())
        if params is not None:
            self.write("params.yaml", json.dumps(params, indent=1).encode())

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def run(self, *targets: str, **options: Any) -> RunResult:
        """Run in this process."""
        return run(self.root, RunOptions(targets=targets, **options), Silent())

    def outcomes(self, *targets: str, **options: Any) -> dict[str, str]:
        """Run in this process; returns the outcome of each stage."""
        return {name: stage.outcome for name, stage in self.run(*targets, **options).stages.items()}

    def status(self, *targets: str, **options: Any) -> StatusResult:
        return status(self.root, targets, **options)

    def verdicts(self, *targets: str, **options: Any) -> dict[str, str]:
        decided = self.status(*targets, **options).decisions
        return {name: decision.verdict for name, decision in decided.items()}

    def pipe(
        self, *arguments: str, env: Mapping[str, str] | None = None, code: int | None = 0
    ) -> "subprocess.CompletedProcess[str]":
        """Run the installed command. `code` is the exit code that is asserted; None is any."""
        done = subprocess.run(
            [PIPE, *arguments],
            cwd=self.root,
            env=self.environment(env),
            capture_output=True,
            text=True,
            check=False,
        )
        assert code is None or done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done

    def json(self, *arguments: str, env: Mapping[str, str] | None = None, code: int | None = 0) -> Any:
        """Run the installed command with `--json`; returns what it said."""
        return json.loads(self.pipe(*arguments, "--json", env=env, code=code).stdout)

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the variables that `pipe` is started with."""
        own = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        own |= {"PIPE_STORE": os.fspath(self.store)} if self._shared else {}
        return own | dict(more or {})


def tree(root: Path, paths: Sequence[str]) -> dict[str, tuple[bytes, bool]]:
    """Return the bytes and the executable bit of every file at or below the paths that exist."""
    found = {}
    for path in paths:
        top = root / path
        files = sorted(top.rglob("*")) if top.is_dir() else [top]
        for file in files:
            if file.is_file():
                inside = file.relative_to(root).as_posix()
                found[inside] = (file.read_bytes(), bool(file.stat().st_mode & 0o100))
    return found
