"""Places the nodes of an acyclic graph in layers, after Sugiyama. Knows sizes and edges, not what they stand for.

Each edge goes from a layer to a later one. One that crosses layers is led through a place of its own in each, shared
by all that come from the same node, so that it goes around what lies there and a fan stays one line as long as it can.
"""

import itertools
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

Node = int
Edge = tuple[Node, Node]

_MOST_PLACES = 20_000
"""Of places for edges in passing; beyond them an edge is drawn straight."""
_SMALL = 1500
"""A graph of so many nodes and places is ordered with more patience."""


class Size(NamedTuple):
    """How much room a node takes: along the direction of the edges, and across."""

    along: float
    across: float


class Gaps(NamedTuple):
    """Room between two layers, between two nodes of a layer, and beside an edge in passing."""

    along: float = 56.0
    across: float = 14.0
    passing: float = 6.0


class Placement(NamedTuple):
    """Where everything lies: (along, across) of each node's centre, and each edge's way between its nodes."""

    centres: Mapping[Node, tuple[float, float]]
    ways: Mapping[Edge, tuple[tuple[float, float, float], ...]]
    """What an edge passes: the begin and end of a layer along, and its place across."""
    along: float
    across: float


def place(sizes: Sequence[Size], edges: Sequence[Edge], gaps: Gaps) -> Placement:
    """Place nodes 0, 1, 2 … that come in an order in which every edge leads to a later one."""
    ranks = _ranks(len(sizes), edges)
    graph = _Passing(sizes, edges, ranks)
    layers = _ordered(graph)
    across = _across(graph, layers, gaps)
    starts, ends = _bands(sizes, ranks, gaps)
    left = min((across[n] - graph.across(n) / 2 for layer in layers for n in layer), default=0.0)
    right = max((across[n] + graph.across(n) / 2 for layer in layers for n in layer), default=0.0)
    centres = {n: ((starts[ranks[n]] + ends[ranks[n]]) / 2, across[n] - left) for n in range(len(sizes))}
    ways = {
        edge: tuple((starts[graph.ranks[p]], ends[graph.ranks[p]], across[p] - left) for p in passed)
        for edge, passed in graph.ways.items()
    }
    return Placement(centres, ways, ends[-1] if ends else 0.0, right - left)


def _ranks(count: int, edges: Sequence[Edge]) -> list[int]:
    """Return each node's layer: the longest way to it, then as near to its readers as its parents allow."""
    parents, children = _neighbours(edges)
    ranks = [0] * count
    for node in range(count):
        ranks[node] = max((ranks[p] + 1 for p in parents[node]), default=0)
    for node in reversed(range(count)):
        if len(children[node]) > len(parents[node]):
            ranks[node] = min(ranks[c] for c in children[node]) - 1
    return ranks


def _neighbours(edges: Sequence[Edge]) -> tuple[defaultdict[Node, list[Node]], defaultdict[Node, list[Node]]]:
    parents: defaultdict[Node, list[Node]] = defaultdict(list)
    children: defaultdict[Node, list[Node]] = defaultdict(list)
    for source, target in edges:
        parents[target].append(source)
        children[source].append(target)
    return parents, children


class _Passing:
    """The graph with a place in each layer that an edge passes: all its edges lead to the next layer."""

    def __init__(self, sizes: Sequence[Size], edges: Sequence[Edge], ranks: Sequence[int]) -> None:
        self._sizes = sizes
        self.ranks = list(ranks)
        self.ways: dict[Edge, tuple[Node, ...]] = {}
        places: dict[tuple[Node, int], Node] = {}
        steps: dict[Edge, None] = {}
        for source, target in sorted(edges, key=lambda edge: ranks[edge[1]] - ranks[edge[0]]):
            between = range(ranks[source] + 1, ranks[target])
            if len(places) + len(between) > _MOST_PLACES:
                self.ways[source, target] = ()
                continue
            passed = []
            for rank in between:
                node = places.setdefault((source, rank), len(self.ranks))
                if node == len(self.ranks):
                    self.ranks.append(rank)
                passed.append(node)
            self.ways[source, target] = tuple(passed)
            stops = (source, *passed, target)
            steps.update(dict.fromkeys(itertools.pairwise(stops)))
        self.parents, self.children = _neighbours(list(steps))

    def is_place(self, node: Node) -> bool:
        return node >= len(self._sizes)

    def across(self, node: Node) -> float:
        return 0.0 if self.is_place(node) else self._sizes[node].across

    def middle(self, nodes: Sequence[Node], at: Mapping[Node, float]) -> float:
        """Return the mean place of nodes. What only passes does not count, so that chains are straight."""
        near = [node for node in nodes if not self.is_place(node)] or nodes
        return sum(at[node] for node in near) / len(near)

    def layers(self) -> list[list[Node]]:
        found: list[list[Node]] = [[] for _ in range(max(self.ranks, default=-1) + 1)]
        for node, rank in enumerate(self.ranks):
            found[rank].append(node)
        return found


def _ordered(graph: _Passing) -> list[list[Node]]:
    """Order each layer by the mean place of its neighbours, back and forth, and keep the order of fewest crossings."""
    layers = graph.layers()
    best, fewest = [list(layer) for layer in layers], _crossings(graph, layers)
    patience = 12 if len(graph.ranks) <= _SMALL else 4
    for turn in range(patience):
        if not fewest:
            break
        forward = turn % 2 == 0
        neighbours = graph.parents if forward else graph.children
        for index in range(1, len(layers)) if forward else range(len(layers) - 2, -1, -1):
            fixed = layers[index - 1 if forward else index + 1]
            where = {node: place for place, node in enumerate(fixed)}
            own = {node: place for place, node in enumerate(layers[index])}
            layers[index].sort(key=lambda n: (_mean([where[m] for m in neighbours[n]], own[n]), own[n]))
        crossings = _crossings(graph, layers)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _mean(places: Sequence[int], otherwise: int) -> float:
    return sum(places) / len(places) if places else float(otherwise)


def _crossings(graph: _Passing, layers: Sequence[Sequence[Node]]) -> int:
    """Count the pairs of steps that cross, layer by layer, as inversions (Barth, Jünger, Mutzel)."""
    total = 0
    for layer, following in itertools.pairwise(layers):
        where = {node: place for place, node in enumerate(following)}
        seen: list[int] = []
        for node in layer:
            targets = sorted(where[child] for child in graph.children[node])
            for target in targets:
                total += len(seen) - bisect_left(seen, target + 1)
            for target in targets:
                seen.insert(bisect_left(seen, target), target)
    return total


def _across(graph: _Passing, layers: Sequence[Sequence[Node]], gaps: Gaps) -> dict[Node, float]:
    """Give each node its place across: in its layer's order, as near to its neighbours as the room allows."""
    at: dict[Node, float] = {}
    for layer in layers:
        for node, offset in zip(layer, _offsets(graph, layer, gaps), strict=True):
            at[node] = offset
    turns = 11 if len(graph.ranks) <= _SMALL else 7  # odd: at last each node lies under what it comes from
    for turn in range(turns):
        forward = turn % 2 == 0
        for layer in layers if forward else reversed(layers):
            near = graph.parents if forward else graph.children
            wanted = [graph.middle(near[n], at) if near[n] else at[n] for n in layer]
            # Where room is short, edges in passing give way before nodes do.
            weights = [(0.3 if graph.is_place(n) else 1.0) if near[n] else 0.05 for n in layer]
            at.update(zip(layer, _settled(wanted, weights, _offsets(graph, layer, gaps)), strict=True))
    return at


def _offsets(graph: _Passing, layer: Sequence[Node], gaps: Gaps) -> list[float]:
    """Return where each node of a layer would lie if they were packed from 0."""
    found: list[float] = []
    for before, node in zip((None, *layer), layer, strict=False):
        if before is None:
            found.append(0.0)
            continue
        is_passing = graph.is_place(before) or graph.is_place(node)
        room = gaps.passing if graph.is_place(before) and graph.is_place(node) else gaps.across
        room = max(room, gaps.across * 0.75) if is_passing else room
        found.append(found[-1] + (graph.across(before) + graph.across(node)) / 2 + room)
    return found


def _settled(wanted: Sequence[float], weights: Sequence[float], offsets: Sequence[float]) -> list[float]:
    """Return the places nearest to the wanted ones that keep order and distance.

    With the packed offsets taken away this is isotonic regression: neighbours that are out of order share their mean.
    """
    blocks: list[tuple[float, float, int]] = []
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        value, total, count = want - offset, weight, 1
        while blocks and blocks[-1][0] > value:
            before, heavier, more = blocks.pop()
            value = (before * heavier + value * total) / (heavier + total)
            total, count = total + heavier, count + more
        blocks.append((value, total, count))
    flat = [value for value, _, count in blocks for _ in range(count)]
    return [value + offset for value, offset in zip(flat, offsets, strict=True)]


def _bands(sizes: Sequence[Size], ranks: Sequence[int], gaps: Gaps) -> tuple[list[float], list[float]]:
    """Return where each layer begins and ends along."""
    deep = [0.0] * (max(ranks, default=-1) + 1)
    for size, rank in zip(sizes, ranks, strict=True):
        deep[rank] = max(deep[rank], size.along)
    starts: list[float] = []
    for index in range(len(deep)):
        starts.append(starts[-1] + deep[index - 1] + gaps.along if index else 0.0)
    return starts, [start + size for start, size in zip(starts, deep, strict=True)]
