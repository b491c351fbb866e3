"""One stage by hand: its folder, its environment, the terminal. Records nothing."""

import os
import subprocess
from pathlib import Path

from . import status
from .check import check, target_scope
from .errors import StageFailed, usage
from .events import Listener
from .execute.folder import WorkFolder
from .execute.local import LocalExecutor, Order
from .model import RunResult, StageResult
from .opened import OpenProject, expand_targets, open_project
from .perform import Performer
from .scheduler import Room
from .walk import Walk


def debug(opened: OpenProject, named: frozenset[str], listener: Listener) -> RunResult:
    """Run one stage in its own folder with the terminal attached: no timeout, nothing recorded.

    Raises UsageError for several stages, StageFailed if what the stage needs is not there yet.
    """
    if len(named) != 1:
        raise usage("--debug takes exactly one stage", help="name it: `pipe run --debug STAGE`")
    name = next(iter(named))
    executor, order = _prepare(opened, name)
    try:
        listener.started(name, None)
        ran = executor.execute(order, lambda: False)
        ran.folder.remove()
        error = ran.failure.cause or ran.failure.text if ran.failure else None
        outcome = "failed" if error else "executed"
        listener.notice("nothing of it was recorded")
        result = StageResult(name, outcome, order.key, (), ran.wall_seconds, {}, error)
        return RunResult("", error is None, ran.wall_seconds, {name: result}, (name,))
    finally:
        executor.close()


def shell(root: Path, stage: str) -> int:
    """Open a shell in the folder of the stage's last failure, or a fresh one; returns the shell's exit code."""
    opened = open_project(root)
    try:
        named = expand_targets(opened, (stage,)) if not opened.problems else frozenset(opened.project.stages)
        check(opened, target_scope(opened, named))
        if len(named) != 1:
            raise usage(f"`{stage}` names {len(named)} stages", help="name one of them")
        name = next(iter(named))
        kept = opened.layout.failed / name
        executor, order = _prepare(opened, name)
        try:
            folder = WorkFolder(os.fspath(kept)) if kept.exists() else executor.prepare(order)
            environment = executor.environment(order, folder) | {"PS1": f"{name}$ "}
            environment |= {"TERM": os.environ.get("TERM", "dumb")}
            ran = subprocess.run(
                ["bash", "--norc", "--noprofile"], cwd=folder.project, env=environment, check=False
            )
            if not kept.exists():
                folder.remove()
            return ran.returncode
        finally:
            executor.close()
    finally:
        opened.close()


def _prepare(opened: OpenProject, name: str) -> tuple[LocalExecutor, Order]:
    opened.prepare()
    walk = Walk(opened, status.settings_of(forced=frozenset((name,))))
    for each in target_scope(opened, frozenset((name,))):
        decision = walk.decide(each)
        outputs = walk.outputs_of(each, decision)
        if outputs is not None:
            walk.settle(each, outputs)
        elif each != name:
            raise StageFailed(
                f"stage `{name}` needs `{each}`, which is not up to date: `pipe run {each}` first"
            )
    performer = Performer(
        opened, walk, "debug", waiting_for=lambda *_: None, started=lambda _: None, cancelled=lambda: False
    )
    performer.open()
    assert performer.executor is not None
    order = performer.order(
        opened.project.stages[name], walk.fixed[name], Room(((), (), 1, 0)), terminal=True
    )
    return performer.executor, order
