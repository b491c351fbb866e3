"""What `pipe run --observe` sees of a stage, what it makes of it, and what it leaves alone."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tests.project import PIPE, Project, tree

NOTHING = {"inputs": [], "outputs": [], "scratch": [], "env": [], "secrets": [], "network": False}


def lacking(project: Project, *options: str, env: dict[str, str] | None = None, code: int = 0) -> dict:
    """Observe; returns by stage only what it lacks."""
    said = project.json("run", "--observe", *options, env=env, code=code)
    return {
        name: {key: value for key, value in stage["missing"].items() if value}
        for name, stage in said["stages"].items()
    }


def notes(project: Project, stage: str, **options) -> str:
    return "\n".join(project.json("run", "--observe", **options)["stages"][stage]["notes"])


def test_a_stage_that_comes_too_early_is_tried_again_after_the_others(project: Project) -> None:
    project.write("a.txt", "1\n")
    project.write("pipeline.yaml", "stages:\n  c: {cmd: cat b.txt > c.txt}\n  b: {cmd: cat a.txt > b.txt}\n")
    assert lacking(project, "--write") == {
        "c": {"inputs": ["b.txt"], "outputs": ["c.txt"]},
        "b": {"inputs": ["a.txt"], "outputs": ["b.txt"]},
    }
    assert set(project.outcomes().values()) == {"executed"}


def test_a_stage_that_found_nothing_because_it_came_too_early_is_tried_again(project: Project) -> None:
    project.write(
        "pipeline.yaml",
        "stages:\n  sum: {cmd: cat parts/*.txt 2> /dev/null > sum.txt || true}\n"
        "  parts: {cmd: mkdir -p parts && echo 1 > parts/one.txt && echo 2 > parts/two.txt}\n",
    )
    assert lacking(project)["sum"] == {"inputs": ["parts"], "outputs": ["sum.txt"]}


def test_a_stage_that_fails_is_told_and_the_patch_covers_the_others(project: Project) -> None:
    project.write("a.txt", "1\n")
    project.write(
        "pipeline.yaml", "stages:\n  bad: {cmd: cat a.txt; echo no luck; exit 3}\n  good: {cmd: cat a.txt}\n"
    )
    done = project.pipe("run", "--observe", code=1)
    assert "stage `bad` failed" in done.stderr
    assert "no luck" in done.stderr
    assert "exited with status 3" in done.stderr
    assert "+  good: {cmd: cat a.txt, inputs: {a: a.txt}}" in done.stdout
    assert "bad" not in [line[4:7] for line in done.stdout.splitlines() if line.startswith("+")]
    said = project.json("run", "--observe", code=1)
    assert said["ok"] is False
    assert said["stages"]["bad"]["missing"] == NOTHING


def test_instances_of_a_matrix_are_one_declaration(project: Project) -> None:
    for model in ("oak", "elm"):
        project.write(f"settings/{model}.json", "1")
    project.write("trees.csv", "1")
    project.write(
        "pipeline.yaml",
        "stages:\n"
        "  fit:\n"
        "    matrix: {model: [oak, elm]}\n"
        '    cmd: "mkdir -p out; cat trees.csv settings/${matrix.model}.json > out/${matrix.model}.bin"\n',
    )
    assert lacking(project, "--write")["fit@elm"] == {
        "inputs": ["settings/elm.json", "trees.csv"],
        "outputs": ["out/elm.bin"],
    }
    text = project.read("pipeline.yaml").decode()
    assert '"settings/${matrix.model}.json"' in text
    assert '"out/${matrix.model}.bin"' in text
    assert text.count("trees.csv") == 2
    assert set(project.outcomes().values()) == {"executed"}


def test_the_network_is_seen_and_the_own_loopback_is_not_meant(project: Project) -> None:
    project.write(
        "out.py",
        "import socket\ns = socket.socket(type=socket.SOCK_DGRAM)\ntry: s.connect(('192.0.2.1', 9))\n"
        "except OSError: pass\n",
    )
    project.write(
        "own.py", "import socket\ns = socket.socket(type=socket.SOCK_DGRAM)\ns.connect(('127.0.0.1', 9))\n"
    )
    project.write("pipeline.yaml", "stages:\n  out: {cmd: python out.py}\n  own: {cmd: python own.py}\n")
    assert lacking(project) == {"out": {"network": True}, "own": {}}


def test_an_input_that_is_never_read_is_taken_out_unless_the_command_names_it(project: Project) -> None:
    for name in ("a", "b", "c", "d"):
        project.write(f"{name}.txt", name)
    project.write(
        "pipeline.yaml",
        "stages:\n"
        "  one:\n"
        "    cmd: cat a.txt\n"
        "    inputs:\n"
        "      # the first\n"
        "      a: a.txt  # read\n"
        "      b: b.txt\n"
        "  two: {cmd: 'echo ${inputs.c}; cat a.txt', inputs: {c: c.txt, a: a.txt, d: d.txt}}  # two\n",
    )
    said = project.json("run", "--observe", "--write")
    assert said["stages"]["one"]["unused"] == ["b"]
    assert said["stages"]["two"]["unused"] == ["c", "d"]
    assert project.read("pipeline.yaml").decode() == (
        "stages:\n"
        "  one:\n"
        "    cmd: cat a.txt\n"
        "    inputs:\n"
        "      # the first\n"
        "      a: a.txt  # read\n"
        "  two: {cmd: 'echo ${inputs.c}; cat a.txt', inputs: {c: c.txt, a: a.txt}}  # two\n"
    )


def test_a_callable_is_observed_with_what_it_is_given(project: Project) -> None:
    project.write("a.csv", "n\n1\n2\n")
    project.write("hidden.txt", "5")
    project.write(
        "work.py",
        "def add(a, times):\n    return sum(a['n'].to_pylist()) * times * int(open('hidden.txt').read())\n",
    )
    project.write(
        "pipeline.yaml",
        "stages:\n  add:\n    run: work:add\n    inputs: [a.csv]\n    params: {times: 3}\n"
        "    outputs: [sum.json]\n",
    )
    assert lacking(project) == {"add": {"inputs": ["hidden.txt"]}}
    assert "hidden" in notes(project, "add")


@pytest.mark.parametrize("option", ["-f", "--locked", "--debug", "-n"])
def test_options_that_contradict_it_are_usage_errors(project: Project, option: str) -> None:
    project.write("pipeline.yaml", "stages: {a: {cmd: 'true'}}\n")
    assert "do not go together" in project.pipe("run", "--observe", option, code=2).stderr
    assert "`--write` needs `--observe`" in project.pipe("run", "--write", code=2).stderr


@pytest.mark.parametrize("level", ["L0", "L1", "L2"])
def test_the_project_stays_as_it_is_whatever_the_kernel_can_do(project: Project, level: str) -> None:
    project.write("data/a.txt", "1")
    project.write("old.txt", "made by hand")
    project.write(
        "scripts/w.py",
        f"""
        import os, sys
        text = open("data/a.txt").read()
        open("old.txt", "w").write(text)
        os.makedirs("out", exist_ok=True)
        open("out/new.txt", "w").write(os.environ.get("COLOUR", ""))
        try: open({str(project.root / "absolute.txt")!r}, "w").write("x")
        except OSError: pass
        """,
    )
    project.write("pipeline.yaml", "stages:\n  w: {cmd: python scripts/w.py}\n")
    before = tree(project.root, ["data", "old.txt", "scripts", "pipeline.yaml"])
    found = lacking(project, env={"PIPE_ISOLATION": level, "COLOUR": "red"})["w"]
    assert found["inputs"] == ["data/a.txt"]
    assert {"old.txt", "out/new.txt"} <= set(found["outputs"])
    assert found["env"] == ["COLOUR"]
    assert tree(project.root, ["data", "old.txt", "scripts", "pipeline.yaml"]) == before
    assert not (project.root / "out").exists()
    if level != "L0":
        assert not (project.root / "absolute.txt").exists()


def test_without_the_kernels_help_it_says_what_it_cannot_see(project: Project) -> None:
    project.write("pipeline.yaml", "stages: {a: {cmd: 'true'}}\n")
    done = project.pipe("run", "--observe", env={"PIPE_ISOLATION": "L0"})
    assert "the kernel cannot watch" in done.stderr
    assert "the stages ran in a copy" in done.stderr
    said = project.pipe("run", "--observe").stderr
    assert "note:" not in said, said


def test_an_interrupt_ends_everything_and_leaves_nothing(project: Project, tmp_path: Path) -> None:
    project.write(
        "pipeline.yaml",
        f"stages:\n  a: {{cmd: 'touch x; (sleep 987 & sleep 988); echo $$ > {tmp_path}/never'}}\n",
    )
    own = tmp_path / "tmp"
    own.mkdir()
    process = subprocess.Popen(
        [PIPE, "run", "--observe"],
        cwd=project.root,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=project.environment({"TMPDIR": str(own)}),
    )
    deadline = time.monotonic() + 20
    while not processes("sleep 988") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes("sleep 988")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 130
    assert not processes("sleep 987")
    assert not processes("sleep 988")
    assert [path for path in own.rglob("*") if path.is_file()] == []
    assert not (project.root / "x").exists()


def test_a_killed_pipe_leaves_no_process(project: Project) -> None:
    project.write("pipeline.yaml", "stages:\n  a: {cmd: '(sleep 985 & sleep 986)'}\n")
    process = subprocess.Popen([PIPE, "run", "--observe"], cwd=project.root, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not processes("sleep 986") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes("sleep 986")
    process.kill()
    process.wait()
    deadline = time.monotonic() + 5
    while (processes("sleep 985") or processes("sleep 986")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not processes("sleep 985")
    assert not processes("sleep 986")


def processes(command: str) -> list[str]:
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0") if folder.name.isdigit() else []
        except OSError:
            continue
        if b" ".join(words).decode().strip() == command:
            found.append(folder.name)
    return found


def test_what_no_patch_can_put_right_is_told(project: Project) -> None:
    outside = Path(tempfile.mkdtemp(prefix="outside-"))
    (outside / "big.csv").write_text("1")
    try:
        project.write("data/a.txt", "1")
        project.write("counter.txt", "1")
        project.write(
            "s.py",
            f"""
            open({str(outside / "big.csv")!r}).read()
            open({str(project.root / "data/a.txt")!r}).read()
            n = int(open("counter.txt").read())
            open("counter.txt", "w").write(str(n + 1))
            """,
        )
        project.write("pipeline.yaml", "stages:\n  s: {cmd: python s.py}\n")
        told = notes(project, "s")
        assert f"it reads `{outside / 'big.csv'}`, which lies outside of the project" in told
        assert f"s.py:3 names `{project.root / 'data/a.txt'}`" in told
        assert "it reads `counter.txt` and then changes it" in told
    finally:
        shutil.rmtree(outside)


def test_a_pipeline_that_changed_meanwhile_is_not_written(project: Project) -> None:
    project.write("a.txt", "1")
    project.write("pipeline.yaml", "stages:\n  a: {cmd: 'cat a.txt; sleep 2'}\n")
    process = subprocess.Popen(
        [PIPE, "run", "--observe", "--write"], cwd=project.root, stderr=subprocess.PIPE, text=True
    )
    time.sleep(1.2)
    project.write("pipeline.yaml", "stages:\n  a: {cmd: 'cat a.txt'}\n")
    _, said = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "was changed while the stages ran" in said
    assert project.read("pipeline.yaml") == b"stages:\n  a: {cmd: 'cat a.txt'}\n"


def test_links_that_lead_outside_count_under_the_projects_path(project: Project, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.txt").write_text("1")
    (project.root / "linked").symlink_to(tmp_path / "elsewhere")
    project.write("pipeline.yaml", "stages:\n  a: {cmd: cat linked/x.txt > y.txt}\n")
    assert lacking(project, "--write")["a"] == {"inputs": ["linked/x.txt"], "outputs": ["y.txt"]}
    assert project.outcomes() == {"a": "executed"}


def test_the_edges_that_come_of_it_are_looked_at(project: Project) -> None:
    project.write("a.txt", "1")
    project.write("b.txt", "1")
    project.write(
        "pipeline.yaml", "stages:\n  one: {cmd: 'cat a.txt > b.txt'}\n  two: {cmd: 'cat b.txt > a.txt'}\n"
    )
    said = project.json("run", "--observe")
    assert "cycle" in " ".join(said["notes"])


def test_os_level_tools_of_the_project_are_inputs(project: Project) -> None:
    project.write("tools/convert", "#!/bin/sh\ntr a-z A-Z < in.txt > out.txt\n", executable=True)
    project.write("in.txt", "a")
    project.write("go.py", "import subprocess\nsubprocess.run(['./tools/convert'], check=True)\n")
    project.write("pipeline.yaml", "stages:\n  a: {cmd: python go.py}\n")
    assert lacking(project, "--write")["a"] == {"inputs": ["in.txt", "tools/convert"], "outputs": ["out.txt"]}
    assert project.outcomes() == {"a": "executed"}
    assert os.access(project.root / "tools/convert", os.X_OK)


def test_secrets_are_blotted_out_of_what_a_failure_shows(project: Project) -> None:
    project.write("pipeline.yaml", "stages:\n  a: {cmd: 'echo \"$API_TOKEN\"; exit 1'}\n")
    done = project.pipe("run", "--observe", "--quiet", env={"API_TOKEN": "hush-hush"}, code=1)
    assert "stage `a` failed" in done.stderr
    assert "***" in done.stderr
    assert "hush" not in done.stdout + done.stderr


def test_what_is_written_beside_the_stages_is_not_their_output(project: Project) -> None:
    project.write("pipeline.yaml", "stages:\n  a: {cmd: 'sleep 0.2; echo 1 > a.txt'}\n")
    subprocess.run(
        ["bash", "-c", f"{PIPE} run --observe > lacking.patch 2> said.txt"], cwd=project.root, check=True
    )
    assert "a.txt" in project.read("lacking.patch").decode()
    assert "said" not in project.read("lacking.patch").decode()


def test_variables_of_shell_scripts_are_those_that_come_from_outside(project: Project) -> None:
    project.write(
        "go",
        """\
        #!/bin/sh
        for NAME in 1 2; do echo $NAME; done
        OWN=1
        echo "$OWN ${COLOUR:-none} $UNSET $HOME \\$SIZE"
        """,
        executable=True,
    )
    project.write("pipeline.yaml", "stages:\n  a: {cmd: ./go}\n")
    variables = {"NAME": "x", "OWN": "x", "COLOUR": "red", "SIZE": "9"}
    assert lacking(project, env=variables) == {"a": {"env": ["COLOUR"]}}
