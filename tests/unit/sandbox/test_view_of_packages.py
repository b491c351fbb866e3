"""What a stage may read of the packages that are installed."""

import os
import sys

from pipeline.execute.sandbox import view


def test_a_file_that_a_package_brought_along_hides_no_packages(tmp_path, monkeypatch):
    installed, checkout = tmp_path / "lib" / "site-packages", tmp_path / "checkout"
    for folder in (installed, checkout):
        folder.mkdir(parents=True)
        (folder / "pyproject.toml").write_text("")
    monkeypatch.setattr(sys, "path", [*sys.path, os.fspath(installed), os.fspath(checkout)])
    shown = view.readable(os.fspath(tmp_path / "package"))
    assert os.fspath(installed) in shown
    assert os.fspath(checkout) not in shown
