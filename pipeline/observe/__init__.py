"""`pipe run --observe`: runs stages as they are, and says what their declarations lack. Records nothing."""

import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .. import config, durable, owned
from .. import graph as graphs
from ..check import check, target_scope
from ..errors import PipeError, usage
from ..execute import constants, processes
from ..execute.folder import WorkFolder, base_for
from ..layout import Layout
from ..opened import OpenProject, expand_targets, open_project
from ..workspace.ignore import Ignore
from . import merge
from .process import in_a_process
from .session import Plan, Setting


class ObservedStage(NamedTuple):
    """What one stage showed. `error` is None if it ran to its end; otherwise nothing is inferred from it."""

    name: str
    error: str | None
    wall_seconds: float
    tail: tuple[str, ...]
    plain: Mapping[str, Any]
    """What it lacks: `missing` and `unused`."""
    notes: tuple[str, ...]


class Observed(NamedTuple):
    stages: Mapping[str, ObservedStage]
    patch: str
    """A unified diff of pipeline.yaml; empty if it lacks nothing."""
    is_written: bool
    notes: tuple[str, ...]
    """On all stages: what could not be seen, and what the changed file would still lack."""

    @property
    def ok(self) -> bool:
        return all(stage.error is None for stage in self.stages.values())


def observe(
    root: Path,
    targets: tuple[str, ...],
    overrides: Mapping[str, Any],
    *,
    write: bool,
    tell: Callable[[str, int, int], None],
) -> Observed:
    """Run the targets and all that they need in a shadow of the project, and say what pipeline.yaml lacks.

    Args:
        root: The folder of pipeline.yaml.
        targets: Stages and paths; all stages without.
        overrides: Parameters to be changed, by dotted name.
        write: Whether pipeline.yaml is changed.
        tell: Hears the name of each stage that begins, its number, and how many there are; 0 of one tried again.

    Raises UsageError for what is wrong with pipeline.yaml besides what it lacks, StoreError for a full disk,
    Interrupted at a signal.
    """
    opened = open_project(root, overrides)
    try:
        before = _text(opened.layout)
        plans = _plans(opened, targets)
        setting_for = _setting_for(opened)
        ignored = Ignore(os.fspath(opened.layout.root))
        base = _base(opened.layout)
    finally:
        opened.close()
    os.makedirs(base, mode=0o700, exist_ok=True)
    owned.clear_abandoned(base)
    folder = WorkFolder.make(base, "observe")
    processes.adopt_orphans()
    try:
        found = in_a_process(setting_for(folder.path), plans, ignored, tell)
    finally:
        processes.end_orphans(set())
        folder.remove()
    return _finished(opened, before, found, write=write)


def _plans(opened: OpenProject, targets: tuple[str, ...]) -> list[Plan]:
    """Return the stages to run, in the order of the graph; what a declaration only lacks is no reason to stop."""
    stages = opened.project.stages
    named = expand_targets(opened, targets) if not opened.problems else frozenset(stages)
    scope = target_scope(opened, named)
    check(opened, scope, inputs=False)
    plans = []
    for name in scope:
        stage = stages[name]
        surveyed = opened.survey.of(stage)
        if not stage.frozen:
            code = tuple(surveyed.code.files)
            plans.append(Plan(stage, code, surveyed.modules, surveyed.parameters, surveyed.annotations))
    return plans


def _setting_for(opened: OpenProject) -> Callable[[str], Setting]:
    wanted = os.environ.get("PIPE_ISOLATION")
    unwatched = opened.unwatched or ("PIPE_ISOLATION=L0" if wanted == "L0" else "")
    layout, roots = opened.layout, opened.project.pythonpath
    python = constants.python_beside(layout)
    params_path = opened.project.params_path or "params.yaml"
    is_overlay = opened.level == "L2"

    def setting(folder: str) -> Setting:
        return Setting(os.fspath(layout.root), folder, roots, python, params_path, unwatched, is_overlay)

    return setting


def _base(layout: Layout) -> str:
    """Return where shadows lie: outside of the project, whatever disk that is."""
    base = base_for(layout)
    root = os.path.realpath(layout.root)
    if not base.startswith(root + "/"):
        return base
    return os.path.realpath(os.path.join(tempfile.gettempdir(), f"pipe-{os.getuid()}"))


def _text(layout: Layout) -> str:
    return (layout.root / "pipeline.yaml").read_bytes().decode("utf-8")


def _finished(opened: OpenProject, before: str, found: Mapping[str, Any], *, write: bool) -> Observed:
    root = opened.layout.root
    changes = {base: merge.change(values) for base, values in found["changes"].items()}
    new, difference, by_hand = merge.patched(before, changes)
    notes = [*found["notes"], *by_hand, *_notes_on(opened, new)]
    if write and difference:
        if _text(opened.layout) != before:
            raise usage("`pipeline.yaml` was changed while the stages ran", help="observe them again")
        path = os.path.realpath(root / "pipeline.yaml")
        durable.write_file(path, new.encode(), mode=stat.S_IMODE(os.stat(path).st_mode))
    order = {name: place for place, name in enumerate(opened.project.stages)}
    stages = {
        name: ObservedStage(
            name, one["error"], one["wall_seconds"], tuple(one["tail"]), one["plain"], tuple(one["notes"])
        )
        for name, one in sorted(found["stages"].items(), key=lambda item: order[item[0]])
    }
    return Observed(stages, difference, write and bool(difference), tuple(notes))


def _notes_on(opened: OpenProject, new: str) -> list[str]:
    """Return what would be wrong with the changed pipeline.yaml: stages that need each other, for one."""
    with tempfile.TemporaryDirectory(prefix="pipe-observe-") as folder:
        for name in {opened.project.params_path} - {None}:
            target = Path(folder) / str(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((opened.layout.root / str(name)).read_bytes())
        (Path(folder) / "pipeline.yaml").write_text(new, encoding="utf-8", newline="")
        try:
            loaded = config.load(Path(folder))
        except PipeError as error:
            return [problem.text for problem in error.problems]
    faults = graphs.build(loaded.project.stages).faults
    return [*(problem.text for problem in loaded.problems), *(f"{f.text}: {f.help}" for f in faults)]
