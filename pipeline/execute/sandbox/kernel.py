"""The system calls that isolation is made of, through libc. Knows numbers and structures, no policy."""

import ctypes
import os
import platform
from functools import cache

NEW_NS = 0x00020000
NEW_UTS = 0x04000000
NEW_IPC = 0x08000000
NEW_USER = 0x10000000
NEW_PID = 0x20000000
NEW_NET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 2

_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_VERSION = 1
_ADDR_NO_RANDOMIZE = 0x0040000
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAPBSET_DROP = 24
_CAPABILITY_VERSION = 0x20080522


@cache
def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Leave namespaces for new ones. Raises OSError."""
    _checked(libc().unshare(flags), "unshare")


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Mount. Raises OSError that names the target."""
    result = libc().mount(
        os.fsencode(source), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), data.encode() or None
    )
    _checked(result, target)


def bind(source: str, target: str, *, read_only: bool) -> None:
    """Show what lies at `source` at `target` too, with all that is mounted in it."""
    mount(source, target, "", MS_BIND | MS_REC)
    if read_only:
        remount_read_only(target)


def remount_read_only(target: str) -> None:
    """Make one mount read-only, keeping the restrictions that it has: those of the host may not be lifted."""
    flags = os.statvfs(target).f_flag
    kept = flags & (
        os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME | os.ST_RELATIME
    )
    mount("", target, "", MS_BIND | MS_REMOUNT | MS_RDONLY | _as_mount_flags(kept))


def unmount(target: str) -> None:
    """Take a mount away, at once for new uses."""
    _checked(libc().umount2(os.fsencode(target), MNT_DETACH), target)


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root and put the former one at `old`, which lies in it."""
    number = _PIVOT_ROOT.get(platform.machine())
    if number is None:
        raise OSError(38, "pivot_root is not known for this machine")
    _checked(libc().syscall(number, os.fsencode(new), os.fsencode(old)), "pivot_root")


def set_hostname(name: str) -> None:
    _checked(libc().sethostname(name.encode(), len(name)), "sethostname")


def fix_addresses() -> None:
    """Let what this process executes find its memory where it always is, if the kernel allows that."""
    libc().personality(ctypes.c_ulong(libc().personality(ctypes.c_ulong(0xFFFFFFFF)) | _ADDR_NO_RANDOMIZE))


def no_new_privileges() -> None:
    _checked(libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")


def drop_capabilities() -> None:
    """Give up every capability, for good: root, too, then obeys a file's mode."""

    class Header(ctypes.Structure):
        _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]

    for capability in range(64):
        if libc().prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break
    header = Header(_CAPABILITY_VERSION, 0)
    libc().capset(ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))


def landlock_version() -> int:
    """Return the version of Landlock's interface; 0 where there is none, or it is switched off."""
    version = libc().syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_LANDLOCK_VERSION))
    return max(0, int(version))


def landlock_ruleset(file_system: int, network: int, scoped: int) -> int:
    """Make a ruleset that handles these rights; returns its descriptor. Raises OSError."""
    attributes = (ctypes.c_uint64 * 3)(file_system, network, scoped)
    version = landlock_version()
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = libc().syscall(
        _LANDLOCK_CREATE, ctypes.byref(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0)
    )
    _checked(ruleset, "landlock")
    return int(ruleset)


def landlock_allow(ruleset: int, path: str, rights: int) -> None:
    """Allow rights on all that lies at or below a path; one that is not there allows nothing. Raises OSError."""

    class Rule(ctypes.Structure):
        _pack_ = 1
        _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]

    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rule = Rule(rights, descriptor)
        _checked(libc().syscall(_LANDLOCK_ADD, ruleset, 1, ctypes.byref(rule), ctypes.c_uint32(0)), path)
    finally:
        os.close(descriptor)


def landlock_restrict(ruleset: int) -> None:
    """Restrict this process and all that it starts. Needs `no_new_privileges` first. Raises OSError."""
    _checked(libc().syscall(_LANDLOCK_RESTRICT, ruleset, ctypes.c_uint32(0)), "landlock")


def _as_mount_flags(flags: int) -> int:
    pairs = (
        (os.ST_NOSUID, MS_NOSUID),
        (os.ST_NODEV, MS_NODEV),
        (os.ST_NOEXEC, 0x8),
        (os.ST_NOATIME, 0x400),
        (os.ST_NODIRATIME, 0x800),
        (os.ST_RELATIME, 0x200000),
    )
    return sum(mounted for shown, mounted in pairs if flags & shown)


def _checked(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
