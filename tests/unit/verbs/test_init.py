"""`pipe init` makes a whole project and replaces nothing."""

import ast

import pytest

from pipeline.errors import UsageError
from pipeline.init import init


def test_an_empty_folder_becomes_a_project(tmp_path):
    made = init(tmp_path / "new")
    assert made.kept == ()
    for name in made.made:
        assert (tmp_path / "new" / name).is_file()
    for path in (tmp_path / "new" / "stages").glob("*.py"):
        ast.parse(path.read_text())


def test_a_second_time_is_an_error_and_changes_nothing(tmp_path):
    init(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match="exists already"):
        init(tmp_path)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_files_that_are_there_are_kept_and_named(tmp_path):
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages" / "clean.py").write_text("mine")
    (tmp_path / "params.yaml").symlink_to("nowhere")
    made = init(tmp_path)
    assert made.kept == ("params.yaml", "stages/clean.py")
    assert (tmp_path / "stages" / "clean.py").read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "/build/\n"),
        ("*.pyc", "*.pyc\n/build/\n"),
        ("*.pyc\n", "*.pyc\n/build/\n"),
        ("build/\n", "build/\n"),
        ("/build\n", "/build\n"),
    ],
)
def test_the_ignore_file_is_added_to_and_never_replaced(tmp_path, before, after):
    if before is not None:
        (tmp_path / ".gitignore").write_text(before)
    init(tmp_path)
    assert (tmp_path / ".gitignore").read_text() == after


def test_a_project_inside_another_says_so(tmp_path):
    init(tmp_path)
    assert init(tmp_path / "inner").enclosing == tmp_path


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is no folder"):
        init(tmp_path / "file")
