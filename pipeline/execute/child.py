"""The process of one action, from the fork to its end. Knows its request alone, nothing of the project outside."""

import errno
import json
import os
import signal
import sys
from typing import Any, NoReturn

from . import processes

BOOT = """
import importlib.util, sys
package = sys.argv[1]
spec = importlib.util.spec_from_file_location("_pipe", package + "/__init__.py", submodule_search_locations=[package])
module = importlib.util.module_from_spec(spec)
sys.modules["_pipe"] = module
spec.loader.exec_module(module)
"""
"""Loads this package under a name that no project has: the user's own may be called `pipeline`."""

RUN_FRESH = BOOT + "from _pipe.execute.child import run_fresh\nrun_fresh(sys.argv[2])\n"
NO_ROOM = 74
"""The status of a process that could not leave word because the disk is full."""

_HARDLY_A_LIMIT = 120_000
"""Linux takes no argument longer than 128 KiB; a longer script is handed over as a file."""


def start(path: str, *, fresh: bool) -> NoReturn:
    """Become the process of the action whose request lies at `path`. Called in a forked child, never returns."""
    request = _read(path)
    _settle(request)
    if request["kind"] == "cmd":
        os.unlink(path)
        _run_command(request)
    clashing = [
        name for name in request["modules"] if name in sys.modules and name not in ("_pipe", "__main__")
    ]
    if fresh or clashing:
        _run_in_fresh_interpreter(request, path)
    os.unlink(path)  # it holds the values of secrets: no disk keeps them for longer than they are needed
    from .callable import run

    run(request)


def run_fresh(path: str) -> NoReturn:
    """Run a callable in an interpreter that has loaded nothing; the process is settled already."""
    request = _read(path)
    os.unlink(path)
    from .callable import run

    run(request)


def _read(path: str) -> dict[str, Any]:
    with open(path, encoding="utf-8") as file:
        request: dict[str, Any] = json.load(file)
    return request


def _settle(request: dict[str, Any]) -> None:
    """Take on session, signals, streams, folder, variables, processors and rights of the stage."""
    processes.die_with_parent()
    if not request["terminal"]:
        os.setsid()
    processes.adopt_orphans()
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGHUP,
        signal.SIGQUIT,
        signal.SIGCHLD,
        signal.SIGPIPE,
    ):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not request["terminal"]:
        log = os.open(request["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
    os.umask(0o022)
    os.chdir(request["project"])
    os.environ.clear()
    os.environ.update(request["env"])
    if request["processors"] and hasattr(os, "sched_setaffinity"):
        try:
            os.sched_setaffinity(0, request["processors"])
        except OSError:
            pass
    _drop_rights()


def _drop_rights() -> None:
    """Give up every capability, so that root, too, obeys the read-only bit of the store's objects (Linux)."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return
    import ctypes

    class Header(ctypes.Structure):
        _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]

    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(64):
        if libc.prctl(24, capability, 0, 0, 0) != 0:  # PR_CAPBSET_DROP
            break
    header = Header(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3
    nothing = (ctypes.c_uint32 * 6)()
    libc.capset(ctypes.byref(header), ctypes.byref(nothing))


def _run_command(request: dict[str, Any]) -> NoReturn:
    target = request["target"]
    if isinstance(target, str):
        if len(target) > _HARDLY_A_LIMIT:
            script = os.path.join(request["folder"], "command.sh")
            with open(script, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(target)
            arguments = ["bash", "-euo", "pipefail", script]
        else:
            arguments = ["bash", "-euo", "pipefail", "-c", target]
    else:
        arguments = target
    try:
        os.execvpe(arguments[0], arguments, request["env"])
    except OSError as error:
        text = f"`{arguments[0]}` cannot be executed: {error.strerror}"
        fail(request, {"text": text, "help": "install it, or correct the command"}, 127)


def _run_in_fresh_interpreter(request: dict[str, Any], path: str) -> NoReturn:
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    os.execve(sys.executable, [sys.executable, "-s", "-P", "-c", RUN_FRESH, package, path], request["env"])


def fail(request: dict[str, Any], failure: dict[str, Any], code: int = 1) -> NoReturn:
    """Leave word of what went wrong and end."""
    leave_word(request, {"failure": failure})
    os._exit(code)


def leave_word(request: dict[str, Any], word: dict[str, Any]) -> None:
    """Write what `pipe` reads once this process has ended."""
    try:
        with open(os.path.join(request["folder"], "result.json"), "w", encoding="utf-8") as file:
            json.dump(word, file)
    except OSError as error:
        # Nothing can be said on a full disk but by the status.
        os._exit(NO_ROOM if error.errno in (errno.ENOSPC, errno.EDQUOT) else 70)
