"""Level 2: namespaces, in which nothing undeclared even exists. Knows mounts and processes, no policy.

A server enters a user, mount, process and host-name namespace once, and sees a root made of nothing but what every
stage may read. Each of its children then gets mounts, a network and shared memory of its own: about 1 ms.
"""

import fcntl
import os
import socket
import struct
from collections.abc import Mapping, Sequence

from .. import processes
from . import kernel, view, whole
from .whole import Shown

OLD = "/.old"
"""Where a server still finds the machine's own root; its children take that mount away before the stage starts."""

HOME = "/.home"
"""Where a server finds the folder that it may write; its stages see it read-only."""

_TEMPORARY = "/tmp"
_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2", "ptmx": "pts/ptmx"}
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


def enter_as_server(root: str, readable: Sequence[str], devices: Sequence[str], base: str, home: str) -> None:
    """Move this single-threaded process into a root of its own, made at the empty folder `root`.

    `base` is the folder of all work folders, `home` what lies at `HOME`. Returns in a child, which is the first
    process of its namespace; the caller's own process waits for it and ends with it.
    What lay at `root` is at OLD + `root` then: the mount has moved away from it.
    Raises OSError where the kernel refuses, before the root was changed.
    """
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(kernel.NEW_USER | kernel.NEW_NS | kernel.NEW_PID | kernel.NEW_UTS | kernel.NEW_IPC)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")
    kernel.mount("", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.set_hostname("pipe")
    _make_root(root, readable, devices, base)
    kernel.bind(home, f"{root}{HOME}", read_only=False)
    child = os.fork()
    if child:
        _end_with(child)
    processes.die_with_parent()  # with this one all others of its namespace end
    kernel.mount("proc", f"{root}/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV)
    kernel.pivot_root(root, root + OLD)
    os.chdir("/")
    kernel.remount_read_only("/")


def enter_as_stage(
    folder: str,
    base: str,
    *,
    project: str,
    readable: Sequence[str],
    writable: Sequence[str],
    fixed: Sequence[str],
    linked: Mapping[str, str],
    network: bool,
    shown: Shown | None = None,
) -> None:
    """Give this process, a child of such a server, mounts of its own with one work folder in them.

    Args:
        folder: The work folder, below `base`.
        base: The folder of all work folders: the others are not there.
        project: The folder in it that mirrors the project.
        readable: What the server's root shows.
        writable: Folders of the mirror that may be written, relative to it.
        fixed: What lies in those and may not be written all the same.
        linked: What is not stored, by path in the work folder, or at an absolute one: where on this machine it
            lies, links resolved.
        network: The machine's network stays; else there is a loopback of its own and nothing more.
        shown: The whole project, for a stage that sees it, by relative paths and by absolute ones.
    """
    kernel.unshare(kernel.NEW_NS | kernel.NEW_IPC | (0 if network else kernel.NEW_NET))
    if not network:
        _raise_loopback()
    kernel.mount("tmpfs", _TEMPORARY, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=1777")
    for path in readable:
        # A project, and with it its environment, may lie in a temporary folder.
        if path.startswith(_TEMPORARY + "/"):
            _show("", path, source=OLD + path)
    kernel.mount("tmpfs", "/dev/shm", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=1777")
    if not base.startswith(_TEMPORARY + "/"):
        kernel.mount("tmpfs", base, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=0755")
    os.makedirs(folder, exist_ok=True)
    kernel.mount(OLD + folder, folder, "", kernel.MS_BIND)
    overlaid = shown is not None and whole.is_overlaid(OLD, folder, shown)
    if shown is not None and not overlaid:
        whole.link(shown.root, project, shown.hidden)
    if shown is None and "." not in writable:
        kernel.mount(OLD + project, project, "", kernel.MS_BIND)
        kernel.remount_read_only(project)
        for path in writable:
            kernel.mount(f"{OLD}{project}/{path}", f"{project}/{path}", "", kernel.MS_BIND)
    for path in fixed:
        kernel.mount(f"{OLD}{project}/{path}", f"{project}/{path}", "", kernel.MS_BIND)
        kernel.remount_read_only(f"{project}/{path}")
    for path, source in linked.items():
        kernel.bind(OLD + source, os.path.join(folder, path), read_only=True)
    if shown is not None and overlaid:
        kernel.bind(project, shown.root, read_only=False)
    kernel.remount_read_only(HOME)
    kernel.unmount(OLD)
    os.chdir(project)


def seem_other(host: str, user: int) -> None:
    """Let this process, with mounts of its own, find another host name (if not empty) and user (if not negative)."""
    if host:
        kernel.unshare(kernel.NEW_UTS)
        kernel.set_hostname(host)
    if user >= 0:
        was, group = os.geteuid(), os.getegid()
        kernel.unshare(kernel.NEW_USER)
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {was} 1")
        _write("/proc/self/gid_map", f"{user} {group} 1")


def enter_own_network() -> bool:
    """Leave the machine's network for a loopback of its own, if the kernel lets this user do so."""
    user, group = os.geteuid(), os.getegid()
    try:
        kernel.unshare(kernel.NEW_USER | kernel.NEW_NET)
    except OSError:
        return False
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")
    _raise_loopback()
    return True


def _make_root(root: str, readable: Sequence[str], devices: Sequence[str], base: str) -> None:
    kernel.mount("tmpfs", root, "tmpfs", kernel.MS_NOSUID, "mode=0755")
    for name in ("proc", "etc", "dev", "dev/shm", "dev/pts", "run", "var", "tmp", HOME[1:], OLD[1:]):
        os.mkdir(f"{root}/{name}")
    os.symlink("/tmp", f"{root}/var/tmp")
    for name in ("tmp", "dev/shm"):
        # For what packages do when the server loads them; its stages get their own.
        kernel.mount("tmpfs", f"{root}/{name}", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=1777")
    for path in readable:
        _show(root, path)
    for name in view.CONFIGURATION:
        _show(root, f"/etc/{name}")
    for path in (*view.KERNEL, *devices):
        _show(root, path, read_only=path not in devices)
    for name, target in _LINKS.items():
        os.symlink(target, f"{root}/dev/{name}")
    kernel.mount(
        "devpts", f"{root}/dev/pts", "devpts", kernel.MS_NOSUID, "newinstance,ptmxmode=0666,mode=0620"
    )
    if not base.startswith(_TEMPORARY + "/"):
        os.makedirs(root + base, exist_ok=True)


def _show(root: str, path: str, *, source: str = "", read_only: bool = True) -> None:
    """Show a path of the machine in the new root, links as links with what they lead to."""
    target = root + path
    source = source or path
    if not os.path.exists(source) or os.path.lexists(target):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(path) and path.count("/") == 1:
        os.symlink(os.readlink(path), target)  # /bin -> usr/bin
        return
    if os.path.isdir(source):
        os.mkdir(target)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    kernel.bind(source, target, read_only=read_only)


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        name = b"lo".ljust(16, b"\0")
        answer = fcntl.ioctl(control, _SIOCGIFFLAGS, name + bytes(24))
        flags = struct.unpack_from("=H", answer, 16)[0] | _IFF_UP
        fcntl.ioctl(control, _SIOCSIFFLAGS, name + struct.pack("=H", flags) + bytes(22))


def _end_with(child: int) -> None:
    # What this process holds open would keep the child from seeing that `pipe` is gone.
    os.closerange(0, 3)
    os.closerange(3, 256)
    while True:
        try:
            _, status = os.waitpid(child, 0)
        except InterruptedError:
            continue
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
