"""`pipe verify`: what it finds, what it refuses, and that it leaves the project as it was."""

import json
import os
import signal
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.faults.conftest import FaultProject

CODE = """
    import json

    def load(raw):
        return [float(x) for x in raw["x"].to_pylist()]

    def fit(table, factor):
        return {"mean": sum(table) / len(table) * factor}

    def use(model):
        return f"{model['mean']:.3f}"
"""

PIPELINE = """
    stages:
      load: {run: "code:load", inputs: {raw: data/x.csv}, outputs: {table: build/table.json}}
      fit:
        run: code:fit
        inputs: {table: build/table.json}
        params: {factor: 1.0}
        outputs: {model: build/model.json}
      use: {run: "code:use", inputs: {model: build/model.json}, outputs: {text: build/text.txt}}
"""


@pytest.fixture
def ran(project: FaultProject) -> FaultProject:
    """Three stages in a row, run."""
    project.write("pipeline.yaml", PIPELINE)
    project.write("code.py", CODE)
    project.write("data/x.csv", "x\n1\n2\n4\n")
    project.run()
    return project


def verify(project: FaultProject, *words: str, code: int = 0, **env: str) -> dict:
    """Run `pipe verify --json`, which must end with `code`."""
    ran = project.pipe("verify", "--json", *words, **env)
    assert ran.code == code, ran
    return ran.json


def results(project: FaultProject, *words: str, code: int = 0, **env: str) -> dict[str, str]:
    return {n: s["result"] for n, s in verify(project, *words, code=code, **env)["stages"].items()}


def edit(project: FaultProject, path: str, old: str, new: str) -> None:
    text = project.read(path)
    assert old in text
    (project.root / path).write_text(text.replace(old, new))


def everything(root: Path) -> dict[str, tuple[bytes | str, int, int]]:
    """All that `pipe` promises not to change: the project, its store, records and logs.

    Its caches are not in it, nor the evidence that a verification is there to find.
    """
    caches = {"state.db", "state.db-wal", "state.db-shm", "compiled.json"}
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            if (name in caches and path.parent.name == ".pipe") or "evidence" in path.parts:
                continue
            status = path.lstat()
            content = os.readlink(path) if path.is_symlink() else path.read_bytes()
            found[path.relative_to(root).as_posix()] = (content, status.st_mtime_ns, status.st_mode)
    return found


def test_what_is_made_again_with_the_same_bytes_is_identical(ran):
    found = verify(ran)
    assert found["ok"]
    assert {n: s["result"] for n, s in found["stages"].items()} == dict.fromkeys(
        ("load", "fit", "use"), "identical"
    )
    output = found["stages"]["fit"]["outputs"]["model"]
    assert output["expected"] == output["actual"]
    assert output["difference"] is None
    assert found["stages"]["fit"]["culprit"] is None


def test_nothing_of_the_project_changes_and_nothing_is_left(ran):
    edit(ran, "code.py", ":.3f", ":.4f")  # so that something differs
    before = everything(ran.base)
    assert results(ran, code=1)["use"] == "different"
    assert results(ran, "--twice") == dict.fromkeys(("load", "fit", "use"), "identical")
    assert everything(ran.base) == before


def test_neither_results_nor_the_store_are_used(ran):
    edit(ran, "data/x.csv", "4", "5")
    found = verify(ran, code=1)
    assert {n: s["result"] for n, s in found["stages"].items()} == dict.fromkeys(
        ("load", "fit", "use"), "different"
    )
    assert [r["text"] for r in found["stages"]["load"]["reasons"]] == ["input data/x.csv changed"]
    assert found["stages"]["use"]["follows"] == ["fit"]


def test_a_fresh_clone_has_no_store_and_is_verified_by_digests_alone(ran):
    clone = ran.base / "clone"
    clone.mkdir()
    for path in ("pipeline.yaml", "pipeline.lock", "code.py", "data/x.csv"):
        (clone / path).parent.mkdir(exist_ok=True)
        (clone / path).write_bytes((ran.root / path).read_bytes())
    assert json.loads(ran.pipe("verify", "--json", cwd=clone).out)["ok"]
    assert sorted(p.name for p in clone.iterdir()) == [
        ".pipe",
        "code.py",
        "data",
        "pipeline.lock",
        "pipeline.yaml",
    ]
    text = (clone / "code.py").read_text()
    (clone / "code.py").write_text(text.replace(":.3f", ":.4f"))
    found = ran.pipe("verify", "--json", cwd=clone)
    assert found.code == 1
    assert (
        "neither in the workspace nor in the store"
        in found.json["stages"]["use"]["outputs"]["text"]["difference"]
    )


def test_another_store_is_not_used(ran):
    assert results(ran, PIPE_STORE=str(ran.base / "store")) == dict.fromkeys(
        ("load", "fit", "use"), "identical"
    )
    assert not list((ran.base / "store").glob("objects/*/*"))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (None, "there is no pipeline.lock"),
        ("<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n", "marks of a merge"),
        ('{"version": 2, "stages": {}}', "version 2"),
        ('{"version": 1, "stages": {"load": {}}}', "damaged"),
        ("[", "damaged"),
    ],
)
def test_a_lock_file_that_cannot_be_read_is_refused_before_anything_runs(ran, text, word):
    lock = ran.root / "pipeline.lock"
    lock.unlink()
    if text is not None:
        lock.write_text(text)
    before = everything(ran.base)
    found = ran.pipe("verify", "--json")
    assert found.code == 2
    assert word in found.json["errors"][0]["text"]
    assert everything(ran.base) == before


def test_what_the_lock_file_does_not_have_is_different(ran):
    lock = json.loads(ran.read("pipeline.lock"))
    del lock["stages"]["fit"]
    lock["stages"]["use"]["outputs"]["gone"] = {
        **lock["stages"]["use"]["outputs"]["text"],
        "path": "build/gone.txt",
    }
    (ran.root / "pipeline.lock").write_text(json.dumps(lock))
    found = verify(ran, code=1)
    assert {n: s["result"] for n, s in found["stages"].items()} == {
        "load": "identical",
        "fit": "different",
        "use": "different",
    }
    assert found["stages"]["fit"]["outputs"]["model"]["expected"] is None
    assert found["stages"]["use"]["outputs"]["gone"]["actual"] is None


def test_a_stage_that_depends_on_its_path_is_different(ran):
    edit(ran, "code.py", 'return f"', 'import os; return os.getcwd() + f"')
    ran.run()
    assert results(ran, code=1) == {"load": "identical", "fit": "identical", "use": "different"}
    assert results(ran, "--twice", code=1)["use"] == "different"


def test_a_random_stage_is_found_by_two_builds_without_a_lock_file(ran):
    edit(ran, "code.py", 'return f"', 'import uuid; return f"{uuid.uuid4()}')
    (ran.root / "pipeline.lock").unlink()
    found = verify(ran, "--twice", code=1)
    assert {n: s["result"] for n, s in found["stages"].items()} == {
        "load": "identical",
        "fit": "identical",
        "use": "different",
    }
    output = found["stages"]["use"]["outputs"]["text"]
    assert output["difference"].startswith("nothing but UUIDs differs; line 1: '")
    assert output["details"]["kind"] == "text"


def test_a_stage_that_fails_keeps_its_log_and_blocks_what_needs_it(ran):
    edit(
        ran,
        "code.py",
        '    return {"mean"',
        '    print("so far")\n    raise ValueError("no")\n    return {"mean"',
    )
    found = ran.pipe("verify")
    assert found.code == 1
    assert "log:   .pipe/verify/fit.log" in found.err
    assert "so far" in ran.read(".pipe/verify/fit.log")
    found = verify(ran, code=1)
    assert {n: s["result"] for n, s in found["stages"].items()} == {
        "load": "identical",
        "fit": "failed",
        "use": "blocked",
    }
    assert "no" in found["stages"]["fit"]["error"]


class TestCompare:
    """`compare` of an output."""

    def locked_otherwise(self, project: FaultProject, compare: str, factor: str) -> None:
        """Let the lock file have what a slightly other factor gives: as another processor might."""
        entry = f"{{model: {{path: build/model.json, {compare}}}}}"
        edit(project, "pipeline.yaml", "outputs: {model: build/model.json}", f"outputs: {entry}")
        edit(project, "code.py", "* factor", f"* factor * {factor}")

    def test_within_its_tolerance_an_output_is_equivalent_and_never_identical(self, ran):
        self.locked_otherwise(ran, "compare: {rtol: 1e-6}", "1.0000001")
        found = verify(ran)
        assert {n: s["result"] for n, s in found["stages"].items()} == {
            "load": "identical",
            "fit": "equivalent",
            "use": "identical",
        }
        assert "mean: 2.33" in found["stages"]["fit"]["outputs"]["model"]["difference"]

    def test_beyond_it_is_different(self, ran):
        self.locked_otherwise(ran, "compare: {rtol: 1e-8}", "1.0000001")
        assert results(ran, code=1)["fit"] == "different"

    def test_without_the_expected_bytes_no_tolerance_is_judged(self, ran):
        self.locked_otherwise(ran, "compare: {rtol: 1e-6}", "1.0000001")
        (ran.root / "build/model.json").write_text('{"mean": 2.3333333333333335}')  # not what the lock has
        assert results(ran)["fit"] == "equivalent"  # the store has it
        for path in (ran.root / ".pipe/store/objects").glob("*/*"):
            path.unlink()
        found = verify(ran, code=1)["stages"]["fit"]
        assert found["result"] == "different"
        assert "no tolerance can be judged" in found["outputs"]["model"]["difference"]

    def test_readers_that_come_out_as_expected_make_it_equivalent(self, ran):
        self.locked_otherwise(ran, "compare: consumers", "1.0000001")
        for path in (ran.root / ".pipe/store/objects").glob("*/*"):
            path.unlink()
        (ran.root / "build/model.json").unlink()
        assert results(ran) == {"load": "identical", "fit": "equivalent", "use": "identical"}

    def test_readers_that_do_not_make_it_different(self, ran):
        self.locked_otherwise(ran, "compare: consumers", "1.01")
        found = verify(ran, code=1)
        assert {n: s["result"] for n, s in found["stages"].items()} == {
            "load": "identical",
            "fit": "different",
            "use": "different",
        }
        assert found["stages"]["use"]["follows"] == ["fit"]

    def test_without_readers_built_on_it_it_is_different(self, ran):
        self.locked_otherwise(ran, "compare: consumers", "1.0000001")
        assert results(ran, "fit", code=1)["fit"] == "different"
        assert results(ran, "--only", "fit", "use", code=1) == {
            "load": "recorded",
            "fit": "different",
            "use": "identical",
        }


class TestRecorded:
    """Stages that are not executed."""

    def test_a_skipped_stage_gives_its_locked_bytes_and_what_only_it_needs_is_not_executed(self, ran):
        assert results(ran, "use", "--skip", "fit") == {"fit": "recorded", "use": "identical"}
        edit(ran, "code.py", 'return {"mean"', 'return {"other": 1, "mean"')
        assert results(ran, "use", "--skip", "f*") == {"fit": "recorded", "use": "identical"}
        assert results(ran, code=1)["use"] == "identical"

    def test_only_judges_each_target_on_the_locked_bytes_of_its_inputs(self, ran):
        edit(ran, "code.py", "float(x) for", "float(x) + 1 for")
        assert results(ran, code=1) == dict.fromkeys(("load", "fit", "use"), "different")
        assert results(ran, "--only", code=1) == {"load": "different", "fit": "identical", "use": "identical"}
        assert results(ran, "--only", "use") == {"fit": "recorded", "use": "identical"}

    def test_nothing_executed_is_not_ok(self, ran):
        found = verify(ran, "--skip", "*", code=1)
        assert not found["ok"]
        assert {s["result"] for s in found["stages"].values()} == {"recorded"}

    @pytest.mark.parametrize("key", ["always", "frozen"])
    def test_always_and_frozen_stages_are_recorded(self, ran, key):
        edit(ran, "pipeline.yaml", '{run: "code:load"', f'{{{key}: true, run: "code:load"')
        ran.run()
        edit(ran, "data/x.csv", "4", "5")
        assert results(ran) == {"load": "recorded", "fit": "identical", "use": "identical"}

    def test_bytes_that_cannot_be_had_are_named(self, ran):
        (ran.root / "build/model.json").write_text("{}")
        assert results(ran, "use", "--skip", "fit")["use"] == "identical"  # the store has them
        for path in (ran.root / ".pipe/store/objects").glob("*/*"):
            path.unlink()
        found = ran.pipe("verify", "--json", "use", "--skip", "fit")
        assert found.code == 3
        assert "`build/model.json` can be had neither" in found.json["errors"][0]["text"]

    def test_a_glob_that_matches_no_stage_is_refused(self, ran):
        assert ran.pipe("verify", "--skip", "lood").code == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_nothing_behind(ran, number):
    edit(ran, "code.py", 'return {"mean"', 'import time; time.sleep(60); return {"mean"')
    before = everything(ran.base)
    process = ran.start("verify")
    ran.wait_for(lambda: "time.sleep" in str(ran.processes()) or list(ran.root.glob(".pipe/tmp/verify-*")))
    ran.wait_for(lambda: list(ran.root.glob(".pipe/tmp/verify-*/project/.pipe/runs/*/fit.log")))
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert "interrupted" in err
    ran.all_processes_end()
    assert everything(ran.base) == before


def test_killed_it_leaves_a_folder_that_the_next_run_clears(ran):
    edit(ran, "code.py", 'return {"mean"', 'import time; time.sleep(60); return {"mean"')
    process = ran.start("verify")
    ran.wait_for(lambda: list(ran.root.glob(".pipe/tmp/verify-*/project/.pipe/runs/*/fit.log")))
    process.kill()
    process.communicate()
    ran.all_processes_end()
    assert list(ran.root.glob(".pipe/tmp/verify-*"))
    edit(ran, "code.py", "import time; time.sleep(60); ", "")
    ran.run()
    assert not list(ran.root.glob(".pipe/tmp/*verify*"))


def test_folders_links_and_executables_are_brought_along_and_compared(project):
    project.write(
        "pipeline.yaml",
        """
        stages:
          make:
            cmd: ./tool.sh ${inputs.many} ${outputs.all}
            inputs: {many: data/raw, big: {path: big.bin, store: false}, tool: tool.sh}
            outputs: {all: data/made}
          count: {cmd: "find data -type f | sort > ${outputs.n}", inputs: {all: data}, outputs: {n: n.txt}}
          one: {cmd: "cat ${inputs.part} > ${outputs.o}", inputs: {part: data/made/a/x.txt}, outputs: {o: o.txt}}
        """,
    )
    project.write(
        "tool.sh",
        '#!/bin/sh\nset -e\nmkdir -p "$2/a" "$2/empty"\ncat big.bin > "$2/a/x.txt"\nln -s a/x.txt "$2/l"\n',
    )
    (project.root / "tool.sh").chmod(0o755)
    outside = project.base / "outside"
    outside.mkdir()
    (outside / "deep.txt").write_text("deep")
    project.write("data/raw/plain.txt", "plain")
    (project.root / "data/raw/link").symlink_to(outside)
    (project.root / "big.bin").write_bytes(b"b" * (3 << 20))
    project.run()
    before = everything(project.base)
    assert results(project) == dict.fromkeys(("make", "count", "one"), "identical")
    assert results(project, "--only") == dict.fromkeys(("make", "count", "one"), "identical")
    assert everything(project.base) == before
    edit(project, "tool.sh", 'cat big.bin > "$2/a/x.txt"', 'echo > "$2/a/x.txt"')
    found = verify(project, code=1)["stages"]["make"]
    assert found["outputs"]["all"]["difference"].startswith("a/x.txt: line 1: 'bbbb")


def test_reports_for_ci_are_written(ran):
    edit(ran, "code.py", ":.3f", ":.4f")
    summary = ran.base / "summary.md"
    found = ran.pipe(
        "verify", "--junit", "report.xml", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary)
    )
    assert found.code == 1
    assert "::error file=pipeline.yaml,line=9::stage use is different%0A" in found.out
    assert "| use | different |" in summary.read_text()
    suite = ElementTree.parse(ran.root / "report.xml").getroot()[0]
    assert {case.get("name"): [part.tag for part in case] for case in suite} == {
        "load": [],
        "fit": [],
        "use": ["failure"],
    }
    assert ran.pipe("verify", "--junit", "no/such/report.xml").code == 2


def test_what_a_pickle_refers_to_is_brought_along_though_nothing_that_runs_mentions_it(project):
    project.write(
        "pipeline.yaml",
        """
        stages:
          make: {run: "making:make", outputs: {model: build/model.joblib}}
          use: {run: "using:use", inputs: {model: build/model.joblib}, outputs: {text: build/text.txt}}
        """,
    )
    project.write("shape.py", "class Model:\n    def says(self):\n        return 'seven'\n")
    project.write("making.py", "from shape import Model\ndef make():\n    return Model()\n")
    project.write("using.py", "def use(model):\n    return model.says()\n")
    project.run()
    assert results(project, "use", "--skip", "make") == {"make": "recorded", "use": "identical"}
    assert results(project, "--twice") == dict.fromkeys(("make", "use"), "identical")
    (project.root / "pipeline.lock").unlink()
    assert results(project, "--twice", "--skip", "make") == {"make": "recorded", "use": "identical"}


def test_tools_are_asked_where_the_user_is(ran):
    ran.write("VERSION", "7\n")
    edit(ran, "pipeline.yaml", '{run: "code:load"', '{tools: ["cat VERSION"], run: "code:load"')
    ran.run()
    assert results(ran)["load"] == "identical"


def test_beneath_a_difference_stand_the_lines_that_may_have_made_it(ran):
    ran.write("code.py", ran.read("code.py") + "\n\nimport time\nprint(time.time())\n")
    edit(ran, "code.py", 'return f"{model', 'return f"{time.time_ns()} {model')
    found = verify(ran, "--twice", code=1)["stages"]
    line = next(n for n, text in enumerate(ran.read("code.py").splitlines(), 1) if "time_ns" in text)
    assert [(s["path"], s["line"]) for s in found["use"]["suspects"]] == [("code.py", line)]
    assert found["use"]["suspects"][0]["remedy"] and not found["load"]["suspects"]
    assert f"perhaps code.py:{line}: " in ran.pipe("verify", "--twice").out
