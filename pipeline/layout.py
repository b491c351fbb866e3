"""Where `pipe` keeps what it keeps. Knows names of folders, not what is in them."""

import os
from pathlib import Path
from typing import NamedTuple

from . import durable


class Layout(NamedTuple):
    """The folders of one project. Everything but `store` is the project's own."""

    root: Path
    pipe: Path
    store: Path
    work: Path | None = None
    """Where stages run; None leaves that to `execute`."""

    @property
    def state(self) -> Path:
        return self.pipe / "state.db"

    @property
    def compiled(self) -> Path:
        return self.pipe / "compiled.json"

    @property
    def runs(self) -> Path:
        return self.pipe / "runs"

    @property
    def displaced(self) -> Path:
        return self.pipe / "displaced"

    @property
    def failed(self) -> Path:
        """Per stage the folder of its last failure."""
        return self.pipe / "failed"

    @property
    def scratch(self) -> Path:
        """Per action key what a failed attempt left in its scratch paths."""
        return self.pipe / "scratch"

    def log(self, run: str, stage: str) -> Path:
        return self.runs / run / f"{stage}.log"


CRATE = "records/crate.json"
"""What makes a folder an unpacked crate: see `export`."""


def is_crate(folder: Path) -> bool:
    return (folder / CRATE).is_file() and (folder / "ro-crate-metadata.json").is_file()


def of(root: Path) -> Layout:
    """Return the folders of the project at `root`; none of them is made. `PIPE_STORE` places the store.

    What a crate says is for the crate alone: in a store of others, its traces would be taken for theirs.
    """
    root = root.absolute()
    pipe = root / ".pipe"
    elsewhere = os.environ.get("PIPE_STORE")
    if elsewhere and is_crate(root):
        elsewhere = None
    return Layout(root, pipe, Path(elsewhere).absolute() if elsewhere else pipe / "store")


def prepare(layout: Layout) -> None:
    """Make `.pipe` with its own .gitignore. Raises StoreError where that is refused."""
    try:
        layout.pipe.mkdir(exist_ok=True)
        ignore = layout.pipe / ".gitignore"
        if not ignore.exists():
            durable.write_file(os.fspath(ignore), b"*\n", sync=False)
    except OSError as error:
        raise durable.disk_refused(error, os.fspath(layout.pipe)) from error
