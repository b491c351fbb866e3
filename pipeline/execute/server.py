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
from typing import Any

from ..formats import load, save  # noqa: F401 - loaded before the fork, once for all children
from . import callable as _callable  # noqa: F401
from . import processes
from .child import start


class _Child:
    def __init__(self, answer: socket.socket, pid: int) -> None:
        self.answer: socket.socket | None = answer
        """None once nobody waits for it any more."""
        self.pid = pid


def main(preload: list[str]) -> None:
    """Serve until the other end of standard input is closed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    processes.adopt_orphans()
    requests = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    for name in preload:
        _load(name)
    _serve(requests)


def _load(name: str) -> None:
    # A package that cannot be loaded is the stage's own affair: there it fails with a place.
    try:
        importlib.import_module(name)
    except BaseException:
        pass


def _serve(requests: socket.socket) -> None:
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: dict[int, _Child] = {}
    while True:
        waited: list[Any] = [requests, reading]
        waited += [child.answer for child in children.values() if child.answer]
        ready, _, _ = select.select(waited, [], [])
        if reading in ready:
            os.read(reading, 4096)
        for child in list(children.values()):
            if child.answer in ready:
                _obey(child)
        _reap(children)
        if requests in ready and not _take(requests, children):
            break
    for child in children.values():
        processes.signal_tree(child.pid, signal.SIGKILL)
    processes.end_orphans(set())
    os._exit(0)


def _take(requests: socket.socket, children: dict[int, _Child]) -> bool:
    try:
        packet, descriptors, _, _ = socket.recv_fds(requests, 65536, 1)
    except OSError:
        return False
    if not packet:
        return False
    answer = socket.socket(fileno=descriptors[0])
    if threading.active_count() != 1:
        # A package started a thread when it was loaded. Forking is still what the interpreter allows, but what
        # the thread held is lost in the child; the stage runs in a fresh interpreter instead.
        _fork(answer, packet, children, fresh=True, requests=requests)
    else:
        _fork(answer, packet, children, fresh=False, requests=requests)
    return True


def _fork(
    answer: socket.socket, packet: bytes, children: dict[int, _Child], *, fresh: bool, requests: socket.socket
) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            signal.set_wakeup_fd(-1)
            requests.close()
            answer.close()
            for child in children.values():
                if child.answer:
                    child.answer.close()
            start(packet.decode(), fresh=fresh)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(70)
    children[pid] = _Child(answer, pid)
    _send(answer, {"pid": pid})


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


def _reap(children: dict[int, _Child]) -> None:
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        child = children.pop(pid, None)
        if child is None:
            continue
        left = processes.end_orphans(set(children))
        if child.answer is None:
            continue
        _send(
            child.answer,
            {
                "status": os.waitstatus_to_exitcode(status),
                "cpu_seconds": usage.ru_utime + usage.ru_stime,
                "peak_memory_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
                "left_behind": left,
            },
        )
        child.answer.close()


def _send(answer: socket.socket, message: dict[str, Any]) -> None:
    try:
        answer.sendall(json.dumps(message).encode() + b"\n")
    except OSError:
        pass
