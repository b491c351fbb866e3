"""Who needs whom, by path. Pure: asks no file whether it exists."""

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from . import pattern
from .model import Input, Stage


class Fault(NamedTuple):
    """Something wrong with the graph. `where` leads to the value inside the stage that is to blame."""

    stage: str
    where: tuple[str | int, ...]
    text: str
    help: str = ""


class Graph(NamedTuple):
    """The stages with their edges. All orders are stable: first declared, first named."""

    stages: Mapping[str, Stage]
    writers: Mapping[str, str]
    """Output path -> stage."""
    output_paths: tuple[str, ...]
    """Sorted."""
    parents: Mapping[str, tuple[str, ...]]
    children: Mapping[str, tuple[str, ...]]
    order: tuple[str, ...]
    """Topological; a stage on a cycle is left out."""
    faults: tuple[Fault, ...]


def build(stages: Mapping[str, Stage]) -> Graph:
    """Link the stages. What is wrong stands in `faults`; the rest of the graph is usable all the same."""
    writers, faults = _writers(stages)
    paths = tuple(sorted(writers))
    parents: dict[str, tuple[str, ...]] = {}
    children: dict[str, list[str]] = {name: [] for name in stages}
    for name, stage in stages.items():
        needed: dict[str, None] = {}
        for declared in stage.inputs:
            for path in feeding(declared, writers, paths):
                needed[writers[path]] = None
        for other in stage.after:
            if other in stages:
                needed[other] = None
        parents[name] = tuple(needed)
        for parent in needed:
            children[parent].append(name)
    order = _order(stages, parents, children)
    if len(order) < len(stages):
        faults.append(_cycle(stages, parents, order))
    return Graph(
        stages, writers, paths, parents, {k: tuple(v) for k, v in children.items()}, order, tuple(faults)
    )


def feeding(declared: Input, writers: Mapping[str, str], paths: tuple[str, ...]) -> Iterator[str]:
    """Yield the output paths that an input reads: the path itself, a folder above it, or what lies in it."""
    if declared.is_glob:
        yield from _matched(declared.path, paths)
        return
    if declared.path in writers:
        yield declared.path
        return
    above = declared.path
    while "/" in above:
        above = above.rpartition("/")[0]
        if above in writers:
            yield above
            return
    yield from inside(declared.path, paths)


def inside(folder: str, paths: tuple[str, ...]) -> Iterator[str]:
    """Yield those of the sorted `paths` that lie in `folder`; "." is the project and holds them all."""
    prefix = "" if folder == "." else folder + "/"
    for index in range(bisect_left(paths, prefix), len(paths)):
        if not paths[index].startswith(prefix):
            return
        yield paths[index]


def ancestors(graph: Graph, names: Iterable[str]) -> frozenset[str]:
    """Return `names` and all that they need, at any depth."""
    return _reach(names, graph.parents)


def descendants(graph: Graph, names: Iterable[str]) -> frozenset[str]:
    """Return `names` and all that need them, at any depth."""
    return _reach(names, graph.children)


def _reach(names: Iterable[str], edges: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    seen = set(names)
    todo = list(seen)
    while todo:
        for other in edges[todo.pop()]:
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return frozenset(seen)


def _matched(glob: str, paths: tuple[str, ...]) -> Iterator[str]:
    fixed = pattern.fixed_folder(glob)
    expression = pattern.compiled(glob)
    for path in inside(fixed or ".", paths):
        if expression.fullmatch(path) or pattern.may_match_below(glob, path):
            yield path
    above = fixed
    while above:
        index = bisect_left(paths, above)
        if index < len(paths) and paths[index] == above:
            yield above
        above = above.rpartition("/")[0]


def _writers(stages: Mapping[str, Stage]) -> tuple[dict[str, str], list[Fault]]:
    writers: dict[str, str] = {}
    faults: list[Fault] = []
    for name, stage in stages.items():
        for output in stage.outputs:
            where = ("metrics" if output.is_metric else "outputs", output.name)
            other = writers.setdefault(output.path, name)
            if other != name or sum(o.path == output.path for o in stage.outputs) > 1:
                text = f"output `{output.path}` is written by stage `{other}` too"
                if other == name:
                    text = f"output `{output.path}` is declared twice"
                faults.append(Fault(name, where, text, "give each its own path"))
    for path, name in writers.items():
        above = path
        while "/" in above:
            above = above.rpartition("/")[0]
            if above in writers:
                faults.append(_nested(stages[name], path, above, writers[above]))
    return writers, faults


def _nested(stage: Stage, path: str, above: str, other: str) -> Fault:
    output = next(o for o in stage.outputs if o.path == path)
    where = ("metrics" if output.is_metric else "outputs", output.name)
    text = f"output `{path}` lies inside `{above}`, an output of stage `{other}`"
    return Fault(stage.name, where, text, "move one of them out of the other")


def _order(
    stages: Mapping[str, Stage],
    parents: Mapping[str, tuple[str, ...]],
    children: Mapping[str, list[str]],
) -> tuple[str, ...]:
    rank = {name: index for index, name in enumerate(stages)}
    names = list(stages)
    missing = {name: len(parents[name]) for name in stages}
    ready = [rank[name] for name in names if not missing[name]]
    order = []
    while ready:
        name = names[heapq.heappop(ready)]
        order.append(name)
        for child in children[name]:
            missing[child] -= 1
            if not missing[child]:
                heapq.heappush(ready, rank[child])
    return tuple(order)


def _cycle(
    stages: Mapping[str, Stage], parents: Mapping[str, tuple[str, ...]], order: tuple[str, ...]
) -> Fault:
    # Every stage left over has a parent left over, so walking up must come round.
    left = set(stages) - set(order)
    name = next(n for n in stages if n in left)
    path: list[str] = []
    while name not in path:
        path.append(name)
        name = next(p for p in parents[name] if p in left)
    ring = [*path[path.index(name) :], name]
    if len(ring) == 2:
        return Fault(name, ("inputs",), f"stage `{name}` reads what it writes", "write to another path")
    shown = " -> ".join(f"`{n}`" for n in reversed(ring))
    return Fault(name, ("inputs",), f"stages need each other in a cycle: {shown}", "cut one of these edges")
