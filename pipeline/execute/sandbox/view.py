"""What every stage may read of the machine: the system, the interpreter, its packages. Grants nothing itself."""

import os
import sys
from collections.abc import Iterable

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/System", "/Library")
"""Programs and libraries. `/usr/local` is among them; `/opt`, `/home` and `/srv` hold data as often as programs."""

CONFIGURATION = (
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "fonts",
    "group",
    "host.conf",
    "hosts",
    "java",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "passwd",
    "pki",
    "protocols",
    "resolv.conf",
    "services",
    "shells",
    "ssl",
    "terminfo",
    "timezone",
)
"""What programs read below /etc to work at all."""

KERNEL = ("/sys/devices/system/cpu", "/sys/devices/system/node", "/sys/fs/cgroup", "/sys/kernel/mm")
ONLINE = "/sys/devices/system/cpu/online"
"""Where programs read how many processors there are."""
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


def readable(package: str, more: Iterable[str] = (), *, project: str = "") -> list[str]:
    """Return the folders of the system, the interpreter and its packages, those inside others left out.

    `package` is the folder of this very package, which the child goes on reading. What an editable install of the
    `project` puts on the import path is left out: the child has the snapshot.
    """
    from ...code.sources import is_of_project  # here: the child loads this module, and asks nothing of it

    root = os.path.realpath(project) if project else ""
    own = os.path.dirname(os.path.abspath(sys.argv[0])) if sys.argv and sys.argv[0] else ""
    found = [*SYSTEM, *more, package, sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]
    found += [
        path
        for path in sys.path
        if path and path != own and os.path.isabs(path) and not _is_checkout(path)
        if not (root and is_of_project(path, root))
    ]
    found += [os.path.dirname(os.path.realpath(sys.executable)), os.path.dirname(sys.executable)]
    return outermost(path for path in found if os.path.exists(path))


def devices(*, gpus: bool) -> list[str]:
    """Return the device files that a stage may use."""
    found = [f"/dev/{name}" for name in DEVICES]
    if gpus:
        found += [f"/dev/{n}" for n in sorted(os.listdir("/dev")) if n.startswith(("nvidia", "dri", "kfd"))]
    return [path for path in found if os.path.exists(path)]


def outermost(paths: Iterable[str]) -> list[str]:
    """Return the paths that lie in no other, sorted."""
    found: list[str] = []
    for path in sorted({os.path.normpath(path) for path in paths}):
        if not any(path == other or path.startswith(other.rstrip("/") + "/") for other in found):
            found.append(path)
    return found


def _is_checkout(path: str) -> bool:
    # Of the checkout of an editable install the modules are shown alone (`more`), not the data beside them. Among
    # installed packages such a file is one that a package brought along.
    if os.path.basename(path) in ("site-packages", "dist-packages"):
        return False
    return os.path.exists(os.path.join(path, "pyproject.toml")) or os.path.exists(
        os.path.join(path, "setup.py")
    )
