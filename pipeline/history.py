"""The record of each run, one file under `.pipe/runs/RUN/`. Knows nothing of how a run is made or shown.

A run's folder is made when it begins and holds the logs of what it executed; `run.json` is written whole
when it ends. A folder without one belongs to a run that goes on, or that was killed.
"""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from . import __version__, durable, tags
from .errors import usage
from .model import Produced, Reason, RunResult

_RECORD = "run.json"
_PROCESS = "pid"


class StageRecord(NamedTuple):
    """What became of one stage, with what it was given."""

    outcome: str
    key: str | None
    reasons: tuple[Reason, ...]
    wall_seconds: float
    outputs: Mapping[str, Mapping[str, Any]]
    """By output name: `path`, `kind`, `digest`, `size_bytes`, and `metric` of what is one."""
    error: str | None = None
    params: Mapping[str, Any] = {}
    metrics: Mapping[str, Any] = {}
    """What the stage's small metrics files held, by output name."""
    better: Mapping[str, str] = {}
    """Which of its metrics should be `higher` and which `lower`, by dotted name from the output's name on."""
    started_seconds: float | None = None
    """After the run's start; None if nothing had to be done, and in the record of an older `pipe`."""
    needs: tuple[str, ...] = ()
    """The stages that it reads or comes after."""


class RunRecord(NamedTuple):
    """One run, whole. `stages` is in the order of the graph; it lacks nothing that `pipe show` prints."""

    run: str
    started: str
    """UTC, ISO 8601, to the second."""
    ok: bool
    wall_seconds: float
    pipe: str
    """The version of `pipe`."""
    targets: tuple[str, ...] = ()
    overrides: Mapping[str, Any] = {}
    flags: tuple[str, ...] = ()
    """The options that were set, as written: `--force`."""
    git_commit: str | None = None
    stages: Mapping[str, StageRecord] = {}
    parameters: Mapping[str, Any] = {}
    """The project's parameters, as the run had them, by dotted name."""
    sweep: str | None = None
    """The name of the first run of the sweep that it belongs to."""
    docs: Mapping[str, str] = {}
    """What pipeline.yaml said, by the stage's name there; by an instance's where it says something else of it."""


class Facts(NamedTuple):
    """What is recorded of a run besides its results, by stage but for what concerns all of them."""

    targets: Sequence[str]
    overrides: Mapping[str, Any]
    flags: Sequence[str]
    params: Mapping[str, Mapping[str, Any]]
    metrics: Mapping[str, Mapping[str, Any]]
    git_commit: str | None
    better: Mapping[str, Mapping[str, str]] = {}
    parameters: Mapping[str, Any] = {}
    sweep: str | None = None
    needs: Mapping[str, tuple[str, ...]] = {}
    docs: Mapping[str, str] = {}
    measures: Mapping[str, frozenset[str]] = {}
    """Which outputs are metrics."""


def record_of(result: RunResult, facts: Facts, *, started: float) -> RunRecord:
    """Put together the record of a run that has ended; `started` is in seconds since 1970."""
    stages = {}
    for name, stage in result.stages.items():
        measured = facts.measures.get(name, frozenset())
        outputs = {output: _output(made, output in measured) for output, made in stage.outputs.items()}
        stages[name] = StageRecord(
            stage.outcome,
            stage.key,
            stage.reasons,
            round(stage.wall_seconds, 6),
            outputs,
            stage.error,
            facts.params.get(name, {}),
            facts.metrics.get(name, {}),
            facts.better.get(name, {}),
            None if stage.started_seconds is None else round(stage.started_seconds, 6),
            facts.needs.get(name, ()),
        )
    return RunRecord(
        run=result.run,
        started=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        ok=result.ok,
        wall_seconds=round(result.wall_seconds, 6),
        pipe=__version__,
        targets=tuple(facts.targets),
        overrides=facts.overrides,
        flags=tuple(facts.flags),
        git_commit=facts.git_commit,
        stages=stages,
        parameters=facts.parameters,
        sweep=facts.sweep,
        docs=facts.docs,
    )


def _output(made: Produced, is_metric: bool) -> dict[str, Any]:
    kind, digest, size_bytes = made.artifact
    plain = {"path": made.path, "kind": kind, "digest": digest, "size_bytes": size_bytes}
    return {**plain, "metric": True} if is_metric else plain


def new_run_id(pipe_dir: str | os.PathLike[str], now: float) -> str:
    """Name a run by its time, in seconds since 1970, and make its folder, which no other run then has.

    Raises StoreError for a disk that refuses.
    """
    base = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now))
    folder = os.path.join(pipe_dir, "runs")
    try:
        os.makedirs(folder, exist_ok=True)
        run = _take_name(folder, base)
    except OSError as error:
        raise durable.disk_refused(error, folder) from error
    durable.write_file(os.path.join(folder, run, _PROCESS), str(os.getpid()).encode(), sync=False)
    return run


def write(pipe_dir: str | os.PathLike[str], record: RunRecord) -> None:
    """Write a run's record, whole or not at all. Raises StoreError for a disk that refuses."""
    data = json.dumps(as_plain(record), separators=(",", ":")).encode("ascii")
    durable.write_file(os.path.join(pipe_dir, "runs", record.run, _RECORD), data)


def list_runs(pipe_dir: str | os.PathLike[str], note: Callable[[str], None] | None = None) -> list[RunRecord]:
    """Return the records of all runs that ended, newest first. `note` hears of damaged ones."""
    records = []
    for run in run_ids(pipe_dir):
        try:
            records.append(load(pipe_dir, run))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            if note is not None:
                note(f"the record of run {run} is damaged and was left out: {error}")
    return records


def load(pipe_dir: str | os.PathLike[str], run: str) -> RunRecord:
    """Return the record of the run with exactly this name.

    Raises FileNotFoundError if it has none, ValueError for one that cannot be read.
    """
    with open(os.path.join(pipe_dir, "runs", run, _RECORD), encoding="utf-8") as file:
        found = json.load(file)
    try:
        if found.pop("version") != 1:
            raise ValueError("it was written by a newer pipe")
        stages = {name: _stage(stage) for name, stage in found.pop("stages").items()}
        record = RunRecord(**{**found, "stages": stages})
        return record._replace(targets=tuple(record.targets), flags=tuple(record.flags))
    except (TypeError, AttributeError, KeyError) as error:
        raise ValueError(f"it does not have the form of a record ({error})") from None


def has_record(pipe_dir: str | os.PathLike[str], run: str) -> bool:
    """Say whether the run with exactly this name has ended and is recorded."""
    return os.path.exists(os.path.join(pipe_dir, "runs", run, _RECORD))


def damage_of(pipe_dir: str | os.PathLike[str], run: str) -> str:
    """Return why the record of a run cannot be read; empty if it can, or if there is none."""
    try:
        load(pipe_dir, run)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, RecursionError) as error:
        return str(error)
    return ""


def damaged_records(pipe_dir: str | os.PathLike[str]) -> dict[str, str]:
    """Return the runs whose record cannot be read, and why."""
    return {run: why for run in run_ids(pipe_dir) if (why := damage_of(pipe_dir, run))}


def put_aside(pipe_dir: str | os.PathLike[str], run: str) -> None:
    """Take a damaged record out of the way, and keep it. Raises OSError."""
    record = os.path.join(pipe_dir, "runs", run, _RECORD)
    os.rename(record, f"{record}.damaged.{os.urandom(3).hex()}")


def read(pipe_dir: str | os.PathLike[str], run: str) -> RunRecord:
    """Return one run's record. `run` is its whole name, the beginning of one alone, a tag, or `last`.

    Raises UsageError if there is none, or several, and if the record is damaged.
    """
    known = [name for name in run_ids(pipe_dir) if has_record(pipe_dir, name)]
    if not known:
        raise usage("there is no recorded run yet", help="`pipe run` makes one")
    tagged = tags.of(pipe_dir, run)
    if tagged is not None and tagged not in known:
        raise usage(
            f"`{run}` names run `{tagged}`, of which there is no record", help=f"`pipe show --untag {run}`"
        )
    name = tagged or (known[0] if run == "last" else _match(run, known))
    try:
        return load(pipe_dir, name)
    except (OSError, ValueError) as error:
        help_text = "`pipe runs` lists those that can be read"
        raise usage(f"the record of run `{name}` is damaged: {error}", help=help_text) from None


def is_name(pipe_dir: str | os.PathLike[str], run: str) -> bool:
    """Say whether something names a run, or several: `last`, a tag, a name or the beginning of one."""
    if not run:
        return False
    return (
        run == "last"
        or tags.of(pipe_dir, run) is not None
        or any(n.startswith(run) for n in run_ids(pipe_dir))
    )


def run_ids(pipe_dir: str | os.PathLike[str]) -> list[str]:
    """Return the names of all runs that have a folder, newest first."""
    try:
        names = os.listdir(os.path.join(pipe_dir, "runs"))
    except OSError:
        return []
    return sorted((name for name in names if name[:1].isdigit()), key=_order, reverse=True)


def is_under_way(pipe_dir: str | os.PathLike[str], run: str) -> bool:
    """Say whether a run has not ended, as far as this machine can tell: no record, and its process lives."""
    folder = os.path.join(pipe_dir, "runs", run)
    if has_record(pipe_dir, run):
        return False
    try:
        with open(os.path.join(folder, _PROCESS)) as file:
            os.kill(int(file.read()), 0)
    except PermissionError:
        return True  # it lives, and belongs to somebody else
    except (OSError, ValueError):
        return False
    return True


def as_plain(record: RunRecord) -> dict[str, Any]:
    """Return a record as JSON has it."""
    stages = {}
    for name, stage in record.stages.items():
        reasons = [reason._asdict() for reason in stage.reasons]
        stages[name] = {**stage._asdict(), "reasons": reasons}
    return {"version": 1, **record._asdict(), "stages": stages}


def git_commit(root: str | os.PathLike[str]) -> str | None:
    """Return the commit that is checked out in `root` or above it; None if that cannot be read cheaply."""
    folder = os.path.abspath(root)
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    try:
        return _head(os.path.join(folder, ".git"))
    except (OSError, ValueError):
        return None


def _take_name(folder: str, base: str) -> str:
    count = 1
    while True:
        run = base if count == 1 else f"{base}-{count}"
        try:
            os.mkdir(os.path.join(folder, run))  # fails if another run has it: a name is taken by one alone
            return run
        except FileExistsError:
            count += 1


def _head(git: str) -> str | None:
    if os.path.isfile(git):  # a worktree or a submodule: the file says where the folder is
        git = os.path.join(os.path.dirname(git), _line(git).removeprefix("gitdir: "))
    head = _line(os.path.join(git, "HEAD"))
    if not head.startswith("ref: "):
        return head or None
    name = head.removeprefix("ref: ")
    shared = git
    if os.path.exists(os.path.join(git, "commondir")):
        shared = os.path.join(git, _line(os.path.join(git, "commondir")))
    for folder in (git, shared):
        if os.path.exists(os.path.join(folder, name)):
            return _line(os.path.join(folder, name))
    with open(os.path.join(shared, "packed-refs"), encoding="utf-8") as file:
        return next((line.split()[0] for line in file if line.rstrip().endswith(f" {name}")), None)


def _line(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.readline().strip()


def _stage(found: dict[str, Any]) -> StageRecord:
    reasons = tuple(Reason(**reason) for reason in found.pop("reasons"))
    return StageRecord(**{**found, "reasons": reasons, "needs": tuple(found.get("needs", ()))})


def _match(run: str, known: Sequence[str]) -> str:
    if run in known:
        return run
    found = [name for name in known if run and name.startswith(run)]
    if len(found) == 1:
        return found[0]
    if found:
        raise usage(
            f"`{run}` is the beginning of {len(found)} runs", help="give more of it: " + ", ".join(found[:5])
        )
    import difflib

    near = difflib.get_close_matches(run, [*known, "last"], n=1)
    help_text = (
        f"did you mean `{near[0]}`?" if near else f"the last one is `{known[0]}`; `pipe runs` lists all"
    )
    raise usage(f"there is no run `{run}`", help=help_text)


def _order(run: str) -> str:
    base, dash, count = run.partition("-")
    return f"{base}-{count.zfill(9)}" if dash else run
