"""Who starts next, and what a run gives it."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import Resources
from pipeline.scheduler import Budget, Waiting

SLOTS = 3
WANTED = st.builds(
    Resources, cpus=st.integers(1, 4), memory_bytes=st.none() | st.integers(0, 6), gpus=st.integers(0, 2)
)


def budget():
    return Budget(SLOTS, range(4), 4, range(2))


def waiting(*wanted):
    """Those that wait, called by their place."""
    queue = Waiting(SLOTS)
    for place, each in enumerate(wanted):
        queue.add(str(place), (0.0, place), each)
    return queue


def started(queue, given_by):
    found = []
    while (taken := queue.take(given_by)) is not None:
        found.append(taken)
    return found


@given(st.lists(WANTED, max_size=12))
def test_all_that_wait_start_once_whatever_they_want(wanted):
    given_by, queue = budget(), waiting(*wanted)
    running, names = [], []
    while True:
        now = started(queue, given_by)
        running += now
        names += [name for name, _ in now]
        if not running:
            break
        given_by.give_back(running.pop(0)[1])
    assert sorted(names, key=int) == [str(place) for place in range(len(wanted))]


@given(st.lists(WANTED, max_size=12))
def test_who_starts_first_has_the_first_place_of_all_that_fit(wanted):
    fitting = [place for place, each in enumerate(wanted) if budget().take(each) is not None]
    taken = waiting(*wanted).take(budget())
    assert (taken is None) == (not fitting)
    if taken is not None:
        assert taken[0] == str(fitting[0])


def test_of_equal_ones_the_longest_path_starts_first():
    queue = Waiting(1)
    for name, longest in [("short", 1.0), ("long", 9.0), ("middle", 5.0)]:
        queue.add(name, (-longest, 0), Resources())
    given_by = Budget(1, range(1), None, ())
    order = []
    while (taken := queue.take(given_by)) is not None:
        order.append(taken[0])
        given_by.give_back(taken[1])
    assert order == ["long", "middle", "short"]


def test_a_wide_stage_is_passed_only_as_often_as_there_are_slots():
    given_by = budget()
    running = [given_by.take(Resources())]
    queue = waiting(Resources(cpus=3), *[Resources()] * 20)
    order = []
    while not order or order[-1] != "0":
        while (taken := queue.take(given_by)) is not None:
            order.append(taken[0])
            running.append(taken[1])
        if running and (not order or order[-1] != "0"):
            given_by.give_back(running.pop(0))
    assert order == ["1", "2", "3", "0"]


def test_however_many_wait_for_the_same_only_the_first_is_looked_at():
    asked = []

    class Asked(Budget):
        def take(self, wanted):
            asked.append(wanted)
            return super().take(wanted)

    given_by = Asked(1, range(1), None, ())
    queue = waiting(*[Resources()] * 1000)
    assert queue.take(given_by) is not None
    assert queue.take(given_by) is None
    assert len(asked) == 2
