"""Random pipelines and random edits, driven by engines that are wrong: each is noticed."""

import pytest
from hypothesis import Phase, given, settings

from tests.properties.story import Broken, tell
from tests.properties.wrong import WRONG


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_engine_is_noticed(name):
    wrong = WRONG[name]

    # Without shrinking: that some example is found is all that is asked.
    @settings(max_examples=100, database=None, derandomize=True, phases=[Phase.generate])
    @given(wrong.stories)
    def look(story):
        tell(story, wrong.engine(), {wrong.promise})

    with pytest.raises(Broken) as caught:
        look()
    assert caught.value.args[0] == wrong.promise
