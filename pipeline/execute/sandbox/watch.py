"""Tells which paths and addresses a process and all its descendants ask the kernel for. Refuses nothing.

In the process that will be watched, once it may gain no privileges any more:

    listener = install()        # from here on it waits whenever it opens, looks for, writes or executes a path
    ...                         # hand the listener to another process (SCM_RIGHTS) and close it

In the process that watches, which must be outside, and an ancestor (Yama lets no other read its memory):

    watcher = Watcher(listener, on_access, roots=["/project"], ignored=["/usr"])
    while ...: select on `watcher.fileno()`, then watcher.answer()
    watcher.close()             # once every watched process has ended

If the watching process ends first, the calls of the watched ones fail: end them with it. What is seen is what honest
programs do. A thread can change a path between the question and the call, and io_uring asks nobody.
"""

import os
import stat
import struct
from collections.abc import Callable, Iterable
from typing import NamedTuple

from . import notification
from .notification import Question, install

__all__ = ["Access", "Watcher", "install", "kinds_of_open"]

_AT_FDCWD = -100
_MOST_LINKS = 40
_AT_ONCE = 256

_PATHS = {
    "open": ((None, 0),),
    "creat": ((None, 0),),
    "stat": ((None, 0),),
    "lstat": ((None, 0),),
    "access": ((None, 0),),
    "chdir": ((None, 0),),
    "readlink": ((None, 0),),
    "execve": ((None, 0),),
    "truncate": ((None, 0),),
    "mkdir": ((None, 0),),
    "rmdir": ((None, 0),),
    "unlink": ((None, 0),),
    "rename": ((None, 0), (None, 1)),
    "link": ((None, 0), (None, 1)),
    "symlink": ((None, 1),),
    "openat": ((0, 1),),
    "openat2": ((0, 1),),
    "newfstatat": ((0, 1),),
    "statx": ((0, 1),),
    "faccessat": ((0, 1),),
    "faccessat2": ((0, 1),),
    "readlinkat": ((0, 1),),
    "execveat": ((0, 1),),
    "mkdirat": ((0, 1),),
    "unlinkat": ((0, 1),),
    "renameat": ((0, 1), (2, 3)),
    "renameat2": ((0, 1), (2, 3)),
    "linkat": ((0, 1), (2, 3)),
    "symlinkat": ((1, 2),),
}
"""Call -> for each of its paths which argument is the folder's descriptor, and which the path."""

_KINDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("execve", "execveat"), ("execute",)),
    **dict.fromkeys(("creat", "truncate", "mkdir", "mkdirat", "symlink", "symlinkat"), ("write",)),
    **dict.fromkeys(("unlink", "unlinkat", "rmdir"), ("remove",)),
    **dict.fromkeys(("rename", "renameat", "renameat2"), ("remove", "write")),
    **dict.fromkeys(("link", "linkat"), ("read", "write")),
}
"""Call -> the kind of access to each of its paths; what opens is not among them, and the others are "stat"."""


class Access(NamedTuple):
    path: str
    """Absolute, as the process sees it. One under `roots` is as it was asked for, another with links resolved; of a
    connection `inet:ADDRESS:PORT` or `unix:PATH`."""
    kind: str
    """read, list, write, remove, stat (whether it is there, and what it is), execute, connect."""
    thread: int
    """Of the first that asked, as the watching process sees it."""
    call: str
    asked: str
    """The path as the process wrote it."""
    was_looked_at: bool = False
    """The thread's call before this one looked whether the path is there: so Python's import lists a folder."""


class Watcher:
    """Answers the questions of one listener, and reports each path and kind the first time it is asked for.

    Args:
        listener: What `install` returned; closed by `close`.
        on_access: Called while the watched process waits, so it had better be quick.
        roots: Folders whose paths are reported as they were asked for.
        ignored: Folders of which nothing is reported, but for roots in them.
    """

    def __init__(
        self,
        listener: int,
        on_access: Callable[[Access], None],
        *,
        roots: Iterable[str] = (),
        ignored: Iterable[str] = (),
    ) -> None:
        self._listener = listener
        self._on_access = on_access
        self._roots = tuple(root.rstrip("/") + "/" for root in roots)
        self._ignored = tuple(path.rstrip("/") + "/" for path in ignored)
        self._seen: set[tuple[str, str, bool]] = set()
        self._before: dict[int, tuple[str, str]] = {}
        """By thread kind and path of its last call."""

    def fileno(self) -> int:
        return self._listener

    def answer(self) -> None:
        """Answer the questions that wait, but not for ever: who watches may have other things to do."""
        for _ in range(_AT_ONCE):
            question = notification.receive(self._listener)
            if question is None:
                return
            try:
                self._look(question)
            finally:
                notification.go_on(self._listener, question)

    def close(self) -> None:
        os.close(self._listener)

    def _look(self, question: Question) -> None:
        if question.call in ("connect", "sendto"):
            found = [(kind, path, "") for kind, path in _address(question)]
        else:
            found = _paths(question)
        for kind, path, asked in found:
            looked_at = kind == "list" and self._before.get(question.thread) == ("stat", path)
            self._before[question.thread] = (kind, path)
            seen = (path, kind, looked_at)
            if seen in self._seen or not notification.still_waits(self._listener, question):
                continue
            self._seen.add(seen)
            where = path if kind == "connect" else self._reported(question.thread, path)
            if where is not None:
                self._on_access(Access(where, kind, question.thread, question.call, asked, looked_at))

    def _reported(self, thread: int, path: str) -> str | None:
        """Return how a path is reported; None if it is not."""
        if self._is_ignored(path):
            return None
        if f"{path}/".startswith(self._roots) and ".." not in path.split("/"):
            return path
        resolved = _resolved(thread, path)
        return None if self._is_ignored(resolved) else resolved

    def _is_ignored(self, path: str) -> bool:
        path += "/"
        if not path.startswith(self._ignored):
            return False
        # The longest folder decides: a project may lie in /usr, and an environment in a project.
        inside = max((len(root) for root in self._roots if path.startswith(root)), default=0)
        return inside < max(len(folder) for folder in self._ignored if path.startswith(folder))


def _paths(question: Question) -> list[tuple[str, str, str]]:
    """Return kind, absolute path, and the path as written, for each path of a call."""
    found = []
    opening = _opening(question)
    for place, (folder, argument) in enumerate(_PATHS[question.call]):
        raw = notification.text_at(question.thread, question.arguments[argument])
        if not raw:
            continue  # nothing, or an address that the kernel will refuse
        asked = os.fsdecode(raw)
        path = asked
        if not path.startswith("/"):
            descriptor = _AT_FDCWD if folder is None else _signed(question.arguments[folder])
            above = _folder(question.thread, descriptor)
            if above is None:
                continue
            path = f"{above}/{path}"
        kinds = opening if opening is not None else _KINDS.get(question.call, ("stat",))[place : place + 1]
        found += [(kind, _without_dots(path), asked) for kind in kinds]
    return found


def _opening(question: Question) -> tuple[str, ...] | None:
    """Return the kinds of access for which a file is opened; None for other calls."""
    if question.call == "openat2":
        how = notification.memory_at(question.thread, question.arguments[2], 8)
        return kinds_of_open(struct.unpack("Q", how)[0] if how and len(how) == 8 else 0)
    place = {"open": 1, "openat": 2}.get(question.call)
    return None if place is None else kinds_of_open(question.arguments[place])


def kinds_of_open(flags: int) -> tuple[str, ...]:
    """Return the kinds of access for which these flags open a path."""
    if flags & getattr(os, "O_PATH", 0):
        return ("stat",)
    temporary = getattr(os, "O_TMPFILE", 0)
    if temporary and flags & temporary == temporary:
        return ()
    if flags & os.O_DIRECTORY:
        return ("list",)
    mode = flags & os.O_ACCMODE
    if mode == os.O_RDONLY:
        return ("read", "write") if flags & os.O_CREAT else ("read",)
    if mode == os.O_RDWR and not flags & (os.O_TRUNC | os.O_EXCL):
        return ("read", "write")
    return ("write",)


def _address(question: Question) -> list[tuple[str, str]]:
    address, size = (1, 2) if question.call == "connect" else (4, 5)
    data = notification.memory_at(
        question.thread, question.arguments[address], min(question.arguments[size], 128)
    )
    if data is None or len(data) < 3:
        return []
    import socket

    family = struct.unpack_from("=H", data)[0]
    if family == socket.AF_UNIX:
        name = data[2:].partition(b"\0")[0]
        return [("connect", "unix:" + os.fsdecode(name))] if name else []
    if family == socket.AF_INET and len(data) >= 8:
        port = struct.unpack_from("!H", data, 2)[0]
        return [("connect", f"inet:{socket.inet_ntop(family, data[4:8])}:{port}")]
    if family == socket.AF_INET6 and len(data) >= 24:
        port = struct.unpack_from("!H", data, 2)[0]
        return [("connect", f"inet:[{socket.inet_ntop(family, data[8:24])}]:{port}")]
    return []


def _folder(thread: int, descriptor: int) -> str | None:
    """Return where a process is, or what its descriptor is of, as that process would name it."""
    what = "cwd" if descriptor == _AT_FDCWD else f"fd/{descriptor}"
    try:
        found = os.readlink(f"/proc/{thread}/{what}")
    except OSError:
        return None
    return found if found.startswith("/") else None


def _signed(argument: int) -> int:
    value = argument & 0xFFFFFFFF
    return value - (1 << 32) if value >= 1 << 31 else value


def _without_dots(path: str) -> str:
    """Drop empty segments and single dots; two dots stay, since they may lead out of a link's target."""
    if "//" not in path and "/." not in path and not path.endswith("/"):
        return path
    return "/" + "/".join(part for part in path.split("/") if part not in ("", "."))


def _resolved(thread: int, path: str) -> str:
    """Follow the links of a path as the process would; what is not there stays as it is."""
    todo = path.split("/")[::-1]
    done: list[str] = []
    links = 0
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            del done[-1:]
            continue
        here = "/".join(["", *done, part])
        try:
            seen = f"/proc/{thread}/root{here}"
            target = os.readlink(seen) if stat.S_ISLNK(os.lstat(seen).st_mode) else None
        except OSError:
            target = None
        if target is None or links == _MOST_LINKS:
            done.append(part)
            continue
        links += 1
        if target.startswith("/"):
            done.clear()
        todo += target.split("/")[::-1]
    return "/" + "/".join(done)
