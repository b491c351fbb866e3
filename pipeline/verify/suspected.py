"""Points at the lines that may have made a difference, in what a stage reaches. Executes nothing."""

import os

from .. import config, suspects
from ..model import Stage
from ..opened import OpenProject
from ..suspects import MOST, Script, Suspect
from .result import StageFound

_UNKNOWN = "repetition + time + pid + folder + tmp"
"""What is another in each build, where no variable was varied by itself."""


def by_whom(opened: OpenProject, found: StageFound) -> StageFound:
    """Add to a stage that differs, and is to blame itself, the lines to look at. There may be none."""
    if found.verdict != "different" or found.error or found.follows or found.reasons:
        return found
    if not all(output.expected and output.actual for output in found.outputs.values()):
        return found
    culprits = found.perturbation.culprits if found.perturbation is not None else (_UNKNOWN,)
    stage = opened.project.stages[found.name]
    sources = _sources(opened, stage)
    difference = " ".join(output.difference or "" for output in found.outputs.values())
    named: dict[tuple[str, int], Suspect] = {}
    for culprit in culprits:
        for suspect in suspects.of(
            sources, culprit, entry=stage.run, command=_script(opened, stage), difference=difference
        ):
            named.setdefault((suspect.path, suspect.line), suspect)
    return found._replace(suspects=tuple(named.values())[:MOST])


def _sources(opened: OpenProject, stage: Stage) -> dict[str, str]:
    """Return what the stage imports, and its scripts, as they are now."""
    surveyed = opened.survey.of(stage)
    places = {digest: path for path, digest in surveyed.code.files.items()}

    def read(digest: str) -> bytes:
        with open(os.path.join(opened.layout.root, places[digest]), "rb") as file:
            return file.read()

    try:
        snapshot = opened.survey.snapshot(surveyed, read=read)
    except OSError:
        return {}  # removed meanwhile: then there is nothing to point at
    return {path: data.decode("utf-8", "replace") for path, data in snapshot.items()}


def _script(opened: OpenProject, stage: Stage) -> Script | None:
    if stage.cmd is None:
        return None
    text = stage.cmd if isinstance(stage.cmd, str) else " ".join(stage.cmd)
    mark = config.mark(opened.layout.root, stage.base, "cmd")
    return Script(text, mark.file, _first_line(opened, mark.line, text)) if mark else Script(text)


def _first_line(opened: OpenProject, line: int, text: str) -> int:
    """Return where a command's text begins: below `cmd: |`, or beside `cmd:`."""
    first = text.split("\n", 1)[0].strip()
    try:
        with open(os.path.join(opened.layout.root, "pipeline.yaml"), encoding="utf-8") as file:
            after = file.read().split("\n")[line - 1 : line + 2]
    except (OSError, ValueError):
        return line
    return next((line + number for number, one in enumerate(after) if first and first in one), line)
