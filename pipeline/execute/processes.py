"""Ends processes with all that they started. Knows process ids, not stages."""

import os
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Let every descendant whose parent died become a child of this process (Linux)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(number: signal.Signals = signal.SIGKILL) -> None:
    """Let the kernel send this process a signal when the thread that started it ends (Linux)."""
    _prctl(_PR_SET_PDEATHSIG, int(number))


def children_of(pid: int) -> list[int]:
    """Return the direct children of a process; none if it is gone, or where the kernel does not say."""
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                found += [int(text) for text in file.read().split()]
    except (OSError, ValueError):
        pass
    return found


def tree_of(pid: int) -> list[int]:
    """Return a process and all its descendants, parents first."""
    found = [pid]
    for process in found:
        found += children_of(process)
    return found


def signal_tree(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process, its group, and all its descendants."""
    processes = tree_of(pid)
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass
    for process in processes:
        try:
            os.kill(process, number)
        except (ProcessLookupError, PermissionError):
            pass


def end_orphans(known: set[int], *, patience_seconds: float = 5.0) -> int:
    """Kill and reap every child of this process that is not `known`; says how many there were.

    Those were started by a stage that is over: had it still lived, they would be its children.
    """
    ended: set[int] = set()
    deadline = time.monotonic() + patience_seconds
    while orphans := [pid for pid in children_of(os.getpid()) if pid not in known]:
        for pid in orphans:
            signal_tree(pid, signal.SIGKILL)
        for pid in orphans:
            try:
                if os.waitpid(pid, os.WNOHANG)[0] == pid:
                    ended.add(pid)
            except ChildProcessError:
                pass
        if time.monotonic() > deadline:
            break
        if len(ended) < len(orphans):
            time.sleep(0.001)
    return len(ended)


def memory_bytes(pid: int) -> int:
    """Return the resident memory of a process and its descendants, shared pages counted once for each."""
    total = 0
    page = os.sysconf("SC_PAGE_SIZE")
    for process in tree_of(pid):
        try:
            with open(f"/proc/{process}/statm", encoding="ascii") as file:
                fields = file.read().split()
                total += (int(fields[1]) - (int(fields[2]) if process != pid else 0)) * page
        except (OSError, ValueError, IndexError):
            pass
    return total


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
