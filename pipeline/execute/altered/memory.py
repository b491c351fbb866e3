"""The memory of another process, and of this one's clock functions. Knows addresses, not why they are written to."""

import ctypes
import os
import platform
import struct
from collections.abc import Mapping

from ..sandbox.kernel import libc

_RWX = 7
_PT_LOAD, _PT_DYNAMIC = 1, 2
_DT_STRTAB, _DT_SYMTAB = 5, 6
_SYMBOL_BYTES = 24
_AT_SYSINFO_EHDR, _AT_IGNORE = 33, 1

_CLOCKS: Mapping[str, Mapping[str, bytes]] = {
    "x86_64": {
        # mov eax, NUMBER; syscall; ret
        "__vdso_clock_gettime": b"\xb8\xe4\x00\x00\x00\x0f\x05\xc3",
        "__vdso_gettimeofday": b"\xb8\x60\x00\x00\x00\x0f\x05\xc3",
        "__vdso_time": b"\xb8\xc9\x00\x00\x00\x0f\x05\xc3",
    },
    "aarch64": {
        # mov x8, NUMBER; svc 0; ret
        "__kernel_clock_gettime": bytes.fromhex("280e80d2010000d4c0035fd6"),
        "__kernel_gettimeofday": bytes.fromhex("281580d2010000d4c0035fd6"),
    },
}
"""Functions that the kernel gives every process, and what asks the kernel instead of reading its page."""


def read(process: int, address: int, size_bytes: int) -> bytes:
    """Return what lies in a traced process. Raises OSError."""
    buffer = ctypes.create_string_buffer(size_bytes)
    moved = _moved("process_vm_readv", process, buffer, address, size_bytes)
    return buffer.raw[:moved]


def write(process: int, address: int, data: bytes) -> None:
    """Raises OSError."""
    _moved("process_vm_writev", process, ctypes.create_string_buffer(data, len(data)), address, len(data))


def ask_the_kernel_for_the_time() -> None:
    """Let this process, which is running already, make a system call for each look at a clock.

    A libc reads clocks from a page that the kernel shares (vDSO), where nobody can see it. Raises OSError.
    """
    stubs = _CLOCKS.get(platform.machine(), {})
    start, end = _own_vdso()
    if start == end:
        return  # the kernel gives none: it is asked anyway
    image = ctypes.string_at(start, end - start)
    if libc().mprotect(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _RWX) != 0:
        raise OSError(ctypes.get_errno(), "the clock functions cannot be written to")
    for name, offset in _symbols(image).items():
        if name in stubs:
            ctypes.memmove(start + offset, stubs[name], len(stubs[name]))


def hide_clock_page(process: int, stack: int) -> None:
    """Let a program that is just being started find no such page; `stack` is where its stack begins."""
    (count,) = struct.unpack("=Q", read(process, stack, 8))
    at = stack + 8 * (count + 2)
    while struct.unpack("=Q", read(process, at, 8))[0]:
        at += 8
    at += 8
    while (kind := struct.unpack("=Q", read(process, at, 8))[0]) != 0:
        if kind == _AT_SYSINFO_EHDR:
            write(process, at, struct.pack("=Q", _AT_IGNORE))
        at += 16


def _own_vdso() -> tuple[int, int]:
    with open("/proc/self/maps", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.rstrip().endswith("[vdso]"):
                start, _, end = line.split(" ", 1)[0].partition("-")
                return int(start, 16), int(end, 16)
    return 0, 0


def _symbols(image: bytes) -> dict[str, int]:
    """Return the functions of an ELF image by name, as offsets into it; its symbols end where their names begin."""
    (headers,) = struct.unpack_from("=Q", image, 32)
    size, count = struct.unpack_from("=HH", image, 54)
    base, tags = 0, {}
    for number in range(count):
        kind, _, offset, address, _, length = struct.unpack_from("=IIQQQQ", image, headers + number * size)
        if kind == _PT_LOAD:
            base = address
        elif kind == _PT_DYNAMIC:
            tags = dict(struct.iter_unpack("=QQ", image[offset : offset + length]))
    symbols, names = tags[_DT_SYMTAB] - base, tags[_DT_STRTAB] - base
    found = {}
    for at in range(symbols, names - _SYMBOL_BYTES + 1, _SYMBOL_BYTES):
        name, _, _, _, value, _ = struct.unpack_from("=IBBHQQ", image, at)
        if value:
            end = image.index(b"\0", names + name)
            found[image[names + name : end].decode("ascii", "replace")] = value - base
    return found


def _moved(
    function: str, process: int, buffer: "ctypes.Array[ctypes.c_char]", address: int, size_bytes: int
) -> int:
    here = (ctypes.c_uint64 * 2)(ctypes.addressof(buffer), size_bytes)
    there = (ctypes.c_uint64 * 2)(address, size_bytes)
    moved = getattr(libc(), function)(
        process,
        ctypes.byref(here),
        ctypes.c_ulong(1),
        ctypes.byref(there),
        ctypes.c_ulong(1),
        ctypes.c_ulong(0),
    )
    if moved < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), function)
    return int(moved)
