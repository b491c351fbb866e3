"""Forks one child for each action from an interpreter with its packages loaded. Computes nothing itself.

It is executed with exactly the environment of its stages, is single-threaded when it forks, and ends when the
`pipe` that started it does. A request comes as a packet on standard input with a socket beside it: the answer,
and an order to end the child, go through that socket.
"""

import importlib
import json
import os
import select
import signal
import socket
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

from ..formats import load, save  # noqa: F401 - loaded before the fork, once for all children
from . import callable as _callable  # noqa: F401
from . import processes
from .child import start
from .sandbox import isolation
from .sandbox.isolation import ForServer
from .watching import Watching
from .world import altered_of

if TYPE_CHECKING:
    from .altered.following import Following

_LOOK_SECONDS = 0.1
_NEXT_QUESTION_SECONDS = 0.0005
_MOST_QUESTIONS = 500


class _Child:
    def __init__(
        self, answer: socket.socket, pid: int, memory_bytes: int | None, watching: Watching | None
    ) -> None:
        self.answer: socket.socket | None = answer
        """None once nobody waits for it any more."""
        self.pid = pid
        self.memory_bytes = memory_bytes
        self.watching = watching
        self.over_memory = False


def main(preload: list[str], plan: dict[str, Any]) -> None:
    """Serve until the other end of standard input is closed, isolated as `plan` says."""
    server = ForServer(**plan)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    processes.adopt_orphans()
    requests = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    prefix = isolation.enter_as_server(server)
    for name in preload:
        _load(name)
    _Server(requests, server, prefix).serve()


def _load(name: str) -> None:
    # A package that cannot be loaded is the stage's own affair: there it fails with a place.
    try:
        importlib.import_module(name)
    except BaseException:
        pass


class _Server:
    def __init__(self, requests: socket.socket, plan: ForServer, prefix: str) -> None:
        self._requests = requests
        self._plan = plan
        self._prefix = prefix
        self._children: dict[int, _Child] = {}
        self._followers: set[int] = set()
        self._everywhere = frozenset(os.sched_getaffinity(0)) if sys.platform == "linux" else frozenset()
        self._processors = self._everywhere

    def serve(self) -> NoReturn:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            waited: list[Any] = [self._requests, reading]
            waited += [child.answer for child in self._children.values() if child.answer]
            watched = [w for child in self._children.values() if (w := child.watching) and w.fileno() >= 0]
            waited += watched
            limited = any(child.memory_bytes is not None for child in self._children.values())
            ready, _, _ = select.select(waited, [], [], _LOOK_SECONDS if limited else None)
            if reading in ready:
                os.read(reading, 4096)
            self._attend(watched, ready)
            for child in list(self._children.values()):
                if child.answer in ready:
                    _obey(child)
                _limit(child)
            self._reap()
            if self._requests in ready and not self._take():
                break
        for child in self._children.values():
            processes.signal_tree(child.pid, signal.SIGKILL)
        processes.end_orphans(set())
        os._exit(0)

    def _attend(self, watched: list[Watching], ready: list[Any]) -> None:
        """Answer what watched stages ask, and what they ask right after that: one question seldom comes alone."""
        asking = [watching for watching in watched if watching in ready]
        for _ in range(_MOST_QUESTIONS):
            if not asking:
                return
            for watching in asking:
                self._run_on(watching.processors)
                watching.look()
            waited = [watching for watching in watched if watching.fileno() >= 0]
            asking = select.select(waited, [], [], _NEXT_QUESTION_SECONDS)[0]

    def _run_on(self, processors: frozenset[int]) -> None:
        # Who asks and who answers never work at the same time. On one processor the kernel switches between them; a
        # processor that is asleep or busy takes 20 times as long to wake.
        if processors and processors != self._processors:
            os.sched_setaffinity(0, processors)
            self._processors = processors

    def _take(self) -> bool:
        try:
            packet, descriptors, _, _ = socket.recv_fds(self._requests, 65536, 4)
        except OSError:
            return False
        if not packet:
            return False
        request = json.loads(packet)
        answer = socket.socket(fileno=descriptors[0])
        # A package may have started a thread when it was loaded. Forking is still what the interpreter allows, but
        # what the thread held is lost in the child; the stage runs in a fresh interpreter instead.
        self._fork(answer, request, descriptors[1:], fresh=threading.active_count() != 1)
        for descriptor in descriptors[1:]:
            os.close(descriptor)
        return True

    def _fork(
        self, answer: socket.socket, request: dict[str, Any], streams: list[int], *, fresh: bool
    ) -> None:
        watching = Watching(**request["watch"]) if request["watch"] else None
        following = _following(request["altered"])
        self._run_on(self._everywhere)  # the child inherits it
        _choose_process_id(request["first_process"])
        pid = os.fork()
        if pid == 0:
            try:
                signal.set_wakeup_fd(-1)
                self._requests.close()
                answer.close()
                for child in self._children.values():
                    if child.answer:
                        child.answer.close()
                for number, stream in enumerate(streams):
                    os.dup2(stream, number)  # the terminal of the user's, for --debug
                start(
                    request["path"],
                    self._plan,
                    self._prefix,
                    fresh=fresh,
                    watching=watching,
                    following=following,
                )
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(70)
        if watching:
            watching.forked()
        if following:
            self._follow(following, pid)
        self._children[pid] = _Child(answer, pid, request["memory_bytes"], watching)

    def _follow(self, following: "Following", pid: int) -> None:
        """Fork the process that follows the one that was just forked."""
        follower = os.fork()
        if follower == 0:
            try:
                signal.set_wakeup_fd(-1)
                processes.die_with_parent()
                self._requests.close()
                for child in self._children.values():
                    if child.answer:
                        child.answer.close()
                following.follow(pid)
            finally:
                os._exit(70)
        following.close()
        self._followers.add(follower)

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._followers.discard(pid)
            child = self._children.pop(pid, None)
            if child is None:
                continue
            left = processes.end_orphans({*self._children, *self._followers})
            accesses = child.watching.close() if child.watching else None
            if child.answer is None:
                continue
            message = {
                "status": os.waitstatus_to_exitcode(status),
                "cpu_seconds": usage.ru_utime + usage.ru_stime,
                "peak_memory_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
                "left_behind": left,
                "over_memory": child.over_memory,
                "accesses": accesses,
            }
            try:
                child.answer.sendall(json.dumps(message).encode() + b"\n")
            except OSError:
                pass
            child.answer.close()


def _following(plain: Any) -> "Following | None":
    altered = altered_of(plain)
    if altered is None:
        return None
    from .altered.following import Following

    return Following(altered)


def _choose_process_id(number: int) -> None:
    if number:
        try:
            with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as file:
                file.write(str(number - 1))
        except OSError:
            pass  # only the first process of a namespace, and root, may choose


def _limit(child: _Child) -> None:
    if child.memory_bytes is not None and processes.memory_bytes(child.pid) > child.memory_bytes:
        child.over_memory = True
        processes.signal_tree(child.pid, signal.SIGKILL)


def _obey(child: _Child) -> None:
    assert child.answer is not None
    try:
        order = child.answer.recv(16)
    except OSError:
        order = b""
    number = signal.SIGTERM if order == b"term" else signal.SIGKILL
    processes.signal_tree(child.pid, number)
    if not order:
        child.answer.close()
        child.answer = None
