"""The process of one action, from the fork to its end. Knows its request alone, nothing of the project outside."""

import errno
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from . import processes
from .sandbox import isolation, kernel
from .sandbox.isolation import ForServer
from .watching import Watching

if TYPE_CHECKING:
    from .altered.following import Following

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

NOT_ISOLATED = 75
"""The status of a process that was refused the isolation that this machine had promised."""

_HARDLY_A_LIMIT = 120_000
"""Linux takes no argument longer than 128 KiB; a longer script is handed over as a file."""


def start(
    path: str,
    server: ForServer,
    prefix: str,
    *,
    fresh: bool,
    watching: Watching | None,
    following: "Following | None",
) -> NoReturn:
    """Become the process of the action whose request lies at `path`. Called in a forked child, never returns.

    `prefix` leads from the server's root to the machine's own.
    """
    request = _read(prefix + path)
    _settle(request, server, prefix)
    if following is not None:
        try:
            following.begin()
        except OSError as error:
            os.write(2, f"pipe: the stage cannot be followed: {error}\n".encode())
            os._exit(NOT_ISOLATED)
    if watching is not None:
        try:
            watching.begin()
        except OSError as error:
            os.write(2, f"pipe: the stage cannot be watched: {error}\n".encode())
            os._exit(NOT_ISOLATED)
    os.chdir(request["project"])
    if request["kind"] == "cmd":
        _forget(path)
        _run_command(request)
    clashing = [
        name for name in request["modules"] if name in sys.modules and name not in ("_pipe", "__main__")
    ]
    if fresh or clashing:
        _run_in_fresh_interpreter(request, path)
    _forget(path)
    from .callable import run

    run(request)


def run_fresh(path: str) -> NoReturn:
    """Run a callable in an interpreter that has loaded nothing; the process is settled already."""
    request = _read(path)
    _forget(path)
    from .callable import run

    run(request)


def _read(path: str) -> dict[str, Any]:
    with open(path, encoding="utf-8") as file:
        request: dict[str, Any] = json.load(file)
    return request


def _forget(path: str) -> None:
    # It holds the values of secrets: no disk keeps them for longer than they are needed. Where the stage may not
    # remove it, `pipe` does.
    try:
        os.unlink(path)
    except OSError:
        pass


def _settle(request: dict[str, Any], server: ForServer, prefix: str) -> None:
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
        log = os.open(prefix + request["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
    os.umask(request["umask"])
    if request["fixed"] and sys.platform == "linux":
        kernel.fix_addresses()
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    if request["processors"] and hasattr(os, "sched_setaffinity"):
        try:
            os.sched_setaffinity(0, request["processors"])
        except OSError:
            pass
    try:
        isolated = isolation.of_plain(request["isolation"])
        isolation.enter_as_stage(server, isolated, request["folder"], request["project"])
    except OSError as error:
        os.write(2, f"pipe: the stage cannot be isolated: {error}\n".encode())
        os._exit(NOT_ISOLATED)


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


def fail(
    request: dict[str, Any], failure: dict[str, Any], code: int = 1, *, accesses: Sequence[Any] = ()
) -> NoReturn:
    """Leave word of what went wrong, and of what the process was heard asking for, and end."""
    leave_word(request, {"failure": failure, "accesses": accesses})
    os._exit(code)


def leave_word(request: dict[str, Any], word: dict[str, Any]) -> None:
    """Write what `pipe` reads once this process has ended."""
    try:
        with open(os.path.join(request["folder"], "result.json"), "w", encoding="utf-8") as file:
            json.dump(word, file)
    except OSError as error:
        # Nothing can be said on a full disk but by the status.
        os._exit(NO_ROOM if error.errno in (errno.ENOSPC, errno.EDQUOT) else 70)
