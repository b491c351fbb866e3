"""Random pipelines and random edits: what `pipe` promises holds after each of them, and what breaks it is noticed."""

import pytest
from hypothesis import Phase, given, settings

from tests.properties.engine import Engine
from tests.properties.story import PROMISES, Broken, tell
from tests.properties.strategies import FAMILIES
from tests.properties.wrong import WRONG


def scaled(examples: int) -> int:
    """Return how many examples to try, where the profile's own number is for cheap ones."""
    return max(1, examples * settings.default.max_examples // 100)


EXAMPLES = {"all": 12, "code": 3, "values": 3, "files": 5, "times": 3, "stages": 5, "outputs": 4}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_promise_holds_after_every_edit(family):
    @settings(max_examples=scaled(EXAMPLES[family]))
    @given(FAMILIES[family])
    def holds(story):
        tell(story, Engine())

    holds()


def test_each_promise_is_broken_by_some_wrong_engine():
    assert {wrong.promise for wrong in WRONG.values()} == set(PROMISES)


SOON_NOTICED = (
    "the key lacks variables",
    "the key lacks code",
    "the key lacks parameters",
    "the key lacks the command",
    "times are believed",
    "outputs are believed",
    "leftovers are seen",
    "nothing is remembered",
    "the name is in the key",
)
"""Seen to be noticed within a minute; the others take longer: `pytest --hypothesis-profile=deep`."""


@pytest.mark.parametrize("name", WRONG if settings.default.max_examples > 1000 else SOON_NOTICED)
def test_a_wrong_engine_is_noticed(name):
    wrong = WRONG[name]

    # Without shrinking: that some example is found is all that is asked.
    @settings(max_examples=100, database=None, derandomize=True, phases=[Phase.generate])
    @given(FAMILIES[wrong.family])
    def look(story):
        tell(story, wrong.engine(), {wrong.promise})

    with pytest.raises(Broken) as caught:
        look()
    assert caught.value.args[0] == wrong.promise
