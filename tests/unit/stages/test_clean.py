"""The joined table: nothing lost, nothing twice, nothing impossible."""

import numpy as np
import pandas as pd
import pytest

from stages.clean import add_recent_hours, clean, count_departures, drop_impossible_wind, join

from . import tables


def run(flights: pd.DataFrame, weather: pd.DataFrame | None = None) -> dict:
    observed = tables.weather() if weather is None else weather
    return clean(flights, observed, tables.planes(), tables.airports(), 15, 100.0)


def test_a_flight_that_never_arrived_is_dropped_but_counts_as_a_planned_departure():
    flights = tables.flights()
    whole = run(flights)["table"]
    flights.loc[0, "arr_delay"] = np.nan
    table = run(flights)["table"]
    assert len(table) == len(flights) - 1
    assert table["departures_in_day"].tolist() == whole["departures_in_day"].tolist()[1:]


def test_departures_are_counted_by_hour_and_by_day():
    flights = pd.DataFrame(
        {"origin": "JFK", "month": 1, "day": [1, 1, 1, 2], "time_hour": ["a", "a", "b", "c"], "flight": 1}
    )
    counted = count_departures(flights)
    assert counted["departures_in_hour"].tolist() == [2, 2, 1, 1]
    assert counted["departures_in_day"].tolist() == [3, 3, 3, 1]


def test_late_means_more_than_the_limit():
    flights = tables.flights(4).assign(arr_delay=[15.0, 15.1, -3.0, 200.0])
    assert run(flights)["table"]["late"].tolist() == [0, 1, 0, 1]


def test_every_flight_stands_in_the_joined_table_once():
    table = run(tables.flights())["table"]
    assert table["flight"].tolist() == tables.flights()["flight"].tolist()


def test_weather_recorded_twice_for_an_hour_is_an_error():
    twice = pd.concat([tables.weather(), tables.weather()])
    with pytest.raises(pd.errors.MergeError):
        join(tables.flights(), weather=twice, planes=tables.planes(), airports=tables.airports())


def test_impossible_wind_is_blanked_and_the_rest_is_kept():
    windy = tables.weather(3).assign(wind_speed=[10.0, 1048.0, np.nan])
    assert drop_impossible_wind(windy, 100.0)["wind_speed"].fillna(-1).tolist() == [10.0, -1, -1]


def test_the_last_three_hours_are_this_one_and_the_two_before():
    recent = add_recent_hours(tables.weather(5))
    assert recent["precip_3h"].round(6).tolist() == [0.0, 0.1, 0.3, 0.6, 0.9]
    assert recent["visib_3h"].tolist() == [10.0, 9.0, 8.0, 7.0, 6.0]
    assert recent["pressure_change_3h"].fillna(-1).tolist() == [-1, -1, -1, 9.0, 15.0]


def test_an_hour_without_record_is_not_bridged():
    gap = tables.weather(5).drop(index=[1, 2])
    recent = add_recent_hours(gap)
    assert recent["precip_3h"].round(6).tolist() == [0.0, 0.3, 0.7]


def test_weather_of_one_airport_never_reaches_another():
    both = pd.concat([tables.weather(3), tables.weather(3).assign(origin="EWR", precip=5.0)])
    recent = add_recent_hours(both).set_index("origin")["precip_3h"]
    assert recent["JFK"].max() < 1
    assert recent["EWR"].tolist() == [5.0, 10.0, 15.0]


def test_quality_counts_what_was_lost_and_matched():
    flights = tables.flights()
    flights.loc[:5, "arr_delay"] = np.nan
    quality = run(flights)["quality"]
    assert quality["flights"] == 60
    assert quality["rows"] == 54
    assert quality["cancelled_or_diverted_rate"] == 0.1
    assert quality["aircraft_match_rate"] == pytest.approx(0.75, abs=0.03)
