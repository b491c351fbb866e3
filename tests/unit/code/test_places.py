"""Where a module's name leads: roots, shadowing, namespace packages, folders that are never code."""

import pytest

from pipeline.code import CodeError

GO = "\n\n\ndef go():\n    pass\n"


def test_the_first_root_wins(project):
    project.roots = ["src", "."]
    project.write({"src/lib.py": "", "lib.py": "", "main.py": f"import lib{GO}"})
    assert set(project.callable("main:go").files) == {"main.py", "src/lib.py"}


def test_a_new_file_in_an_earlier_root_shadows_the_old_one(project):
    project.roots = ["src", "."]
    project.write({"lib.py": "", "main.py": f"import lib{GO}"})
    assert project.changed("main:go", {"src/lib.py": ""}) == {"lib"}


def test_a_src_layout_gives_the_package_its_own_name(project):
    project.roots = ["src", "."]
    project.write(
        {"src/pkg/__init__.py": "", "src/pkg/main.py": f"from pkg import util{GO}", "src/pkg/util.py": ""}
    )
    assert project.modules("pkg.main:go") == {"pkg", "pkg.main", "pkg.util"}


def test_a_project_module_shadows_a_package_and_the_standard_library(project):
    project.write({"main.py": f"import numpy\nimport queue{GO}", "queue.py": "", "numpy.py": ""})
    code = project.callable("main:go")
    assert {unit.partition(":")[0] for unit in code.units} == {"main", "numpy", "queue"}
    assert code.imports == ()


@pytest.mark.parametrize("name", ["sys", "os", "abc", "importlib"])
def test_no_project_module_shadows_what_python_has_loaded_at_start(project, name):
    project.write({"main.py": f"import {name}{GO}", f"{name}.py": ""})
    assert project.modules("main:go") == {"main"}


def test_a_mere_folder_does_not_shadow_an_installed_package(project):
    project.write({"main.py": f"import numpy\nimport json.tool{GO}", "numpy/note.py": "", "json/tool.py": ""})
    code = project.callable("main:go")
    assert {unit.partition(":")[0] for unit in code.units} == {"main"}
    assert code.imports == ("json", "numpy")


def test_a_mere_folder_gives_the_modules_that_an_installed_package_of_its_name_lacks(project):
    project.write({"numpy/note.py": "def go():\n    return LIMIT\n\n\nLIMIT = 1\n", "numpy/linalg.py": GO})
    project.write(
        {"main.py": f"import numpy\nimport numpy.linalg\nfrom numpy import note{GO}    note.go()\n"}
    )
    code = project.callable("main:go")
    assert {unit.partition(":")[0] for unit in code.units} == {"main", "numpy.note"}
    assert set(code.imports) == {"numpy", "numpy.linalg"}
    code = project.callable("numpy.note:go")
    assert set(code.units) >= {"numpy.note:go", "numpy.note:LIMIT"}
    assert code.imports == ("numpy",)
    with pytest.raises(CodeError, match="a module of an installed package") as caught:
        project.callable("numpy.linalg:go")
    assert "numpy/__init__.py" in caught.value.help


def test_a_folder_of_data_shares_no_name_with_a_package(project):
    project.write({"numpy/data.csv": "", "main.py": f"import numpy.linalg{GO}"})
    code = project.callable("main:go")
    assert (code.imports, code.absent) == (("numpy.linalg",), ())


def test_a_namespace_package_spans_the_roots(project):
    project.roots = ["one", "two", "."]
    project.write({"one/ns/a.py": "", "two/ns/b.py": "", "main.py": f"import ns.a\nfrom ns import b{GO}"})
    assert set(project.callable("main:go").files) == {"main.py", "one/ns/a.py", "two/ns/b.py"}


def test_a_regular_package_in_a_later_root_beats_a_namespace_in_an_earlier_one(project):
    project.roots = ["one", "two", "."]
    project.write({"one/ns/a.py": "", "two/ns/__init__.py": "", "main.py": f"import ns{GO}"})
    assert set(project.callable("main:go").files) == {"main.py", "two/ns/__init__.py"}


def test_a_package_beats_a_module_of_the_same_name(project):
    project.write({"lib.py": "", "lib/__init__.py": "", "main.py": f"import lib{GO}"})
    assert set(project.callable("main:go").files) == {"main.py", "lib/__init__.py"}


def test_a_package_made_of_a_module_counts_as_a_change(project):
    project.write({"lib.py": "", "main.py": f"import lib{GO}"})
    assert project.changed("main:go", {"lib/__init__.py": ""}) == {"lib"}


@pytest.mark.parametrize(
    "path",
    [
        ".hidden/x.py",
        "env/lib/x.py",
        "__pycache__/x.py",
        "build/x.py",
        "nested/x.py",
    ],
)
def test_what_is_never_code_is_not_found_even_by_a_computed_name(project, path):
    project.outputs = {"build"}
    project.write(
        {
            "env/pyvenv.cfg": "",
            "nested/pipeline.yaml": "",
            "pipeline.yaml": "",
            path: "",
            "main.py": f"__import__(name){GO}",
        }
    )
    assert set(project.callable("main:go").files) == {"main.py"}


def test_the_output_of_a_stage_is_not_imported(project):
    project.outputs = {"generated.py"}
    project.write({"main.py": f"import generated{GO}", "generated.py": ""})
    assert project.modules("main:go") == {"main"}
    assert project.callable("main:go").absent == ("generated",)
