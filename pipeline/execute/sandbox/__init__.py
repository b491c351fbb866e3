"""What the kernel lets a stage see and touch. Knows paths and levels, not stages."""

import os
import sys

LEVELS = ("L0", "L1", "L2")


def identity() -> str:
    """Name what decides about the level that can be reached: the boot of the kernel, the user, the container."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
    except OSError:
        boot = ""
    return f"{sys.platform}:{boot}:{os.getuid()}:{os.environ.get('container', '')}"  # noqa: SIM112 - systemd's and podman's name for it
