"""Runs each session of this folder in an empty folder with an empty home, and compares what it prints.

A session reads like documentation: prose begins in the first column; commands (`  $ ...`, continued by `  > ...`)
and what they print are indented by two spaces; a line `  [N]` is an exit code that is not 0. What varies (times,
the names of runs, temporary folders) is compared in a form that does not; `--pin` leaves such lines as they are.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

SESSIONS = sorted(Path(__file__).parent.glob("*.txt"))

VARIES = (
    # A time and the blanks around it: `0.4 s` is as wide as it is long.
    (re.compile(r" *<?(?:\d+ (?:h|min) )?\d+(?:\.\d+)? (?:s|min|h)\b *"), " TIME "),
    (re.compile(r"\bunder TIME\b|\babout TIME\b"), "about TIME"),
    (re.compile(r"\b\d{8}T\d{6}(?:-\d+)?\b"), "RUN"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?\b"), "DATE"),
    (re.compile(r"\bPython 3\.\d+\.\d+\b"), "Python 3"),
    (re.compile(r"\b\d+ packages and variables\b"), "N packages and variables"),
    (re.compile(r"'[0-9a-f]{4} the mean"), "'HHHH the mean"),  # what a stage there draws anew each time
    (re.compile(r" +$"), ""),
)


class Step(NamedTuple):
    """Lines of prose, or a command and what it printed."""

    prose: list[str]
    command: list[str]
    printed: list[str]


def steps_of(text: str) -> list[Step]:
    steps = [Step([], [], [])]
    for line in text.splitlines():
        if line.startswith("  $ "):
            steps.append(Step([], [line], []))
        elif line.startswith("  > ") and not steps[-1].printed:
            steps[-1].command.append(line)
        elif line.startswith("  ") and steps[-1].command:
            steps[-1].printed.append(line)
        else:
            if steps[-1].command:
                steps.append(Step([], [], []))
            steps[-1].prose.append(line)
    return steps


def same_forms(lines: list[str]) -> list[str]:
    # Where a traceback shows carets varies by the version of Python; under a line of YAML there is a bar before them.
    return [same_form(line) for line in lines if not re.fullmatch(r"  (?:  \|)? +[\^~]+", line)]


def same_form(line: str) -> str:
    for pattern, name in VARIES:
        line = pattern.sub(name, line)
    return line


def play(steps: list[Step], base: Path) -> list[list[str]]:
    """Run the commands in one shell; returns what each printed, as lines of a session."""
    mark = "-- end of a step --"
    script = []
    for step in steps:
        script += [line[4:] for line in step.command]
        script.append(f'printf "\\n%s%d\\n" "{mark}" $?' if step.command else f'printf "\\n%s0\\n" "{mark}"')
    folders = {name: base / name for name in ("home", "tmp", "work")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    (base / "session.sh").write_text("\n".join(script) + "\n")
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folders["home"]),
        "TMPDIR": str(folders["tmp"]),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "COLUMNS": "110",
        **{f"GIT_{who}_{what}": "ada" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    ran = subprocess.run(
        ["bash", base / "session.sh"],
        cwd=folders["work"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=100,
        check=True,
    )
    text = ran.stdout.decode("utf-8", "replace").replace(os.fspath(base), "/tmp/session")
    printed = []
    for part, code in zip(*[iter(re.split(rf"\n{mark}(\d+)\n", text))] * 2, strict=False):
        lines = [f"  {line}".rstrip() if line else "  " for line in part.splitlines()]
        printed.append(lines + ([f"  [{code}]"] if code != "0" else []))
    assert len(printed) == len(steps), text
    return printed


@pytest.mark.parametrize("path", SESSIONS, ids=[path.stem for path in SESSIONS])
def test_a_session_prints_what_is_written_here(
    path: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    steps = steps_of(path.read_text(encoding="utf-8"))
    found = play(steps, tmp_path / "session")
    if request.config.getoption("--pin"):
        path.write_text(pinned(steps, found), encoding="utf-8")
        return
    for step, printed in zip(steps, found, strict=True):
        before, now = (same_forms(lines) for lines in (step.printed, printed))
        assert now == before, "\n".join(["", *step.command, *printed])


def pinned(steps: list[Step], found: list[list[str]]) -> str:
    """Write a session with what was printed, but for lines that differ only in what varies."""
    lines = []
    for step, printed in zip(steps, found, strict=True):
        is_same = same_forms(step.printed) == same_forms(printed)
        lines += [*step.prose, *step.command, *(step.printed if is_same else printed)]
    return "\n".join(lines) + "\n"


def test_there_are_sessions_and_what_does_not_vary_is_compared() -> None:
    assert len(SESSIONS) > 10
    assert same_form("  executed clean      0.4 s  same output") == same_form(
        "  executed clean      12 s  same output"
    )
    assert same_form("  executed clean 0.4 s") != same_form("  restored clean 0.4 s")
    assert steps_of("a\n\n  $ x <<E\n  > y\n  > E\n  z\n  [1]\n\nb\n  c\n") == [
        Step(["a", ""], [], []),
        Step([], ["  $ x <<E", "  > y", "  > E"], ["  z", "  [1]"]),
        Step(["", "b", "  c"], [], []),
    ]
