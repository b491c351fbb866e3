"""Reads every object of a store and compares it with its name. Knows no records, and changes nothing."""

import os
import stat
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from blake3 import blake3

from ..store.files import File
from .damage import Damage

_CHUNK_BYTES = 1 << 20
_AT_ONCE = 4096
"""So many files are queued at a time: there may be millions."""

Told = Callable[[int], None]
"""Hears how many bytes were read since it was called last."""


def check(files: Sequence[File], sizes: Mapping[str, int], *, jobs: int, told: Told) -> list[Damage]:
    """Return what is wrong with objects, in their order. `sizes` has what records say of them, as far as they do.

    At most `jobs` files are read at a time, and of each one chunk is in memory.
    """
    lock = threading.Lock()

    def tell(size: int) -> None:
        with lock:
            told(size)

    damages: list[Damage] = []
    with ThreadPoolExecutor(jobs) as pool:
        for start in range(0, len(files), _AT_ONCE):
            for found in pool.map(lambda file: _check(file, sizes, tell), files[start : start + _AT_ONCE]):
                damages += found
    return damages


def _check(file: File, sizes: Mapping[str, int], told: Told) -> list[Damage]:
    name, path = file.name, file.path
    if not file.is_file:
        what = "a folder" if stat.S_ISDIR(file.status.st_mode) else "a link or special file"
        return [
            Damage("object-not-a-file", name, f"object {name[:12]}: {what} stands where it should be", path)
        ]
    try:
        actual = digest_of(path, told)
    except FileNotFoundError:
        return []  # another pipe has just put it aside, or gc has dropped it
    except OSError as error:
        return [
            Damage("object-unreadable", name, f"object {name[:12]} cannot be read: {error.strerror}", path)
        ]
    if actual != name:
        return [_changed(file, sizes.get(name))]
    if stat.S_IMODE(file.status.st_mode) & 0o7333:
        mode = f"{stat.S_IMODE(file.status.st_mode):04o}"
        return [Damage("object-writable", name, f"object {name[:12]} has the mode {mode}, not 0444", path)]
    return []


def _changed(file: File, recorded: int | None) -> Damage:
    name, size = file.name, file.status.st_size
    if not size:
        return Damage("object-empty", name, f"object {name[:12]} is empty", file.path)
    if recorded is not None and size < recorded:
        text = f"object {name[:12]} has {size:,} of its {recorded:,} bytes"
        return Damage("object-truncated", name, text, file.path)
    return Damage(
        "object-changed", name, f"object {name[:12]} does not have the bytes of its name", file.path
    )


def digest_of(path: str, told: Told = lambda _: None) -> str:
    """Return the digest of a regular file, read in pieces. Raises OSError, also for a link."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        hasher = blake3()
        buffer = bytearray(min(_CHUNK_BYTES, os.fstat(descriptor).st_size + 1))
        view = memoryview(buffer)
        while size := os.readv(descriptor, [buffer]):
            hasher.update(view[:size])
            told(size)
        return hasher.hexdigest()
    finally:
        os.close(descriptor)
