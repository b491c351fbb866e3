"""Reads a notebook's cells into facts and shell commands. Knows one file, and nothing of where it lies.

A notebook counts by the sources of all its cells, comments and text too: they stand in the executed copy.
"""

import json
from typing import Any

from .. import digest as digests
from .analyse import analyse
from .facts import Construct, Facts, broken

_PYTHON_CELLS = ("%%time", "%%timeit", "%%capture", "%%prun")
_SHELL_CELLS = ("%%bash", "%%sh", "%%script", "%%!")
_KERNEL = ("IPython", "ipykernel", "nbformat")


def read(data: bytes) -> tuple[Facts, list[str]]:
    """Return a notebook's facts and the shell commands in it. One that cannot be read has `error` set."""
    try:
        notebook = json.loads(data)
        cells = [(str(cell["cell_type"]), _source(cell), _tags(cell)) for cell in notebook["cells"]]
        kernel = notebook.get("metadata", {}).get("kernelspec", {})
        digest = digests.of_value([cells, {key: str(kernel[key]) for key in sorted(kernel)}])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return broken(f"it is no notebook ({error})", 1, 1), []
    texts: list[str] = []
    shells: list[str] = []
    unread: list[Construct] = []
    for number, (kind, source, _) in enumerate(cells, 1):
        if kind == "code":
            python, shell = part(source)
            shells += shell
            if analyse(python.encode()).error:
                unread.append(Construct("everything", f"cell {number} is no Python", 1))
            else:
                texts.append(python)
    # Cells share their names, so that they are read as one module. What starts them is in it.
    facts = analyse("\n".join([f"import {', '.join(_KERNEL)}", *texts]).encode())
    return _whole(facts, digest, unread), shells


def _source(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _tags(cell: dict[str, Any]) -> list[str]:
    return [str(tag) for tag in cell.get("metadata", {}).get("tags", [])]


def part(source: str) -> tuple[str, list[str]]:
    """Part a cell into Python and shell commands; `%run script.py` is given as a command."""
    first, _, rest = source.lstrip().partition("\n")
    if first.startswith(_SHELL_CELLS):
        return "", [rest]
    if first.startswith("%%") and not first.startswith(_PYTHON_CELLS):
        return "", []
    python: list[str] = []
    shells: list[str] = []
    for line in (rest if first.startswith("%%") else source).split("\n"):
        bare = line.strip()
        indent = line[: len(line) - len(line.lstrip())]
        name, _, value = bare.partition("=")
        if bare.startswith("!"):
            shells.append(bare.lstrip("!"))
        elif bare.startswith("%run "):
            shells.append("python " + bare[len("%run ") :])
        elif bare.startswith(("%time ", "%timeit ")):
            python.append(indent + bare.partition(" ")[2])
            continue
        elif value.lstrip().startswith("!") and name.strip().isidentifier():
            shells.append(value.lstrip().lstrip("!"))
        elif not (bare.startswith(("%", "?")) or bare.endswith("?") or value.lstrip().startswith("%")):
            python.append(line)
            continue
        python.append(indent + "pass")
    return "\n".join(python), shells


def _whole(facts: Facts, digest: str, unread: list[Construct]) -> Facts:
    pieces = [piece._replace(is_main=False) for piece in facts.pieces]
    pieces[0] = pieces[0]._replace(constructs=[*pieces[0].constructs, *unread])
    return facts._replace(pieces=pieces, digest=digest)
