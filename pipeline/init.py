"""Begins a new project that runs at once. Prints nothing, and never replaces a file."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from . import durable
from .errors import usage

_IGNORED = "/build/"


class InitResult(NamedTuple):
    """What was made, relative to `root`; `kept` were there already and are as they were."""

    root: Path
    made: tuple[str, ...]
    kept: tuple[str, ...]
    enclosing: Path | None
    """The project that `root` lies in, if there is one."""


def init(root: Path) -> InitResult:
    """Write a small project into `root`, which is made if need be.

    Raises UsageError if there is a pipeline.yaml, StoreError for a disk that refuses.
    """
    root = root.absolute()
    if os.path.lexists(root / "pipeline.yaml"):
        help_text = "`pipe status` says how it stands; name another folder for a new project"
        raise usage(f"`{root / 'pipeline.yaml'}` exists already", help=help_text)
    made: list[str] = []
    kept: list[str] = []
    try:
        root.mkdir(parents=True, exist_ok=True)
        for name, content in sorted(_files().items()):
            # pipeline.yaml comes last, so that an attempt that was cut short can be made again.
            (made if _write_new(root / name, content) else kept).append(name)
        made += [".gitignore"] if _ignore_build(root) else []
        _write_new(root / "pipeline.yaml", _PIPELINE)
    except NotADirectoryError as error:
        raise usage(f"`{error.filename}` is no folder", help="name another folder") from None
    except FileExistsError as error:
        raise usage(f"`{error.filename}` is no folder", help="name another folder") from None
    except OSError as error:
        raise durable.disk_refused(error, os.fspath(root)) from error
    return InitResult(root, ("pipeline.yaml", *made), tuple(kept), _enclosing(root))


def _write_new(path: Path, content: str) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open(
            "x", encoding="utf-8"
        ) as file:  # never replaces: a link that leads nowhere counts as there
            file.write(content)
    except FileExistsError:
        return False
    return True


def _ignore_build(root: Path) -> bool:
    path = root / ".gitignore"
    try:
        present = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        present = ""
    if any(line.strip().strip("/") == "build" for line in present.splitlines()):
        return False
    with path.open("a", encoding="utf-8") as file:
        file.write(("\n" if present and not present.endswith("\n") else "") + f"{_IGNORED}\n")
    return True


def _enclosing(root: Path) -> Path | None:
    return next((folder for folder in root.parents if (folder / "pipeline.yaml").is_file()), None)


def _files() -> Mapping[str, str]:
    return {
        "params.yaml": _PARAMS,
        "data/readings.csv": _readings(),
        # A package without this file would give way to any installed one of the same name.
        "stages/__init__.py": "",
        "stages/clean.py": _CLEAN,
        "stages/summary.py": _SUMMARY,
        "stages/report.py": _REPORT,
    }


def _readings() -> str:
    """Write thirty days of readings of three cities, with a few that no thermometer ever showed."""
    lines = ["city,day,celsius"]
    for offset, city in enumerate(("Lima", "Oslo", "Pune")):
        for day in range(1, 31):
            celsius = (19.0, 3.0, 26.0)[offset] + (day * 7 + offset * 3) % 11 / 2 - 2.5
            broken = day % 13 == offset + 4
            lines.append(f"{city},2024-04-{day:02},{-999.0 if broken else celsius}")
    return "\n".join(lines) + "\n"


_PIPELINE = """\
# The stages of this project, and what each reads and writes. Try:
#
#   pipe run                 makes what is missing or out of date; a second time there is nothing to do
#   pipe status              says what a run would do, and why
#   pipe explain clean       shows what changed since the last run
#
# Change `coldest` in params.yaml, or a line of stages/summary.py, and look at `pipe status` again.
# A comment runs nothing; what you change back is restored without running.
version: 1

stages:
  clean:
    doc: Drop the readings that no thermometer can have shown.
    run: stages.clean:clean # the function `clean` in stages/clean.py
    inputs:
      readings: data/readings.csv
    params:
      coldest: ${clean.coldest} # from params.yaml
    outputs:
      table: build/clean.parquet

  summary:
    doc: The mean of each city.
    run: stages.summary:summarise
    inputs:
      table: build/clean.parquet
    params: [summary.digits] # a shorter way to say `digits: ${summary.digits}`
    metrics: # outputs whose numbers `pipe show` prints
      means: build/means.json

  report:
    doc: A page to read.
    run: stages.report:report
    inputs:
      means: build/means.json
    outputs:
      page: build/report.md
"""

_PARAMS = """\
clean:
  coldest: -60
summary:
  digits: 2
"""

_CLEAN = '''\
"""Reads the raw table and keeps what can be true."""

import pyarrow as pa
import pyarrow.compute as pc


def clean(readings: pa.Table, coldest: float) -> pa.Table:
    """Keep what is not below `coldest`. The table returned is written to build/clean.parquet."""
    return readings.filter(pc.greater_equal(readings["celsius"], float(coldest)))
'''

_SUMMARY = '''\
"""The mean temperature of each city."""

import pyarrow as pa


def summarise(table: pa.Table, digits: int) -> dict[str, float]:
    """Return the mean by city. The dict returned is written to build/means.json."""
    readings: dict[str, list[float]] = {}
    for row in table.to_pylist():
        readings.setdefault(row["city"], []).append(row["celsius"])
    return {city: round(sum(found) / len(found), digits) for city, found in sorted(readings.items())}
'''

_REPORT = '''\
"""A page to read."""


def report(means: dict) -> str:
    """Write a table in Markdown, the warmest city first."""
    lines = ["| city | mean, degrees Celsius |", "|---|---|"]
    for city, mean in sorted(means.items(), key=lambda item: -item[1]):
        lines.append(f"| {city} | {mean} |")
    return "\\n".join(lines) + "\\n"
'''
