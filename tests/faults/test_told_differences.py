"""What `verify` and `rebuild` say of a result that came out otherwise: in terms of what is in it."""

from tests.faults.conftest import FaultProject

PIPELINE = """
    stages:
      draw: {run: "code:draw", outputs: {table: build/table.csv}}
      keep:
        cmd: mkdir ${outputs.all}; date +%N > ${outputs.all}/when.txt; echo 1 > ${outputs.all}/one
        outputs: {all: build/all}
"""

CODE = """
    import random, time

    def draw():
        random.seed(time.time_ns())
        return [{"id": n, "x": random.random() if n == 2 else 0.5} for n in range(4)]
"""


def test_verify_and_rebuild_tell_what_differs(project: FaultProject):
    project.write("pipeline.yaml", PIPELINE)
    project.write("code.py", CODE)
    assert project.pipe("run").code == 0
    found = project.pipe("verify", "-v")
    assert found.code == 1
    assert "build/table.csv: column `x`, row 3: " in found.out
    assert "build/all: when.txt: line 1: '" in found.out
    assert "@@ -1,1 +1,1 @@" in found.out  # -v shows details
    assert "@@" not in project.pipe("verify").out

    told = project.pipe("verify", "--json").json["stages"]["draw"]["outputs"]["table"]
    assert told["difference"].endswith("; 1 of 4 numbers differs")
    assert told["details"]["kind"] == "csv"
    assert list(told["details"]["columns_differing"]) == ["x"]

    ran = project.pipe("rebuild", "build/table.csv", "--from-scratch")
    assert ran.code == 1
    assert "differs:  column `x`, row 3: " in ran.err
    assert ran.err.endswith(
        "help: `pipe verify --only draw --perturb` looks for what the result depends on\n"
    )
    first = project.pipe("rebuild", "build/all", "--json", "--from-scratch").json["first_difference"]
    assert first["content"].startswith("when.txt: line 1: '")
    assert first["facts"]["counts"] == {"added": 0, "removed": 0, "changed": 1}
