"""A package was upgraded since: a rebuild says so, and with the recorded environment it comes out the same."""

import os
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

PIPELINE = """
stages:
  one: {run: "stages.one:make", outputs: {out: one.txt}}
"""

pytestmark = pytest.mark.skipif(
    not shutil.which("uv") and not Path(sys.executable).with_name("uv").exists(), reason="uv is not installed"
)


def wheel(folder: Path, version: str) -> Path:
    """Write a distribution of one module that says its version."""
    path = folder / f"saysversion-{version}-py3-none-any.whl"
    info = f"saysversion-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("saysversion.py", f"VERSION = {version!r}\n")
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: saysversion\nVersion: {version}\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def install(packages: Path, archive: Path) -> None:
    shutil.rmtree(packages, ignore_errors=True)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(packages)


def test_the_recorded_environment_gives_the_recorded_bytes(project, tmp_path):
    wheels, packages = tmp_path / "wheels", tmp_path / "packages"
    wheels.mkdir()
    old, new = wheel(wheels, "1.0"), wheel(wheels, "2.0")
    with_packages = {"PYTHONPATH": str(packages), "UV_FIND_LINKS": str(wheels)}
    # How this machine reaches an index is its own affair: certificates, mirrors, proxies.
    with_packages |= {n: v for n, v in os.environ.items() if n.startswith(("UV_", "PIP_", "SSL_"))}
    with_packages |= {"UV_SYSTEM_CERTS": "1"}
    project.write("pipeline.yaml", PIPELINE)
    project.write(
        "stages/one.py", "import saysversion\n\n\ndef make() -> str:\n    return saysversion.VERSION\n"
    )
    install(packages, old)
    assert project.pipe("run", **with_packages).code == 0
    install(packages, new)
    differs = project.pipe("rebuild", "one.txt", **with_packages)
    assert differs.code == 1
    assert "note: recorded with other packages: saysversion 1.0 (here: 2.0)" in differs.err
    assert "--environment recorded` takes the packages of then" in differs.err
    again = project.pipe(
        "rebuild", "one.txt", "--environment", "recorded", "-o", "again.txt", **with_packages
    )
    if "the recorded environment cannot be made" in again.err:
        pytest.skip(f"no index to be reached: {again.err}")
    assert again.code == 0, again
    assert project.read("again.txt") == "1.0"
