"""The nouns that all rooms share, as plain values. Imports nothing of ours and does nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

Verdict: TypeAlias = Literal["fresh", "cached", "stale", "waiting"]
Outcome: TypeAlias = Literal["fresh", "restored", "executed", "failed", "blocked", "cancelled"]
Cause: TypeAlias = Literal[
    "never-run",
    "code",
    "param",
    "input",
    "input-missing",
    "environment",
    "command",
    "declaration",
    "output-missing",
    "output-modified",
    "forced",
    "waiting",
]
Kind: TypeAlias = Literal["file", "exec", "tree"]
"""What an artifact is: a file, a file with its executable bit set, or a folder."""


class Artifact(NamedTuple):
    """The bytes of one artifact, by name. `digest` is of the file's content or of the folder's manifest."""

    kind: Kind
    digest: str
    size_bytes: int


class Input(NamedTuple):
    """One declared input. `path` is relative to the project, with `/`; with `is_glob` it is a pattern."""

    name: str
    path: str
    is_glob: bool = False
    store: bool = True
    digest: str | None = None


class Output(NamedTuple):
    """One declared output or metric. `compare` is None, "consumers", or the tolerances of `verify`.

    `better` says by dotted name inside a metric whether it should be `higher` or `lower`.
    """

    name: str
    path: str
    is_metric: bool = False
    compare: Mapping[str, float] | str | None = None
    better: Mapping[str, str] = {}


class Resources(NamedTuple):
    cpus: int = 1
    memory_bytes: int | None = None
    gpus: int = 0


class Stage(NamedTuple):
    """One stage as declared, after `matrix`, `defaults` and `${...}` of parameters and matrix values.

    Exactly one of `run` and `cmd` is set. `cmd` still holds `${inputs.X}`, `${outputs.X}`, `${params.X}`,
    `${scratch.X}` and `$${`; so may the values of `env`. A text is for bash, a tuple is a program and its
    arguments. Paths are relative to the project, normalised, with `/`.
    """

    name: str
    base: str
    """The name in pipeline.yaml, before `matrix`."""
    run: str | None
    cmd: str | tuple[str, ...] | None
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    """Outputs, then metrics, each in declared order."""
    params: Mapping[str, Any] = {}
    params_file: Mapping[str, Any] | None = None
    """For a `cmd` stage that lists its parameters: what its private parameters' file holds."""
    after: tuple[str, ...] = ()
    """Instance names."""
    env: tuple[tuple[str, str | None], ...] = ()
    """Sorted by name; None passes the variable of the caller's environment."""
    secrets: tuple[str, ...] = ()
    """Names of variables, and files of the user's home, which begin with `~/`."""
    scratch: tuple[tuple[str, str], ...] = ()
    """Name and path."""
    network: bool = False
    sandbox: str = "strict"
    resources: Resources = Resources()
    timeout_seconds: float | None = None
    retries: int = 0
    tools: tuple[str, ...] = ()
    always: bool = False
    frozen: bool = False
    doc: str = ""
    matrix: Mapping[str, Any] = {}
    """The instance's own value on each axis."""


class Project(NamedTuple):
    """A pipeline.yaml with its parameters, read whole."""

    root: Path
    stages: Mapping[str, Stage]
    """By instance name, in declared order."""
    pythonpath: tuple[str, ...]
    """The import roots, relative to the project ("." is the project itself), first one first."""
    params: Mapping[str, Any]
    params_path: str | None
    """The parameters' file, relative to the project; None if they stand in pipeline.yaml or there are none."""


class Reason(NamedTuple):
    """Why a stage is not fresh. `text` says it whole, with old and new where there are any."""

    cause: Cause
    subject: str
    text: str
    old: str | None = None
    new: str | None = None


class Decision(NamedTuple):
    """What is to be done about a stage. `reasons` is empty only for an ordinary fresh stage."""

    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    key: str | None = None
    """None as long as an input is not known."""


class Produced(NamedTuple):
    """One output of an action, as it came out."""

    path: str
    artifact: Artifact


class StageResult(NamedTuple):
    """What became of one stage in a run."""

    name: str
    outcome: str
    key: str | None = None
    reasons: tuple[Reason, ...] = ()
    wall_seconds: float = 0.0
    outputs: Mapping[str, Produced] = {}
    error: str | None = None
    same_output: bool = False
    """It executed, and every output came out with the bytes that it had before."""
    started_seconds: float | None = None
    """After the run's start; None if nothing had to be done for it."""


class RunResult(NamedTuple):
    """One invocation of `pipe run`. `stages` is in the order of the graph."""

    run: str
    """`YYYYMMDDThhmmss` in UTC, with `-2`, `-3` … where a second has several."""
    ok: bool
    wall_seconds: float
    stages: Mapping[str, StageResult]
    ends: tuple[str, ...] = ()
    """The stages whose outputs no other stage of this run reads: where the results are."""
