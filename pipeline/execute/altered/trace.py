"""Follows the processes of a stage (ptrace) and has the answers of the kernel rewritten. Knows calls, not reasons.

Whoever is followed goes on as before but for the calls that are asked about. Who follows is no child of the stage's
and no parent: those are what they always are.
"""

import ctypes
import errno
import os
import platform
import signal
import struct
import time
from typing import NamedTuple

from ..sandbox.kernel import libc
from . import memory
from .rewrite import NUMBERS, Altered, Rewriter, calls_of

_CONT, _GETREGS, _SETREGS, _SYSCALL = 7, 12, 13, 24
_SEIZE, _LISTEN, _GET_SYSCALL_INFO = 0x4206, 0x4208, 0x420E
_GOOD, _FORK, _VFORK, _CLONE, _EXEC, _SECCOMP, _EXITKILL = 0x1, 0x2, 0x4, 0x8, 0x10, 0x80, 0x100000
_EVENT_EXEC, _EVENT_SECCOMP, _EVENT_STOP = 4, 7, 128
_WALL = 0x40000000
_STOPPING = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
_INFO_BYTES = 88
_REGISTERS_BYTES, _RAX = 27 * 8, 10 * 8

_SECCOMP_CALL = {"x86_64": 317, "aarch64": 277}
_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_ALLOW, _TRACE = 0x7FFF0000, 0x7FF00000
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ONLY_REALTIME = (0, 5, 8, 11)


class _Asked(NamedTuple):
    process: int
    call: str
    arguments: tuple[int, ...]


def be_followed(altered: Altered) -> None:
    """Have the kernel stop this process, and all that it starts, at the calls whose answers are to be rewritten.

    Somebody must follow it already. Raises OSError where the kernel cannot do this.
    """
    if altered.shift_seconds or altered.still:
        memory.ask_the_kernel_for_the_time()
    machine = platform.machine()
    if machine not in NUMBERS:
        raise OSError(errno.ENOSYS, f"not known for {machine}")
    calls = [NUMBERS[machine][call] for call in calls_of(altered) if call in NUMBERS[machine]]
    _install(machine, calls, all_clocks=altered.still)


def seize(pid: int) -> int:
    """Begin to follow a process, without stopping it. Returns 0, or why the kernel does not let it be done.

    Whoever is followed ends when this process does: else its calls would fail.
    """
    options = _GOOD | _FORK | _VFORK | _CLONE | _EXEC | _SECCOMP | _EXITKILL
    return 0 if _ptrace(_SEIZE, pid, 0, options) >= 0 else ctypes.get_errno() or errno.EPERM


def follow(altered: Altered) -> None:
    """Rewrite what those that are followed are answered, until the last of them has ended."""
    _Follower(altered).run()


class _Follower:
    def __init__(self, altered: Altered) -> None:
        self._rewriter = Rewriter(altered, time.time_ns)
        self._names = {number: call for call, number in NUMBERS[platform.machine()].items()}
        self._asked: dict[int, _Asked] = {}
        self._processes: dict[int, int] = {}
        self._hides = altered.shift_seconds != 0 or altered.still

    def run(self) -> None:
        while True:
            try:
                thread, status = os.waitpid(-1, _WALL)
            except InterruptedError:
                continue
            except ChildProcessError:
                return
            if not os.WIFSTOPPED(status):
                self._asked.pop(thread, None)
                self._processes.pop(thread, None)
                continue
            how, number = self._look(thread, os.WSTOPSIG(status), status >> 16)
            _ptrace(how, thread, 0, number)

    def _look(self, thread: int, number: int, event: int) -> tuple[int, int]:
        """Say how a thread that stopped goes on, and with which signal."""
        try:
            if event == _EVENT_SECCOMP:
                return self._take(thread)
            if number == signal.SIGTRAP | 0x80:
                self._answer(thread)
                return _CONT, 0
            if event == _EVENT_EXEC and self._hides:
                memory.hide_clock_page(thread, _info(thread)[2])
        except OSError:
            return _CONT, 0  # it was killed meanwhile
        if event == _EVENT_STOP:
            return (_LISTEN, 0) if number in _STOPPING else (_CONT, 0)
        return _CONT, 0 if event else number

    def _take(self, thread: int) -> tuple[int, int]:
        _, _, _, number, *arguments = _info(thread)
        if thread not in self._processes:
            self._processes[thread] = _process_of(thread)
        self._asked[thread] = _Asked(self._processes[thread], self._names[number], tuple(arguments[:6]))
        return _SYSCALL, 0

    def _answer(self, thread: int) -> None:
        asked = self._asked.pop(thread, None)
        if asked is None:
            return
        result = struct.unpack("=q", struct.pack("=Q", _info(thread)[3]))[0]
        returned = self._rewriter.answer(
            asked.process,
            asked.call,
            asked.arguments,
            result,
            lambda address, size: memory.read(thread, address, size),
            lambda address, data: memory.write(thread, address, data),
        )
        if returned is not None:
            _return(thread, returned)


def _process_of(thread: int) -> int:
    try:
        with open(f"/proc/{thread}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("Tgid:"):
                    return int(line[5:])
    except OSError:
        pass
    return thread


def _info(thread: int) -> tuple[int, ...]:
    """Return kind, place and stack of a stop; then the call's number and arguments, or what it returns."""
    buffer = ctypes.create_string_buffer(_INFO_BYTES)
    size = libc().ptrace(_GET_SYSCALL_INFO, thread, ctypes.c_ulong(_INFO_BYTES), ctypes.byref(buffer))
    if size < 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    return struct.unpack_from("=B7xQQ7Q", buffer)


def _return(thread: int, value: int) -> None:
    """Let a call return another value. Only x86-64 has such a call."""
    registers = ctypes.create_string_buffer(_REGISTERS_BYTES)
    if libc().ptrace(_GETREGS, thread, None, ctypes.byref(registers)) >= 0:
        struct.pack_into("=q", registers, _RAX, value)
        libc().ptrace(_SETREGS, thread, None, ctypes.byref(registers))


def _ptrace(request: int, thread: int, address: int, data: int) -> int:
    return int(libc().ptrace(request, thread, ctypes.c_ulong(address), ctypes.c_ulong(data)))


def _install(machine: str, calls: list[int], *, all_clocks: bool) -> None:
    """Have the kernel stop this process, and all that it starts, at some calls."""
    code = _program(machine, calls, all_clocks=all_clocks)
    text = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(text))
    if libc().syscall(_SECCOMP_CALL[machine], 1, 0, program) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "seccomp")


def _program(machine: str, calls: list[int], *, all_clocks: bool) -> bytes:
    """Write the filter, in the kernel's own small language."""
    clock = NUMBERS[machine]["clock_gettime"]
    plain = [call for call in calls if call != clock or all_clocks]
    lines: list[tuple[int, int, int, int]] = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, _ARCHITECTURE[machine])]
    lines += [(_RETURN, 0, 0, _ALLOW), (_LOAD, 0, 0, 0)]
    for call in plain:
        lines += [(_EQUAL, 0, 1, call), (_RETURN, 0, 0, _TRACE)]
    if clock in calls and not all_clocks:
        lines += [(_EQUAL, 1, 0, clock), (_RETURN, 0, 0, _ALLOW), (_LOAD, 0, 0, 16)]
        for number in _ONLY_REALTIME:
            lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _TRACE)]
    lines.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
