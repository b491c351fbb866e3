"""Finds out what this machine's kernel enforces, by doing it. Remembers nothing."""

import os
import subprocess
import sys

from ..child import BOOT
from . import kernel, namespaces, view

_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_PROBE = BOOT + "from _pipe.execute.sandbox.probe import try_namespaces\ntry_namespaces(sys.argv[2])\n"


def level(base: str) -> tuple[str, str]:
    """Return the strictest level that works, and why no stricter one does ("" for the strictest).

    `base` is a folder that may be written.
    """
    if sys.platform != "linux":
        return "L0", f"{sys.platform} has neither namespaces nor Landlock"
    command = [sys.executable, "-s", "-P", "-c", _PROBE, _PACKAGE, base]
    try:
        ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False)
        why = ran.stdout.decode("utf-8", "replace").strip() or f"the probe ended with {ran.returncode}"
    except (OSError, subprocess.TimeoutExpired) as error:
        why = str(error)
    if why == "works":
        return "L2", ""
    if kernel.landlock_version() >= 1:
        return "L1", f"namespaces: {why}"
    return "L0", f"namespaces: {why}; Landlock: this kernel has none, or it is switched off"


def try_namespaces(base: str) -> None:
    """Print "works" if a stage could be isolated at L2, else why not. Ends the process."""
    root = f"{base}/.root.{os.getpid()}"
    folder = f"{base}/.probe.{os.getpid()}"
    try:
        os.makedirs(root, mode=0o700, exist_ok=True)
        os.makedirs(f"{folder}/project/out", mode=0o700, exist_ok=True)
        home = f"{folder}/home"
        os.makedirs(home, exist_ok=True)
        namespaces.enter_as_server(root, view.readable(_PACKAGE), view.devices(gpus=False), base, home)
        child = os.fork()
        if child == 0:
            try:
                namespaces.enter_as_stage(folder, base, writable=["out"], fixed=[], linked={}, network=False)
                kernel.drop_capabilities()
            except OSError as error:
                print(error, flush=True)
                os._exit(1)
            os._exit(0)
        if os.waitpid(child, 0)[1] == 0:
            print("works", flush=True)
    except OSError as error:
        print(error, flush=True)
    os._exit(0)
