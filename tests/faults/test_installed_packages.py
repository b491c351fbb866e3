"""What is installed where `pipe` runs: which change of it runs a stage, and which does not."""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.execute.sandbox import LEVELS, probe
from tests.faults.conftest import FaultProject

_START = "import sys; from pipeline.cli import main; sys.argv[0] = 'pipe'; sys.exit(main())"


class Environment:
    """A virtual environment that has all that the tests' own has, and what is installed into it."""

    def __init__(self, folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        self.python = folder / "bin/python"
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        self.packages = folder / "lib" / version / "site-packages"
        (self.packages / "tests.pth").write_text(
            f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
        )
        (folder / "bin/pipe").write_text(f"#!{self.python}\n{_START}\n")
        (folder / "bin/pipe").chmod(0o755)
        self.pipe = folder / "bin/pipe"

    def install(self, name, version, files=None, *, requires=(), extras=(), direct=None):
        """Put a distribution in the place of its other version, as an installer does."""
        self.uninstall(name)
        files = {f"{name}.py": f"VERSION = '{version}'\n"} if files is None else files
        info = f"{name.replace('-', '_')}-{version}.dist-info"
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {item}" for item in requires] + [f"Provides-Extra: {e}" for e in extras]
        written = {**files, f"{info}/METADATA": "\n".join(lines) + "\n", f"{info}/INSTALLER": "tests\n"}
        if direct is not None:
            written[f"{info}/direct_url.json"] = json.dumps(direct)
        rows = []
        for path, text in written.items():
            target = self.packages / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            rows.append(f"{path},sha256={digest},{len(text)}")
        (self.packages / info / "RECORD").write_text("\n".join([*rows, f"{info}/RECORD,,"]) + "\n")

    def uninstall(self, name):
        for info in self.packages.glob(f"{name.replace('-', '_')}-*.dist-info"):
            for row in (info / "RECORD").read_text().splitlines():
                (self.packages / row.partition(",")[0]).unlink(missing_ok=True)
            shutil.rmtree(info)


class InstalledProject(FaultProject):
    def __init__(self, base: Path, installed: Environment) -> None:
        super().__init__(base, installed.pipe)
        self.installed = installed

    def use(self, text: str) -> None:
        """Write a project of one stage, `use`, that returns what `use` of its module does."""
        self.write("pipeline.yaml", 'stages:\n  use: {run: "use:use", outputs: {out: out.txt}}\n')
        self.write("use.py", text)

    def reasons(self, stage: str = "use") -> list[str]:
        """Return why the stage is not fresh; empty if it is."""
        found = self.pipe("status", "--json").json["stages"][stage]
        assert (found["verdict"] == "fresh") == (not found["reasons"])
        return [reason["text"] for reason in found["reasons"]]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[InstalledProject]:
    made = InstalledProject(tmp_path / "own", Environment(tmp_path / "venv"))
    yield made
    made.end()


USES_TABLES = """
    import tables

    def use():
        return tables.VERSION
"""


def test_an_upgrade_runs_who_imports_it_and_says_from_what_to_what(project):
    project.installed.install("tables", "3.0.1")
    project.installed.install("plots", "1.0")
    project.use(USES_TABLES)
    project.run()
    assert project.read("out.txt") == "3.0.1"
    project.installed.install("plots", "2.0")
    project.installed.install("another", "1.0")
    project.installed.uninstall("another")
    assert project.reasons() == []
    project.installed.install("tables", "3.1.0")
    assert project.reasons() == ["package tables: 3.0.1 -> 3.1.0"]
    assert "package tables: 3.0.1 -> 3.1.0" in project.pipe("explain", "use").out
    assert project.run().outcomes == {"use": "executed"}
    assert project.read("out.txt") == "3.1.0"
    project.installed.install("tables", "3.0.1")
    assert project.run().outcomes == {"use": "restored"}
    assert project.read("out.txt") == "3.0.1"


def test_what_an_imported_package_requires_counts_and_what_it_requires_elsewhere_does_not(project):
    install = project.installed.install
    install(
        "tables",
        "1.0",
        requires=["columns>=1", 'windows-only; sys_platform == "win32"', 'fast; extra == "speed"'],
    )
    install("columns", "1.0", {"columns/__init__.py": ""}, requires=["bytes-of-columns"])
    install("bytes-of-columns", "1.0", {"bytes_of_columns.py": ""})
    for name in ("windows-only", "fast"):
        install(name, "1.0", {f"{name.replace('-', '_')}.py": ""})
    project.use(USES_TABLES)
    project.run()
    install("windows-only", "2.0", {"windows_only.py": ""})
    assert project.reasons() == []
    install("bytes-of-columns", "1.1", {"bytes_of_columns.py": ""})
    assert project.reasons() == ["package bytes-of-columns: 1.0 -> 1.1"]
    install("fast", "1.1", {"fast.py": ""})
    assert project.reasons() == ["package bytes-of-columns: 1.0 -> 1.1", "package fast: 1.0 -> 1.1"]


def test_an_optional_import_that_a_package_newly_satisfies_runs_the_stage(project):
    project.use(
        """
        try:
            import fast
        except ImportError:
            fast = None

        def use():
            return "slow" if fast is None else "fast"
        """
    )
    project.run()
    assert project.read("out.txt") == "slow"
    project.installed.install("fast", "1.0")
    assert project.reasons() == ["package fast: none -> 1.0"]
    project.run()
    assert project.read("out.txt") == "fast"
    project.installed.uninstall("fast")
    assert project.reasons() == ["package fast: 1.0 -> none"]
    assert project.run().outcomes == {"use": "restored"}
    assert project.read("out.txt") == "slow"


def test_a_package_that_is_no_longer_installed_runs_the_stage(project):
    project.installed.install("tables", "1.0")
    project.use(USES_TABLES)
    project.run()
    project.installed.uninstall("tables")
    assert project.reasons() == ["package tables: 1.0 -> none"]
    assert "No module named 'tables'" in project.pipe("run").err


def test_another_commit_of_the_same_version_counts(project):
    def direct(commit):
        return {"url": "https://example.org/tables.git", "vcs_info": {"vcs": "git", "commit_id": commit}}

    project.installed.install("tables", "1.0", direct=direct("c0ffee"))
    project.use(USES_TABLES)
    project.run()
    project.installed.install("tables", "1.0", direct=direct("c0ffee"))
    assert project.reasons() == []
    project.installed.install("tables", "1.0", direct=direct("decade"))
    assert project.reasons() == ["package tables: 1.0@c0ffee -> 1.0@decade"]


def test_each_share_of_a_namespace_counts_for_who_imports_it(project):
    install = project.installed.install
    install("cloud-storage", "1.0", {"cloud/storage/__init__.py": "VERSION = 'storage'\n"})
    install("cloud-query", "1.0", {"cloud/query/__init__.py": "", "cloud/query/fast.py": "", "cloudy.py": ""})
    project.use(
        """
        from cloud import storage

        def use():
            import cloudy
            return storage.VERSION
        """
    )
    project.run()
    assert project.read("out.txt") == "storage"
    install("cloud-storage", "1.1", {"cloud/storage/__init__.py": "VERSION = 'storage'\n"})
    assert project.reasons() == ["package cloud-storage: 1.0 -> 1.1"]
    project.use("from cloud import storage\n\ndef use():\n    return storage.VERSION\n")
    project.run()
    install("cloud-query", "1.1", {"cloud/query/__init__.py": ""})
    assert project.reasons() == []


def test_the_package_of_a_loader_counts_though_no_code_imports_it(project):
    project.use("def use(table):\n    return str(len(table))\n")
    project.write(
        "pipeline.yaml",
        """
        stages:
          use: {run: "use:use", inputs: {table: data.csv}, outputs: {out: out.txt}}
        """,
    )
    project.write("data.csv", "a\n1\n")
    project.run()
    # It comes first on the path, without the package itself.
    project.installed.install("pyarrow", "99.0", {"pyarrow/nothing.txt": ""})
    (reason,) = project.reasons()
    assert reason.startswith("package pyarrow: ")
    assert reason.endswith(" -> 99.0")


def test_a_package_that_changes_while_a_stage_runs_is_noticed_and_nothing_recorded(project):
    project.installed.install("tables", "1.0")
    project.use(
        """
        import time
        import tables

        def use():
            print("started", flush=True)
            time.sleep(1.5)
            return tables.VERSION
        """
    )
    process = project.start("run")
    project.wait_for(
        lambda: any("started" in log.read_text() for log in project.root.glob(".pipe/runs/*/use.log"))
    )
    project.installed.install("tables", "1.1")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "the package `tables` changed while it ran; nothing was recorded" in err
    assert not (project.root / "out.txt").exists()
    assert not list(project.root.glob(".pipe/store/traces/*/*"))
    assert project.run().outcomes == {"use": "executed"}
    assert project.read("out.txt") == "1.1"


def test_an_editable_install_outside_the_project_counts_by_its_sources(project):
    source = project.base / "elsewhere/src"
    source.mkdir(parents=True)
    (source / "tables.py").write_text("VERSION = 'one'\n")
    direct = {"url": source.parent.as_uri(), "dir_info": {"editable": True}}
    project.installed.install("tables", "1.0", {"__editable__.tables.pth": f"{source}\n"}, direct=direct)
    project.use(USES_TABLES)
    project.run()
    assert project.read("out.txt") == "one"
    (source.parent / "notes.txt").write_text("x")
    assert project.reasons() == []
    (source / "tables.py").write_text("VERSION = 'two'\n")
    (reason,) = project.reasons()
    assert reason.startswith("package tables: 1.0@")
    project.run()
    assert project.read("out.txt") == "two"


def test_a_pickle_that_names_a_package_makes_its_reader_depend_on_it(project):
    project.installed.install("tables", "1.0", {"tables/__init__.py": "class Table: name = '1.0'\n"})
    project.installed.install("other", "1.0")
    project.write(
        "pipeline.yaml",
        """
        stages:
          make: {run: "make:make", outputs: {model: model.pkl}}
          use: {run: "use:use", inputs: {model: model.pkl}, outputs: {out: out.txt}}
        """,
    )
    project.write("make.py", "def make():\n    import tables\n    return tables.Table()\n")
    project.write("use.py", "def use(model):\n    return model.name\n")
    project.run()
    project.installed.install("other", "1.1")
    assert project.reasons() == []
    project.installed.install("tables", "1.1", {"tables/__init__.py": "class Table: name = '1.1'\n"})
    verdicts = project.pipe("status", "--json").json["stages"]
    assert "package tables: 1.0 -> 1.1" in [reason["text"] for reason in verdicts["use"]["reasons"]]
    assert project.run().outcomes == {"make": "executed", "use": "executed"}
    assert project.read("out.txt") == "1.1"


def test_a_raw_pickle_of_any_name_counts_where_the_code_unpickles(project):
    project.installed.install("tables", "1.0", {"tables/__init__.py": "class Table: name = '1.0'\n"})
    project.write(
        "pipeline.yaml",
        """
        stages:
          use: {run: "use:use", inputs: {model: model.bin, notes: notes}, outputs: {out: out.txt}}
        """,
    )
    project.write("notes/readme", "no pickle")
    (project.root / "model.bin").write_bytes(b"\x80\x04\x8c\x06tables\x8c\x05Table\x93)\x81.")
    project.write(
        "use.py",
        """
        import pickle

        def use(model, notes):
            return pickle.loads(model.read_bytes()).name
        """,
    )
    project.run()
    assert project.read("out.txt") == "1.0"
    project.installed.install("other", "1.0")
    assert project.reasons() == []
    project.installed.install("tables", "1.1", {"tables/__init__.py": "class Table: name = '1.1'\n"})
    assert project.reasons() == ["package tables: 1.0 -> 1.1"]


def test_a_pickle_that_cannot_be_looked_into_counts_as_everything_and_explain_says_so(project):
    project.write(
        "pipeline.yaml",
        """
        stages:
          use: {run: "use:use", inputs: {model: model.pkl}, outputs: {out: out.txt}}
        """,
    )
    project.write("use.py", "def use(model):\n    return str(model)\n")
    project.write("elsewhere.py", "def name():\n    return 1\n")
    project.write("model.pkl", "I1\n.")  # protocol 0
    project.run()
    assert "model.pkl:1: a pickle that cannot be looked into" in project.pipe("explain", "-v", "use").out
    project.installed.install("other", "1.0")
    assert project.reasons() == ["package other: none -> 1.0"]
    project.run()
    project.write("elsewhere.py", "def name():\n    return 2\n")
    assert project.reasons() == ["code changed: elsewhere.name (elsewhere.py:1)"]


def test_a_folder_of_the_project_gives_what_an_installed_package_of_its_name_lacks(project):
    files = {"stages/__init__.py": "", "stages/shared.py": "WORD = 'installed'\n"}
    project.installed.install("stages", "1.0", files)
    project.write("pipeline.yaml", 'stages:\n  use: {run: "stages.own:use", outputs: {out: out.txt}}\n')
    project.write(
        "stages/own.py", "from stages import helper, shared\n\ndef use(): return helper.WORD + shared.WORD\n"
    )
    project.write("stages/helper.py", "WORD = 'own '\n")
    project.run()
    assert project.read("out.txt") == "own installed"
    project.installed.install("stages", "1.1", files)
    assert project.reasons() == ["package stages: 1.0 -> 1.1"]
    project.installed.uninstall("stages")
    project.write("stages/shared.py", "WORD = 'own too'\n")
    project.run()
    assert project.read("out.txt") == "own own too"


FINDER = """
import importlib.util, os, sys
MAPPING: dict[str, str] = {{'tables': '{source}/tables'}}
NAMESPACES: dict[str, list[str]] = {{}}

class Finder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in MAPPING:
            place = MAPPING[name]
            inner = importlib.util.spec_from_file_location
            return inner(name, place + "/__init__.py", submodule_search_locations=[place])

def install():
    sys.meta_path.append(Finder)
"""


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("how", ["folder", "finder"])
def test_an_editable_install_of_a_flat_checkout_can_be_imported(project, how, level):
    if LEVELS.index(level) > LEVELS.index(probe.level(str(project.tmp))[0]):
        pytest.skip(f"this machine has no {level}")
    source = project.base / "elsewhere"
    (source / "tables").mkdir(parents=True)
    (source / "pyproject.toml").touch()
    (source / "data.csv").write_text("data")
    (source / "tables/__init__.py").write_text("VERSION = 'one'\n")
    files = {"__editable__.tables.pth": f"{source}\n"}
    if how == "finder":
        files = {
            "__editable__.tables.pth": "import __editable___tables_finder as f; f.install()\n",
            "__editable___tables_finder.py": FINDER.format(source=source),
        }
    project.installed.install(
        "tables", "1.0", files, direct={"url": source.as_uri(), "dir_info": {"editable": True}}
    )
    project.use(
        f"""
        import os
        import tables

        def use():
            return tables.VERSION + " " + str(os.path.exists({str(source / "data.csv")!r}))
        """
    )
    project.run(PIPE_ISOLATION=level)
    assert project.read("out.txt") == f"one {level != 'L2'}"
    (source / "tables/__init__.py").write_text("VERSION = 'two'\n")
    assert project.run(PIPE_ISOLATION=level).outcomes == {"use": "executed"}


@pytest.mark.parametrize("level", LEVELS)
def test_an_editable_install_of_the_project_itself_leads_past_no_declaration(project, level):
    if LEVELS.index(level) > LEVELS.index(probe.level(str(project.tmp))[0]):
        pytest.skip(f"this machine has no {level}")
    source = project.root / "src"
    project.write("src/mine/__init__.py", "")
    project.write("src/mine/data.csv", "undeclared")
    project.write(
        "src/mine/use.py",
        """
        import sys
        from pathlib import Path

        def use():
            data = Path("ROOT/src/mine/data.csv")
            return repr([[path for path in sys.path if path.startswith("ROOT")], LEVEL == "L2" and data.exists()])
        """.replace("ROOT", str(project.root)).replace("LEVEL", repr(level)),
    )
    project.installed.install(
        "mine",
        "1.0",
        {"mine.pth": f"{source}\n"},
        direct={"url": project.root.as_uri(), "dir_info": {"editable": True}},
    )
    project.write("pipeline.yaml", 'stages:\n  use: {run: "mine.use:use", outputs: {out: out.txt}}\n')
    project.run(PIPE_ISOLATION=level)
    assert project.read("out.txt") == "[[], False]"


def test_the_checkout_that_pipe_runs_from_gives_a_stage_no_module(project):
    project.use(
        """
        def use():
            try:
                import tests
            except ImportError:
                return "none"
            return repr(tests)
        """
    )
    project.run()
    assert project.read("out.txt") == "none"
