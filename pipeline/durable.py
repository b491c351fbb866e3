"""Writes that are whole or absent, and survive a power cut. Knows nothing of what is written."""

import errno
import os
import stat
import sys
from collections.abc import Iterable

from .errors import Problem, StoreError

_SYNCFS_FROM_FILES = 8
"""fsync of one file costs 0.3 to 0.7 ms, syncfs a few ms whatever there is: measured, see docs/design.md."""


def write_file(
    path: str, data: bytes, *, mode: int = 0o644, sync: bool = True, temporary: str | None = None
) -> None:
    """Put a whole file at `path`, in place of what may be there. Raises StoreError for a disk that refuses.

    `temporary` is where it is written first, on the same disk; else that is a name in the same folder.
    """
    temporary = temporary or temporary_beside(path)
    try:
        descriptor = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode
        )
        try:
            write_all(descriptor, data)
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
        if sync:
            sync_folder(os.path.dirname(path))
    except OSError as error:
        discard(temporary)
        raise disk_refused(error, path) from error


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write every byte, however often the kernel takes only a part."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def temporary_beside(path: str) -> str:
    """Return a name in the same folder that nobody else has. The name of the process is in it for clearing."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name[:100]}.{os.getpid()}.{os.urandom(6).hex()}.tmp")


def discard(path: str) -> None:
    """Remove a file if it is there; a refusal is no concern of the caller's."""
    try:
        os.unlink(path)
    except OSError:
        pass


def remove(path: str) -> None:
    """Remove whatever is at `path`, folders that forbid writing too; nothing there is fine."""
    try:
        status = os.lstat(path)
    except OSError:
        return
    if not stat.S_ISDIR(status.st_mode):
        discard(path)
        return
    import shutil

    shutil.rmtree(path, onerror=_make_writable)


def sync_folder(path: str) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(path or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_files(paths: list[str]) -> None:
    """Make the content of files on one file system durable: one by one if few, all at once if many."""
    if len(paths) >= _SYNCFS_FROM_FILES and _syncfs(paths[0]):
        return
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync_folders(paths: Iterable[str]) -> None:
    for path in sorted(set(paths)):
        sync_folder(path)


def disk_refused(error: OSError, path: str) -> StoreError:
    """Say which folder cannot be written and why."""
    folder = os.path.dirname(path) or "."
    reasons = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the disk quota is used up",
        errno.EROFS: "the disk is read-only",
        errno.EACCES: "no permission to write there",
    }
    what = reasons.get(error.errno or 0, error.strerror or str(error))
    helps = {errno.ENOSPC: "make room and run again: finished work is kept"}
    return StoreError(Problem(f"cannot write in `{folder}`: {what}", help=helps.get(error.errno or 0, "")))


def _syncfs(path: str) -> bool:
    if sys.platform != "linux":
        return False
    import ctypes

    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return bool(ctypes.CDLL(None, use_errno=True).syncfs(descriptor) == 0)
    finally:
        os.close(descriptor)


def _make_writable(_function: object, path: str, _info: object) -> None:
    import shutil

    try:
        os.chmod(os.path.dirname(path), 0o700)
        if os.path.isdir(path) and not os.path.islink(path):
            os.chmod(path, 0o700)
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)
    except OSError:
        pass
