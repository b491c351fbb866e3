"""Layers: whatever the graph, each edge leads onward, nothing lies on anything else, and it takes little time."""

import random
import time
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.layers import Gaps, Size, place

GAPS = Gaps()


@st.composite
def graphs(draw):
    count = draw(st.integers(0, 14))
    sizes = [
        Size(draw(st.sampled_from([20.0, 140.0])), draw(st.sampled_from([30.0, 80.0]))) for _ in range(count)
    ]
    pairs = [(a, b) for b in range(count) for a in range(b)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return sizes, edges


def sides(sizes, placed, node):
    along, across = placed.centres[node]
    return (
        along - sizes[node].along / 2,
        along + sizes[node].along / 2,
        across - sizes[node].across / 2,
        across + sizes[node].across / 2,
    )


@given(graphs())
def test_every_edge_leads_onward_and_no_box_lies_on_another(graph):
    sizes, edges = graph
    placed = place(sizes, edges, GAPS)
    boxes = {node: sides(sizes, placed, node) for node in range(len(sizes))}
    for source, target in edges:
        assert boxes[source][1] < boxes[target][0]
    for one, other in combinations(boxes.values(), 2):
        assert (
            one[1] <= other[0] or other[1] <= one[0] or one[3] < other[2] + 1e-6 or other[3] < one[2] + 1e-6
        )
    for left, right, top, bottom in boxes.values():
        assert left >= -1e-6
        assert top >= -1e-6
        assert right <= placed.along + 1e-6
        assert bottom <= placed.across + 1e-6


@given(graphs())
def test_an_edge_that_passes_a_layer_passes_between_its_boxes(graph):
    sizes, edges = graph
    placed = place(sizes, edges, GAPS)
    boxes = [sides(sizes, placed, node) for node in range(len(sizes))]
    assert placed.ways.keys() == set(edges)
    for way in placed.ways.values():
        for start, end, across in way:
            for left, right, top, bottom in boxes:
                if left < end and right > start:
                    assert not top + 1e-6 < across < bottom - 1e-6


def test_a_chain_is_straight_and_a_ladder_has_no_crossing():
    sizes = [Size(100.0, 40.0)] * 6
    chain = place(sizes, [(n, n + 1) for n in range(5)], GAPS)
    assert len({across for _, across in chain.centres.values()}) == 1
    ladder = place(sizes, [(0, 3), (1, 2), (2, 5), (3, 4)], GAPS)
    at = {node: across for node, (_, across) in ladder.centres.items()}
    assert (at[0] < at[1]) == (at[3] < at[2]) == (at[4] < at[5])


@pytest.mark.parametrize("shape", ["random", "deep", "wide", "fan"])
def test_two_thousand_stages_take_little_time_and_the_same_places_each_time(shape):
    chance = random.Random(7)
    count = 2000
    edges = {
        "random": {(chance.randrange(max(0, n - 90), n), n) for n in range(1, count) for _ in range(2)},
        "deep": {(n, n + 1) for n in range(count - 1)} | {(n, count - 1) for n in range(count - 1)},
        "wide": {(chance.randrange(n), n) for n in range(1, count) for _ in range(3)},
        "fan": {(0, n) for n in range(1, count - 1)} | {(n, count - 1) for n in range(1, count - 1)},
    }[shape]
    sizes = [Size(140.0, 42.0)] * count
    began = time.process_time()
    placed = place(sizes, sorted(edges), GAPS)
    assert time.process_time() - began < 2  # 0.1 to 0.5 s on a machine that has nothing else to do
    if shape == "fan":
        assert place(sizes, sorted(edges), GAPS) == placed
