"""What a page is about: one run with all that the records say of it, as plain values. Reads nothing."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..history import RunRecord
from ..model import Reason

WORST = ("failed", "blocked", "cancelled", "executed", "restored", "fresh")
"""Outcomes in the order in which a reader must know of them."""


class Given(NamedTuple):
    """One input. A glob has `files`, by path; all else has a digest. None for what no record says."""

    name: str
    path: str
    kind: str
    digest: str | None = None
    size_bytes: int | None = None
    files: tuple[str, ...] = ()
    loader: str = ""


class Made(NamedTuple):
    """One output."""

    name: str
    path: str
    kind: str
    digest: str
    size_bytes: int
    is_metric: bool = False
    is_end: bool = False
    """No other stage of the run reads it."""


class Environment(NamedTuple):
    """Interpreter, platform and packages that a stage ran with; the same value for all that share them."""

    platform: tuple[tuple[str, str], ...]
    packages: tuple[tuple[str, str], ...]


class Execution(NamedTuple):
    """The execution that gave a stage's result, be it in this run or before."""

    recorded: str
    level: str
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    processor: str = ""


class Surroundings(NamedTuple):
    """What else was fixed for the stage. Secrets are known by name alone."""

    variables: Mapping[str, str | None] = {}
    secrets: tuple[str, ...] = ()
    tools: Mapping[str, str] = {}
    cpus: int = 1
    gpus: int = 0
    network: bool = False


class Told(NamedTuple):
    """One stage of the run."""

    name: str
    base: str
    doc: str
    outcome: str
    reasons: tuple[Reason, ...]
    wall_seconds: float
    started_seconds: float | None
    needs: tuple[str, ...]
    params: Mapping[str, Any]
    metrics: Mapping[str, Any]
    outputs: tuple[Made, ...]
    better: Mapping[str, str] = {}
    """Which way its metrics get better, by dotted name from the output's name on."""
    error: str | None = None
    log: tuple[str, ...] = ()
    """The log's end, of a stage that failed."""
    leftovers: tuple[str, ...] = ()
    """What a failure left behind: folders, relative to the project."""
    key: str | None = None
    command: str = ""
    is_shell: bool = False
    inputs: tuple[Given, ...] = ()
    source: Mapping[str, tuple[str, str]] = {}
    """Path -> the file's digest, and the digest of what was imported of it."""
    environment: Environment | None = None
    execution: Execution | None = None
    around: Surroundings = Surroundings()
    grade: str = ""
    differs_with: tuple[str, ...] = ()
    """Hidden variables on which its result is known to depend."""

    @property
    def instance(self) -> str:
        """What its name says beyond the stage's own; the name itself if that is all."""
        return self.name.partition("@")[2] or self.name


class Change(NamedTuple):
    """One thing that differs from the run before, and the stages for which it does."""

    kind: str
    """`param`, `code`, `input`, `package`, `declaration`."""
    text: str
    stages: tuple[str, ...]
    diff: str | None = None


class Changes(NamedTuple):
    """What differs from an earlier run; `moved` are the outputs with other bytes, by path."""

    before: str
    found: tuple[Change, ...] = ()
    new_stages: tuple[str, ...] = ()
    gone_stages: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    same_outputs: int = 0


class Subject(NamedTuple):
    """A run, what it is compared with, and the metrics of the runs before it, oldest first."""

    project: str
    record: RunRecord
    stages: Mapping[str, Told]
    changes: Changes | None
    past: tuple[RunRecord, ...]
    """Earlier runs and this one, oldest first: for what metrics were."""
