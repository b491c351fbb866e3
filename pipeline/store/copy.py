"""Copies of files: by reflink where the file system can, hashed on the way. Knows nothing of stores."""

import fcntl
import os
import sys

from blake3 import blake3

from .. import digest, durable

_FICLONE = 0x40049409
_CHUNK_BYTES = 1 << 20


def copy_file(source: str, target: str, *, mode: int = 0o644) -> str:
    """Copy a file's content to a new file at `target`; returns the digest of what was copied.

    Raises OSError as `open` does, StoreError for a disk that refuses the copy.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    reading = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            writing = os.open(target, flags, mode)
        except OSError as error:
            raise durable.disk_refused(error, target) from error
        try:
            if _clone(reading, writing):
                return digest.of_file(target)
            return _copy(reading, writing, target)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def can_reflink(folder: str | os.PathLike[str]) -> bool:
    """Say whether files in a folder can share their bytes; False also where nothing may be written."""
    name = os.path.join(folder, f".reflink.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with open(name, "xb") as first, open(name + "2", "xb") as second:
            first.write(b"x" * 4096)
            first.flush()
            return _clone(first.fileno(), second.fileno())
    except OSError:
        return False
    finally:
        durable.discard(name)
        durable.discard(name + "2")


def _clone(reading: int, writing: int) -> bool:
    if sys.platform != "linux":
        return False
    try:
        fcntl.ioctl(writing, _FICLONE, reading)
    except OSError:
        return False
    return True


def _copy(reading: int, writing: int, target: str) -> str:
    hasher = blake3()
    buffer = bytearray(_CHUNK_BYTES)
    view = memoryview(buffer)
    while size := os.readv(reading, [buffer]):
        hasher.update(view[:size])
        try:
            durable.write_all(writing, view[:size])
        except OSError as error:
            raise durable.disk_refused(error, target) from error
    return hasher.hexdigest()
