"""The canonical form of plain values: one text for each value, and one value for each text."""

import json
import random

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from pipeline import digest
from tests.properties.plain import KEYS, PLAIN, identity


def shuffled(value, seed):
    """Return the same value with its mappings in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(item, seed)) for key, item in value.items()]
        random.Random(seed).shuffle(items)
        return dict(items)
    return [shuffled(item, seed) for item in value] if isinstance(value, list) else value


def is_injective(canonical, first, second):
    return (identity(first) == identity(second)) == (canonical(first) == canonical(second))


@given(PLAIN, PLAIN)
def test_different_values_have_different_texts(first, second):
    assert is_injective(digest.canonical, first, second)


@given(st.lists(PLAIN, min_size=2, max_size=3), st.booleans())
def test_a_value_with_one_leaf_of_another_type_has_another_text(values, flag):
    for other in (int(flag), float(flag), str(flag), None, [flag], {"!map": flag}):
        assert digest.canonical([*values, flag]) != digest.canonical([*values, other])


@given(PLAIN)
def test_a_value_survives_its_text(value):
    assert identity(digest.plain(json.loads(digest.canonical(value)))) == identity(value)


@given(PLAIN, st.integers(0, 5))
def test_the_order_of_keys_does_not_count(value, seed):
    assert digest.canonical(shuffled(value, seed)) == digest.canonical(value)


SMALL = st.dictionaries(KEYS, st.sampled_from([1, 1.0, True, "1", None]), max_size=2)
"""Values that are near each other."""

WRONG = {
    "writes keys as text": lambda value: json.dumps(
        {str(key): item for key, item in value.items()}, sort_keys=True
    ),
    "keeps the order": lambda value: repr(list(value.items())),
    "takes equal for the same": lambda value: frozenset(value.items()),
}


def is_right(canonical, pair):
    first, second = pair
    return is_injective(canonical, first, second) and canonical(first) == canonical(shuffled(first, 1))


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_canonical_form_would_be_noticed(wrong):
    find(st.tuples(SMALL, SMALL), lambda pair: not is_right(WRONG[wrong], pair))


@given(st.tuples(SMALL, SMALL))
def test_the_right_canonical_form_passes_the_same_check(pair):
    assert is_right(digest.canonical, pair)


@given(st.sampled_from([float("nan"), float("inf"), b"x", {1, 2}, object(), (1 + 2j)]), PLAIN)
def test_what_is_no_plain_value_fails_closed(odd, value):
    for whole in (odd, [value, odd], {"a": odd}):
        with pytest.raises(ValueError, match="canonical form"):
            digest.canonical(whole)
