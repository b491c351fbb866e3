"""Chooses how a stage is isolated, and applies it. Knows what it may see and write, not what it does.

Levels: L0 a folder and an environment of its own, nothing more; L1 Landlock; L2 namespaces. See docs/design.md.
"""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ... import owned
from . import kernel, landlock, namespaces, view
from .whole import Shown


class ForServer(NamedTuple):
    """What a server needs to isolate its stages."""

    level: str
    base: str
    """The folder of all work folders."""
    readable: tuple[str, ...]
    devices: tuple[str, ...]
    home: str
    """A folder of the server's own, which its stages see read-only: caches of loaded packages."""


class ForStage(NamedTuple):
    """What one stage may do; paths are relative to the mirror of the project, those of `linked` to the work folder."""

    writable: tuple[str, ...]
    fixed: tuple[str, ...]
    linked: Mapping[str, str]
    network: bool
    home: str = "home"
    """The name of the home in the work folder."""
    tmp: str = "tmp"
    host: str = ""
    user: int = -1
    shown: Shown | None = None
    """The whole project, for a stage that sees it: then all of the mirror may be written that is not `fixed`."""


def of_plain(plain: Mapping[str, Any]) -> ForStage:
    """Read what went through JSON."""
    stage = ForStage(**plain)
    return stage._replace(shown=Shown(*stage.shown)) if stage.shown is not None else stage


def outermost_writable(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the folders that hold what a stage writes, those inside others left out; "." is the mirror itself."""
    folders = sorted({os.path.dirname(path) or "." for path in paths})
    if "." in folders:
        return (".",)
    return tuple(view.outermost(folders))


def fixed_in(writable: Sequence[str], written: Sequence[str], given: Iterable[str]) -> tuple[str, ...]:
    """Return what lies in writable folders and must not be written: given files, whole folders where that will do."""
    open_folders: set[str] = set()
    for path in written:
        above = os.path.dirname(path)
        while above not in open_folders:
            open_folders.add(above)
            above = os.path.dirname(above)
    found: set[str] = set()
    for path in given:
        if not any(w == "." or path.startswith(w + "/") for w in writable):
            continue
        whole = path
        while (above := os.path.dirname(whole)) and above not in open_folders:
            whole = above
        found.add(whole)
    return tuple(view.outermost(found))


def enter_as_server(plan: ForServer) -> str:
    """Isolate a server; returns the prefix under which it finds the machine's own files. Raises OSError."""
    if plan.level != "L2":
        return ""

    # Locked until the mount has moved away from it: another `pipe` that clears up would take it for abandoned.
    os.makedirs(plan.base, mode=0o700, exist_ok=True)
    root = f"{plan.base}/.root.{os.urandom(8).hex()}"
    lock = owned.claim(root)
    assert lock is not None, "a random name is taken"
    namespaces.enter_as_server(root, plan.readable, plan.devices, plan.base, plan.home)
    owned.give_up(namespaces.OLD + root)
    os.close(lock)
    return namespaces.OLD


def enter_as_stage(server: ForServer, stage: ForStage, folder: str, project: str) -> None:
    """Isolate the process of a stage, for good. Raises OSError."""
    if server.level == "L2":
        namespaces.enter_as_stage(
            folder,
            server.base,
            project=project,
            readable=server.readable,
            writable=stage.writable,
            fixed=stage.fixed,
            linked=stage.linked,
            network=stage.network,
            shown=stage.shown,
        )
        namespaces.seem_other(stage.host, stage.user)
    elif server.level == "L1":
        own_network = stage.network or namespaces.enter_own_network()
        writable = [project if w == "." else f"{project}/{w}" for w in stage.writable]
        configuration = [f"/etc/{name}" for name in view.CONFIGURATION]
        landlock.restrict(
            readable=[
                *server.readable,
                *configuration,
                *view.KERNEL,
                "/proc",
                folder,
                server.home,
                *stage.linked.values(),
            ],
            writable=[*writable, f"{folder}/{stage.home}", f"{folder}/{stage.tmp}", "/dev/shm"],
            devices=server.devices,
            files=[f"{folder}/result.json"],
            allow_tcp=own_network,
        )
    if sys.platform == "linux":
        if os.geteuid() == 0 or server.level == "L2":
            kernel.drop_capabilities()
        kernel.no_new_privileges()
