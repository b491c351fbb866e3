"""Takes what a stage has written: its outputs, and nothing else. Reads the stage's folder alone."""

import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..model import Produced
from ..statcache import NoCache
from ..store import Batch
from ..workspace import Scanned, Scanner, UnfitFile, check_names
from ..workspace.ignore import is_always_left_out
from .folder import WorkFolder
from .local import Order
from .sandbox import whole


class Uncaptured(Exception):
    """What the stage left is not what it declared."""

    def __init__(self, text: str, help_text: str = "", *, missing: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.help = help_text
        self.missing = missing
        """An output is not there."""


class Captured(NamedTuple):
    """Outputs by name, and where their bytes lie."""

    outputs: Mapping[str, Produced]
    scanned: Mapping[str, Scanned]
    project: str

    def files(self, name: str) -> dict[str, tuple[str, str]]:
        """Return where the bytes of an output lie, as `Store.places` does."""
        scanned, path = self.scanned[name], f"{self.project}/{self.outputs[name].path}"
        if scanned.built is None:
            return {"": (scanned.artifact.kind, path)}
        return {
            leaf.path: (leaf.kind, leaf.digest if leaf.kind == "link" else f"{path}/{leaf.path}")
            for leaf in scanned.leaves
        }

    def put(self, batch: Batch) -> None:
        """Move the bytes into a store. Raises ValueError if they changed since they were looked at."""
        for name, scanned in self.scanned.items():
            path = f"{self.project}/{self.outputs[name].path}"
            if scanned.built is None:
                batch.put_file(path, scanned.artifact.digest, move=True)
                continue
            for leaf in scanned.leaves:
                if leaf.kind in ("file", "exec"):
                    batch.put_file(f"{path}/{leaf.path}", leaf.digest, move=True)
            for data in scanned.built.manifests.values():
                batch.put_bytes(data)


def capture(folder: WorkFolder, order: Order) -> Captured:
    """Look at every declared output. Raises Uncaptured for one that is missing or unfit, or for undeclared files."""
    scanner = Scanner(folder.project, NoCache(), lambda path, _: is_always_left_out(path), follow=False)
    outputs: dict[str, Produced] = {}
    scanned: dict[str, Scanned] = {}
    for output in order.stage.outputs:
        try:
            _refuse_link(folder.project, output.path)
            found = scanner.scan(output.path)
            if found is not None:
                check_names(found.leaves, output.path)
        except UnfitFile as unfit:
            text = f"output `{output.name}`: {unfit.problems[0].text}"
            raise Uncaptured(text, unfit.problems[0].help) from unfit
        if found is None:
            raise Uncaptured(
                f"it did not write its output `{output.path}`",
                f"write it, or remove `{output.name}` from its outputs in pipeline.yaml",
                missing=True,
            )
        outputs[output.name] = Produced(output.path, found.artifact)
        scanned[output.name] = found
    for path in _undeclared(folder.project, order):
        if whole.is_removal(f"{folder.project}/{path}"):
            raise Uncaptured(f"it removed `{path}`, which is no output of its", "work on a copy in `TMPDIR`")
        name = os.path.basename(path).partition(".")[0] or "file"
        raise Uncaptured(
            f"it wrote `{path}`, which it does not declare",
            f"add `{name}: {path}` to its outputs in pipeline.yaml, or to its scratch if it is no result",
        )
    return Captured(outputs, scanned, folder.project)


def _refuse_link(project: str, path: str) -> None:
    absolute = f"{project}/{path}"
    if os.path.islink(absolute) and not os.path.realpath(absolute).startswith(
        os.path.realpath(project) + "/"
    ):
        raise UnfitFile(
            path, f"is a link that leaves the stage's folder: `{os.readlink(absolute)}`", "copy the file"
        )


def _undeclared(project: str, order: Order) -> Iterator[str]:
    """Yield the files that were neither given to the stage nor declared as something that it writes."""
    declared = {output.path for output in order.stage.outputs} | {path for _, path in order.stage.scratch}
    given = {*order.inputs, *order.source, *declared}
    if order.stage.params_file is not None:
        given.add(order.params_path)
    todo = [""]
    while todo:
        folder = todo.pop()
        with os.scandir(f"{project}/{folder}") as entries:
            for entry in sorted(entries, key=lambda e: e.name):
                path = f"{folder}/{entry.name}" if folder else entry.name
                if path in given or is_always_left_out(path):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    todo.append(path)
                else:
                    yield path
