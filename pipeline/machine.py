"""What this machine has for stages to share: processors, memory, GPUs. Reads the system alone."""

import os


def processors() -> list[int]:
    """Return the numbers of the processors that this process may use, as many as its control group grants."""
    if hasattr(os, "sched_getaffinity"):
        usable = sorted(os.sched_getaffinity(0))
    else:
        usable = list(range(os.cpu_count() or 1))
    quota = _quota()
    return usable if quota is None else usable[: max(1, quota)]


def memory_bytes() -> int | None:
    """Return the memory of the machine, or of the control group where that is less; None if nobody says."""
    found = []
    try:
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (ValueError, OSError):
        pass
    limit = _read("/sys/fs/cgroup/memory.max")
    if limit.isdigit():
        found.append(int(limit))
    return min(found) if found else None


def gpus() -> list[int]:
    """Return the numbers of the GPUs: those that CUDA_VISIBLE_DEVICES names, else all that have a device."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [int(item) for item in named.split(",") if item.strip().isdigit()]
    try:
        names = os.listdir("/dev")
    except OSError:
        return []
    return sorted(int(name[6:]) for name in names if name.startswith("nvidia") and name[6:].isdigit())


def _quota() -> int | None:
    quota, _, period = _read("/sys/fs/cgroup/cpu.max").partition(" ")
    if not quota.isdigit() or not period.strip().isdigit():
        return None
    return int(quota) // int(period)


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""
