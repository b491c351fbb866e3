"""A secret reaches the stage that declares it, and no file, message or record of `pipe`."""

import os

import pytest

VALUE = "hunter2-Zq9-correct-horse"
FILE_VALUE = "file-secret-Xk42"
ODD = "p\"w'd\\ü %/ 77"
KEY = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----"
FORMS = (
    VALUE,
    FILE_VALUE,
    ODD,
    "MIIEvQIBADANBgkq",
    "hkiG9w0BAQEFAASC",
    "ü %/ 77",
    "%C3%BC%20%25",
    "\\u00fc %/",
)
"""What may not be found anywhere: the values, and parts of them by which they could show."""

VARIABLES = {"API_TOKEN": VALUE, "ODD_PASSWORD": ODD, "PRIVATE_KEY": KEY}

PIPELINE = """
stages:
  uses:
    run: stages.secret:uses
    outputs: {out: build/uses.txt}
    secrets: [API_TOKEN, ~/.pgpass]
  tells: {run: "stages.secret:tells", outputs: {out: build/tells.txt}, secrets: [API_TOKEN]}
  odd: {run: "stages.secret:odd", outputs: {out: build/odd.txt}, secrets: [ODD_PASSWORD, PRIVATE_KEY, ~/.pgpass]}
  wrong: {run: "stages.secret:wrong", outputs: {out: build/wrong.txt}, secrets: [ODD_PASSWORD]}
  children:
    cmd: for part in 'hunter2-Zq9' '-correct' -horse; do printf %s $part; sleep 0.05; done; env; exit 1
    secrets: [API_TOKEN]
  echoes: {cmd: "echo token=$API_TOKEN >&2; exit 1", outputs: {out: build/echoes.txt}, secrets: [API_TOKEN]}
  other: {run: "stages.secret:other", outputs: {out: build/other.txt}}
"""

STAGES = """
import os
from pathlib import Path


def uses(out: Path):
    token = os.environ["API_TOKEN"]
    print("the token is", token)
    for character in token:
        print(character, end="", flush=True)
    print()
    line = (Path.home() / ".pgpass").read_text()
    out.write_text(f"{len(token)} {len(line)}")


def tells(out: Path):
    raise ValueError("cannot log in with " + os.environ["API_TOKEN"])


def odd(out: Path):
    import json, urllib.parse
    odd, key = os.environ["ODD_PASSWORD"], os.environ["PRIVATE_KEY"]
    print(odd, repr(odd), json.dumps(odd), urllib.parse.quote(odd), urllib.parse.quote(odd, safe=""))
    for line in key.splitlines():
        print("line", line)
    print((Path.home() / ".pgpass").read_text())
    print("password is", (Path.home() / ".pgpass").read_text().split(":")[-1].strip())
    out.write_text("x")


def wrong(out: Path):
    {}[os.environ["ODD_PASSWORD"]]


def other(out: Path):
    out.write_text(str("API_TOKEN" in os.environ))
"""


@pytest.fixture(scope="module")
def ran(shared_project):
    project = shared_project
    project.write("pipeline.yaml", PIPELINE)
    project.write("stages/secret.py", STAGES)
    (project.home / ".pgpass").write_text(f"localhost:5432:flights:me:{FILE_VALUE}\n")
    return project.run("-k", code=1, **VARIABLES)


def test_the_stage_that_declares_a_secret_has_it_and_no_other(ran, shared_project):
    failed = dict.fromkeys(("tells", "wrong", "children", "echoes"), "failed")
    assert ran.outcomes == {"uses": "executed", "odd": "executed", "other": "executed", **failed}
    assert shared_project.read("build/uses.txt").startswith(f"{len(VALUE)} ")
    assert shared_project.read("build/other.txt") == "False"


def test_logs_and_messages_show_stars(ran, shared_project):
    log = shared_project.read(f".pipe/runs/{ran.json['run']}/uses.log")
    assert log == "the token is ***\n***\n"
    assert "ValueError: cannot log in with ***" in ran.err
    assert "  | token=***\n" in ran.err
    assert VALUE not in ran.err + ran.out
    odd = shared_project.read(f".pipe/runs/{ran.json['run']}/odd.log").splitlines()
    assert odd[:5] == ["*** '***' \"***\" *** ***", *["line ***"] * 4]
    assert odd[5:] == ["***", "password is ***"]
    assert "KeyError: '***'" in ran.err


def test_no_command_shows_the_value_of_a_secret(ran, shared_project):
    said = ran.out + ran.err
    for words in (
        ["status", "-v"],
        ["explain", "-v", "tells"],
        ["explain", "--json", "uses"],
        ["runs", "--json"],
        ["show", ran.json["run"], "--json"],
        ["logs", "odd"],
        ["logs", "wrong"],
        ["run", "-n", "-v"],
        ["graph", "--format", "json"],
        ["doctor"],
    ):
        done = shared_project.pipe(*words, **VARIABLES)
        assert done.code == 0, done
        said += done.out + done.err
    assert [form for form in FORMS if form in said] == []


def test_no_file_holds_the_value_of_a_secret(ran, shared_project):
    found = []
    for folder, _, names in os.walk(shared_project.base):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not path.startswith(str(shared_project.home)):
                with open(path, "rb") as file:
                    data = file.read()
                found += [(path, value) for value in FORMS if value.encode() in data]
    assert found == []


def test_another_value_of_a_secret_runs_nothing(ran, shared_project):
    assert shared_project.run("uses", API_TOKEN="another").outcomes == {"uses": "fresh"}


def test_a_missing_secret_is_an_error_before_anything_runs(project):
    project.write("pipeline.yaml", PIPELINE)
    project.write("stages/secret.py", STAGES)
    ran = project.run("other", "uses", code=2)
    texts = [(error["text"], error["line"], error["column"]) for error in ran.json["errors"]]
    assert texts == [
        ("stage `uses`: secret `API_TOKEN` is not set", 6, 15),
        ("stage `uses`: secret file `~/.pgpass` does not exist", 6, 26),
    ]
    assert not (project.root / "build").exists()
    assert not list(project.root.glob(".pipe/runs/*"))


@pytest.mark.parametrize("name", ["API_TOKEN", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "SSH_KEY"])
def test_a_secret_looking_name_under_env_points_to_secrets(project, name):
    project.write("pipeline.yaml", f"stages:\n  a:\n    cmd: 'true'\n    env: [{name}]\n")
    ran = project.run(code=2, **{name: VALUE})
    (error,) = ran.json["errors"]
    assert (error["line"], error["column"]) == (4, 11)
    assert name in error["text"]
    assert "secrets" in error["help"]
    assert VALUE not in ran.out + ran.err
