"""Random pipelines and random edits: what `pipe` promises holds after each of them, and what breaks it is noticed."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.properties.engine import Engine
from tests.properties.story import PROMISES, Broken, tell
from tests.properties.strategies import stories
from tests.properties.wrong import WRONG


def scaled(examples: int) -> int:
    """Return how many examples to try, where the profile's own number is for cheap ones."""
    return max(1, examples * settings.default.max_examples // 100)


@settings(max_examples=scaled(20))
@given(stories())
def test_every_promise_holds_after_every_edit(story):
    tell(story, Engine())


def test_each_promise_is_broken_by_some_wrong_engine():
    assert {promise for _, promises in WRONG.values() for promise in promises} == set(PROMISES)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_engine_is_noticed(name):
    engine, promises = WRONG[name]

    # Without shrinking: that some example is found is all that is asked.
    @settings(
        max_examples=200,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(stories())
    def look(story):
        tell(story, engine(), promises)

    with pytest.raises(Broken) as caught:
        look()
    assert caught.value.args[0] in promises
