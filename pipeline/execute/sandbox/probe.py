"""Finds out what this machine's kernel enforces, by doing it. Remembers nothing."""

import os
import select
import socket
import subprocess
import sys
import time

from ... import owned
from ..child import BOOT
from . import kernel, namespaces, view, watch

_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_PROBE = BOOT + "from _pipe.execute.sandbox import probe\ngetattr(probe, sys.argv[2])(*sys.argv[3:])\n"
_PATIENCE_SECONDS = 20


def level(base: str) -> tuple[str, str]:
    """Return the strictest level that works, and why no stricter one does ("" for the strictest).

    `base` is a folder that may be written; nothing stays there. Raises OSError where it may not.
    """
    if sys.platform != "linux":
        return "L0", f"{sys.platform} has neither namespaces nor Landlock"
    folder = f"{base}/probe.{os.urandom(8).hex()}"
    lock = owned.claim(folder)
    assert lock is not None, "a random name is taken"
    try:
        why = _ask("try_namespaces", folder)
    finally:
        owned.give_up(folder)
        os.close(lock)
    if why == "works":
        return "L2", ""
    if kernel.landlock_version() >= 1:
        return "L1", f"namespaces: {why}"
    return "L0", f"namespaces: {why}; Landlock: this kernel has none, or it is switched off"


def watching() -> str:
    """Return why this machine cannot tell what a process accesses; "" if it can."""
    if sys.platform != "linux":
        return f"{sys.platform} has no seccomp"
    why = _ask("try_watching")
    return "" if why == "works" else f"seccomp: {why}"


def following() -> str:
    """Return why what the kernel tells a process cannot be altered here; "" if it can."""
    if sys.platform != "linux":
        return f"{sys.platform} lets nobody alter it"
    why = _ask("try_following")
    return "" if why == "works" else f"ptrace: {why}"


def _ask(function: str, *arguments: str) -> str:
    """Call a function of this module in a process of its own; returns what it said."""
    command = [sys.executable, "-s", "-P", "-c", _PROBE, _PACKAGE, function, *arguments]
    try:
        ran = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return ran.stdout.decode("utf-8", "replace").strip() or f"the probe ended with {ran.returncode}"


def try_watching() -> None:
    """Write "works" if a child that asks for a path can be seen doing it, else why not. Ends the process."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        _try_as_watched(theirs)
    theirs.close()
    found: list[watch.Access] = []
    try:
        _, listeners, _, _ = socket.recv_fds(ours, 1, 1)
        if listeners:
            watcher = watch.Watcher(listeners[0], found.append)
            while not os.waitpid(child, os.WNOHANG)[0]:
                if select.select([watcher], [], [], 0.01)[0]:
                    watcher.answer()
            _say("works" if any(a.asked == "/watched" for a in found) else "it showed nothing")
    except OSError as error:
        _say(str(error))
    os._exit(0)


def _try_as_watched(control: socket.socket) -> None:
    try:
        kernel.drop_capabilities()
        kernel.no_new_privileges()
        listener = watch.install()
    except OSError as error:
        _say(str(error))
        os._exit(1)
    socket.send_fds(control, [b"l"], [listener])
    os.close(listener)
    os.path.exists("/watched")
    os._exit(0)


def try_following() -> None:
    """Write "works" if the time of day that a child sees can be altered, else why not. Ends the process."""
    from ..altered.following import Following
    from ..altered.rewrite import Altered

    following, day = Following(Altered(shift_seconds=86_400)), 86_400
    before = time.time()
    child = os.fork()
    if child == 0:
        try:
            kernel.no_new_privileges()
            following.begin()
        except OSError as error:
            _say(str(error))
            os._exit(1)
        _say("works" if day <= time.time() - before < 2 * day else "the clock stays as it is")
        os._exit(0)
    if os.fork() == 0:
        following.follow(child)
    following.close()
    os.waitpid(child, 0)
    os._exit(0)


def try_namespaces(base: str) -> None:
    """Write "works" if a stage could be isolated at L2, else why not. Ends the process. `base` is its own."""
    folder = f"{base}/stage"
    try:
        for part in ("root", "home", "stage/project/out"):
            os.makedirs(f"{base}/{part}", mode=0o700)
        readable, devices = view.readable(_PACKAGE), view.devices(gpus=False)
        namespaces.enter_as_server(f"{base}/root", readable, devices, base, f"{base}/home")
        child = os.fork()
        if child == 0:
            _try_as_stage(folder, base)
        if os.waitpid(child, 0)[1] == 0:
            _say("works")
    except OSError as error:
        _say(str(error))
    os._exit(0)


def _try_as_stage(folder: str, base: str) -> None:
    try:
        namespaces.enter_as_stage(
            folder,
            base,
            project=f"{folder}/project",
            readable=[],
            writable=["out"],
            fixed=[],
            linked={},
            network=False,
        )
        kernel.drop_capabilities()
    except OSError as error:
        _say(str(error))
        os._exit(1)
    os._exit(0)


def _say(text: str) -> None:
    os.write(1, text.encode())
