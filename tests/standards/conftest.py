"""One project for all tests of exports: made and run once for each process that tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.project import Project
from tests.standards import odd


class Odd(NamedTuple):
    project: Project
    home: Path

    def pipe(self, *arguments: str, code: int | None = 0) -> str:
        return self.project.pipe(*arguments, env=odd.environment(self.home), code=code).stdout


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Odd]:
    base = tmp_path_factory.mktemp("standards")
    with Project(base / "project") as project:
        odd.make(project, base / "exceptional-home")
        yield Odd(project, base / "exceptional-home")
