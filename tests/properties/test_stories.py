"""Random pipelines and random edits: what `pipe` promises holds after each of them."""

import pytest
from hypothesis import given, settings

from tests.properties.engine import Engine
from tests.properties.story import PROMISES, tell
from tests.properties.strategies import FAMILIES
from tests.properties.wrong import WRONG


def scaled(examples: int) -> int:
    """Return how many examples to try, where the profile's own number is for cheap ones."""
    return max(1, examples * settings.default.max_examples // 100)


EXAMPLES = {"all": 12, "files": 4, "stages": 4, "outputs": 4}
"""How many stories of each family; of all others two."""


@pytest.mark.parametrize("family", FAMILIES)
def test_every_promise_holds_after_every_edit(family):
    @settings(max_examples=scaled(EXAMPLES.get(family, 2)))
    @given(FAMILIES[family])
    def holds(story):
        tell(story, Engine())

    holds()


def test_each_promise_is_broken_by_some_wrong_engine():
    assert {wrong.promise for wrong in WRONG.values()} == set(PROMISES)
