"""The columns of the models: known before departure, and right."""

import numpy as np
import pandas as pd
import pytest
import yaml

from stages import columns
from stages.features import aircraft_type, features, minutes_of_clock, planned_minutes, wind_vector


def test_no_group_names_a_column_that_is_known_only_after_departure():
    named = set(columns.of_groups(list(columns.GROUPS)))
    assert not named & {*columns.KNOWN_TOO_LATE, columns.TARGET}


def test_what_happened_after_departure_changes_no_feature(cleaned):
    """Stronger than names: a column made from a leaking one would be seen here too."""
    before = features(cleaned)
    happened = {name: np.arange(len(cleaned)) * 7.0 for name in columns.KNOWN_TOO_LATE}
    pd.testing.assert_frame_equal(features(cleaned.assign(**happened)), before)


def test_the_outcome_changes_no_feature(cleaned):
    flipped = cleaned.assign(late=1 - cleaned["late"])
    without = features(cleaned).drop(columns=columns.TARGET)
    pd.testing.assert_frame_equal(features(flipped).drop(columns=columns.TARGET), without)


def test_the_table_holds_date_target_and_every_column_of_the_groups(featured):
    assert list(featured) == ["date", columns.TARGET, *columns.of_groups(list(columns.GROUPS))]


def test_the_feature_sets_of_the_parameters_name_groups_that_exist(request):
    params = yaml.safe_load((request.config.rootpath / "params.yaml").read_text())
    for chosen in params["feature_sets"].values():
        assert columns.of_groups(chosen["groups"])


def test_a_group_that_does_not_exist_is_an_error():
    with pytest.raises(KeyError, match="wether"):
        columns.of_groups(["wether"])


def test_clock_times_become_minutes():
    assert minutes_of_clock(pd.Series([0, 5, 100, 1545, 2359])).tolist() == [0, 5, 60, 945, 1439]


@pytest.mark.parametrize(
    ("leaves", "arrives", "zone_to", "minutes"),
    [(900, 1200, -5, 180), (900, 1200, -8, 360), (2300, 100, -5, 120), (2300, 130, -8, 330)],
)
def test_planned_minutes_cross_zones_and_midnight(leaves, arrives, zone_to, minutes):
    table = pd.DataFrame(
        {"sched_dep_time": [leaves], "sched_arr_time": [arrives], "zone_from": [-5], "zone_to": [zone_to]}
    )
    assert planned_minutes(table).tolist() == [minutes]


def test_planned_minutes_are_missing_where_the_zone_is_not_known(cleaned, featured):
    assert (featured["planned_minutes"].isna() == (cleaned["dest"] == "SJU")).all()


def test_an_aircraft_that_the_register_lacks_is_unknown():
    table = pd.DataFrame({"manufacturer": ["AIRBUS INDUSTRIE", None], "model": ["A320", None]})
    assert aircraft_type(table).tolist() == ["AIRBUS A320", "unknown"]


def test_wind_has_components_and_calm_air_none():
    table = pd.DataFrame({"wind_dir": [0.0, 90.0, np.nan, np.nan], "wind_speed": [10.0, 10.0, 0.0, np.nan]})
    made = wind_vector(table)
    assert made["wind_north"].round(6).fillna(-1).tolist() == [10.0, 0.0, 0.0, -1]
    assert made["wind_east"].round(6).fillna(-1).tolist() == [0.0, 10.0, 0.0, -1]
