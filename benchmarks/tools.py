"""The tools that are measured: how each is called, and whether it did what it was called for. Knows no clock."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple

import graphs
from graphs import Graph

BIN = os.path.dirname(sys.executable)
PIPE = os.path.join(BIN, "pipe")
PYTHON = sys.executable


class Tool(NamedTuple):
    name: str
    files: Callable[[Graph], Mapping[str, str]]
    work: Callable[[bytes], int]
    command: tuple[str, ...]
    """Brings all up to date, two stages at once where the tool can; its first word is a path."""
    nothing: tuple[str, ...]
    """The same for a run that has nothing to do."""


def present() -> tuple[dict[str, Tool], list[str]]:
    """Return the tools that are here, by name, and a line for each that is not."""
    folder = os.path.dirname(os.path.abspath(__file__))
    loop = (PYTHON, os.path.join(folder, "floor.py"))
    run = (PIPE, "run", "-q", "-j", "2")
    tools = [
        Tool("pipe run", graphs.of_pipe_run, graphs.crc32, run, run),
        Tool("pipe cmd", graphs.of_pipe_cmd, graphs.cksum, run, run),
        Tool("floor", graphs.of_floor, graphs.crc32, loop, loop),
    ]
    missing = []
    doit = os.path.join(BIN, "doit")
    if os.path.exists(doit):
        # One process: with `-n 2` it takes longer for stages as short as these.
        tools.append(Tool("doit", graphs.of_doit, graphs.crc32, (doit,), (doit,)))
    else:
        missing.append("doit is not installed: `pip install -e '.[bench]'`")
    for name, files in (("ninja", graphs.of_ninja), ("make", graphs.of_make)):
        found = shutil.which(name)
        if found:
            called = (os.path.abspath(found), "-j2")
            tools.append(Tool(name, files, graphs.cksum, called, called))
        else:
            missing.append(f"{name} is not on the PATH: its rows are left out")
    return {tool.name: tool for tool in tools}, missing


class Wrong(Exception):
    """A tool did not do what is measured: a time of it would mean nothing."""


def check_outputs(folder: str, graph: Graph, tool: Tool) -> None:
    """Raises Wrong unless every output is there and holds what the reference says."""
    for path, data in graphs.expected(graph, tool.work).items():
        try:
            with open(os.path.join(folder, path), "rb") as file:
                found = file.read()
        except OSError as error:
            raise Wrong(f"{tool.name}: {path} was not made: {error}") from None
        if found != data:
            raise Wrong(f"{tool.name}: {path} holds {found!r} and not {data!r}")


def check_idle(folder: str, graph: Graph, tool: Tool) -> None:
    """Raises Wrong if one more run touches an output, or says itself that it executed something."""
    before = _stamps(folder, graph)
    printed = _output((*tool.nothing, "--json") if tool.name.startswith("pipe") else tool.nothing, folder)
    if _stamps(folder, graph) != before:
        raise Wrong(f"{tool.name}: a run with nothing to do wrote outputs")
    if not _SAYS_IDLE[tool.name](printed):
        raise Wrong(f"{tool.name}: a run with nothing to do says: {printed[:500]}")
    if tool.name.startswith("pipe"):
        _output((PIPE, "status", "--check"), folder)


def _stamps(folder: str, graph: Graph) -> list[tuple[int, int]]:
    found = [os.stat(os.path.join(folder, node.output)) for node in graph.nodes]
    return [(stat.st_ino, stat.st_mtime_ns) for stat in found]


def _output(command: tuple[str, ...], folder: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Wrong(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def _all_fresh(printed: str) -> bool:
    stages = json.loads(printed)["stages"]
    return bool(stages) and all(stage["outcome"] == "fresh" for stage in stages.values())


_SAYS_IDLE: Mapping[str, Callable[[str], bool]] = {
    "pipe run": _all_fresh,
    "pipe cmd": _all_fresh,
    "floor": lambda printed: printed == "0\n",
    "doit": lambda printed: all(line.startswith("-- ") for line in printed.splitlines()),
    "ninja": lambda printed: "no work to do" in printed,
    "make": lambda printed: "Nothing to be done" in printed,
}
