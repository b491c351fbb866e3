"""To which other values this machine can set the hidden variables. Knows no stage."""

import os
import platform
import sys
from collections.abc import Mapping
from typing import NamedTuple

from ...execute.sandbox import probe
from ...machine import processors

_ZONES = ("Asia/Kathmandu", "Pacific/Kiritimati", "America/St_Johns")
_POSIX_ZONES = ("AAA-5:45", "BBB-14", "CCC+3:30")
"""Where no zones are installed, the C library reads these."""
_ZONES_FOLDER = "/usr/share/zoneinfo"
_LOCALES = ("tr_TR", "de_DE", "fr_FR", "sv_SE", "pt_BR", "ru_RU", "ja_JP", "en_GB", "en_US")
"""Those that differ the most come first: letters, decimals, the order of names."""
_KERNELS = (
    (frozenset(("avx2", "fma")), "Haswell"),
    (frozenset(("avx",)), "Sandybridge"),
    (frozenset(("sse4_2",)), "Nehalem"),
)
"""What a processor must have for each kernel of OpenBLAS. A newer one than the first is what is used by itself."""
_USERS = ("nobody", "daemon", "games", "bin")


class Machine(NamedTuple):
    """What can be varied here, and what cannot or not wholly: by variable, the reason."""

    level: str
    zones: tuple[str, ...]
    locales: tuple[str, ...]
    kernels: tuple[Mapping[str, str], ...]
    users: tuple[int, ...]
    processors: tuple[int, ...]
    cannot: Mapping[str, str]
    limits: Mapping[str, str]
    can_hold: bool
    """Clocks and random numbers can be held still."""


def look(level: str) -> Machine:
    """Find out what this machine can vary; `level` is how it isolates stages."""
    cannot: dict[str, str] = {}
    limits: dict[str, str] = {}
    unaltered = probe.following()
    if unaltered:
        cannot |= {"time": unaltered, "listing": unaltered}
    kernels = _kernels()
    if not kernels:
        cannot["blas"] = "this processor has no other kernel to choose, as far as is known"
    locales = _locales()
    if len(locales) == 1:
        limits["locale"] = "C instead of C.UTF-8: no other locale is installed"
    numbers = processors()
    if len(numbers) == 1:
        limits["cpus"] = "the number of threads alone: there is one processor"
    zones = _ZONES if all(os.path.exists(f"{_ZONES_FOLDER}/{zone}") for zone in _ZONES) else _POSIX_ZONES
    return Machine(
        level, zones, locales, kernels, _users(), tuple(numbers), cannot, limits, can_hold=not unaltered
    )


def _locales() -> tuple[str, ...]:
    installed = {name.lower().replace("utf8", "utf-8"): name for name in _installed_locales()}
    found = [installed[n] for n in (f"{name.lower()}.utf-8" for name in _LOCALES) if n in installed]
    return (*found[:2], "C")


def _installed_locales() -> list[str]:
    import subprocess

    try:
        ran = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return ran.stdout.split()


def _kernels() -> tuple[Mapping[str, str], ...]:
    if platform.machine() != "x86_64":
        return ()
    flags = _flags()
    usual = os.environ.get("OPENBLAS_CORETYPE", "")
    is_newer = "avx512f" in flags
    names = [name for needed, name in _KERNELS if needed <= flags and name != usual]
    names = names if is_newer or usual or len(names) < 2 else names[1:]
    return tuple({"OPENBLAS_CORETYPE": name, "MKL_CBWR": "COMPATIBLE"} for name in names)


def _flags() -> frozenset[str]:
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("flags"):
                    return frozenset(line.partition(":")[2].split())
    except OSError:
        pass
    return frozenset()


def _users() -> tuple[int, ...]:
    """Return numbers of other users, whom the machine knows: a program may ask for its user's name."""
    import pwd

    if sys.platform != "linux":
        return (-1,)
    found: list[int] = []
    for name in _USERS:
        try:
            number = pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
        if number not in (os.geteuid(), *found):
            found.append(number)
    return tuple(found) or (os.geteuid() + 1,)
