"""The order of stages: parents first, the declared order where that leaves a choice, and no cycle unnoticed."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from pipeline import graph
from pipeline.model import Input, Output, Stage
from tests.properties.plain import edges


def stages_of(needs, order):
    """Declare stage n in the given order; it reads what the stages in needs[n] write, each in another way."""
    made = {}
    for n in order:
        inputs = []
        for parent in needs[n]:
            way = (n + parent) % 4
            if way == 0:
                inputs.append(Input(f"i{parent}", f"out/{parent}/a.txt"))
            elif way == 1:
                inputs.append(Input(f"i{parent}", f"out/{parent}"))
            elif way == 2:
                inputs.append(Input(f"i{parent}", f"out/{parent}/*.txt", is_glob=True))
            else:
                inputs.append(Input(f"i{parent}", f"out/{parent}/tree/inside/x"))
        outputs = (Output("a", f"out/{n}/a.txt"), Output("tree", f"out/{n}/tree"))
        made[f"s{n}"] = Stage(f"s{n}", f"s{n}", None, "true", tuple(inputs), outputs)
    return made


@given(edges().flatmap(lambda needs: st.tuples(st.just(needs), st.permutations(range(len(needs))))))
def test_the_order_is_topological_and_the_declared_one_where_it_can_be(drawn):
    needs, order = drawn
    built = graph.build(stages_of(needs, order))
    assert not built.faults
    assert {name: set(parents) for name, parents in built.parents.items()} == {
        f"s{n}": {f"s{p}" for p in parents} for n, parents in enumerate(needs)
    }
    # Of all that could come next, the one declared first: written as plainly as it can be.
    expected = []
    while len(expected) < len(needs):
        free = [n for n in order if n not in expected and all(p in expected for p in needs[n])]
        expected.append(free[0])
    assert built.order == tuple(f"s{n}" for n in expected)


@given(edges())
def test_children_are_parents_the_other_way_round(needs):
    built = graph.build(stages_of(needs, range(len(needs))))
    pairs = {(p, name) for name, parents in built.parents.items() for p in parents}
    assert pairs == {(name, c) for name, children in built.children.items() for c in children}
    for name in built.order:
        above = {name} | {a for p in built.parents[name] for a in graph.ancestors(built, [p])}
        assert graph.ancestors(built, [name]) == above
        assert all(name in graph.descendants(built, [a]) for a in above)


@given(edges(most=6), st.data())
def test_a_cycle_is_found_and_names_a_real_ring(needs, data):
    last = data.draw(st.integers(0, len(needs) - 1))
    below = sorted(n for n in range(len(needs)) if last in reach(needs, n))
    needs[last] = sorted({*needs[last], data.draw(st.sampled_from(below))})
    built = graph.build(stages_of(needs, range(len(needs))))
    on_cycle = {n for n in range(len(needs)) if n in set().union(*[reach(needs, p) for p in needs[n]], set())}
    assert on_cycle
    [fault] = built.faults
    assert int(fault.stage[1:]) in on_cycle
    assert not {f"s{n}" for n in on_cycle} & set(built.order)
    if "->" in fault.text:
        ring = [int(part.strip(" `")[1:]) for part in fault.text.partition(":")[2].split("->")]
        assert ring[0] == ring[-1]
        assert all(first in needs[second] for first, second in itertools.pairwise(ring))


def reach(needs, n):
    found, todo = {n}, [n]
    while todo:
        for parent in needs[todo.pop()]:
            if parent not in found:
                found.add(parent)
                todo.append(parent)
    return found
