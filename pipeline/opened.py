"""A project opened: what was read of it, and the rooms that look after it. Decides nothing."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from . import config, layout, lock, owned
from . import graph as graphs
from .code import Sources
from .errors import Problem, UsageError
from .graph import Graph
from .inputs import Inputs
from .layout import Layout
from .lock import Entry
from .model import Artifact, Input, Project
from .pickled import Pickled
from .statcache import StatCache
from .state import State
from .store import Store
from .survey import Survey
from .workspace import Workspace


class OpenProject(NamedTuple):
    layout: Layout
    project: Project
    problems: tuple[Problem, ...]
    """Of pipeline.yaml and the parameters; the caller raises them with its own."""
    complete: bool
    graph: Graph
    state: State
    stats: StatCache
    store: Store
    workspace: Workspace
    survey: Survey
    pickled: Pickled
    lock: Mapping[str, Entry]
    leftovers: Mapping[str, tuple[str, str]]

    def inputs(self, known: Mapping[str, Artifact]) -> Inputs:
        return Inputs(self.graph, self.workspace, self.store, known)

    def feeding_stages(self, declared: Input) -> list[str]:
        """Return the stages that write what an input reads."""
        paths = graphs.feeding(declared, self.graph.writers, self.graph.output_paths)
        return [self.graph.writers[path] for path in paths]

    @property
    def level(self) -> str:
        """The isolation that this machine enforces: found out once for each boot of its kernel."""
        return isolation_of(self.layout, self.state)[0]

    @property
    def unwatched(self) -> str:
        """Why this machine cannot tell what a stage accesses; empty if it can."""
        return watching_of(self.state)

    def prepare(self) -> None:
        """Make ready for writing, and clear what processes that were killed had begun to write."""
        self.store.prepare(self.layout.root)
        owned.clear_abandoned(os.fspath(self.layout.pipe / "tmp"))

    def close(self) -> None:
        self.workspace.close()
        self.store.close()
        self.state.close()


def open_project(root: Path, overrides: Mapping[str, Any] | None = None) -> OpenProject:
    """Open the project at `root`. Raises UsageError for files that cannot be read, StoreError for the store."""
    where = layout.of(root)
    if os.access(where.root, os.W_OK):
        layout.prepare(where)
    return opened_with(where, config.load(where.root, overrides=overrides, compiled=where.compiled))


def opened_with(where: Layout, loaded: config.Loaded) -> OpenProject:
    """Open a project that has been read already. Raises as `open_project` does."""
    graph = graphs.build(loaded.project.stages)
    state = State(where.state)
    stats = StatCache(state, os.fspath(where.root))
    store = Store(where.store, stats)
    entries = lock.read(where.root)
    hidden = set(graph.output_paths)
    workspace = Workspace(where, state, stats, store, hidden=hidden)
    named = {i.path for stage in loaded.project.stages.values() for i in stage.inputs if not i.is_glob}
    left = {p: w for p, w in workspace.leftovers(hidden).items() if p not in named}
    workspace = Workspace(where, state, stats, store, hidden=hidden | left.keys())

    def digest_of(path: str) -> str | None:
        absolute = os.path.join(where.root, path)
        try:
            return stats.digest_of(absolute) if os.path.isfile(absolute) else None
        except OSError:
            return None

    outputs = frozenset(graph.output_paths)
    sources = Sources(where.root, digest_of=digest_of, excluded=lambda path: _is_in(path, outputs))
    survey = Survey(loaded.project, sources, state)
    return OpenProject(
        where,
        loaded.project,
        loaded.problems,
        loaded.complete,
        graph,
        state,
        stats,
        store,
        workspace,
        survey,
        Pickled(workspace, store, state),
        entries,
        left,
    )


def isolation_of(where: Layout, state: State) -> tuple[str, str]:
    """Return the level of isolation, and why it is no stricter one; `PIPE_ISOLATION` names the strictest wanted."""
    from .execute.sandbox import LEVELS

    try:
        level, why = _once_a_boot(state, "level", lambda: _level(where))
    except OSError as error:
        # Nothing can be executed there, so no trace is refused for its level: `status` works all the same.
        level, why = LEVELS[0], f"cannot write in `{error.filename}`: {error.strerror}"
    wanted = os.environ.get("PIPE_ISOLATION", LEVELS[-1])
    if wanted in LEVELS and LEVELS.index(wanted) < LEVELS.index(level):
        return wanted, f"PIPE_ISOLATION={wanted}"
    return level, why


def watching_of(state: State) -> str:
    """Return why this machine cannot tell what a stage accesses; empty if it can."""
    return _once_a_boot(state, "watching", _watching)[0]


def _level(where: Layout) -> list[str]:
    from .execute.folder import base_for
    from .execute.sandbox import probe

    base = base_for(where)
    os.makedirs(base, mode=0o700, exist_ok=True)
    return list(probe.level(base))


def _watching() -> list[str]:
    from .execute.sandbox import probe

    return [probe.watching()]


def _once_a_boot(state: State, what: str, find_out: Callable[[], list[str]]) -> list[str]:
    """Return what is found out about the machine; remembered until its kernel starts anew."""
    from .execute.sandbox import identity

    key = f"machine:{what}:{identity()}"
    known = state.get(key)
    if known is None:
        known = json.dumps(find_out()).encode()
        state.put(key, known)
    found: list[str] = json.loads(known)
    return found


def _is_in(path: str, outputs: frozenset[str]) -> bool:
    while path:
        if path in outputs:
            return True
        path = path.rpartition("/")[0]
    return False


def expand_targets(opened: OpenProject, targets: tuple[str, ...]) -> frozenset[str]:
    """Return the stages that targets name: a stage, an instance, a glob of them, or an artifact's path."""
    from . import pattern

    stages = opened.project.stages
    if not targets:
        return frozenset(stages)
    found: set[str] = set()
    for target in targets:
        path = os.path.normpath(target)
        names = {n for n, s in stages.items() if target in (n, s.base)}
        names = names or {n for n in stages if "/" not in target and pattern.matches(target, n)}
        if not names and path in opened.graph.writers:
            names = {opened.graph.writers[path]}
        if not names:
            names = {opened.graph.writers[p] for p in graphs.inside(path, opened.graph.output_paths)}
        if not names:
            raise UsageError(_unknown_target(opened, target))
        found |= names
    return frozenset(found)


def _unknown_target(opened: OpenProject, target: str) -> Problem:
    known = [
        *opened.project.stages,
        *{s.base for s in opened.project.stages.values()},
        *opened.graph.output_paths,
    ]
    near = config.suggest(target, known)
    help_text = f"did you mean `{near}`?" if near else "`pipe graph` shows the stages and what they write"
    return Problem(f"no stage and no output is called `{target}`", help=help_text)
