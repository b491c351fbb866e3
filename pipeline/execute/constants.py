"""The environment that is the same for everybody. Knows no stage."""

import os
import sys
from collections.abc import Mapping

from ..code.sources import is_of_pipe, is_of_project
from ..layout import Layout

PASSED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""With these, administrators work around a BLAS: they are the machine's, like its processor."""

NETWORK = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
)
"""What a stage with `network: true` needs to reach anything, and no result should depend on."""

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
    "JULIA_NUM_THREADS",
    "GOMAXPROCS",
)
"""From these, libraries and languages learn how many threads to start."""


def constants(cpus: int, *, python_folder: str) -> dict[str, str]:
    """Return what every stage of `cpus` threads finds in its environment, folders excepted."""
    fixed = {
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PATH": f"{python_folder}:{_SYSTEM_PATH}",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        # The first moment that a zip archive can hold.
        "SOURCE_DATE_EPOCH": "315532800",
        "MPLBACKEND": "agg",
        "USER": "pipe",
        "LOGNAME": "pipe",
    }
    fixed |= dict.fromkeys(THREADS, str(cpus))
    fixed |= {name: os.environ[name] for name in PASSED if name in os.environ}
    return fixed


def network() -> dict[str, str]:
    """Return the caller's settings for reaching the network."""
    return {name: os.environ[name] for name in NETWORK if name in os.environ}


def declared(names: Mapping[str, str | None]) -> dict[str, str]:
    """Return the declared variables that are set; they come over the constants."""
    return {name: value for name, value in names.items() if value is not None}


def python_path(project: str) -> list[str]:
    """Return where the running interpreter finds packages: the child finds the same ones.

    Not the project's own folders, which an editable install of it adds: the child has the snapshot. Nor the checkout
    that `pipe` runs from: its `tests` and `stages` are none of a stage's.
    """
    root = os.path.realpath(project)
    own = os.path.dirname(os.path.abspath(sys.argv[0])) if sys.argv and sys.argv[0] else ""
    found = [path for path in sys.path if path and path != own and os.path.isabs(path)]
    return [path for path in found if not (is_of_pipe(path) or is_of_project(path, root))]


def python_beside(layout: Layout) -> str:
    """Return a folder in which `python` is the running interpreter."""
    folder = os.path.dirname(os.path.abspath(sys.executable))
    if os.path.exists(os.path.join(folder, "python")):
        return folder
    made = layout.pipe / "bin"
    made.mkdir(parents=True, exist_ok=True)
    # A link would hide the interpreter's own folder, by which it finds a virtual environment.
    script = made / "python"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return os.fspath(made)
