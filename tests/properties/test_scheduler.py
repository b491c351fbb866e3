"""The schedule, run to its end without clocks: everything ends, nothing starts too early, no budget is exceeded."""

import heapq

from hypothesis import given
from hypothesis import strategies as st

from pipeline import graph
from pipeline.model import Resources
from pipeline.scheduler import Budget, Schedule, priorities
from tests.properties.plain import edges
from tests.properties.test_graph import stages_of

RESOURCES = st.builds(Resources, st.integers(1, 5), st.none() | st.integers(0, 10), st.integers(0, 2))


@st.composite
def plans(draw):
    needs = draw(edges())
    count = len(needs)
    return (
        graph.build(stages_of(needs, range(count))),
        {f"s{n}": draw(RESOURCES) for n in range(count)},
        {f"s{n}": draw(st.floats(0.1, 9)) for n in range(count)},
        draw(st.sets(st.integers(0, count - 1)).map(lambda bad: {f"s{n}" for n in bad})),
    )


@given(plans(), st.integers(1, 4), st.integers(1, 4), st.none() | st.integers(4, 12))
def test_everything_ends_and_no_budget_is_exceeded(plan, slots, cpus, memory):
    built, wanted, seconds, bad = plan
    budget = Budget(slots, range(cpus), memory, range(2))
    schedule = Schedule(built, set(built.order), priorities(built, seconds))
    running, waiting, well, badly, blocked, now = [], [], set(), set(), set(), 0.0
    while True:
        while (name := schedule.next_ready()) is not None:
            assert set(built.parents[name]) <= well
            waiting.append(name)
        for name in list(waiting):
            if (room := budget.take(wanted[name])) is not None:
                waiting.remove(name)
                heapq.heappush(running, (now + seconds[name], name, room))
        check(running, slots, cpus, memory)
        if not running:
            break
        now, name, room = heapq.heappop(running)
        budget.give_back(room)
        if name in bad:
            badly.add(name)
            blocked.update(schedule.ended_badly(name))
        else:
            well.add(name)
            schedule.ended_well(name)
    assert not waiting
    assert not schedule.left()
    assert well | badly | blocked == set(built.order)
    assert blocked | badly <= graph.descendants(built, badly)
    assert budget.take(Resources(slots, memory, 2)) is not None, "what was taken was given back"


def check(running, slots, cpus, memory):
    rooms = [room for _, _, room in running]
    assert sum(room[2] for room in rooms) <= slots
    assert memory is None or sum(room[3] for room in rooms) <= memory
    for which, there in ((0, cpus), (1, 2)):
        used = [number for room in rooms for number in room[which]]
        assert len(used) == len(set(used)) <= there


@given(plans(), st.permutations(range(8)))
def test_the_longest_way_to_the_end_comes_first(plan, _):
    built, _, seconds, _ = plan

    def way(name):
        return seconds[name] + max((way(child) for child in built.children[name]), default=0.0)

    longest = priorities(built, seconds)
    assert all(abs(longest[name] - way(name)) < 1e-9 for name in built.order)
    schedule = Schedule(built, set(built.order), longest)
    ready = []
    while (name := schedule.next_ready()) is not None:
        ready.append(name)
    # What differs by less than the clock can tell starts as written.
    assert ready == sorted(ready, key=lambda n: (-round(longest[n], 1), built.order.index(n)))
    assert set(ready) == {name for name in built.order if not built.parents[name]}
