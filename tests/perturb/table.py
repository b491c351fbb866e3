"""Tries the corpus: which kinds of differences are found, on whom they are blamed, and which line is accused.

`python -m tests.perturb.table` tries all of it and prints the table of docs/reproducibility.md; it takes some minutes.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.project import Project

CORPUS = Path(__file__).parent / "corpus"
COLUMNS = ("what differs", "found by", "culprit", "line")


class Kind(NamedTuple):
    """A stage whose results differ. `culprits` are those that may be named first."""

    stage: str
    text: str
    culprits: tuple[str, ...]
    is_quick: bool


class Found(NamedTuple):
    """What became of one stage. `accused` is the first suspect, as path, line and text."""

    twice: bool
    perturb: bool
    culprit: str | None
    accused: tuple[str, int, str] | None
    cannot: frozenset[str]
    """What this machine cannot vary."""


def declared() -> dict[str, dict[str, Any]]:
    stages: dict[str, dict[str, Any]] = yaml.safe_load((CORPUS / "pipeline.yaml").read_text())["stages"]
    return stages


def kinds() -> list[Kind]:
    return [
        Kind(name, stage["x-kind"], tuple(stage["x-culprits"]), "x-quick" in stage)
        for name, stage in declared().items()
        if "x-kind" in stage
    ]


def same() -> list[str]:
    """Return the stages whose results never differ."""
    return [name for name, stage in declared().items() if "x-kind" not in stage]


def marked() -> set[tuple[str, int]]:
    """Return the places of the lines that are to be accused."""
    files = [path for path in sorted(CORPUS.rglob("*")) if path.suffix in (".py", ".sh", ".yaml")]
    return {
        (path.relative_to(CORPUS).as_posix(), number)
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.endswith("# accused")
    }


def tried(folder: Path, differing: Iterable[str], alike: Iterable[str]) -> dict[str, Found]:
    """Verify a copy of the corpus with the installed command: the stages that differ twice, and all perturbed."""
    shutil.copytree(CORPUS, folder, ignore=shutil.ignore_patterns(".pipe", "build", "__pycache__"))
    with Project(folder) as project:
        twice = _stages(project.json("verify", "--twice", *differing, code=None))
        perturbed = _stages(project.json("verify", "--twice", "--perturb", *differing, *alike, code=None))
    return {name: _found(twice.get(name), stage) for name, stage in perturbed.items()}


def _stages(result: Mapping[str, Any]) -> dict[str, Any]:
    assert "stages" in result, result
    stages: dict[str, Any] = result["stages"]
    return stages


def _found(twice: Mapping[str, Any] | None, perturbed: Mapping[str, Any]) -> Found:
    first = next(iter(perturbed["suspects"]), None)
    return Found(
        twice=twice is not None and twice["result"] != "identical",
        perturb=perturbed["result"] != "identical",
        culprit=perturbed["culprit"],
        accused=(first["path"], first["line"], first["text"]) if first else None,
        cannot=frozenset(perturbed["not_perturbed"]),
    )


def row(kind: Kind, found: Found, places: set[tuple[str, int]]) -> tuple[str, str, str, str]:
    """Return a row of the table; what is not as it should be is set in bold."""
    by = [option for option, is_by in (("`--twice`", found.twice), ("`--perturb`", found.perturb)) if is_by]
    culprit = found.culprit or "nobody"
    line = "none"
    if found.accused is not None:
        code = found.accused[2].removesuffix("# accused").strip().replace("|", "\\|")
        line = f"`` {code} ``" if "`" in code else f"`{code}`"
    is_right = found.accused is not None and found.accused[:2] in places
    return (
        kind.text,
        ", ".join(by) or "**nobody**",
        culprit if culprit in kind.culprits else f"**{culprit}**",
        line if is_right else f"**{line}**",
    )


def as_text(found: Mapping[str, Found]) -> str:
    """Write the table in Markdown, so that it can be put into docs/reproducibility.md as it is."""
    places = marked()
    rows = [row(kind, found[kind.stage], places) for kind in kinds() if kind.stage in found]
    lines = [COLUMNS, ("---",) * len(COLUMNS), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = tried(Path(folder) / "corpus", [kind.stage for kind in kinds()], same())
    print(as_text(found))
    false = [name for name in same() if found[name].twice or found[name].perturb]
    print(
        f"\n{len(kinds())} kinds; {len(same())} stages that are the same each time, reported: {false or 'none'}"
    )


if __name__ == "__main__":
    sys.exit(main())
