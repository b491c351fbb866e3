"""The stages of several combinations as one graph, in which what they have in common stands once. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..graph import Graph
from .combinations import Axes


class Part(NamedTuple):
    """One combination: what is to be made of its project, in the order of its graph."""

    overrides: Mapping[str, Any]
    graph: Graph
    scope: Sequence[str]


class Node(NamedTuple):
    """A stage of one combination or several. `members` are their numbers, in order; the first one executes it."""

    name: str
    stage: str
    members: tuple[int, ...]

    @property
    def owner(self) -> int:
        return self.members[0]


class Union(NamedTuple):
    nodes: Mapping[str, Node]
    """By name: the stage's own where all combinations share it, else with the values that make the difference."""
    graph: Graph
    named: Sequence[Mapping[str, str]]
    """For each combination the node of each of its stages."""


def unite(parts: Sequence[Part], axes: Axes) -> Union:
    """Put the combinations together. Stages are one if they and all above them are declared alike."""
    numbers: dict[tuple[str, tuple[int, ...]], int] = {}
    members: list[list[int]] = []
    parents: list[tuple[int, ...]] = []
    stages: list[str] = []
    found: list[dict[str, int]] = []
    for number, part in enumerate(parts):
        own: dict[str, int] = {}
        for name in part.scope:
            above = tuple(own[parent] for parent in part.graph.parents[name])
            # The text tells 1, 1.0 and True apart, which are equal.
            node = numbers.setdefault((repr(part.graph.stages[name]), above), len(members))
            if node == len(members):
                members.append([])
                parents.append(above)
                stages.append(name)
            members[node].append(number)
            own[name] = node
        found.append(own)
    names = _names(stages, members, parts, axes)
    nodes = {
        name: Node(name, stage, tuple(of)) for name, stage, of in zip(names, stages, members, strict=True)
    }
    named = [{stage: names[node] for stage, node in own.items()} for own in found]
    return Union(nodes, _graph(nodes, [[names[p] for p in above] for above in parents], parts), named)


def _names(
    stages: Sequence[str], members: Sequence[Sequence[int]], parts: Sequence[Part], axes: Axes
) -> list[str]:
    names: dict[str, None] = {}
    for stage, of in zip(stages, members, strict=True):
        chosen = [parts[number].overrides for number in of]
        told = {
            name: chosen[0][name]
            for name, values in axes.values.items()
            if len(values) > 1 and all(one[name] is chosen[0][name] for one in chosen)
        }
        name = f"{stage} [{axes.label(told)}]" if told else stage
        another, count = name, 2
        while another in names:
            another, count = f"{name} #{count}", count + 1
        names[another] = None
    return list(names)


def _graph(nodes: Mapping[str, Node], parents: Sequence[Sequence[str]], parts: Sequence[Part]) -> Graph:
    above = {name: tuple(own) for name, own in zip(nodes, parents, strict=True)}
    children: dict[str, list[str]] = {name: [] for name in nodes}
    for name, own in above.items():
        for parent in own:
            children[parent].append(name)
    stages = {name: parts[node.owner].graph.stages[node.stage] for name, node in nodes.items()}
    # Each combination's own order is topological, and what was met in an earlier one stands before it.
    below = {name: tuple(own) for name, own in children.items()}
    return Graph(stages, {}, (), above, below, tuple(nodes), ())
