"""Which edits of a package change a stage's units, definition by definition; what is imported of each file."""

import subprocess
import sys

import pytest

from pipeline.code import left_out, pruned

TARGET = "stages.clean:clean"

FILES = {
    "stages/__init__.py": '"""Stages."""\n',
    "stages/clean.py": '''"""Cleans."""
from __future__ import annotations

from typing import TYPE_CHECKING

from . import columns, plugins
from .tools import strip as tidy, unused_export
from .tables import *

if TYPE_CHECKING:
    from .types import Frame

LIMIT = 15
SPARE = 16


def clean(flights: Frame, max_delay=LIMIT):
    """Clean."""
    kept = Cleaner(columns.KEPT).clean(flights)
    return tidy(kept), RATES["a"], plugins.run(kept)


class Base:
    """A base."""

    level = 1

    def clean(self, rows):
        return [row * self.level for row in rows if row in self.kept]


class Cleaner(Base):
    def __init__(self, kept):
        """Set."""
        self.kept = kept


class Unused(Base):
    level = 3


def main():
    print(clean([1]))


if __name__ == "__main__":
    main()
''',
    "stages/columns.py": "KEPT = [1, 2]\nOTHER = [3]\n\n\ndef unused():\n    return OTHER\n",
    "stages/tables.py": "RATES = {'a': 1}\nMORE = {'b': 2}\n_HIDDEN = 3\n",
    "stages/types.py": "class Frame:\n    pass\n",
    "stages/tools/__init__.py": "from .text import strip, other as unused_export\n",
    "stages/tools/text.py": (
        "import functools\nfrom .base import apply, never\n\n\n"
        "def doubled(f):\n    @functools.wraps(f)\n"
        "    def inner(x):\n        return f(x) + f(x)\n    return inner\n\n\n"
        "@functools.lru_cache(maxsize=None)\ndef size(n=2):\n    return n\n\n\n"
        "def strip(x):\n    # why\n    return apply(x, size())\n\n\ndef other(x):\n    return never(x)\n"
    ),
    "stages/tools/base.py": (
        "def apply(x, n, *, key=None):\n    return [item + n for item in x]\n\n\ndef never(x):\n    return x\n"
    ),
    "stages/plugins.py": (
        "REGISTRY = {}\n\n\ndef register(f):\n    REGISTRY[f.__name__] = f\n    return f\n\n\n"
        "@register\ndef first(x):\n    return len(x)\n\n\n"
        "def run(x):\n    return {name: f(x) for name, f in sorted(REGISTRY.items())}\n"
    ),
}


@pytest.fixture
def made(project):
    project.write(FILES)
    return project


def edited(path, old, new):
    assert old in FILES[path]
    return {path: FILES[path].replace(old, new, 1)}


MUST_NOT = {
    "a comment": edited("stages/tools/text.py", "# why", "# because"),
    "blank lines": edited("stages/tools/text.py", "\n\n\ndef strip", "\n\n\n\n\n\ndef strip"),
    "formatting": edited("stages/columns.py", "[1, 2]", "[\n    1,\n    2,\n]"),
    "quotes": edited("stages/clean.py", 'RATES["a"]', "RATES['a']"),
    "a docstring of a module": edited("stages/clean.py", "Cleans.", "Cleans rows."),
    "a docstring of a function": edited("stages/clean.py", '"""Clean."""', '"""Clean\n\n    everything."""'),
    "a docstring of a class": edited("stages/clean.py", "A base.", "The base."),
    "a docstring of a method": edited("stages/clean.py", "Set.", "Sets."),
    "a function in the same module": edited("stages/clean.py", "print(clean([1]))", "print(clean([2]))"),
    "a class in the same module": edited("stages/clean.py", "level = 3", "level = 4"),
    "a constant in the same module": edited("stages/clean.py", "SPARE = 16", "SPARE = 17"),
    "a new function": edited("stages/columns.py", "def unused", "def new():\n    return 1\n\n\ndef unused"),
    "a removed function": edited("stages/columns.py", "\n\n\ndef unused():\n    return OTHER\n", "\n"),
    "a function of a helper": edited("stages/columns.py", "return OTHER", "return None"),
    "a constant of a helper": edited("stages/columns.py", "OTHER = [3]", "OTHER = [4]"),
    "a constant behind a star": edited("stages/tables.py", "'b': 2", "'b': 3"),
    "a hidden one behind a star": edited("stages/tables.py", "_HIDDEN = 3", "_HIDDEN = 4"),
    "a new constant behind a star": edited("stages/tables.py", "_HIDDEN", "NEW = 1\n_HIDDEN"),
    "what is imported and not used": edited("stages/tools/text.py", "return never(x)", "return None"),
    "what that reaches": edited("stages/tools/base.py", "return x\n", "return [x]\n"),
    "a decorator that nobody uses": edited("stages/tools/text.py", "f(x) + f(x)", "f(x) * 2"),
    "a new name that is imported and not used": {
        **edited("stages/tools/text.py", "apply, never", "apply, never, extra"),
        "stages/tools/base.py": FILES["stages/tools/base.py"] + "\n\ndef extra():\n    return 1\n",
    },
    "what runs only as a script": edited(
        "stages/clean.py", '__main__":\n    main()', '__main__":\n    clean(1)'
    ),
    "an import for type checkers": edited("stages/clean.py", "import Frame", "import Frame as F"),
    "what only type checkers import": edited("stages/types.py", "pass", "x = 1"),
    "another module": {"stages/new.py": "import os\n"},
    "two functions in another order": edited(
        "stages/tools/base.py",
        FILES["stages/tools/base.py"],
        "\n\n".join(reversed(FILES["stages/tools/base.py"].split("\n\n\n"))) + "\n",
    ),
}

MUST = {
    "the function itself": (
        edited("stages/clean.py", "tidy(kept), R", "tidy(flights), R"),
        "stages.clean:clean",
    ),
    "a constant in a default": (edited("stages/clean.py", "LIMIT = 15", "LIMIT = 14"), "stages.clean:LIMIT"),
    "a default": (edited("stages/clean.py", "=LIMIT", "=LIMIT + 1"), "stages.clean:clean"),
    "a base class": (edited("stages/clean.py", "level = 1", "level = 2"), "stages.clean:Base"),
    "a method": (edited("stages/clean.py", "self.kept = kept", "self.kept = []"), "stages.clean:Cleaner"),
    "a constant by attribute": (edited("stages/columns.py", "[1, 2]", "[1, 2, 3]"), "stages.columns:KEPT"),
    "a constant behind a star": (edited("stages/tables.py", "'a': 1", "'a': 2"), "stages.tables:RATES"),
    "a function behind a package": (
        edited("stages/tools/text.py", "apply(x, size())", "apply(x, 1)"),
        "stages.tools.text:strip",
    ),
    "a function three modules down": (
        edited("stages/tools/base.py", "item + n", "item - n"),
        "stages.tools.base:apply",
    ),
    "a keyword's default": (edited("stages/tools/base.py", "key=None", "key=1"), "stages.tools.base:apply"),
    "a default of a cached function": (
        edited("stages/tools/text.py", "n=2", "n=3"),
        "stages.tools.text:size",
    ),
    "a quiet decorator": (
        edited("stages/tools/text.py", "maxsize=None", "maxsize=1"),
        "stages.tools.text:size",
    ),
    "what registers itself": (edited("stages/plugins.py", "len(x)", "len(x) + 1"), "stages.plugins:first"),
    "what registers others": (
        edited("stages/plugins.py", "f.__name__] = f", "f.__name__ + '!'] = f"),
        "stages.plugins:register",
    ),
    "a call when a helper is imported": (
        {"stages/columns.py": FILES["stages/columns.py"] + "KEPT.append(3)\n"},
        "stages.columns:<module>",
    ),
    "a later binding of the same name": (
        {"stages/columns.py": FILES["stages/columns.py"] + "KEPT = [9]\n"},
        "stages.columns:KEPT",
    ),
    "a patch of another module": (
        {"stages/tables.py": FILES["stages/tables.py"] + "from .tools import base\nbase.apply = len\n"},
        "stages.tables:<module>",
    ),
    "what a package does when it is imported": ({"stages/__init__.py": "print(1)\n"}, "stages:<module>"),
    "another origin of a name": (
        edited("stages/tools/__init__.py", "import strip, other", "import other as strip, other"),
        "stages.tools:<module>",
    ),
    "a star that brings a new binding": (
        {"stages/tables.py": FILES["stages/tables.py"] + "def tidy(x):\n    return x\n"},
        "stages.tables:tidy",
    ),
}


@pytest.mark.parametrize("what", MUST_NOT)
def test_what_a_stage_does_not_reach_changes_no_unit(made, what):
    assert made.changed_units(TARGET, MUST_NOT[what]) == set()


@pytest.mark.parametrize("what", MUST)
def test_what_a_stage_reaches_changes_the_unit_of_its_definition(made, what):
    files, unit = MUST[what]
    assert unit in made.changed_units(TARGET, files)


def test_a_definition_is_changed_alone(made):
    changed = made.changed_units(TARGET, edited("stages/tools/base.py", "item + n", "item - n"))
    assert changed == {"stages.tools.base:apply"}


def test_the_places_and_the_way_to_a_definition_are_known(made):
    code = made.callable(TARGET)
    assert code.places["stages.tools.base:apply"] == ("stages/tools/base.py", 1)
    assert code.places["stages.tools.text:size"] == ("stages/tools/text.py", 12)
    way = ["stages.tools.base:apply"]
    while (above := code.reached_by[way[-1]]) is not None:
        way.append(above)
    assert way == ["stages.tools.base:apply", "stages.tools.text:strip", TARGET]


def snapshot(project, target=TARGET):
    code, sources = project.callable(target), project.sources()
    by_digest = {digest: path for path, digest in code.files.items()}
    return code, pruned(code, sources, project.memo, read=lambda name: sources.read(by_digest[name]))


def test_what_is_imported_holds_what_is_in_the_key_on_its_own_lines(made):
    _, texts = snapshot(made)
    assert (
        texts["stages/tools/base.py"]
        == b"def apply(x, n, *, key=None):\n    return [item + n for item in x]" + b"\n" * 5
    )
    assert texts["stages/tables.py"].strip() == b"RATES = {'a': 1}"
    assert texts["stages/tools/__init__.py"].strip() == b"from .text import strip"
    clean = texts["stages/clean.py"].decode().split("\n")
    full = FILES["stages/clean.py"].split("\n")
    assert len(clean) == len(full)
    assert clean[7] == "from .tables import RATES"
    assert "Unused" not in texts["stages/clean.py"].decode()
    assert all(
        line in ("", full[at]) for at, line in enumerate(clean) if "import" not in line and "(0)" not in line
    )


def test_the_snapshot_does_what_the_source_does(made, tmp_path_factory):
    _, texts = snapshot(made)
    there = type(made)(tmp_path_factory.mktemp("there"))
    there.write(texts)
    command = [sys.executable, "-B", "-c", "from stages.clean import clean; print(clean([1, 2, 5]))"]
    first, other = (
        subprocess.run(command, cwd=where.root, capture_output=True, text=True, check=True).stdout
        for where in (made, there)
    )
    assert first == other == "([3, 4], 1, {'first': 2})\n"


def test_the_names_that_are_left_out_are_known_with_their_lines(made):
    code = made.callable(TARGET)
    missing = left_out(code, made.sources(), made.memo)
    assert missing["stages/columns.py"] == {"OTHER": 2, "unused": 5}
    assert missing["stages/tools/text.py"]["other"] == 22
    assert "clean" not in missing["stages/clean.py"]


@pytest.mark.parametrize(
    "text",
    [
        'def go():\n    """Doc."""\n',
        "def go(): 'doc'\n",
        "def go(): 'doc'; return 1\n",
        'async def go():\n    """Doc\n    of two lines."""  # comment\n',
        "class go:\n    \"\"\"Doc.\"\"\"\n    def m(self):\n        '''Of\n\n        m.'''; return 2\n",
        "x = 1; y = 2; spare = 3\ndef go(): return x + y\n",
        "def go():\n    return '''\n  text \\\n'''\n",
        "if True: go = 1; spare = 2\n",
        "\ufeffdef go():\n    'é'\n    return 'é'\n",
        "def go():\r\n    'doc'\r\n    return 1\r\n",
        "@property\n\n# comment\n@property\ndef go():\n    return 1\n",
    ],
)
def test_any_layout_of_code_and_docstrings_is_valid_when_it_is_pruned(project, text):
    project.write({"main.py": text.encode()})
    _, texts = snapshot(project, "main:go")
    spaces = {}
    exec(compile(texts["main.py"], "main.py", "exec"), spaces)
    assert "go" in spaces
    assert b"oc" not in texts["main.py"]
    lines = text.replace("\r\n", "\n").count("\n")
    assert texts["main.py"].count(b"\n") in (lines, lines + 1)


@pytest.mark.parametrize(
    ("line", "reached"),
    [
        ("from lib import a\nreturn a.f()", {"lib.a:f"}),
        ("import lib.a\nreturn lib.a.f()", {"lib.a:f"}),
        ("import lib.a as m\nreturn getattr(m, 'f')()", {"lib.a:f"}),
        ("from lib import a\nreturn use(a)", {"lib.a:f", "lib.a:g"}),
        ("from lib import a\nreturn getattr(a, name)", {"lib.a:f", "lib.a:g"}),
        ("from lib import a\nreturn vars(a)", {"lib.a:f", "lib.a:g"}),
        ("from lib import a\nreturn a.__dict__", {"lib.a:f", "lib.a:g"}),
        ("from importlib import import_module\nm = import_module('lib.a')\nreturn m.f()", {"lib.a:f"}),
        ("import importlib\nreturn importlib.import_module('lib.a').f()", {"lib.a:f"}),
        ("import importlib\nreturn importlib.import_module(f'lib.{name}')", {"lib.a:f", "lib.a:g"}),
        ("import importlib\nreturn importlib.import_module('lib.' + name)", {"lib.a:f", "lib.a:g"}),
        ("return self.name", set()),
        ("return getattr(self, name)", set()),
        ("f = 1\nreturn f", set()),
        ("return [g for g in range(3)]", set()),
        ("return frame.query('x > @LIMIT')", {"main:LIMIT"}),
        ("return globals()[name]", {"main:LIMIT", "main:f", "main:g"}),
        ("def f(): return g()\nreturn f()", {"main:g"}),
        ("global LIMIT\nLIMIT += 1", {"main:LIMIT"}),
    ],
)
def test_a_way_to_name_a_definition_reaches_exactly_what_it_can_mean(project, line, reached):
    body = line.replace("\n", "\n    ")
    project.write(
        {
            "lib/__init__.py": "",
            "lib/a.py": "def f():\n    return 1\n\n\ndef g():\n    return 2\n",
            "other.py": "def h():\n    return 3\n",
            "main.py": "LIMIT = 1\n\n\ndef f():\n    return 1\n\n\ndef g():\n    return 2\n\n\n"
            f"def go():\n    {body}\n",
        }
    )
    units = {unit for unit in project.units("main:go") if not unit.endswith(">")}
    assert units == {"main:go", *reached}


@pytest.mark.parametrize(
    ("line", "is_quiet"),
    [
        ("X = [1, {'a': 2}]", True),
        ("X = re.compile('a')", True),
        ("X = Path(__file__).resolve().parent / 'x'", True),
        ("X = {n: n * 2 for n in range(3)}", True),
        ("X = make()", False),
        ("X = random.random()", False),
        ("X, Y = 1, 2", True),
        ("X: int = 1", True),
        ("X += 1", False),
        ("print(1)", False),
        ("del X", False),
        ("@functools.lru_cache\ndef X(): return 1", True),
        ("@make\ndef X(): return 1", False),
        ("def X(a=make()): return 1", False),
        ("class X(Exception): pass", True),
        ("class X(enum.Enum):\n    A = 1", True),
        ("class X(typing.NamedTuple):\n    a: int = 1", True),
        (
            "@dataclasses.dataclass(frozen=True)\nclass X:\n    a: list = dataclasses.field(default_factory=list)",
            True,
        ),
        ("class X(metaclass=M): pass", False),
        ("class X(Hooked): pass", False),
        ("class X(Plain): pass", True),
        ("class X(unknown.Base): pass", False),
        ("class X:\n    a = make()", False),
        ("def __getattr__(name): return 1", False),
        ("with make(): X = 1", False),
        ("if make: X = 1", False),
    ],
)
def test_what_may_have_an_effect_at_import_counts_for_whoever_imports_the_module(project, line, is_quiet):
    project.write(
        {
            "lib.py": (
                "import dataclasses, enum, functools, random, re, typing, unknown\nfrom pathlib import Path\n"
                "def make(f=None): return f\n\n\nclass M(type): pass\n\n\nclass Plain:\n    pass\n\n\n"
                f"class Hooked:\n    def __init_subclass__(cls): pass\n\n\n{line}\n"
            ),
            "main.py": "import lib\n\n\ndef go():\n    return 1\n",
        }
    )
    before = project.units("main:go")
    named = {"lib:X", "lib:__getattr__"} & before
    # The first import loads what is unknown; the second loads nothing that has an effect.
    has_changed = bool(named) or len(project.callable("main:go").parts["lib.py"].pieces) > 1
    assert has_changed != is_quiet


def test_a_path_that_only_names_a_root_anyway_widens_nothing(project):
    project.write(
        {
            "main.py": (
                "import os, sys\nsys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))\n"
                "import helper\n\n\ndef go():\n    return helper.f()\n"
            ),
            "helper.py": "def f():\n    return 1\n",
            "other.py": "",
        }
    )
    assert project.modules("main:go") == {"main", "helper"}
    assert project.callable("main:go").widened == ()


def test_names_that_go_round_in_circles_are_found_from_everywhere(project):
    project.write(
        {
            "a.py": "from b import x\n\n\ndef x():\n    return 1\n",
            "b.py": "from a import x\n",
            "one.py": "def go():\n    import a\n    import b\n    return a.x, b.x\n",
            "two.py": "def go():\n    import b\n    import a\n    return b.x, a.x\n",
        }
    )
    assert {u for u in project.units("one:go") if u[:2] in ("a:", "b:")} == {
        u for u in project.units("two:go") if u[:2] in ("a:", "b:")
    }
    assert "a:x" in project.units("two:go")


@pytest.mark.parametrize(
    "init",
    [
        "from .clean import clean\n",
        "from pkg.clean import clean\n",
        "try:\n    from .clean import clean\nexcept ImportError:\n    clean = None\n",
        "from . import clean\nfrom .clean import clean\n",
        "def __getattr__(name):\n    from .clean import clean\n    return clean\n",
    ],
)
@pytest.mark.parametrize("use", ["clean()", "clean", "pkg.clean()"])
def test_a_package_may_export_a_function_under_its_modules_name(project, init, use):
    project.write(
        {"pkg/__init__.py": init, "pkg/clean.py": "def clean():\n    return LIMIT\n\n\nLIMIT = 1\n"}
    )
    project.write({"stage.py": f"import pkg\nfrom pkg import clean\n\n\ndef run():\n    return {use}\n"})
    edit = {"pkg/clean.py": "def clean():\n    return LIMIT\n\n\nLIMIT = 2\n"}
    assert "pkg.clean:LIMIT" in project.changed_units("stage:run", edit)
    assert "pkg.clean:LIMIT" in project.units("pkg:clean")


def test_what_asks_a_modules_getattr_when_it_is_imported_runs_whoever_is_asked_for(project):
    project.write(
        {
            "lib/lazy.py": "FIXED = 1\n\n\ndef __getattr__(name):\n    print(name)\n    return name\n",
            "lib/a.py": (
                "import lib.lazy as m\nfrom . import lazy\n\n\nclass Asks:\n    x = m.late\n\n\n"
                "class Plain:\n    x = m.FIXED\n\n\nY = lazy.late\n\n\ndef f():\n    return m.late\n"
            ),
            "main.py": "import lib.a\n\n\ndef go():\n    return 1\n",
        }
    )
    units = project.units("main:go")
    assert {"lib.a:Asks", "lib.a:Y", "lib.lazy:__getattr__"} <= units
    assert not {"lib.a:Plain", "lib.a:f"} & units


@pytest.mark.parametrize(
    "go",
    [
        "from lib.base import *\n\n\ndef go():\n    return f()\n",
        "import lib.base as m\n\n\ndef go():\n    return m\n",
    ],
)
def test_what_only_the_main_block_binds_is_had_from_no_module(project, go):
    base = "def f():\n    return 1\n\n\ndef g():\n    return 2\n"
    project.write({"lib/base.py": base, "main.py": go})
    block = "\n\nif __name__ == '__main__':\n    import sys\n\n    print(sys.argv)\n"
    assert project.changed_units("main:go", {"lib/base.py": base + block}) == set()
