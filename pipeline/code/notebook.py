"""Reads a notebook's cells into facts and shell commands. Knows one file, and nothing of where it lies.

A notebook counts by the sources of all its cells, comments and text too: they stand in the executed copy.
"""

import json
from typing import Any

from .. import digest as digests
from . import facts as known
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
    found: list[Facts] = []
    shells: list[str] = []
    for number, (kind, source, _) in enumerate(cells, 1):
        if kind == "code":
            python, shell = part(source)
            shells += shell
            of_cell = analyse(python.encode())
            found.append(of_cell if not of_cell.error else _unread(number))
    return _together(digest, found), shells


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


def _unread(number: int) -> Facts:
    unread = Construct("everything", f"cell {number} is no Python", 1, False)
    return Facts("", "", [], [unread], [], True, None, False, {}, {})


def _together(digest: str, cells: list[Facts]) -> Facts:
    imports = [item._replace(is_main=False) for cell in cells for item in cell.imports]
    imports += [known.Import(0, name, None, 1, False) for name in _KERNEL]
    found = sorted({item._replace(is_main=False) for cell in cells for item in cell.constructs})
    return Facts(digest, digest, imports, found, [], True, None, False, {}, {})
