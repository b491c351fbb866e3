"""System calls about which the kernel asks before it makes them (seccomp). Knows numbers, not what they mean.

The asked process waits until its question is answered, and `go_on` is the only answer that is given: nothing is
refused here. Once the listener is closed, the calls that are asked about fail with ENOSYS: who answers must not
end before those who ask.
"""

import ctypes
import errno
import fcntl
import os
import platform
import select
import struct
from functools import cache
from typing import NamedTuple

from .kernel import libc

NUMBERS = {
    "x86_64": {
        "open": 2,
        "stat": 4,
        "lstat": 6,
        "access": 21,
        "connect": 42,
        "sendto": 44,
        "execve": 59,
        "truncate": 76,
        "chdir": 80,
        "rename": 82,
        "mkdir": 83,
        "rmdir": 84,
        "creat": 85,
        "link": 86,
        "unlink": 87,
        "symlink": 88,
        "readlink": 89,
        "openat": 257,
        "mkdirat": 258,
        "newfstatat": 262,
        "unlinkat": 263,
        "renameat": 264,
        "linkat": 265,
        "symlinkat": 266,
        "readlinkat": 267,
        "faccessat": 269,
        "renameat2": 316,
        "execveat": 322,
        "statx": 332,
        "openat2": 437,
        "faccessat2": 439,
    },
    "aarch64": {
        "mkdirat": 34,
        "unlinkat": 35,
        "symlinkat": 36,
        "linkat": 37,
        "renameat": 38,
        "truncate": 45,
        "faccessat": 48,
        "chdir": 49,
        "openat": 56,
        "readlinkat": 78,
        "newfstatat": 79,
        "connect": 203,
        "sendto": 206,
        "execve": 221,
        "renameat2": 276,
        "execveat": 281,
        "statx": 291,
        "openat2": 437,
        "faccessat2": 439,
    },
}
"""The calls that are asked about, by machine."""

_SECCOMP = {"x86_64": 317, "aarch64": 277}
_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_FOREIGN_FROM = 0x40000000  # x86-64: numbers of the x32 interface begin here
_AT_EMPTY_PATH = 0x1000
_FLAGS_ARGUMENT = {"newfstatat": 3, "statx": 2, "execveat": 4, "faccessat2": 3}
"""Where a call says AT_EMPTY_PATH: then it is about a descriptor that is open already."""
_ADDRESS_ARGUMENT = {"sendto": 4}
"""Where a call may have no address: then the socket is connected already."""

_SET_MODE_FILTER, _NEW_LISTENER = 1, 8
_ALLOW, _ASK = 0x7FFF0000, 0x7FC00000
_RECEIVE, _SEND, _IS_VALID = 0xC0502100, 0xC0182101, 0x80082102
_CONTINUE = 1
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_OFFSET, _MACHINE_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16
_PAGE = 4096


class Question(NamedTuple):
    """One call that a thread is about to make."""

    identity: int
    thread: int
    """Its id in the process namespace of who asks."""
    call: str
    arguments: tuple[int, ...]


def install() -> int:
    """Let the kernel ask about this process and all that it starts, for good; returns the listener.

    Needs `no_new_privileges` first. The listener belongs to another process, which must answer from now on.
    Raises OSError where the kernel cannot do this, or where a filter with a listener is there already.
    """
    machine = platform.machine()
    if machine not in NUMBERS:
        raise OSError(errno.ENOSYS, f"not known for {machine}")
    code = _program(machine)
    text = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(text))
    listener = libc().syscall(_SECCOMP[machine], _SET_MODE_FILTER, _NEW_LISTENER, program)
    if listener < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "seccomp")
    fcntl.fcntl(listener, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    return int(listener)


def receive(listener: int) -> Question | None:
    """Return a question that waits; None if there is none (any more)."""
    waiting = select.poll()
    waiting.register(listener, select.POLLIN)
    if not any(event & select.POLLIN for _, event in waiting.poll(0)):
        return None
    buffer = bytearray(80)
    try:
        fcntl.ioctl(listener, _RECEIVE, buffer)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EINTR):
            return None  # who asked was killed meanwhile
        raise
    identity, thread, _, number, _, _, *arguments = struct.unpack("QIIiIQ6Q", buffer)
    return Question(identity, thread, _names()[number], tuple(arguments))


def still_waits(listener: int, question: Question) -> bool:
    """Say whether who asked still waits: else its id may be another's by now."""
    try:
        fcntl.ioctl(listener, _IS_VALID, struct.pack("Q", question.identity))
    except OSError:
        return False
    return True


def go_on(listener: int, question: Question) -> None:
    """Let the call be made as if nobody had asked."""
    try:
        fcntl.ioctl(listener, _SEND, struct.pack("QqiI", question.identity, 0, 0, _CONTINUE))
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise


def text_at(thread: int, address: int) -> bytes | None:
    """Return the text that ends with NUL in another process's memory; None if it cannot be read."""
    data = memory_at(thread, address, _PAGE)
    if data is None:
        return None
    end = data.find(b"\0")
    return data if end < 0 else data[:end]


def memory_at(thread: int, address: int, size: int) -> bytes | None:
    """Return up to `size` (at most 4096) bytes of another process's memory; None if there are none."""
    # In two parts at the border of a page: behind it there may be nothing, and then the first part counts.
    first = min(size, _PAGE - address % _PAGE)
    buffer = _buffer()
    local = struct.pack("PN", ctypes.addressof(buffer), size)
    remote = struct.pack("PNPN", address, first, address + first, size - first)
    count = libc().process_vm_readv(thread, local, 1, remote, 2, 0)
    return buffer.raw[:count] if count > 0 else None


@cache
def _buffer() -> "ctypes.Array[ctypes.c_char]":
    return ctypes.create_string_buffer(_PAGE)


@cache
def _names() -> dict[int, str]:
    return {number: name for name, number in NUMBERS[platform.machine()].items()}


def _program(machine: str) -> bytes:
    """Return the filter: asks about the calls of `NUMBERS`, allows all others."""
    calls = NUMBERS[machine]
    plain = [n for name, n in calls.items() if name not in _FLAGS_ARGUMENT and name not in _ADDRESS_ARGUMENT]
    special = [name for name in calls if name in _FLAGS_ARGUMENT or name in _ADDRESS_ARGUMENT]
    steps: list[tuple[int, int, str, str]] = [
        (_LOAD, _MACHINE_OFFSET, "", ""),
        (_EQUAL, _ARCHITECTURE[machine], "", "allow"),
        (_LOAD, _NUMBER_OFFSET, "", ""),
    ]
    if machine == "x86_64":
        steps.append((_AT_LEAST, _FOREIGN_FROM, "allow", ""))
    steps += [(_EQUAL, number, "ask", "") for number in plain]
    steps += [(_EQUAL, calls[name], name, "") for name in special]
    steps.append((_RETURN, _ALLOW, "", ""))
    labels: dict[str, int] = {}
    for name in special:
        labels[name] = len(steps)
        argument = _FLAGS_ARGUMENT.get(name, _ADDRESS_ARGUMENT.get(name, 0))
        steps.append((_LOAD, _ARGUMENTS_OFFSET + 8 * argument, "", ""))
        if name in _FLAGS_ARGUMENT:
            steps.append((_ANY_BIT, _AT_EMPTY_PATH, "allow", "ask"))
        else:
            steps.append((_EQUAL, 0, "allow", "ask"))
    labels["allow"] = len(steps)
    labels["ask"] = len(steps) + 1
    steps += [(_RETURN, _ALLOW, "", ""), (_RETURN, _ASK, "", "")]
    return b"".join(
        struct.pack("HBBI", code, *(labels[to] - place - 1 if to else 0 for to in (yes, no)), value)
        for place, (code, value, yes, no) in enumerate(steps)
    )
