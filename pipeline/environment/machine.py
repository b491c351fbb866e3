"""Names the interpreter and the machine, from what they say of themselves. Knows no package."""

import os
import sys
from _imp import extension_suffixes
from collections.abc import Mapping
from typing import Any

from .. import digest

_NUMERIC_PREFIXES = ("BLIS_", "GOTO_", "KMP_", "MKL_", "NUMEXPR_", "OMP_", "OPENBLAS_", "VECLIB_")


def platform() -> Mapping[str, str]:
    """Return what of the interpreter and the platform belongs to the key; not kernel, host or processor."""
    version = sys.version_info
    full = f"{version.major}.{version.minor}.{version.micro}"
    if version.releaselevel != "final":
        full += f"{version.releaselevel}{version.serial}"
    soabi = extension_suffixes()[0].rpartition(".")[0].lstrip(".") if extension_suffixes() else ""
    return {
        "implementation": sys.implementation.name,
        "libc": _libc(soabi),
        "machine": os.uname().machine,
        "python": full,
        "soabi": soabi,
        "system": sys.platform,
    }


def _libc(soabi: str) -> str:
    """Return the family alone: its version is the machine's."""
    try:
        version = os.confstr("CS_GNU_LIBC_VERSION") if sys.platform == "linux" else None
    except (OSError, ValueError):
        version = None
    if version:
        return version.partition(" ")[0]
    return "musl" if sys.platform == "linux" or "musl" in soabi else sys.platform


def numerics() -> Mapping[str, Any]:
    """Return what may change the last bits of a result: for the trace, not for the key."""
    model, flags = _processor()
    uname = os.uname()
    return {
        "cpus": os.cpu_count() or 1,
        "kernel": f"{uname.sysname} {uname.release}",
        "processor": model or uname.machine,
        "processor_flags": digest.of_bytes(flags.encode()) if flags else "",
        "threads": _threads(),
        "variables": {
            name: os.environ[name] for name in sorted(os.environ) if name.startswith(_NUMERIC_PREFIXES)
        },
    }


def _threads() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> tuple[str, str]:
    """Return model and sorted flags of the first processor; empty texts where the kernel does not say."""
    model = flags = ""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                label, _, value = line.partition(":")
                name = label.strip().lower()
                if name in ("model name", "cpu model", "cpu") and not model:
                    model = value.strip()
                elif name in ("flags", "features") and not flags:
                    flags = " ".join(sorted(value.split()))
                elif not line.strip():
                    break
    except OSError:
        pass
    return model, flags
