"""A project written from texts, and what is said about it as plain text."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import config
from pipeline.config import Loaded
from pipeline.errors import Problem, UsageError


class Writer:
    """Writes the files of a project and reads it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def load(self, text: str, params: str | None = None, **options: Any) -> Loaded:
        (self.root / "pipeline.yaml").write_text(text, encoding="utf-8")
        if params is not None:
            (self.root / "params.yaml").write_text(params, encoding="utf-8")
        return config.load(self.root, **options)

    def told(self, text: str, params: str | None = None, **options: Any) -> list[str]:
        """Return each problem as `LINE:COLUMN+LENGTH text | help`, led by the file if it is another one."""
        try:
            problems = self.load(text, params, **options).problems
        except UsageError as error:
            problems = error.problems
        return [written(problem) for problem in problems]


def written(problem: Problem) -> str:
    mark = problem.mark
    place = ""
    if mark is not None:
        file = "" if mark.file == "pipeline.yaml" else f"{mark.file}:"
        place = f"{file}{mark.line}:{mark.column}+{mark.length} "
    return f"{place}{problem.text} | {problem.help}"


@pytest.fixture
def project(tmp_path: Path) -> Writer:
    return Writer(tmp_path)


@pytest.fixture
def stage(project: Writer) -> Callable[..., Any]:
    """Return the one stage that has these lines."""

    def build(lines: str, params: str | None = None, **options: Any) -> Any:
        body = "".join(f"    {line}\n" for line in lines.splitlines())
        loaded = project.load(f"stages:\n  a:\n{body}", params, **options)
        assert loaded.problems == ()
        return next(iter(loaded.project.stages.values()))

    return build
