"""A project in a temporary folder, and the questions that the tests ask about it."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from pipeline import digest
from pipeline.code import Code, Sources, of_callable, of_command, pruned


class Memory(dict[str, bytes]):
    def put(self, key: str, value: bytes) -> None:
        self[key] = value


class ProjectFolder:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.roots: list[str] = ["."]
        self.outputs: set[str] = set()
        self.memo = Memory()
        self.analysed = 0

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def sources(self) -> Sources:
        def digest_of(path: str) -> str | None:
            place = os.path.join(self.root, path)
            return digest.of_file(place) if os.path.isfile(place) else None

        def excluded(path: str) -> bool:
            return any(path == output or path.startswith(output + "/") for output in self.outputs)

        return Sources(self.root, digest_of=digest_of, excluded=excluded)

    def callable(self, target: str) -> Code:
        return of_callable(target, self.roots, self.sources(), self.memo)

    def pruned(self, target: str) -> dict[str, bytes]:
        """Return what the child would import, by path."""
        sources = self.sources()
        code = of_callable(target, self.roots, sources, self.memo)
        paths = {name: path for path, name in code.files.items()}
        return pruned(code, sources, self.memo, read=lambda name: sources.read(paths[name]))

    def command(self, cmd: str | tuple[str, ...]) -> Code:
        return of_command(cmd, self.roots, self.sources(), self.memo)

    def units(self, target: str) -> set[str]:
        return set(self.callable(target).units)

    def modules(self, target: str) -> set[str]:
        """Return the modules of which a target reaches anything."""
        return modules_of(self.callable(target).units)

    def changed(self, target: str, files: Mapping[str, str | bytes]) -> set[str]:
        """Return the modules of which a unit is new, gone or other once some files are written."""
        return modules_of(self.changed_units(target, files))

    def changed_units(self, target: str, files: Mapping[str, str | bytes]) -> set[str]:
        before = self.callable(target).units
        self.write(files)
        after = self.callable(target).units
        return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def modules_of(units: Iterable[str]) -> set[str]:
    return {unit.partition(":")[0] for unit in units}


@pytest.fixture
def project(tmp_path: Path) -> ProjectFolder:
    return ProjectFolder(tmp_path)


@pytest.fixture
def package(project: ProjectFolder) -> ProjectFolder:
    """A package such as people write: helpers, a subpackage, re-exports, constants, a cycle."""
    project.write(
        {
            "stages/__init__.py": '"""Stages."""\n',
            "stages/clean.py": (
                "from . import columns\n"
                "from .tools.text import strip as tidy\n\n\n"
                "def clean(flights, max_delay=15):\n"
                "    return tidy(flights, columns.KEPT)\n"
            ),
            "stages/columns.py": 'KEPT = ["a", "b"]\n',
            "stages/unrelated.py": "def nothing():\n    return 1\n",
            "stages/tools/__init__.py": "from .text import strip\n",
            "stages/tools/text.py": "from . import base\n\n\ndef strip(x, y):\n    return base.apply(x)\n",
            "stages/tools/base.py": "import stages.tools.text\n\n\ndef apply(x):\n    return x\n",
        }
    )
    return project
