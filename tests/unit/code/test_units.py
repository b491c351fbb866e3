"""How edits of a project show in its units; raw bytes; errors; what is kept between runs."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.code import CodeError, Sources, of_callable

TARGET = "stages.clean:clean"
GO = "\n\n\ndef go():\n    pass\n"


def test_a_comment_in_a_helper_changes_no_unit_but_the_snapshot(package):
    before = package.callable(TARGET)
    package.write({"stages/columns.py": '# why these\nKEPT = ["a",\n        "b"]\n'})
    after = package.callable(TARGET)
    assert after.units == before.units
    assert after.files["stages/columns.py"] != before.files["stages/columns.py"]


def test_a_constant_of_a_helper_changes_its_unit_alone(package):
    assert package.changed(TARGET, {"stages/columns.py": 'KEPT = ["a"]\n'}) == {"stages.columns"}


def test_a_module_that_is_not_reached_changes_nothing(package):
    assert package.changed(TARGET, {"stages/unrelated.py": "x = 1\n", "new.py": ""}) == set()


def test_putting_code_back_puts_the_units_back(package):
    before = package.callable(TARGET)
    package.changed(TARGET, {"stages/columns.py": 'KEPT = ["a"]\n'})
    package.write({"stages/columns.py": 'KEPT = ["a", "b"]\n'})
    assert package.callable(TARGET) == before


def test_units_do_not_depend_on_where_the_project_lies(project, tmp_path_factory):
    files = {"main.py": f"import lib{GO}", "lib.py": "x = 1\n"}
    project.write(files)
    elsewhere = type(project)(tmp_path_factory.mktemp("elsewhere"))
    elsewhere.write(files)
    assert elsewhere.callable("main:go") == project.callable("main:go")


def test_a_moved_module_is_another_unit_for_it_can_read_its_place(project):
    project.roots = ["src", "."]
    project.write({"src/lib.py": "x = 1\n", "main.py": f"import lib{GO}"})
    before = project.callable("main:go").units
    (project.root / "src/lib.py").rename(project.root / "lib.py")
    assert project.callable("main:go").units["lib:<module>"] != before["lib:<module>"]


@pytest.mark.parametrize(
    "line",
    [
        "print(helper.__doc__)",
        "text = getattr(helper, '__doc__')",
        "import inspect\ntext = inspect.getsource(helper)",
        "from inspect import getsource\ntext = getsource(helper)",
        "import linecache",
        "import cloudpickle",
        "import numba",
        "import torch\nf = torch.jit.script(helper)",
        "print(helper.f.__code__.co_firstlineno)",
        "import traceback\ntext = traceback.format_exc()",
        "from pathlib import Path\ntext = Path('helper.py').read_text()",
        "from lib import inspect\ntext = inspect.getsource(helper)",
    ],
)
def test_a_reader_of_source_text_makes_all_that_is_reached_count_by_bytes(project, line):
    project.write(
        {"helper.py": "x = 1\n", "lib.py": "import inspect\n", "main.py": f"import helper\n{line}{GO}"}
    )
    assert "helper:<file>" in project.callable("main:go").needs_bytes
    assert "the raw bytes of all that is reached" in {w.reaches for w in project.callable("main:go").widened}
    assert "helper" in project.changed("main:go", {"helper.py": "x = 1  # c\n"})


@pytest.mark.parametrize(
    "line",
    [
        "import inspect\ns = inspect.signature(helper.f)",
        "import traceback\ntraceback.print_exc()",
        "from pathlib import Path\nhere = Path(__file__).parent / 'data.csv'",
        "if __name__ == '__main__':\n    print(helper.__doc__)",
        "def f():\n    'see __doc__ and helper.py'",
    ],
)
def test_what_reads_no_source_lets_comments_be(project, line):
    project.write({"helper.py": "x = 1\n", "main.py": f"import helper\n{line}{GO}"})
    assert project.callable("main:go").needs_bytes == ()
    assert project.changed("main:go", {"helper.py": "x = 1  # c\n"}) == set()


def test_a_module_that_reads_its_own_docstring_counts_by_its_own_bytes(project):
    project.write({"helper.py": "", "main.py": f"'''Doc.'''\nimport helper\nprint(__doc__){GO}"})
    assert project.callable("main:go").needs_bytes == ("main:<file>",)
    assert project.changed("main:go", {"helper.py": "# c\n"}) == set()
    assert project.changed("main:go", {"main.py": f"'''Other.'''\nimport helper\nprint(__doc__){GO}"}) == {
        "main"
    }


def test_one_that_starts_pythons_makes_main_blocks_count(project):
    main = "if __name__ == '__main__':\n    go({})\n"
    project.write({"helper.py": main.format(1), "main.py": f"import helper, sys\nprint(sys.executable){GO}"})
    assert project.changed("main:go", {"helper.py": main.format(2)}) == {"helper"}


def test_a_missing_module_is_an_error_that_names_a_near_one(package):
    with pytest.raises(CodeError) as caught:
        package.callable("stages.claen:clean")
    assert caught.value.text == "there is no module `stages.claen`"
    assert caught.value.help == "did you mean `stages.clean`?"


def test_a_missing_callable_is_an_error_that_names_a_near_one(package):
    with pytest.raises(CodeError) as caught:
        package.callable("stages.clean:claen")
    assert caught.value.text == "module `stages.clean` has no `claen`"
    assert caught.value.help == "did you mean `clean`?"


@pytest.mark.parametrize(
    "target", ["stages.clean", "stages/clean.py:clean", ":clean", "stages.clean:", "a:b:c"]
)
def test_what_is_no_target_says_how_to_write_one(package, target):
    with pytest.raises(CodeError, match="is not of the form `module:callable`"):
        package.callable(target)


def test_a_folder_is_no_module(project):
    project.write({"lib/a.py": GO})
    with pytest.raises(CodeError, match="`lib` is a folder, not a module"):
        project.callable("lib:go")


@pytest.mark.parametrize(
    "text", ["from x import *\n", "def __getattr__(n):\n    return 1\n", "globals()['go'] = 1\n"]
)
def test_a_callable_that_may_be_made_at_run_time_is_left_to_the_child(project, text):
    project.write({"main.py": text, "x.py": ""})
    assert project.callable("main:go").signature is None


def test_a_callable_of_an_installed_package_reaches_nothing_of_the_project(project):
    assert project.callable("shutil:copy").imports == ("shutil",)
    assert project.callable("json.tool:main").units == {}
    with pytest.raises(CodeError, match="there is no module `no_such_package`"):
        project.callable("no_such_package:f")


def test_a_syntax_error_in_a_reached_module_is_placed_in_its_file(project):
    project.write({"main.py": f"import helper{GO}", "helper.py": "x = 1\ny = = 2\n"})
    with pytest.raises(CodeError) as caught:
        project.callable("main:go")
    assert (caught.value.file, caught.value.line, caught.value.column) == ("helper.py", 2, 5)
    assert "`helper.py` is no valid Python: invalid syntax" in caught.value.text


@pytest.mark.parametrize("data", [b"x = '\xff'\n", b"x = 1\0\n"])
def test_source_that_is_no_text_is_an_error(project, data):
    project.write({"main.py": f"import helper{GO}", "helper.py": data})
    with pytest.raises(CodeError, match=r"`helper.py` is not a text file"):
        project.callable("main:go")


def test_source_in_another_encoding_is_read_as_it_says(project):
    project.write({"main.py": b"# coding: latin-1\nx = '\xe9'\n\n\ndef go():\n    pass\n"})
    assert project.modules("main:go") == {"main"}


def test_a_broken_file_that_only_a_computed_name_could_reach_counts_by_bytes(project):
    project.write({"main.py": f"__import__(name){GO}", "old.py": "print 'python 2'\n"})
    assert project.callable("main:go").needs_bytes == ("old:<file>",)
    assert project.changed("main:go", {"old.py": "print 'python 3'\n"}) == {"old"}


def test_a_second_look_finds_the_same_and_analyses_nothing(package):
    cold = package.callable(TARGET)
    kept = dict(package.memo)
    assert package.callable(TARGET) == cold
    assert dict(package.memo) == kept


def test_a_file_edited_between_its_digest_and_its_reading_counts_as_it_was_read(package):
    path = package.root / "stages/columns.py"
    sources = package.sources()
    old = sources.digest("stages/columns.py")
    path.write_text("KEPT = []\n")
    code = of_callable(TARGET, package.roots, sources, package.memo)
    assert code.files["stages/columns.py"] != old
    assert code == package.callable(TARGET)


def test_a_known_project_is_read_without_pythons_parser(package, tmp_path_factory):
    package.callable(TARGET)
    kept = tmp_path_factory.mktemp("kept") / "memo.json"
    kept.write_text(json.dumps({key: value.decode() for key, value in package.memo.items()}))
    script = """
import json, os, sys
from pathlib import Path
from pipeline import digest
from pipeline.code import Sources, of_callable
class Memo(dict):
    def put(self, key, value): raise AssertionError(key)
memo = Memo({k: v.encode() for k, v in json.loads(Path(sys.argv[2]).read_text()).items()})
def digest_of(path):
    place = os.path.join(sys.argv[1], path)
    return digest.of_file(place) if os.path.isfile(place) else None
sources = Sources(Path(sys.argv[1]), digest_of=digest_of, excluded=lambda path: False)
assert len(of_callable("stages.clean:clean", ["."], sources, memo).units) >= 8
heavy = {"ast", "inspect", "dataclasses", "subprocess", "importlib.metadata", "difflib"} & set(sys.modules)
assert not heavy, heavy
"""
    root = Path(__file__).parents[3]
    subprocess.run(
        [sys.executable, "-c", script, str(package.root), str(kept)],
        check=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )


def test_stages_over_the_same_modules_share_the_work(project):
    files = {
        f"lib/m{i}.py": f"from . import m{(i * 7 + 1) % 130}, m{(i * 3 + 2) % 130}\n" for i in range(130)
    }
    files |= {f"stages/s{i}.py": f"from lib import m0{GO}" for i in range(200)}
    project.write(files | {"lib/__init__.py": "", "stages/__init__.py": ""})
    project.callable("stages.s0:go")
    asked = []
    known = project.sources()
    sources = Sources(
        project.root,
        digest_of=lambda path: asked.append(path) or known.digest(path),
        excluded=lambda path: False,
    )
    started = time.perf_counter()
    for i in range(200):
        code = of_callable(f"stages.s{i}:go", ["."], sources, project.memo)
    assert len(code.units) > 100
    assert len(asked) == len(set(asked))
    assert time.perf_counter() - started < 5


def test_a_definition_that_moves_behind_what_needs_it_when_it_is_imported_counts(project):
    wrap, wrapped = "def wrap(f):\n    return inner(f)\n", "@wrap\ndef f():\n    return 1\n"
    inner, go = "def inner(f):\n    return f\n", "def go():\n    return f()\n"
    project.write({"main.py": "\n\n".join([wrap, inner, wrapped, go])})
    assert project.changed_units("main:go", {"main.py": "\n\n".join([inner, go, wrap, wrapped])}) == set()
    for order in ([wrapped, wrap, inner, go], [wrap, wrapped, inner, go]):
        project.write({"main.py": "\n\n".join([wrap, inner, wrapped, go])})
        assert project.changed_units("main:go", {"main.py": "\n\n".join(order)}) == {"main:<module>"}


def test_a_future_import_that_python_refuses_is_an_error(project):
    project.write(
        {"main.py": '"""Doc."""\nfrom __future__ import annotations\n\n\ndef go():\n    return 1\n'}
    )
    project.callable("main:go")
    project.write({"main.py": "import os\nfrom __future__ import annotations\n\n\ndef go():\n    return 1\n"})
    with pytest.raises(CodeError) as caught:
        project.callable("main:go")
    assert "must occur at the beginning" in caught.value.text
    assert caught.value.line == 2
