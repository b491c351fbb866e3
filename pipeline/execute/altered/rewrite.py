"""What is written over the answers of the kernel: times, listings, random numbers. Knows their forms, asks nobody."""

import struct
from collections.abc import Callable, Mapping
from typing import NamedTuple

Read = Callable[[int, int], bytes]
Write = Callable[[int, bytes], None]

_REALTIME = frozenset((0, 5, 8, 11))
"""CLOCK_REALTIME, its coarse and alarm forms, CLOCK_TAI."""
_CPU = frozenset((2, 3))
_TICK_NS, _SLOW_TICK_NS = 1_000_000, 1_700_000
_HELD_SECONDS = 1_700_000_000
_STAT_TIMES = (72, 88, 104)
_STATX_TIMES = (0x40, 0x50, 0x60, 0x70)
_SLACK_NS = 20_000_000
"""A file gets the time of the last tick, which may lie before the moment at which it was made."""


class Altered(NamedTuple):
    """What is altered, and how; the values of the defaults alter nothing."""

    shift_seconds: int = 0
    """Added to the time of day, and to the times of files made since `since_ns`."""
    still: bool = False
    """The clocks stand still, but for a millisecond at each look: a program that waits for them goes on. With a shift
    it is another while."""
    reversed: bool = False
    """Folders are listed from the end."""
    same_random: bool = False
    """The kernel's random numbers are the same in each process; `first_random` says which they are."""
    first_random: int = 0
    since_ns: int = 0

    @property
    def is_nothing(self) -> bool:
        return not (self.shift_seconds or self.still or self.reversed or self.same_random)


CLOCK = ("clock_gettime", "gettimeofday", "time")
TIMES = ("stat", "lstat", "fstat", "newfstatat", "statx")


def calls_of(altered: Altered) -> list[str]:
    """Return the system calls whose answers are rewritten."""
    found: list[str] = []
    if altered.shift_seconds or altered.still:
        found += [*CLOCK, *TIMES]
    if altered.reversed:
        found += ["getdents64", "getdents"]
    if altered.same_random:
        found.append("getrandom")
    return found


class Rewriter:
    """Rewrites the answers that the processes of one stage get. Looks are counted for each process by itself."""

    def __init__(self, altered: Altered, now_ns: Callable[[], int]) -> None:
        self._altered = altered
        self._now_ns = now_ns
        self._looks: dict[tuple[int, bool], int] = {}
        self._drawn: dict[int, int] = {}

    def answer(
        self, process: int, call: str, arguments: tuple[int, ...], result: int, read: Read, write: Write
    ) -> int | None:
        """Rewrite what a call wrote; returns what it shall return, None for what it did."""
        if result < 0:
            return None
        if call == "time":
            shifted = self._seconds(process, result)
            if arguments[0]:
                write(arguments[0], struct.pack("=q", shifted))
            return shifted
        if call in CLOCK:
            self._clock(process, call, arguments, read, write)
        elif call in TIMES:
            self._times(call, arguments, read, write)
        elif call == "getrandom":
            self._random(process, arguments[0], result, write)
        elif call == "getdents64" and result:
            write(arguments[1], from_the_end(read(arguments[1], result)))
        return None

    def _clock(self, process: int, call: str, arguments: tuple[int, ...], read: Read, write: Write) -> None:
        if call == "gettimeofday":
            if arguments[0]:
                seconds, micro = struct.unpack("=qq", read(arguments[0], 16))
                ns = self._moment(process, 0, seconds * 10**9 + micro * 1000)
                write(arguments[0], struct.pack("=qq", ns // 10**9, ns % 10**9 // 1000))
            return
        clock = struct.unpack("=i", struct.pack("=I", arguments[0] & 0xFFFFFFFF))[0]
        seconds, nano = struct.unpack("=qq", read(arguments[1], 16))
        ns = self._moment(process, clock, seconds * 10**9 + nano)
        write(arguments[1], struct.pack("=qq", ns // 10**9, ns % 10**9))

    def _seconds(self, process: int, seconds: int) -> int:
        return self._moment(process, 0, seconds * 10**9) // 10**9

    def _moment(self, process: int, clock: int, ns: int) -> int:
        if not self._altered.still:
            return ns + self._altered.shift_seconds * 10**9 if clock in _REALTIME else ns
        # Python looks at the other clocks whenever it imports something: that shall not move the time of day.
        counted = (process, clock in _REALTIME)
        looks = self._looks[counted] = self._looks.get(counted, 0) + 1
        tick_ns = _SLOW_TICK_NS if self._altered.shift_seconds else _TICK_NS
        if clock in _REALTIME:
            return (_HELD_SECONDS + self._altered.shift_seconds) * 10**9 + looks * tick_ns
        # Never after the kernel's own: what waits until a moment would wait for ever.
        return looks * (tick_ns // 1000 if clock in _CPU or clock < 0 else tick_ns)

    def _times(self, call: str, arguments: tuple[int, ...], read: Read, write: Write) -> None:
        if call == "statx":
            places: tuple[int, ...] = _STATX_TIMES
            form, address = "=qI", arguments[4]
        else:
            places, form, address = _STAT_TIMES, "=qq", arguments[2 if call == "newfstatat" else 1]
        first, size = places[0], struct.calcsize(form)
        data = bytearray(read(address + first, places[-1] + size - first))
        now = self._now_ns() + _SLACK_NS
        for place in places:
            seconds, nano = struct.unpack_from(form, data, place - first)
            # Times that were set on purpose stay: they are what makes an archive the same each time.
            if self._altered.since_ns - _SLACK_NS <= seconds * 10**9 + nano <= now:
                struct.pack_into(form, data, place - first, *self._of_file(seconds, nano))
        write(address + first, bytes(data))

    def _of_file(self, seconds: int, nano: int) -> tuple[int, int]:
        shift = self._altered.shift_seconds
        return (_HELD_SECONDS + shift, 0) if self._altered.still else (seconds + shift, nano)

    def _random(self, process: int, address: int, size_bytes: int, write: Write) -> None:
        import hashlib  # here: every stage's process loads this module, and few of them are followed

        drawn = self._drawn[process] = self._drawn.get(process, 0) + 1
        write(
            address,
            hashlib.shake_128(struct.pack("=qq", drawn, self._altered.first_random)).digest(size_bytes),
        )


def from_the_end(data: bytes) -> bytes:
    """Turn the names of one part of a listing round; where each place stands in the folder stays."""
    entries = []
    at = 0
    while at < len(data):
        inode, offset, length = struct.unpack_from("=QqH", data, at)
        entries.append((inode, offset, data[at + 16 : at + length], length))
        at += length
    offsets = [offset for _, offset, _, _ in entries]
    turned = []
    for (inode, _, rest, _), offset in zip(reversed(entries), offsets, strict=True):
        turned.append(struct.pack("=Qq", inode, offset) + rest)
    return b"".join(turned)


NUMBERS: Mapping[str, Mapping[str, int]] = {
    "x86_64": {
        "stat": 4,
        "fstat": 5,
        "lstat": 6,
        "gettimeofday": 96,
        "time": 201,
        "getdents64": 217,
        "clock_gettime": 228,
        "newfstatat": 262,
        "getrandom": 318,
        "statx": 332,
    },
    "aarch64": {
        "getdents64": 61,
        "newfstatat": 79,
        "fstat": 80,
        "clock_gettime": 113,
        "gettimeofday": 169,
        "getrandom": 278,
        "statx": 291,
    },
}
