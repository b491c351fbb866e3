"""A project with one of each kind of stage and with names that no exporter may stumble over."""

import os
from pathlib import Path

from tests.project import Project

TARGET = "build/scores.json"
SECRET = "correct-horse-battery"
USER = "exceptional-user"
NAMES = (
    "plain.txt",
    'a "quoted" name.txt',
    "grüße aus köln.txt",
    "two\nlines.txt",
    "back\\slash.txt",
    "CASE.txt",
    "case.txt",
)

STAGES = '''
"""The stages."""
import json
from pathlib import Path

from helper import doubled


def pages(table: Path, odd: Path, titles: dict, out: Path) -> None:
    out.mkdir(exist_ok=True)
    (out / "sub dir").mkdir()
    (out / "sub dir" / "é.html").write_text(table.read_text() + str(doubled(len(list(odd.iterdir())))))
    (out / "run.sh").write_text("echo " + json.dumps(titles, sort_keys=True))
    (out / "run.sh").chmod(0o755)
    (out / "latest").symlink_to("run.sh")


def train(pages: Path, kind: str, rate: float) -> dict:
    print("trained", kind)
    return {"kind": kind, "rate": rate, "files": sorted(p.name for p in pages.rglob("*"))}


def weigh(big: bytes) -> str:
    return str(len(big))
'''

PIPELINE = {
    "pages": {
        "run": "stages:pages",
        "inputs": {"table": 'data/the "raw" tâble.csv', "odd": "data/odd"},
        "params": {"titles": {"en": "Pages & <more>", "de": 'Seiten "quer"'}},
        "outputs": {"out": "build/pages"},
    },
    "now": {"cmd": "echo noon > ${outputs.now}", "outputs": {"now": "build/now.txt"}, "always": True},
    "train": {
        "run": "stages:train",
        "matrix": {"kind": ["a", "b"]},
        "inputs": {"pages": "build/pages"},
        "params": {"kind": "${matrix.kind}", "rate": 0.5},
        "outputs": {"model": "build/model-${matrix.kind}.json"},
    },
    "score": {
        "cmd": "cat ${inputs.models} ${inputs.now} > ${outputs.scores}; echo '{\"n\": 2}' > ${outputs.summary}; "
        "echo $REGION ${#API_TOKEN} >> ${outputs.scores}; echo scored",
        "inputs": {"models": "build/model-*.json", "now": "build/now.txt", "part": "build/pages/run.sh"},
        "outputs": {"scores": TARGET},
        "metrics": {"summary": "build/summary.json"},
        "env": {"REGION": "north"},
        "secrets": ["API_TOKEN"],
    },
    "weigh": {
        "run": "stages:weigh",
        "inputs": {"big": {"path": "data/big.bin", "store": False}},
        "outputs": {"weight": "build/weight.txt"},
    },
}


def environment(home: Path) -> dict[str, str]:
    """Return what tells who and where somebody is."""
    return {"HOME": os.fspath(home), "USER": USER, "LOGNAME": USER, "API_TOKEN": SECRET}


def make(project: Project, home: Path) -> None:
    """Write the project and run it."""
    project.pipeline(PIPELINE)
    project.write("stages.py", STAGES.lstrip())
    project.write(
        "helper.py", "def doubled(n):\n    return n * 2\n\n\ndef unused():\n    return 'not reached'\n"
    )
    project.write('data/the "raw" tâble.csv', "city,day,celsius\nBonn,2026-01-01,1.5\nKöln,2026-01-02,2.5\n")
    project.write("data/big.bin", b"\0" * 1000)
    for name in NAMES:
        project.write(f"data/odd/{name}", f"in {name!r}")
    home.mkdir()
    project.pipe("run", "-q", env=environment(home))
