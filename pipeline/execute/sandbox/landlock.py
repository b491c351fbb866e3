"""Level 1: Landlock, which any user may apply to himself. Content, listing and writing are refused; `stat` is not."""

import os
from collections.abc import Iterable

from . import kernel

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_FILE_ONLY = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_TCP_BIND_CONNECT = 0b11
_SCOPES = 0b11  # abstract Unix sockets, and signals, of others


def rights(version: int) -> int:
    """Return every right on files that this version of Landlock knows."""
    known = {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)
    return (1 << known) - 1


def restrict(
    *,
    readable: Iterable[str],
    writable: Iterable[str],
    devices: Iterable[str],
    files: Iterable[str],
    allow_tcp: bool,
) -> None:
    """Confine this process for good. Raises OSError where the kernel refuses.

    Paths are looked at now: what is made below them later is covered, what is put in their place is not. `files`
    are made, if they are not there, and may be written.
    """
    version = kernel.landlock_version()
    everything = rights(version)
    network = 0 if allow_tcp or version < 4 else _TCP_BIND_CONNECT
    kernel.no_new_privileges()
    ruleset = kernel.landlock_ruleset(everything, network, _SCOPES if version >= 6 else 0)
    for path in readable:
        _allow(ruleset, path, _READ)
    for path in writable:
        _allow(ruleset, path, everything)
    for path in files:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        _allow(ruleset, path, everything)
    for path in devices:
        _allow(ruleset, path, (_READ_FILE | _WRITE_FILE | _IOCTL_DEV) & everything)
    kernel.landlock_restrict(ruleset)


def _allow(ruleset: int, path: str, wanted: int) -> None:
    if not os.path.isdir(path):
        wanted &= _FILE_ONLY
    kernel.landlock_allow(ruleset, path, wanted)
