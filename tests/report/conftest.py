"""A small project with all that a page must stand: a failure, evil text, images, tables, a matrix. Run twice."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project import Project
from tests.report.browser import Browser, find

EVIL = "</script></style></pre><script>alert('evil')</script>"

STAGES = '''
import os
from pathlib import Path

RATE = 2  # </script><script>alert("code")</script>


def clean(raw: str, table: Path, picture: Path, page: Path, folder: Path, losses: Path) -> None:
    """Make all kinds of results."""
    losses.write_text("epoch,loss\\n" + "".join(f"{i},{1 / (1 + i)}\\n" for i in range(9)))
    table.write_text("x,y,z\\n" + "".join(f"{i},{i * i},{i % 3}\\n" for i in range(30)))
    picture.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40" onload="alert(1)"><script>alert(2)</script>'
        '<rect width="80" height="40" fill="teal"/><image href="https://example.com/x.png"/></svg>'
    )
    page.write_text(
        "# Result <img src=x onerror=alert(3)>\\n\\n[bad](javascript:alert(4)) [good](https://example.org/) "
        "![p](picture.svg) ![far](https://example.com/far.png)\\n\\n<script>alert(5)</script>\\n\\n|a|b|\\n|-|-|\\n|1|2|\\n"
    )
    folder.mkdir()
    (folder / "a.txt").write_text(raw)


def fit(table: Path, rate: int, size: str, tag: str) -> dict:
    return {"score": rate * len(size) / 10, "size": size}


def broken(table: Path, tag: str) -> str:
    print("working in", os.getcwd(), "for", os.environ.get("PASSWORD"), "with", os.environ["TOKEN_VALUE"])
    print(tag, flush=True)
    raise ValueError(f"no such thing as {tag}")


def last(text: str) -> str:
    return text
'''


def write(project: Project, *, rate: int, stages: str = STAGES) -> None:
    project.write("data/raw.txt", "hello\n")
    project.write("work.py", stages)
    project.pipeline(
        {
            "clean": {
                "doc": f"Drop <b>what</b> is wrong {EVIL}",
                "run": "work:clean",
                "inputs": {"raw": "data/raw.txt"},
                "outputs": {
                    "table": "build/table.csv",
                    "picture": "build/picture.svg",
                    "page": "build/page.md",
                    "folder": "build/folder",
                },
                "metrics": {"losses": "build/losses.csv"},
            },
            "fit": {
                "doc": "Fit each size.",
                "run": "work:fit",
                "matrix": {"size": ["s", "mm", "lll"]},
                "inputs": {"table": "build/table.csv"},
                "params": {"rate": "${rate}", "size": "${matrix.size}", "tag": EVIL},
                "metrics": {
                    "score": {"path": "build/score-${matrix.size}.json", "better": {"score": "higher"}}
                },
            },
            "broken": {
                "run": "work:broken",
                "inputs": {"table": "build/table.csv"},
                "params": {"tag": EVIL},
                "secrets": ["TOKEN_VALUE"],
                "outputs": {"text": "build/text.txt"},
            },
            "last": {
                "run": "work:last",
                "inputs": {"text": "build/text.txt"},
                "outputs": {"again": "build/again.txt"},
            },
        },
        params={"rate": rate},
    )


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project after two runs, between which a parameter and a function changed; `broken` fails in both."""
    with Project(tmp_path_factory.mktemp("report") / "a & b") as project:
        os.environ["TOKEN_VALUE"] = "hunter2-hunter2"
        try:
            write(project, rate=1)
            assert not project.run(keep_going=True).ok
            write(project, rate=3, stages=STAGES.replace("/ 10", "/ 20"))
            assert not project.run(keep_going=True).ok
        finally:
            del os.environ["TOKEN_VALUE"]
        yield project


@pytest.fixture(scope="session")
def page(made: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of its last run."""
    from pipeline.report import report

    path = tmp_path_factory.mktemp("page") / "report.html"
    report(made.root, "last", str(path))
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = find()
    if program is None:
        pytest.skip("there is no Chromium here: `make browser` installs one, CHROMIUM names another")
    with Browser(program, tmp_path_factory.mktemp("browser")) as opened:
        yield opened
