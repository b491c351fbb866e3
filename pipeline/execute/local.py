"""Executes one action on this machine: folder, child process, limits, log. Records nothing."""

import json
import os
import socket
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from .. import command, digest, owned
from ..action import Recipe
from ..binding import Parameter
from ..code import Memo
from ..environment import editable_places
from ..layout import Layout
from ..model import Artifact, Stage
from ..store import Store
from ..workspace import Placer
from . import constants, log, processes, secret_files
from .child_failure import ChildFailure, failure_of
from .folder import WorkFolder, base_for
from .limits import Limits, wait
from .sandbox import isolation, kernel, namespaces, view, whole
from .sandbox.isolation import ForServer, ForStage
from .sandbox.watch import Access
from .servers import AT_MOST, Server, Servers, Wanted
from .world import AS_USUAL, World

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Order(NamedTuple):
    """Everything that one execution needs."""

    stage: Stage
    key: str
    recipe: Recipe
    inputs: Mapping[str, Artifact | str]
    """By path: an artifact of the store, or the absolute path of an input that is not stored."""
    source: Mapping[str, str]
    """What the stage imports, by path: of each file what it reaches."""
    roots: tuple[str, ...]
    modules: tuple[str, ...]
    """Top-level names of the project's modules."""
    parameters: tuple[Parameter, ...] | None
    preload: tuple[str, ...]
    secrets: Mapping[str, str]
    processors: tuple[int, ...]
    gpus: tuple[int, ...]
    log: str
    params_path: str
    """Where a `cmd` stage that lists its parameters finds them."""
    keeps_scratch: bool
    """It is given what an earlier attempt left in its scratch paths, and its own is kept if it fails."""
    terminal: bool = False
    left_out: Mapping[str, Mapping[str, int]] = {}
    """By path the names that `source` lacks, with their lines."""
    world: World = AS_USUAL
    watched: bool = False
    """Every path that it and its descendants ask for is reported, where the machine can tell."""


class Ran(NamedTuple):
    """One attempt. The folder is the caller's to capture, keep or remove."""

    folder: WorkFolder
    failure: ChildFailure | None
    wall_seconds: float
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0
    left_behind: int = 0
    accesses: tuple[Access, ...] | None = None
    """What it asked for, each path and kind once, in order; None if nobody listened."""
    heard_by: str = ""
    """"kernel": it was watched, and nothing was missed; "python": only what Python itself opened was heard."""


class LocalExecutor:
    """Usable from several threads at once; `close` ends its servers."""

    def __init__(
        self,
        layout: Layout,
        store: Store,
        level: str,
        memo: Memo,
        *,
        unwatched: Callable[[], str],
        servers: int = AT_MOST,
    ) -> None:
        self._layout = layout
        self._root = os.path.realpath(layout.root)
        self._base = base_for(layout)
        owned.clear_abandoned(self._base)
        self._temporaries = owned.Temporaries(self._base)
        self._placer = Placer(store, self._temporaries)
        self._python = constants.python_beside(layout)
        self.level = level
        self._unwatched = unwatched
        # Landlock cannot let a folder be listed without all that is in it.
        editable = editable_places(memo, root=layout.root, whole=level == "L1")
        self._plan = ForServer(
            level,
            self._base,
            tuple(view.readable(_PACKAGE, [self._python, *editable], project=os.fspath(layout.root))),
            tuple(view.devices(gpus=True)),
            os.fspath(layout.pipe / "home"),
        )
        self._servers = Servers(servers)
        processes.adopt_orphans()

    @property
    def unwatched(self) -> str:
        """Why this machine cannot tell what a stage asks for; empty if it can. Asked only where it matters."""
        return self._unwatched()

    def execute(self, order: Order, cancelled: Callable[[], bool]) -> Ran:
        """Run an action in a fresh folder and wait for its end, or end it when `cancelled` says so."""
        folder = self.prepare(order)
        masking = None
        if order.stage.secrets and not order.terminal:
            from .mask import Masking, of_file

            hidden = [text for path in secret_files.of(order.stage).values() for text in of_file(path)]
            masking = Masking(f"{folder.path}/log", order.log, [*order.secrets.values(), *hidden])
        started = time.monotonic()
        try:
            ran = self._attempt(order, folder, cancelled, started)
            if _sees_project(order):
                whole.clear(self._root, folder.project, {*_given(order), *_written(order.stage)})
        except BaseException:
            folder.remove()
            raise
        finally:
            if masking:
                masking.close()
            log.shorten(order.log)
        if order.keeps_scratch and ran.failure:
            folder.keep_scratch(order.stage, self._layout.scratch / order.key)
        if masking and ran.failure:
            told = ran.failure
            failure = told._replace(
                text=masking.text(told.text),
                cause=masking.text(told.cause) if told.cause else None,
                at=masking.text(told.at) if told.at else None,
                help=masking.text(told.help),
            )
            ran = ran._replace(failure=failure)
        return ran

    def prepare(self, order: Order) -> WorkFolder:
        """Make the folder with everything in it, ready to run."""
        folder = WorkFolder.make(self._base, order.key, order.world)
        try:
            scratch = self._layout.scratch / (order.key if order.keeps_scratch else "none")
            level = self._plan_for(order.stage).level
            folder.fill(
                order.stage,
                self._placer,
                order.inputs,
                order.source,
                scratch,
                unstored="place" if level == "L2" else "link",
            )
            secret_files.show(order.stage, folder.home, as_links=level != "L2")
            if order.stage.params_file is not None:
                # JSON is YAML: whatever the script reads the file with understands it.
                path = f"{folder.project}/{order.params_path}"
                os.makedirs(os.path.dirname(path), exist_ok=True)
                folder.write(path, _sorted(order.stage.params_file))
            if _sees_project(order) and level != "L2":
                whole.link(self._root, folder.project, _written(order.stage))
            folder.write(folder.context, _context(order))
            folder.write(folder.request, self._request(order, folder))
        except BaseException:
            folder.remove()
            raise
        return folder

    def environment(self, order: Order, folder: WorkFolder) -> dict[str, str]:
        """Return the stage's whole environment."""
        stage = order.stage
        variables = constants.constants(stage.resources.cpus, python_folder=self._python)
        variables |= {**order.world.variables, **order.world.late}
        variables |= {"HOME": folder.home, "TMPDIR": folder.tmp, "PIPE_CONTEXT": folder.context}
        if stage.cmd is not None:
            own = [os.path.normpath(os.path.join(folder.project, root)) for root in order.roots]
            variables["PYTHONPATH"] = os.pathsep.join(own)
        if stage.network:
            variables |= constants.network()
        if stage.resources.gpus:
            variables["CUDA_VISIBLE_DEVICES"] = ",".join(str(number) for number in order.gpus)
        return variables | constants.declared(order.recipe["variables"]) | dict(order.secrets)

    def close(self) -> None:
        self._servers.close()
        self._temporaries.close()
        processes.end_orphans(set(), patience_seconds=1.0)

    def _request(self, order: Order, folder: WorkFolder) -> dict[str, Any]:
        stage = order.stage
        target: Any = stage.run
        if stage.cmd is not None:
            values = _values(order)
            if isinstance(stage.cmd, str):
                target = command.for_bash(stage.cmd, values)
            else:
                target = command.for_program(stage.cmd, values)
        piped = bool(order.stage.secrets) and not order.terminal
        return {
            "kind": "cmd" if stage.cmd is not None else "run",
            "target": target,
            "folder": folder.path,
            "project": folder.project,
            "roots": order.roots,
            "modules": order.modules,
            "python_path": constants.python_path(os.fspath(self._layout.root)),
            "parameters": order.parameters,
            "inputs": order.recipe["inputs"],
            "params": json.loads(digest.canonical(order.recipe["params"])),
            "outputs": order.recipe["outputs"],
            "env": self.environment(order, folder),
            "umask": order.world.umask,
            "scattered": order.world.scattered,
            "fixed": order.world.fixed,
            "processors": order.processors,
            "log": f"{folder.path}/log" if piped else order.log,
            "terminal": order.terminal,
            "isolation": self._isolation(order, folder)._asdict(),
            "audited": self._audited(order, folder),
        }

    def _audited(self, order: Order, folder: WorkFolder) -> dict[str, list[str]]:
        """Say of which folders the stage's own process notes what it opens: none if it is watched from outside."""
        roots = [] if order.watched and not self.unwatched else [folder.project, self._root]
        inside = [path for path in self._plan.readable if path.startswith(self._root + "/")]
        return {"roots": roots, "ignored": inside}

    def _isolation(self, order: Order, folder: WorkFolder) -> ForStage:
        stage = order.stage
        written = _written(stage)
        writable = isolation.outermost_writable(written) if written else ()
        linked = {
            path: os.path.realpath(what) for path, what in order.inputs.items() if isinstance(what, str)
        }
        fixed = isolation.fixed_in(writable, written, (path for path in _given(order) if path not in linked))
        world = order.world
        mounted = {f"{world.project}/{path}": source for path, source in linked.items()}
        mounted |= {f"{world.home}/{path}": source for path, source in secret_files.of(stage).items()}
        if world.online:
            mounted[view.ONLINE] = folder.online
        shown = None
        if _sees_project(order):
            shown = whole.of(self._root, written)
            fixed = tuple(path for path in order.inputs if path not in linked)
        seems = (world.home, world.tmp, world.host, world.user)
        return ForStage(writable, fixed, mounted, stage.network, *seems, shown)

    def _attempt(
        self, order: Order, folder: WorkFolder, cancelled: Callable[[], bool], started: float
    ) -> Ran:
        limits = Limits(order, cancelled, started)
        server, stream = self._hand_over(order, folder)
        last = None
        try:
            if stream is not None:
                with stream:
                    last = wait(stream, limits)
        except OSError:
            pass  # like an answer that never comes: the server ended
        finally:
            self._servers.give_back(server)
        wall = time.monotonic() - started
        if last is None:
            self._servers.lost(server)
            processes.end_orphans({os.getpid()}, patience_seconds=0)
            failure = ChildFailure("the process that supervised it ended", help="run it again")
            return Ran(folder, failure, wall)
        return Ran(
            folder,
            failure_of(order.stage, folder, last, limits.broken),
            wall,
            last["cpu_seconds"],
            last["peak_memory_bytes"],
            last.get("left_behind", 0),
            *_accesses(last, folder),
        )

    def _hand_over(self, order: Order, folder: WorkFolder) -> tuple[Server, socket.socket | None]:
        """Return the server that has the request; without a stream if it ended at once."""
        wanted, plan = self._wanted(order), self._plan_for(order.stage)
        memory = order.stage.resources.memory_bytes
        watch = self._watch(order, folder, plan) if order.watched and not self.unwatched else None
        server = self._servers.take(wanted, plan)
        stream = server.request(
            folder.request, memory, terminal=order.terminal, watch=watch, world=order.world
        )
        if stream is None:
            # It was killed while it had nothing to do: no stage was lost with it, so another is asked.
            self._servers.give_back(server)
            self._servers.lost(server)
            server = self._servers.take(wanted, plan)
            stream = server.request(
                folder.request, memory, terminal=order.terminal, watch=watch, world=order.world
            )
        return server, stream

    def _watch(self, order: Order, folder: WorkFolder, plan: ForServer) -> dict[str, list[Any]]:
        """Say which paths are worth reporting: not those of the system, the packages, the stage's own folders."""
        own = [folder.path, plan.home, namespaces.HOME]
        system = [*self._plan.readable, "/proc", "/sys", "/dev", "/etc"]
        return {
            "processors": list(order.processors),
            "roots": [folder.project, self._root],
            "ignored": [*own, *system],
        }

    def _plan_for(self, stage: Stage) -> ForServer:
        if stage.sandbox == "off":
            return self._plan._replace(level="L0")  # who declares this wants the machine to be seen
        return self._plan if stage.sandbox == "strict" else self._wide_plan

    @cached_property
    def _wide_plan(self) -> ForServer:
        """The plan for stages that see the project, and what its links lead to."""
        more = [self._root, *whole.lie_outside(self._root)]
        level = self._plan.level
        if level == "L2" and f"{self._base}/".startswith(self._root + "/"):
            # A root that is made in the project cannot show the project.
            level = "L1" if kernel.landlock_version() else "L0"
        readable = tuple(view.outermost([*self._plan.readable, *more]))
        return self._plan._replace(level=level, readable=readable)

    def _wanted(self, order: Order) -> Wanted:
        stage = order.stage
        if stage.cmd is not None:
            # Nothing is loaded for it, and its variables are set when it is executed.
            return Wanted((), tuple(sorted(constants.constants(1, python_folder=self._python).items())))
        variables = constants.constants(stage.resources.cpus, python_folder=self._python)
        variables |= order.world.variables
        variables |= constants.declared(order.recipe["variables"])
        return Wanted(order.preload, tuple(sorted(variables.items())))


def _accesses(last: Mapping[str, Any], folder: WorkFolder) -> tuple[tuple[Access, ...] | None, str]:
    told = last.get("accesses")
    heard_by = "kernel"
    if told is None:
        told, heard_by = folder.result().get("accesses"), "python"
    return (None, "") if told is None else (tuple(Access(*access) for access in told), heard_by)


def _values(order: Order) -> command.Values:
    context = _context(order)
    inputs = {name: tuple(v) if isinstance(v, list) else v for name, v in context["inputs"].items()}
    return {**context, "inputs": inputs}


def _context(order: Order) -> dict[str, Any]:
    inputs = {
        name: list(entry["files"]) if "files" in entry else entry["path"]
        for name, entry in order.recipe["inputs"].items()
    }
    outputs = {name: entry["path"] for name, entry in order.recipe["outputs"].items()}
    scratch = dict(order.stage.scratch)
    return {
        "inputs": inputs,
        "outputs": outputs,
        "params": _sorted(order.recipe["params"]),
        "scratch": scratch,
    }


def _sees_project(order: Order) -> bool:
    # One that declares the whole project sees it anyway.
    return order.stage.sandbox == "warn" and "." not in order.inputs


def _given(order: Order) -> list[str]:
    """Return the paths that the stage finds in its folder."""
    own = [order.params_path] if order.stage.params_file is not None else []
    return [*order.inputs, *order.source, *own]


def _written(stage: Stage) -> list[str]:
    return [*(output.path for output in stage.outputs), *(path for _, path in stage.scratch)]


def _sorted(value: Any) -> Any:
    """Return a value with the keys of its mappings sorted: their order is nothing that a stage may depend on."""
    return digest.plain(json.loads(digest.canonical(value)))
