"""`pipe report`: one run as one page that can be sent to anybody. Executes nothing, and reads no pipeline.yaml."""

import os
from pathlib import Path
from typing import NamedTuple

from .. import durable, layout
from ..errors import usage


class Report(NamedTuple):
    run: str
    path: str
    size_bytes: int
    left_out: tuple[str, ...]
    """What the page had no room for."""


def report(root: Path, run: str, into: str | None) -> Report:
    """Write the page of a run: its name, the beginning of one alone, or `last`. Without `into` it lies with the run.

    Raises UsageError if there is no such run, and for a file that is there and is no such page.
    """
    from . import page
    from .gather import gather

    subject, shelf = gather(root, run)
    written = page.write(subject, shelf)
    path = into or os.fspath(layout.of(root).runs / subject.record.run / "report.html")
    _check(path, page.MARK.encode())
    data = written.text.encode("utf-8", "backslashreplace")
    durable.write_file(path, data, sync=False)
    return Report(subject.record.run, path, len(data), written.left_out)


def _check(path: str, mark: bytes) -> None:
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise usage(f"there is no folder `{folder}`", help="make it, or name another place for the page")
    try:
        with open(path, "rb") as file:
            is_page = file.read(len(mark)) == mark
    except FileNotFoundError:
        return
    except OSError as error:
        raise usage(f"`{path}` cannot be written: {error.strerror}", help="name another file") from error
    if not is_page:
        raise usage(
            f"`{path}` exists and is no page of `pipe report`", help="remove it, or name another file"
        )
