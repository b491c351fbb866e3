"""What keeps the judgement honest: time order, and data that is as expected."""

import pytest

from stages.check import check, problems
from stages.split import split

GOOD = {"rows": 100, "weather_match_rate": 0.99, "aircraft_match_rate": 0.9, "late_rate": 0.2}
EXPECTED = {"min_rows": 50, "min_match_rate": {"weather": 0.9}, "late_rate_between": [0.1, 0.3]}


def test_every_training_day_lies_before_every_test_day(featured):
    made = split(featured, ["2013-01-01", "2013-10-01"], ["2013-10-01", "2014-01-01"])
    assert made["train"]["date"].max() < "2013-10-01" <= made["test"]["date"].min()
    assert len(made["train"]) + len(made["test"]) == len(featured)


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (["2013-01-01", "2013-10-02"], ["2013-10-01", "2014-01-01"]),
        (["2013-10-01", "2014-01-01"], ["2013-01-01", "2013-10-01"]),
        (["2013-05-01", "2013-01-01"], ["2013-10-01", "2014-01-01"]),
    ],
)
def test_spans_that_overlap_or_run_backwards_are_refused(featured, train, test):
    with pytest.raises(ValueError, match="must come after"):
        split(featured, train, test)


def test_a_span_without_flights_is_refused(featured):
    with pytest.raises(ValueError, match="no flight from 2014-01-01"):
        split(featured, ["2013-01-01", "2013-10-01"], ["2014-01-01", "2014-02-01"])


def test_data_as_expected_passes():
    assert problems(GOOD, **EXPECTED) == []


def test_all_that_is_wrong_is_named_at_once():
    bad = {**GOOD, "rows": 10, "weather_match_rate": 0.5, "late_rate": 0.9}
    with pytest.raises(ValueError, match=r"10 rows.*50.0% of flights have their weather.*90.0% of flights"):
        check(bad, **EXPECTED)
