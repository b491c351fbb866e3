"""Packages are seen by the stages wherever they are installed."""

import os
import shutil
import tempfile

import pytest


@pytest.fixture
def home_of_somebody():
    try:
        folder = tempfile.mkdtemp(prefix="pipe-test-", dir="/home")
    except OSError:
        pytest.skip("this user may not make a folder in /home")
    os.chmod(folder, 0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_package_below_home_is_there_for_a_stage(project, home_of_somebody):
    with open(f"{home_of_somebody}/only_here.py", "w") as file:
        file.write("WORD = 'found'\n")
    project.write("stage.py", "import only_here\n\ndef make():\n    return only_here.WORD\n")
    project.write("pipeline.yaml", "stages:\n  make: {run: 'stage:make', outputs: {out: out.txt}}\n")
    project.run(PYTHONPATH=home_of_somebody)
    assert project.read("out.txt") == "found"
