"""What a run gives to its stages, and when it can stop asking."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import Resources
from pipeline.scheduler import Budget

WANTED = st.builds(
    Resources,
    cpus=st.integers(1, 6),
    memory_bytes=st.none() | st.integers(0, 6),
    gpus=st.integers(0, 2),
)


@given(st.integers(1, 4), st.lists(WANTED, max_size=8), WANTED)
def test_a_budget_that_is_used_up_has_no_room_for_any_stage(
    slots: int, before: list[Resources], wanted: Resources
) -> None:
    budget = Budget(slots, range(4), 4, range(2))
    given_out = [room for each in before if (room := budget.take(each)) is not None]
    if budget.is_used_up():
        assert budget.take(wanted) is None
    for room in given_out:
        budget.give_back(room)
    assert not budget.is_used_up()


def test_a_budget_is_used_up_with_its_last_slot_and_not_before() -> None:
    budget = Budget(2, [0, 1], None, [])
    first = budget.take(Resources())
    assert not budget.is_used_up()
    assert budget.take(Resources()) is not None
    assert budget.is_used_up()
    assert first is not None
    budget.give_back(first)
    assert not budget.is_used_up()
