"""The project of the table of edits on a disk: changed, built, put back, and built from nothing elsewhere."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pipeline.model import RunResult
from pipeline.opened import open_project
from tests.project import tree
from tests.properties.engine import Engine, outcomes
from tests.warm import warm

SHOP = Path(__file__).parent.parent / "projects" / "shop"
_MADE = (".pipe", "build", "pipeline.lock")


class Look(NamedTuple):
    verdicts: Mapping[str, str]
    modules: Mapping[str, Mapping[str, str]]
    """Stage -> the files of code that it reaches, by whole bytes: what hashing modules would count."""


class Shop:
    def __init__(self, root: Path) -> None:
        self.root = root
        self._engine = Engine()
        shutil.copytree(SHOP, root, ignore=shutil.ignore_patterns(*_MADE))
        warm(root)
        self._files = {path: (path.read_bytes(), path.stat().st_mode) for path in self._lying()}

    def run(self) -> RunResult:
        return self._engine.run(self.root)

    def look(self) -> Look:
        """Ask what a run would do, and what the stages reach."""
        verdicts = {name: d.verdict for name, d in self._engine.status(self.root).items()}
        opened = open_project(self.root)
        try:
            found = {name: opened.survey.of(s).code.files for name, s in opened.project.stages.items()}
        finally:
            opened.close()
        return Look(verdicts, found)

    def built(self) -> dict[str, tuple[bytes, bool]]:
        """Return the bytes and the executable bit of everything that the stages write."""
        return self._built(self.root)

    def built_from_nothing(self, to: Path) -> dict[str, tuple[bytes, bool]]:
        """Build the project as it lies there now in an empty folder, with an empty store."""
        shutil.copytree(self.root, to, ignore=shutil.ignore_patterns(*_MADE))
        warm(to)
        result = self._engine.run(to)
        assert outcomes(result, "executed") == set(result.stages), result
        built = self._built(to)
        shutil.rmtree(to)
        return built

    def put_back(self) -> None:
        """Undo all changes. What lies in the outputs' folder is that of the last edit, but for the user's own files."""
        for path in self._lying():
            if path not in self._files:
                path.unlink()
        for path, (data, bits) in self._files.items():
            if not path.exists() or path.read_bytes() != data:
                path.write_bytes(data)
            path.chmod(bits)
        (self.root / "build" / "notes.txt").unlink(missing_ok=True)

    def _lying(self) -> list[Path]:
        return [
            Path(folder, name)
            for folder, folders, names in os.walk(self.root)
            for name in names
            if Path(folder, name).relative_to(self.root).parts[0] not in _MADE
        ]

    @staticmethod
    def _built(root: Path) -> dict[str, tuple[bytes, bool]]:
        opened = open_project(root)
        try:
            return tree(root, sorted(opened.graph.output_paths))
        finally:
            opened.close()
