"""Random pipelines and random edits: what `pipe` promises holds after each of them."""

from random import Random

import pytest
from hypothesis import Phase, find, given, settings

from tests.properties.engine import Engine
from tests.properties.story import Broken, tell
from tests.properties.strategies import stories
from tests.properties.wrong import CAUGHT_BY


def scaled(examples: int) -> int:
    """Return how many examples to try, where the profile's own number is for cheap ones."""
    return max(1, examples * settings.default.max_examples // 100)


@settings(max_examples=scaled(20))
@given(stories())
def test_every_promise_holds_after_every_edit(story):
    tell(story, Engine())


@pytest.mark.slow
@pytest.mark.parametrize(("wrong", "promise", "edits"), CAUGHT_BY, ids=[row[0].__name__ for row in CAUGHT_BY])
def test_the_stories_catch_an_engine_that(wrong, promise, edits):
    def breaks(story):
        try:
            tell(story, wrong(), (promise,))
        except Broken:
            return True
        return False

    only_generate = settings(max_examples=300, phases=(Phase.generate,), database=None, derandomize=False)
    find(stories(edits=edits), breaks, settings=only_generate, random=Random(1))
