"""Which modules a callable reaches, for each form of import."""

import pytest

from pipeline.code import of_callable, pruned

TARGET = "stages.clean:clean"


def test_a_callable_reaches_helpers_at_any_depth_and_parent_packages(package):
    assert package.modules(TARGET) == {
        "stages",
        "stages.clean",
        "stages.columns",
        "stages.tools",
        "stages.tools.base",
        "stages.tools.text",
    }


def test_the_snapshot_holds_the_reached_files_and_no_other(package):
    files = package.callable(TARGET).files
    assert "stages/unrelated.py" not in files
    assert set(files) == {
        "stages/__init__.py",
        "stages/clean.py",
        "stages/columns.py",
        "stages/tools/__init__.py",
        "stages/tools/base.py",
        "stages/tools/text.py",
    }


@pytest.mark.parametrize(
    ("line", "reached"),
    [
        ("import lib.a", {"lib", "lib.a"}),
        ("import lib.sub.deep as d", {"lib", "lib.sub", "lib.sub.deep"}),
        ("from lib import a", {"lib", "lib.a"}),
        ("from lib import VALUE", {"lib"}),
        ("from lib.a import thing as other", {"lib", "lib.a"}),
        ("from lib.sub import *", {"lib", "lib.sub", "lib.sub.listed"}),
        ("from lib.computed import *", {"lib", "lib.computed", "lib.computed.one", "lib.computed.two"}),
        ("try:\n    import lib.a\nexcept ImportError:\n    import lib.b", {"lib", "lib.a", "lib.b"}),
        ("if VALUE:\n    import lib.a\nelse:\n    import lib.b", {"lib", "lib.a", "lib.b"}),
        ("def f():\n    from lib import b\n    return b\nf()", {"lib", "lib.b"}),
        ("class C:\n    import lib.a as inner", {"lib", "lib.a"}),
        ("f = lambda: __import__('lib.a')\nf()", {"lib", "lib.a"}),
        ("import importlib\nm = importlib.import_module('lib.b')", {"lib", "lib.b"}),
        ("from importlib import import_module as get\nm = get('lib.b')", {"lib", "lib.b"}),
        ("from importlib import import_module as get\nm = get('.b', 'lib')", {"lib", "lib.b"}),
        ("from importlib.resources import files\np = files('lib.sub')", {"lib", "lib.sub"}),
        ("import sys\nme = sys.modules[__name__]", set()),
        ("if __name__ == '__main__':\n    import lib.a", set()),
        ("if '__main__' == __name__ and VALUE:\n    import lib.a", set()),
        ("if __name__ == '__main__':\n    pass\nelse:\n    import lib.a", {"lib", "lib.a"}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import lib.a", set()),
        (
            "import typing as t\nif t.TYPE_CHECKING:\n    import lib.a\nelse:\n    import lib.b",
            {"lib", "lib.b"},
        ),
        ("TYPE_CHECKING = False\nif TYPE_CHECKING:\n    import lib.a", set()),
        ("TYPE_CHECKING = VALUE\nif TYPE_CHECKING:\n    import lib.a", {"lib", "lib.a"}),
        ("import pickle\npickle.dump(1, f)", set()),
        ("import sys, pickle, importlib, joblib", set()),
        ("import yaml\nyaml.safe_load(text)", set()),
        ("import joblib\njoblib.dump(1, f)", set()),
    ],
)
def test_a_form_of_import_reaches_exactly_what_python_would_load(project, line, reached):
    project.write(
        {
            "lib/__init__.py": "VALUE = 1\n",
            "lib/a.py": "thing = 1\n",
            "lib/b.py": "",
            "lib/sub/__init__.py": "__all__ = ['listed', 'NAME']\nNAME = 1\n",
            "lib/sub/deep.py": "",
            "lib/sub/listed.py": "",
            "lib/computed/__init__.py": "import os\n__all__ = [n for n in os.listdir('.')]\n",
            "lib/computed/one.py": "",
            "lib/computed/two.py": "",
            "main.py": f"{line}\n\n\ndef go():\n    return 1\n",
        }
    )
    code = project.callable("main:go")
    assert {unit.partition(":")[0] for unit in code.units} == {"main"} | reached
    # A module that is held as a value is followed no further than into itself.
    assert all(item.reaches.startswith("all definitions of `lib") for item in code.widened)


@pytest.mark.parametrize(
    ("line", "construct"),
    [
        ("import importlib\nimportlib.import_module(name)", "importlib.import_module"),
        ("import importlib as i\ni.import_module(f'{name}.lib')", "importlib.import_module"),
        ("from importlib import import_module\nget = import_module\nget(name)", "importlib.import_module"),
        ("__import__(name)", "__import__"),
        ("exec(text)", "exec"),
        ("import sys\nsys.modules[name]", "sys.modules"),
        ("import sys\nsys.path.insert(0, 'lib')", "sys.path"),
        ("import runpy", "runpy"),
        ("import pkgutil", "pkgutil"),
        ("import pickle\npickle.load(f)", "pickle.load"),
        ("from pickle import loads\nloads(b)", "pickle.loads"),
        ("from pickle import loads", "pickle.loads"),
        ("import pickle as p", "pickle as a value"),
        ("import lib.compat\nuse(lib.compat.pickle)", "pickle as a value"),
        ("import joblib\nm = joblib.load(path)", "joblib.load"),
        ("import torch\nm = torch.load(path)", "torch.load"),
        ("import numpy as np\nnp.load(path, allow_pickle=True)", "allow_pickle"),
        ("from lib.compat import pickle\npickle.load(f)", "pickle.load"),
        ("import pickle\nuse(pickle)", "pickle as a value"),
        ("import dill", "dill"),
        ("import sys\ns = sys\ns.modules[name]", "sys as a value"),
        ("import pandas as pd\nframe = pd\nframe.read_pickle(path)", "read_pickle"),
        ("import yaml\nyaml.load(text, Loader=yaml.UnsafeLoader)", "yaml.UnsafeLoader"),
    ],
)
def test_what_cannot_be_followed_reaches_all_modules_and_is_recorded(project, line, construct):
    project.write(
        {
            "lib/compat.py": "import pickle\npickle.dump\n",
            "lib/plugin.py": "",
            "other.py": "import another_package\n",
            "tests/test_x.py": "",
            "setup.py": "",
            "main.py": f"def go():\n    return 1\n\n\n{line}\n",
        }
    )
    code = project.callable("main:go")
    assert {unit.partition(":")[0] for unit in code.units} == {"main", "lib.compat", "lib.plugin", "other"}
    assert "another_package" in code.imports
    found = [item for item in code.widened if item.construct == construct]
    assert [item.file for item in found if item.file == "main.py"]
    assert {item.reaches for item in found} >= {"all modules under the import roots"}
    assert min(item.line for item in found) >= 5


def test_relative_imports_climb_to_the_right_package(project):
    project.write(
        {
            "a/__init__.py": "",
            "a/x.py": "",
            "a/b/__init__.py": "from .. import x\n",
            "a/b/main.py": "from ..c.y import z\nfrom .near import n\n\n\ndef go():\n    pass\n",
            "a/b/near.py": "n = 1\n",
            "a/c/__init__.py": "",
            "a/c/y.py": "z = 1\n",
        }
    )
    assert project.modules("a.b.main:go") == {"a", "a.x", "a.b", "a.b.main", "a.b.near", "a.c", "a.c.y"}


def test_what_is_not_the_projects_is_named_for_the_environment(project):
    project.write(
        {
            "main.py": (
                "import os.path\nimport numpy.linalg\nfrom collections import abc\n"
                "from pyarrow import parquet\nfrom nowhere import thing\n\n\ndef go():\n    pass\n"
            )
        }
    )
    code = project.callable("main:go")
    assert code.imports == (
        "nowhere",
        "numpy.linalg",
        "pyarrow",
        "pyarrow.parquet",
    )  # the others bring nothing
    assert code.absent == ("nowhere",)


def test_a_name_that_is_nothing_today_is_absent_and_a_new_file_satisfies_it(project):
    project.write(
        {
            "lib/__init__.py": "",
            "main.py": "try:\n    from lib import fast\nexcept ImportError:\n    pass\n\n\ndef go(): ...\n",
        }
    )
    assert project.callable("main:go").absent == ("lib.fast",)
    assert project.changed("main:go", {"lib/fast.py": ""}) == {"lib.fast"}
    assert project.callable("main:go").absent == ()


def test_a_cycle_of_imports_ends(project):
    project.write(
        {
            "a.py": "import b\n\n\ndef go():\n    pass\n",
            "b.py": "import c\n",
            "c.py": "import a\n",
        }
    )
    project.write({"d.py": "import c as go\n"})
    assert project.modules("a:go") == {"a", "b", "c"}
    assert project.modules("d:go") == {"a", "b", "c", "d"}


def test_a_compiled_module_counts_by_its_bytes_and_may_import_anything(project):
    project.write(
        {"main.py": "import fast\n\n\ndef go():\n    pass\n", "fast.so": b"\x7fELF1", "other.py": ""}
    )
    assert project.modules("main:go") == {"fast", "main", "other"}
    assert project.callable("main:go").needs_bytes == ("fast:<file>",)
    assert project.changed("main:go", {"fast.so": b"\x7fELF2"}) == {"fast"}


@pytest.mark.parametrize(
    "init",
    ["from .clean import clean\n", "try:\n    from .clean import clean\nexcept ImportError:\n    pass\n"],
)
def test_a_package_may_export_a_function_under_the_name_of_its_module(project, init):
    project.write(
        {
            "lib/__init__.py": init,
            "lib/clean.py": "def clean():\n    return 1\n",
            "main.py": "from lib import clean\n\n\ndef go():\n    return clean()\n",
        }
    )
    assert {"lib.clean:clean", "lib:<module>"} <= project.units("main:go")
    (project.root / "lib/clean.py").unlink()
    code = project.callable("main:go")
    assert "lib.clean" in code.absent


def imported(project, target):
    """Return the text that a stage imports, by path."""
    sources = project.sources()
    code = of_callable(target, project.roots, sources, project.memo)
    by_digest = {digest: path for path, digest in code.files.items()}
    texts = pruned(code, sources, project.memo, read=lambda name: sources.read(by_digest[name]))
    return {path: text.decode() for path, text in texts.items()}


def test_a_star_stays_where_its_names_cannot_be_listed(project):
    project.write(
        {
            "lib/base.py": "__all__ = [n for n in ('f', 'K')]\n\n\ndef f():\n    return 1\n\n\nclass K:\n    pass\n",
            "main.py": "from lib.base import *\n\n\ndef go():\n    return f()\n",
        }
    )
    assert {"lib.base:f", "lib.base:K"} <= project.units("main:go")
    assert imported(project, "main:go")["main.py"].startswith("from lib.base import *\n")


def test_a_star_in_a_circle_of_imports_stays(project):
    project.write(
        {
            "lib/first.py": "class K:\n    pass\n\n\nfrom lib.second import *\n",
            "lib/second.py": "from lib.first import K\n\nprint(K)\n\n\ndef f():\n    return 1\n",
            "main.py": "from lib.first import f, K\n\n\ndef go():\n    return K, f()\n",
        }
    )
    # `from lib.second import K` would be an error here: when it runs, `lib.second` has no K yet.
    assert "from lib.second import *" in imported(project, "main:go")["lib/first.py"]


def test_a_star_in_a_package_takes_what_is_asked_for_alone(project):
    project.write(
        {
            "lib/__init__.py": "from .base import *\n",
            "lib/base.py": "from . import more\n\n\ndef f():\n    return 1\n\n\ndef g():\n    return 2\n",
            "lib/more.py": "",
            "main.py": "from lib import f\n\n\ndef go():\n    return f()\n",
        }
    )
    assert imported(project, "main:go")["lib/__init__.py"].startswith("from .base import f, more\n")
    assert "lib.base:g" not in project.units("main:go")


@pytest.mark.parametrize(
    ("bound", "is_listed"),
    [
        ("try:\n    from lib.fast import f\nexcept ImportError:\n    from lib.slow import g\n", False),
        ("try:\n    from lib.fast import f\nexcept ImportError:\n    f = None\n", True),
        ("try:\n    from lib.fast import f\nexcept ImportError:\n    raise\n", True),
        ("if flag():\n    f = 1\nelse:\n    f = 2\n", True),
        ("if flag():\n    f = 1\n", False),
        ("with flag() as x:\n    f = x\n", True),
        ("for f in range(flag()):\n    pass\n", False),
        ("f = 1\nif flag():\n    del f\n", False),
        ("f: int\n", False),
        ("f, (g, *h) = flag()\n", True),
        ("def set():\n    global f\n    f = 1\n", False),
    ],
)
def test_a_star_is_written_as_names_only_where_all_of_them_are_bound(project, bound, is_listed):
    project.write(
        {
            "lib/base.py": f"def flag():\n    return 1\n\n\n{bound}\n\ndef asked():\n    return f\n",
            "lib/slow.py": "def g():\n    return 1\n",
            "main.py": "from lib.base import *\n\n\ndef go():\n    return asked()\n",
        }
    )
    text = imported(project, "main:go")["main.py"]
    assert ("import *" not in text) == is_listed


QUIET_IMPORTS = (
    "import json",
    "import os.path",
    "import csv as c",
    "from io import BytesIO",
    "import json, csv",
)


@pytest.mark.parametrize("line", QUIET_IMPORTS)
def test_an_import_of_what_has_no_effect_counts_only_for_what_asks_for_it(project, line):
    code = "\n\ndef go():\n    return 1\n\n\ndef other():\n    return {}\n"
    name = line.split()[-1].partition(".")[0]
    project.write({"main.py": code.format(1)})
    without = project.callable("main:go").units
    project.write({"main.py": line + code.format(name)})
    assert project.callable("main:go").units == without
    assert line.split()[1].partition(".")[0].strip(",") in project.callable("main:other").imports
    assert project.pruned("main:go")["main.py"].lstrip().startswith(b"def go")
    assert line.encode() in project.pruned("main:other")["main.py"]


@pytest.mark.parametrize(
    "line",
    [
        "import unknown",
        "import xml.etree.ElementTree",
        "from concurrent import futures",
        "import json, unknown",
    ],
)
def test_an_import_of_what_may_have_an_effect_counts_for_whoever_imports_the_module(project, line):
    project.write({"main.py": "def go():\n    return 1\n"})
    without = project.callable("main:go").units
    project.write({"main.py": f"{line}\n\n\ndef go():\n    return 1\n"})
    assert project.callable("main:go").units != without


def test_a_module_of_the_project_with_a_quiet_name_counts(project):
    project.write({"main.py": "import queue\n\n\ndef go():\n    return 1\n", "queue.py": "print('loaded')\n"})
    before = project.callable("main:go").units
    project.write({"queue.py": "print('loaded again')\n"})
    assert project.callable("main:go").units != before


@pytest.mark.parametrize(
    "function",
    [
        "def go(when: 'datetime.date'):\n    return 1",
        "def go():\n    return look('json.loads')",
        "def go():\n    def inner(p: pathlib.Path): return p\n    return inner",
    ],
)
def test_a_quiet_import_counts_where_an_annotation_or_a_text_names_what_it_binds(project, function):
    imports = "from __future__ import annotations\nimport datetime\nimport json\nimport pathlib\n"
    project.write({"main.py": f"{imports}\n\n{function}\n"})
    name = next(n for n in ("datetime", "json", "pathlib") if n in function)
    assert f"import {name}".encode() in project.pruned("main:go")["main.py"]
    assert project.callable("main:go").imports == ("__future__", name)


def test_a_quiet_import_counts_for_other_modules_that_take_it_from_there(project):
    for taken in ("from lib import json", "import lib", "from lib import *"):
        use = "lib.json.dumps" if taken == "import lib" else "json.dumps"
        project.write(
            {"lib.py": "import json\n", "main.py": f"{taken}\n\n\ndef go():\n    return {use}(1)\n"}
        )
        assert b"import json" in project.pruned("main:go")["lib.py"], taken
