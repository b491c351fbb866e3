"""`pipe verify --perturb`: who is to blame, who is not, what cannot be varied, and what is recorded of it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from pipeline.verify.perturb.variables import NAMES, VARIED
from tests.faults.conftest import FaultProject

CODE = """
    import os, subprocess, time, pwd
    from pathlib import Path

    def source():
        return os.urandom(4).hex()

    def below(text):
        return text.upper()

    def a_set():
        return list({"one", "two", "three", "four", "five"})

    def near():
        return {"mean": 1.0 + (1e-12 if list({"a", "b", "c", "d"})[0] != "a" else 0.0)}

    def by_command():
        return subprocess.run(["date", "+%Y"], capture_output=True, text=True).stdout

    def fails(out: Path):
        out.write_text("made")
        if out.stat().st_mode & 0o077 == 0:
            raise RuntimeError("others cannot read it")

    def flaky():
        with open("/dev/urandom", "rb") as file:
            return file.read(1)[0] % 7

    def zone():
        return [time.tzname[0], time.localtime(0).tm_hour]

    def who():
        return [os.getuid(), pwd.getpwuid(os.getuid()).pw_uid == os.getuid()]
"""

PIPELINE = """
    stages:
      source: {run: "code:source", outputs: {o: build/source.txt}}
      below: {run: "code:below", inputs: {text: build/source.txt}, outputs: {o: build/below.txt}}
      a-set: {run: "code:a_set", outputs: {o: build/set.json}}
      near:
        run: code:near
        outputs: {o: {path: build/near.json, compare: {rtol: 1e-6}}}
      by-command: {run: "code:by_command", outputs: {o: build/year.txt}}
      listed:
        cmd: ls -U ${inputs.letters} > ${outputs.o}
        inputs: {letters: letters}
        outputs: {o: build/listed.txt}
      address:
        cmd: python -c "print(id(object()))" > ${outputs.o}
        outputs: {o: build/address.txt}
      fails: {run: "code:fails", outputs: {out: build/fails.txt}}
      flaky: {run: "code:flaky", outputs: {o: build/flaky.json}}
      zone: {run: "code:zone", outputs: {o: build/zone.json}, env: {TZ: Asia/Tokyo}}
      who: {run: "code:who", outputs: {o: build/who.json}}
      online:
        cmd: date +%F > ${outputs.o}
        network: true
        outputs: {o: build/online.txt}
"""


@pytest.fixture(scope="module")
def made(shared_project) -> FaultProject:
    """Stages that each depend on something else, run once."""
    project = shared_project
    project.write("pipeline.yaml", PIPELINE)
    project.write("code.py", CODE)
    for name in "abcdef":
        project.write(f"letters/{name}.txt", name)
    project.run()
    return project


@pytest.fixture(scope="module")
def found(made) -> dict:
    """What one verification says of all of them."""
    ran = made.pipe("verify", "--perturb", "--json")
    assert ran.code == 1, ran
    assert "differs  a-set" in ran.err and "same     zone" in ran.err
    return ran.json["stages"]


@pytest.mark.parametrize(
    ("stage", "culprit"),
    [
        ("source", "repetition"),
        ("a-set", "hash-seed"),
        ("by-command", "time"),
        ("listed", "listing"),
        ("fails", "umask"),
        ("flaky", "repetition"),
        ("address", "repetition"),
        ("who", "user"),
    ],
)
def test_the_variable_that_makes_the_difference_is_named(found, stage, culprit):
    assert (found[stage]["result"], found[stage]["culprit"]) == ("different", culprit), found[stage]
    assert set(found[stage]["culprits"]) <= set(NAMES)


def test_a_stage_is_not_charged_with_what_it_read(found):
    assert found["below"]["culprit"] is None
    assert found["below"]["builds"] == 4


def test_what_is_within_its_tolerance_is_not_different_nor_proven(found, made):
    assert (found["near"]["result"], found["near"]["culprit"]) == ("identical", None)
    assert grades(made)["near"] == "rebuilt"


def test_a_stage_that_fails_then_says_how(found):
    assert "others cannot read it" in found["fails"]["error"]


def test_what_comes_from_chance_says_so(found):
    assert "a race, or chance" in found["flaky"]["detail"]
    assert found["address"]["detail"] == "it depends on where objects lie in memory"
    assert found["source"]["detail"] == "it draws random numbers from the system"


def test_what_a_stage_declares_is_not_varied(found):
    zone = found["zone"]
    assert (zone["result"], zone["culprit"]) == ("identical", None)
    assert zone["not_perturbed"]["timezone"] == "the stage declares TZ"
    assert "timezone" not in zone["perturbed"]


def test_the_network_would_not_believe_in_another_day(found):
    online = found["online"]
    assert (online["result"], online["culprit"]) in (("identical", None), ("different", "timezone"))
    assert "certificates" in online["not_perturbed"]["time"]


def test_every_variable_is_varied_or_a_reason_is_given(found):
    for stage in found.values():
        assert {*stage["perturbed"], *stage["not_perturbed"]} == set(VARIED)
        assert all(stage["not_perturbed"].values()) and all(stage["limits"].values())


def test_the_difference_is_shown_against_the_build_as_usual(found):
    output = found["a-set"]["outputs"]["o"]
    assert output["expected"] != output["actual"]
    assert "in another order" in output["difference"]


def grades(project: FaultProject) -> dict[str, str]:
    stages = project.pipe("status", "-v", "--json").json["stages"]
    return {name: stage["grade"] for name, stage in stages.items() if "grade" in stage}


def test_what_was_found_stands_in_status_and_lineage(found, made):
    found_out = grades(made)
    assert {found_out[name] for name in ("source", "flaky")} <= {"isolated"}
    assert {found_out[name] for name in ("a-set", "by-command", "listed", "fails", "who")} == {"rebuilt"}
    assert found_out["zone"] == "rebuilt under perturbation"
    nodes = made.pipe("lineage", "build/zone.json", "--json").json["nodes"]
    assert {node["grade"] for node in nodes} == {"rebuilt under perturbation"}
    told = made.pipe("lineage", "build/set.json").out
    assert "rebuilt; it differs with hash-seed" in told


def test_evidence_is_checked_like_every_record(found, made, tmp_path):
    assert made.pipe("fsck").code == 0
    path = next((made.root / ".pipe/store/evidence").glob("*/*/*"))
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(whole.replace(b'"builds":', b'"builds":1'))
    kinds = [p["kind"] for p in made.pipe("fsck", "--json").json["problems"]]
    assert kinds == ["evidence-changed"]
    assert made.pipe("fsck", "--repair").code == 0
    assert not path.exists()
    path.write_bytes(whole)
    assert made.pipe("fsck").code == 0


def test_a_later_verification_adds_nothing_that_is_known(found, made):
    before = sorted((made.root / ".pipe/store/evidence").rglob("*"))
    report = made.base / "report.xml"
    ran = made.pipe("verify", "--perturb", "--only", "zone", "a-set", "--junit", str(report), "-j", "2")
    assert ran.code == 1
    assert "hash-seed: it differs with the hash seed" in ran.out
    assert sorted((made.root / ".pipe/store/evidence").rglob("*")) == before
    cases = {case.get("name"): case for case in ElementTree.parse(report).iter("testcase")}
    assert "hash-seed" in cases["a-set"].find("failure").get("message")
    assert cases["zone"].find("failure") is None


def test_two_variables_that_only_together_make_a_difference_are_both_named(project):
    project.write("pipeline.yaml", "stages: {pair: {run: 'code:pair', outputs: {o: build/pair.txt}}}")
    project.write(
        "code.py",
        """
        import os
        def pair():
            return str(os.environ["TZ"] != "UTC" and os.path.basename(os.environ["TMPDIR"]) != "tmp")
        """,
    )
    project.run()
    pair = project.pipe("verify", "--perturb", "--json").json["stages"]["pair"]
    assert pair["culprit"] == "timezone + tmp"


def test_interrupted_it_leaves_nothing_behind(project):
    project.write("pipeline.yaml", "stages: {slow: {run: 'code:slow', outputs: {o: build/slow.txt}}}")
    project.write("code.py", "import time\ndef slow():\n    time.sleep(1.5)\n    return 'done'\n")
    project.run()
    process = project.start("verify", "--perturb", "-v")
    while "executed slow" not in (line := process.stderr.readline()):
        assert line, "it ended"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in err
    project.all_processes_end()
    assert not list((project.root / ".pipe/tmp").glob("verify*"))


def is_for_all(path: Path) -> bool:
    """Say whether every user may execute a file."""
    return all(one.stat().st_mode & 0o001 for one in (path, *path.parents))


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv") or not is_for_all(Path(sys.executable).resolve()),
    reason="needs another user, who may execute this Python",
)
def test_another_user_without_privileges_can_do_it_too(project):
    text = "stages: {now: {cmd: 'date +%Y > ${outputs.now}', outputs: [build/now.txt]}}"
    project.write("pipeline.yaml", text)
    for folder in (project.root, project.home, project.tmp):
        os.chown(folder, 65534, 65534)
    for folder in (project.base, *list(project.base.parents)[:-2]):
        folder.chmod(folder.stat().st_mode | 0o055)
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", str(project.program)]

    def as_nobody(*words):
        return subprocess.run(
            [*nobody, *words],
            cwd=project.root,
            env=project.environment({}),
            capture_output=True,
            text=True,
            check=False,
        )

    ran = as_nobody("run", "-q")
    assert ran.returncode == 0, ran
    stage = json.loads(as_nobody("verify", "--perturb", "--json").stdout)["stages"]["now"]
    assert (stage["culprit"], stage["not_perturbed"]) == ("time", {})
