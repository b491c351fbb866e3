"""What a stage sees, and that nothing leaks into it: from the user, from its neighbours, from names that clash."""

import json
import os

import pytest

PROBE = """
import json, os, random, sys
from pathlib import Path


def look(data: Path, out: Path):
    import numpy
    umask = os.umask(0)
    os.umask(umask)
    out.write_text(json.dumps({
        "environment": dict(os.environ),
        "cwd": os.getcwd(),
        "files": sorted(str(p) for p in Path(".").rglob("*") if p.is_file()),
        "hash": hash("text"),
        "random": random.random(),
        "numpy": float(numpy.random.rand()),
        "affinity": len(os.sched_getaffinity(0)),
        "umask": umask,
        "argv": sys.argv,
        "stdin": sys.stdin.read(),
        "modules": [name for name in sys.modules if name.split(".")[0] == "pipeline"],
    }))
"""

PIPELINE = """
stages:
  look:
    run: stages.probe:look
    inputs: {data: data/in.txt}
    outputs: {out: build/look.json}
    env: [REGION, MISSING]
  look_wide:
    run: stages.probe:look
    inputs: {data: data/in.txt}
    outputs: {out: build/look_wide.json}
    env: {TZ: Europe/Berlin, OWN: "1"}
    resources: {cpus: 2}
  look_cmd:
    cmd: env -0 > ${outputs.out}; pwd > ${outputs.cwd}; files=$(find . -type f | sort); echo "$files" > ${outputs.files}
    inputs: {data: data/in.txt}
    outputs: {out: build/env.bin, cwd: build/cwd.txt, files: build/files.txt}
"""

CONSTANT = {
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "agg",
    "SOURCE_DATE_EPOCH": "315532800",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


@pytest.fixture(scope="module")
def seen(shared_project):
    project = shared_project
    project.write("pipeline.yaml", PIPELINE)
    project.write("stages/probe.py", PROBE)
    project.write("data/in.txt", "in")
    project.write("data/other.txt", "other")
    project.write(".netrc", "machine x")
    user = {
        "REGION": "north",
        "UNDECLARED": "x",
        "PYTHONPATH": "/nowhere",
        "LANG": "de_DE.UTF-8",
        "TZ": "Asia/Tokyo",
    }
    old = os.umask(0o077)
    try:
        project.run(OMP_NUM_THREADS="7", PYTHONHASHSEED="5", **user)
    finally:
        os.umask(old)
    found = {name: json.loads(project.read(f"build/{name}.json")) for name in ("look", "look_wide")}
    pairs = (pair.partition("=") for pair in project.read("build/env.bin").split("\0") if pair)
    found["cmd"] = {name: value for name, _, value in pairs}
    return found


def test_the_environment_is_constant_and_holds_what_is_declared(seen):
    for environment in (seen["look"]["environment"], seen["cmd"]):
        assert {name: environment.get(name) for name in CONSTANT} == CONSTANT
    assert seen["look"]["environment"]["REGION"] == "north"


def test_no_undeclared_variable_is_there(seen):
    for environment in (seen["look"]["environment"], seen["look_wide"]["environment"], seen["cmd"]):
        assert "UNDECLARED" not in environment
        assert "MISSING" not in environment
    assert "REGION" not in seen["cmd"]
    assert "PYTHONPATH" not in seen["look"]["environment"]


def test_a_declared_variable_overrides_the_constant_of_that_name(seen):
    environment = seen["look_wide"]["environment"]
    assert environment["TZ"] == "Europe/Berlin"
    assert environment["OWN"] == "1"


def test_threads_and_processors_are_as_many_as_the_stage_has_cpus(seen):
    assert seen["look"]["affinity"] == 1
    assert seen["look_wide"]["environment"]["OMP_NUM_THREADS"] == "2"
    assert seen["look_wide"]["affinity"] == min(2, len(os.sched_getaffinity(0)))


def test_home_and_temporary_folder_are_the_stages_own(seen, shared_project):
    for environment in (seen["look"]["environment"], seen["cmd"]):
        assert environment["HOME"] != str(shared_project.home)
        assert os.path.dirname(environment["HOME"]) == os.path.dirname(environment["TMPDIR"])


def test_hash_seed_and_generators_give_the_same_in_every_run(seen, shared_project):
    first = {name: seen["look"][name] for name in ("hash", "random", "numpy")}
    assert first == {name: seen["look_wide"][name] for name in first}
    before = shared_project.read("build/look.json")
    shared_project.run("-f", "look", REGION="north")
    assert shared_project.read("build/look.json") == before


def test_the_folder_mirrors_the_project_with_what_is_declared_alone(seen, shared_project):
    assert seen["look"]["files"] == ["data/in.txt", "stages/probe.py"]
    assert shared_project.read("build/files.txt").split() == [
        "./build/cwd.txt",
        "./build/env.bin",
        "./data/in.txt",
    ]
    assert seen["look"]["cwd"] != str(shared_project.root)
    assert not seen["look"]["cwd"].startswith(str(shared_project.root))


def test_umask_stdin_and_the_loaded_package_are_not_those_of_pipe(seen):
    assert seen["look"]["umask"] == 0o022
    assert seen["look"]["stdin"] == ""
    assert seen["look"]["modules"] == []


def test_nothing_leaks_from_one_stage_to_the_next(project):
    project.write(
        "pipeline.yaml",
        """
        stages:
          first: {run: "stages.leak:first", outputs: {out: build/first.txt}}
          second: {run: "stages.leak:second", inputs: {first: build/first.txt}, outputs: {out: build/second.json}}
        """,
    )
    project.write(
        "stages/leak.py",
        """
        import builtins, os, sys
        from pathlib import Path
        import numpy

        STATE = []

        def first(out: Path):
            out.write_text("x")
            STATE.append(1)
            builtins.LEAKED = 1
            os.environ["LEAKED"] = "1"
            sys.path.insert(0, "/leaked")
            numpy.leaked = 1
            numpy.random.seed(99)
            os.umask(0o077)
            os.chdir("/")
            (Path(os.environ["HOME"]) / "leaked").write_text("x")
            (Path(os.environ["TMPDIR"]) / "leaked").write_text("x")

        def second(first: str):
            import builtins
            own = [Path(os.environ[name]) / "leaked" for name in ("HOME", "TMPDIR")]
            return [len(STATE), hasattr(builtins, "LEAKED"), "LEAKED" in os.environ, "/leaked" in sys.path,
                    hasattr(numpy, "leaked"), float(numpy.random.rand()) > 0.6, os.umask(0o022) == 0o077,
                    os.getcwd() == "/", *(path.exists() for path in own)]
        """,
    )
    project.run("-j1")
    assert json.loads(project.read("build/second.json")) == [0] + [False] * 9


def test_project_modules_may_have_the_names_of_others(project):
    names = ("queue", "json", "pipeline", "select", "numpy")
    for name in names:
        project.write(
            f"{name}.py",
            f"""
            def make():
                return "the project's {name}"
            """,
        )
    stages = "".join(f"  {n}: {{run: '{n}:make', outputs: {{out: build/{n}.txt}}}}\n" for n in names)
    project.write("pipeline.yaml", f"stages:\n{stages}")
    project.run()
    assert [project.read(f"build/{n}.txt") for n in names] == [f"the project's {n}" for n in names]


def test_src_layout_and_a_package_without_init_are_found(project):
    project.write(
        "src/flights/deep/clean.py",
        """
        from flights.words import WORD
        from . import other

        def clean():
            return WORD + other.WORD
        """,
    )
    project.write("src/flights/words.py", "WORD = 'one '\n")
    project.write("src/flights/deep/other.py", "WORD = 'two'\n")
    project.write("beside.py", "def make(): return 'beside'\n")
    project.write(
        "pipeline.yaml",
        """
        stages:
          clean: {run: "flights.deep.clean:clean", outputs: {out: build/clean.txt}}
          beside: {run: "beside:make", outputs: {out: build/beside.txt}}
        """,
    )
    project.run()
    assert project.read("build/clean.txt") == "one two"
    assert project.read("build/beside.txt") == "beside"
    project.write("src/flights/deep/other.py", "WORD = 'three'\n")
    assert project.run().outcomes == {"clean": "executed", "beside": "fresh"}


def test_editing_the_code_while_it_runs_changes_nothing_of_that_run(project):
    project.write(
        "pipeline.yaml",
        """
        stages:
          slow: {run: "stages.slow:slow", inputs: {data: data/in.txt}, outputs: {out: build/out.txt}}
        """,
    )
    project.write("data/in.txt", "old data")
    project.write("stages/late.py", "WORD = 'old code'\n")
    project.write(
        "stages/slow.py",
        """
        import time
        from pathlib import Path

        def slow(data: Path):
            print("started", flush=True)
            time.sleep(1)
            from stages import late
            return late.WORD + ", " + data.read_text()
        """,
    )
    process = project.start("run")
    project.wait_for(
        lambda: any("started" in log.read_text() for log in project.root.glob(".pipe/runs/*/slow.log"))
    )
    project.write("stages/late.py", "WORD = 'new code'\n")
    project.write("data/in.txt", "new data")
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert project.read("build/out.txt") == "old code, old data"
    assert project.pipe("status", "--json").json["stages"]["slow"]["verdict"] == "stale"
    project.run()
    assert project.read("build/out.txt") == "new code, new data"
