"""Makes the Python environment that records name, with uv. Knows packages and interpreters, no action."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from . import digest
from .durable import remove, write_file
from .environment import platform
from .errors import Problem, StoreError, usage

_DISTRIBUTION = "pipe-lineage"
_COMPLETE = "complete"


class Elsewhere(Exception):
    """The work must be done by another interpreter, where the recorded packages are."""

    def __init__(self, python: str) -> None:
        super().__init__(python)
        self.python = python


def interpreter(packages: Mapping[str, str], python: str, folder: Path) -> str:
    """Return an interpreter of version `python` with these packages, and what `pipe` itself needs beside them.

    It is made in `folder` once for each set of packages. Raises UsageError without uv, StoreError for what no
    index has.
    """
    lost = sorted(
        f"{name} {version}" for name, version in packages.items() if not _is_published(name, version)
    )
    if lost:
        raise StoreError(
            Problem(
                f"no index has {', '.join(lost)}: it was installed from files of this machine",
                help="install it yourself, and rebuild without --environment recorded",
            )
        )
    uv = shutil.which("uv") or shutil.which("uv", path=os.path.dirname(sys.executable))
    if uv is None:
        raise usage("--environment recorded needs uv", help="`pip install uv`")
    wanted = [f"{name}=={version}" for name, version in sorted(packages.items())]
    wanted += _own(packages)
    place = folder / digest.of_value([python, wanted])[:16]
    found = place / "bin" / "python"
    if not (place / _COMPLETE).exists():
        remove(os.fspath(place))
        base = getattr(sys, "_base_executable", sys.executable)
        base = base if python == platform()["python"] else python  # else uv looks for one, or fetches it
        _run([uv, "venv", "-q", "--python", base, os.fspath(place)])
        _run([uv, "pip", "install", "-q", "--python", os.fspath(found), *wanted])
        write_file(os.fspath(place / _COMPLETE), b"", sync=False)
    return os.fspath(found)


def command(python: str, words: list[str]) -> list[str]:
    """Return the command line that runs this very `pipe` by another interpreter."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    code = f"import sys; sys.path.append({package!r}); from pipeline.cli import main; sys.exit(main())"
    return [python, "-E", "-s", "-c", code, *words]  # what the user adds to the import path is not recorded


def _is_published(name: str, version: str) -> bool:
    return "@" not in version and not name.startswith("file:")


def _own(packages: Mapping[str, str]) -> list[str]:
    """Return what `pipe` needs, as it is here, without what is recorded."""
    from importlib import metadata

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    try:
        needed = [Requirement(text) for text in metadata.requires(_DISTRIBUTION) or ()]
    except metadata.PackageNotFoundError:
        return []
    names = {
        canonicalize_name(r.name) for r in needed if r.marker is None or r.marker.evaluate({"extra": ""})
    }
    return [f"{name}=={metadata.version(name)}" for name in sorted(names - packages.keys())]


def _run(words: list[str]) -> None:
    ran = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        said = ran.stderr.strip().splitlines() or ["it said nothing"]
        raise StoreError(
            Problem(
                "the recorded environment cannot be made",
                facts=(("uv", " ".join(line.strip() for line in said)[:400]),),
                help="a version that is gone from the index cannot be had; rebuild without --environment recorded",
            )
        )
