"""Exit codes, streams and start-up of the command itself, in processes of their own."""

import json
import os
import subprocess
import sys

import pytest

START = "import sys; from pipeline.cli import main; sys.exit(main())"


def pipe(*words, cwd=None, env=None, code=START, **more):
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **more,
    )


def test_the_version_is_told_without_loading_any_library():
    loaded = "import sys; from pipeline.cli import main; c = main(); print(*sys.modules); sys.exit(c)"
    done = pipe("--version", code=loaded)
    first, modules = done.stdout.splitlines()
    assert first == "pipe 0.1.0" and done.returncode == 0
    heavy = {
        "typer",
        "rich",
        "pydantic",
        "yaml",
        "pyarrow",
        "json",
        "dataclasses",
        "inspect",
        "subprocess",
        "logging",
    }
    assert not heavy & set(modules.split())


def test_without_arguments_there_is_a_short_help():
    done = pipe()
    assert done.returncode == 0 and done.stdout.startswith("Usage: pipe COMMAND") and done.stderr == ""


@pytest.mark.parametrize("words", [["frobnicate"], ["run", "--forse"], ["explain"], ["run", "-j", "0"]])
def test_a_mistake_in_the_command_line_is_exit_2_on_stderr(words):
    done = pipe(*words)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error: ") and "\nhelp: " in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words", [["--json", "frobnicate"], ["run", "--forse", "--json"], ["explain", "--json"]]
)
def test_a_mistake_in_the_command_line_is_json_when_that_was_asked_for(words):
    done = pipe(*words)
    found = json.loads(done.stdout)
    assert done.returncode == 2 and found["version"] == 1 and found["ok"] is False
    assert found["errors"][0]["text"] and found["errors"][0]["file"] is None


def test_a_word_after_two_dashes_asks_for_nothing():
    assert pipe("explain", "a", "--", "--json").stdout == ""


@pytest.mark.parametrize("command", ["run", "status", "graph", "runs", "show", "clean"])
def test_outside_a_project_every_command_says_what_to_do(command, tmp_path):
    done = pipe(command, cwd=tmp_path)
    assert done.returncode == 2 and "`pipe init`" in done.stderr


def test_init_makes_a_project_and_names_the_next_command(tmp_path):
    done = pipe("init", "new", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.endswith("next: pipe run -C new\n")
    again = pipe("init", "-C", "new", "--json", cwd=tmp_path)
    assert again.returncode == 2 and json.loads(again.stdout)["errors"][0]["help"]


def test_help_has_examples_and_exit_codes():
    assert "pipe run build/report.html" in pipe("run", "--help").stdout
    assert "130 interrupted" in pipe("--help").stdout
    assert pipe("help", "logs").stdout == pipe("logs", "--help").stdout


def test_a_bug_is_exit_70_with_a_traceback_and_what_to_do():
    broken = (
        "import sys; from pipeline import runs; from pipeline.cli import main\n"
        "import pipeline.cli.actions as a\n"
        "a.ACTIONS['schema'] = lambda values, skin: 1 / 0\n"
        "sys.exit(main())"
    )
    done = pipe("schema", code=broken)
    assert done.returncode == 70 and "Traceback" in done.stderr and "this is a bug in pipe" in done.stderr
    done = pipe("schema", "--json", code=broken)
    assert done.returncode == 70 and "ZeroDivisionError" in json.loads(done.stdout)["errors"][0]["text"]


def test_a_reader_that_goes_away_is_no_error():
    script = f"'{sys.executable}' -c '{START}' --help | true; echo ${{PIPESTATUS[0]}}"
    for _ in range(3):
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)
        assert (done.stdout, done.stderr) == ("0\n", "")


def test_completion_proposes_commands_and_never_fails(tmp_path):
    env = {"_PIPE_COMPLETE": "complete_bash", "COMP_WORDS": "pipe sta", "COMP_CWORD": "1"}
    assert pipe(env=env, cwd=tmp_path).stdout.split() == ["status"]
    env = {"_PIPE_COMPLETE": "complete_bash", "COMP_WORDS": "pipe run x", "COMP_CWORD": "2"}
    done = pipe(env=env, cwd=tmp_path)
    assert done.stderr == "" and done.stdout.split() == []


def test_a_run_with_nothing_to_do_loads_nothing_that_executes(tmp_path):
    (tmp_path / "pipeline.yaml").write_text("version: 1\nstages:\n  check:\n    cmd: 'true'\n")
    assert pipe("run", cwd=tmp_path).returncode == 0
    loaded = "import sys; from pipeline.cli import main; c = main(); print(*sys.modules); sys.exit(c)"
    done = pipe("run", "-q", cwd=tmp_path, code=loaded)
    modules = set(done.stdout.split())
    assert done.returncode == 0 and "pipeline.run" in modules
    executing = {"pipeline.perform", "pipeline.execute.local", "subprocess", "tempfile", "shutil", "socket"}
    assert not (executing | {"pydantic", "yaml", "typer", "pyarrow"}) & modules
