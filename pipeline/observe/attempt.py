"""Runs one stage in the shadow of the project and tells what it asked for. Knows neither the graph nor the patch."""

import array
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, NoReturn

from ..execute import log, processes
from ..execute.sandbox import kernel, view, watch
from . import shadow as shadows
from .shadow import Shadow

_READY, _NOT_WATCHED = b"w", b"n"


class Start(NamedTuple):
    """How a stage's process begins: what it executes, with which environment, and where its output goes."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: str
    told: str
    """The file into which the stage's Pythons write."""
    ignored: Sequence[str]
    """Folders of which nothing is to be reported."""


class Event(NamedTuple):
    kind: str
    """read, list, write, remove, stat, execute, connect, or env."""
    path: str
    """Absolute; of a connection its address, of a variable its name."""
    by: str = ""
    """Of a variable: the file whose code asked for it."""


class Attempt(NamedTuple):
    status: int
    wall_seconds: float
    events: tuple[Event, ...]
    """In the order in which they were first seen; those that Python told come last."""
    is_watched: bool
    tail: tuple[str, ...]


def attempt(start: Start, shadow: Shadow, *, wants_watch: bool = True) -> Attempt:
    """Run a stage to its end, and end all that it started. Must be called by a process that adopts orphans."""
    began = time.monotonic()
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _become(start, shadow, theirs, wants_watch=wants_watch)
    theirs.close()
    events: list[Event] = []
    listener = _receive(ours)
    try:
        if listener is None:
            status = _waited(pid)
        else:

            def note(access: watch.Access) -> None:
                # A shell that looks for a program tries every folder of PATH: what is not there was not executed.
                if access.kind != "execute" or os.path.lexists(access.path):
                    events.append(Event(access.kind, access.path))

            status = _watched(pid, listener, shadow, start, note)
    finally:
        ours.close()
        processes.signal_tree(pid, signal.SIGKILL)
        processes.end_orphans(set())
    events += _told(start.told, files_too=listener is None)
    return Attempt(status, time.monotonic() - began, tuple(events), listener is not None, log.tail(start.log))


def _become(start: Start, shadow: Shadow, line: socket.socket, *, wants_watch: bool) -> NoReturn:
    try:
        processes.die_with_parent()
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        written = os.open(start.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(written, 1)
        os.dup2(written, 2)
        os.umask(0o022)
        os.chdir(shadow.root)
        if sys.platform == "linux":
            if os.geteuid() == 0:
                kernel.drop_capabilities()
            kernel.no_new_privileges()
        shadows.protect(shadow)
        if not (wants_watch and _hand_over_watch(line)):
            line.sendall(_NOT_WATCHED)
        line.close()
        os.execvpe(start.arguments[0], list(start.arguments), dict(start.environment))
    except OSError as error:
        os.write(2, f"pipe: cannot start `{start.arguments[0]}`: {error}\n".encode())
    finally:
        os._exit(127)


def _hand_over_watch(line: socket.socket) -> bool:
    """Let the other process watch this one from here on; False where the kernel cannot."""
    try:
        listener = watch.install()
    except (OSError, AttributeError):
        return False
    # From here on this process waits whenever it opens something, until the other one answers.
    line.sendmsg([_READY], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [listener]))])
    os.close(listener)
    return True


def _receive(line: socket.socket) -> int | None:
    data, descriptors, _, _ = socket.recv_fds(line, 1, 1)
    return descriptors[0] if data == _READY and descriptors else None


def _watched(
    pid: int,
    listener: int,
    shadow: Shadow,
    start: Start,
    on_access: Callable[[watch.Access], None],
) -> int:
    watcher = watch.Watcher(listener, on_access, roots=[shadow.root], ignored=start.ignored)
    ended = os.pidfd_open(pid)
    try:
        while True:
            ready, _, _ = select.select([watcher.fileno(), ended], [], [], 1.0)
            if watcher.fileno() in ready:
                watcher.answer()
            if ended in ready:
                break
        # What it left behind waits for answers that never come: it is ended before the watcher closes.
        status = _waited(pid)
        processes.end_orphans(set())
        return status
    finally:
        os.close(ended)
        watcher.close()


def _waited(pid: int) -> int:
    while True:
        try:
            _, status = os.waitpid(pid, 0)
            return os.waitstatus_to_exitcode(status)
        except InterruptedError:
            continue


def _told(path: str, *, files_too: bool) -> list[Event]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        kind, _, rest = line.partition("\t")
        name, _, by = rest.partition("\t")
        if kind == "env" or files_too:
            found.append(Event(kind, name, by))
    return found


def ignored(own: Sequence[str]) -> list[str]:
    """Return folders of which nothing counts: the system, the interpreter and its packages, and `own`."""
    prefixes = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]
    found = [*view.SYSTEM, "/proc", "/sys", "/dev", "/etc", "/run", "/var", *prefixes, *own]
    return sorted({path for path in found if path} | {os.path.realpath(path) for path in found if path})
