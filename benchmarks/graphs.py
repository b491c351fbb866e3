"""The same graph of trivial stages as a project of each tool. Knows nothing of clocks.

Each stage reads its parents and writes one line: a checksum of what it read and its length. Python stages take
`zlib.crc32`, shell stages `cksum`; `expected` says what must lie there afterwards, whoever ran it.
"""

import json
import os
import zlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

WIDTH = 10
"""Stages in a layer."""
_REACH = (0, 3, 7)
"""A stage reads those of the layer above that stand this far to its right: three, and no two stages the same."""


class Node(NamedTuple):
    output: str
    parents: tuple[str, ...]


class Graph(NamedTuple):
    sources: tuple[str, ...]
    """Files that nobody writes."""
    nodes: tuple[Node, ...]
    """Each after its parents."""


def layered(stages: int) -> Graph:
    """Return a graph of layers of ten stages with three parents each."""
    sources = tuple(f"data/{place}.txt" for place in range(WIDTH))
    above = sources
    nodes: list[Node] = []
    while len(nodes) < stages:
        places = range(min(WIDTH, stages - len(nodes)))
        layer = [
            Node(f"out/{len(nodes) + place:06}.txt", tuple(above[(place + r) % WIDTH] for r in _REACH))
            for place in places
        ]
        nodes += layer
        above = tuple(node.output for node in layer)
    return Graph(sources, tuple(nodes))


def chain(stages: int) -> Graph:
    """Return a graph in which each stage reads the one before it."""
    paths = ["data/0.txt", *(f"out/{number:06}.txt" for number in range(stages))]
    return Graph((paths[0],), tuple(Node(paths[n + 1], (paths[n],)) for n in range(stages)))


def wide(stages: int) -> Graph:
    """Return a graph in which each stage reads sources alone, so that all are ready at once.

    Other sources in each layer of ten: what has the same key would be executed once.
    """
    sources = tuple(f"data/{number}.txt" for number in range(WIDTH * -(-stages // WIDTH)))
    nodes = []
    for number in range(stages):
        first = number - number % WIDTH
        parents = tuple(sources[first + (number + reach) % WIDTH] for reach in _REACH)
        nodes.append(Node(f"out/{number:06}.txt", parents))
    return Graph(sources, tuple(nodes))


def expected(graph: Graph, work: Callable[[bytes], int]) -> dict[str, bytes]:
    """Return what each output must hold; `work` is `crc32` or `cksum`."""
    held = {path: _source(path) for path in graph.sources}
    for node in graph.nodes:
        data = b"".join(held[parent] for parent in node.parents)
        held[node.output] = b"%d %d\n" % (work(data), len(data))
    return {node.output: held[node.output] for node in graph.nodes}


def crc32(data: bytes) -> int:
    return zlib.crc32(data)


def cksum(data: bytes) -> int:
    """Return the checksum of POSIX, bit by bit: slow, and written without looking at anybody's table."""
    length = len(data)
    while length:
        data += bytes([length & 0xFF])
        length >>= 8
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = ((crc << 1) ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc ^ 0xFFFFFFFF


def write(folder: str, graph: Graph, files: Mapping[str, str]) -> None:
    """Make a project: the sources, and what a tool reads. Files are written in the order of their paths."""
    for name in ("data", "out"):
        os.makedirs(os.path.join(folder, name))
    texts = {path: _source(path) for path in graph.sources} | {p: t.encode() for p, t in files.items()}
    for path in sorted(texts):
        os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
        with open(os.path.join(folder, path), "wb") as file:
            file.write(texts[path])


def _source(path: str) -> bytes:
    return f"this is {path}\n".encode()


def of_pipe_run(graph: Graph) -> dict[str, str]:
    """Return the files of a `pipe` project whose stages are one Python callable."""
    letters = "abc"[: len(graph.nodes[0].parents)]
    taken = ", ".join(f"{letter}: Path" for letter in letters)
    read = " + ".join(f"{letter}.read_bytes()" for letter in letters)
    code = (
        f"import zlib\nfrom pathlib import Path\n\n\ndef work({taken}, out: Path) -> None:\n    data = {read}\n"
        '    out.write_text(f"{zlib.crc32(data)} {len(data)}\\n")\n'
    )
    return {"pipeline.yaml": _pipeline(graph, "run: work:work"), "work.py": code}


def of_pipe_cmd(graph: Graph) -> dict[str, str]:
    """Return the files of a `pipe` project whose stages are shell commands."""
    read = " ".join(f"${{inputs.{letter}}}" for letter in "abc"[: len(graph.nodes[0].parents)])
    return {"pipeline.yaml": _pipeline(graph, f"cmd: cat {read} | cksum > ${{outputs.out}}")}


def _pipeline(graph: Graph, does: str) -> str:
    lines = ["version: 1", "stages:"]
    for number, node in enumerate(graph.nodes):
        inputs = ", ".join(f"{letter}: {path}" for letter, path in zip("abc", node.parents, strict=False))
        lines += [f"  s{number:06}:", f"    {does}", f"    inputs: {{{inputs}}}"]
        lines += [f"    outputs: {{out: {node.output}}}"]
    return "\n".join(lines) + "\n"


def of_floor(graph: Graph) -> dict[str, str]:
    """Return the graph as data, for the plain loop in `floor.py`."""
    return {"graph.json": json.dumps([[node.output, node.parents] for node in graph.nodes])}


def of_doit(graph: Graph) -> dict[str, str]:
    """Return a dodo.py with Python actions, files as dependencies and targets."""
    code = """import json
import zlib
from pathlib import Path


def work(output, parents):
    data = b"".join(Path(parent).read_bytes() for parent in parents)
    Path(output).write_text(f"{zlib.crc32(data)} {len(data)}\\n")


def task_all():
    for output, parents in json.loads(Path("graph.json").read_bytes()):
        yield {
            "name": output,
            "actions": [(work, [output, parents])],
            "file_dep": parents,
            "targets": [output],
        }
"""
    return {"dodo.py": code, **of_floor(graph)}


def of_ninja(graph: Graph) -> dict[str, str]:
    lines = ["rule work", "  command = cat $in | cksum > $out"]
    lines += [f"build {node.output}: work {' '.join(node.parents)}" for node in graph.nodes]
    return {"build.ninja": "\n".join(lines) + "\n"}


def of_make(graph: Graph) -> dict[str, str]:
    lines = [f"all: {' '.join(node.output for node in graph.nodes)}"]
    for node in graph.nodes:
        lines += [f"{node.output}: {' '.join(node.parents)}", "\t@cat $^ | cksum > $@"]
    return {"Makefile": "\n".join(lines) + "\n"}
