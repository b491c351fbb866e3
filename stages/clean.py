"""Puts flights, weather, aircraft and airports into one table, one row for each flight that arrived."""

import pandas as pd

WEATHER_KEY = ["origin", "time_hour"]


def clean(
    flights: pd.DataFrame,
    weather: pd.DataFrame,
    planes: pd.DataFrame,
    airports: pd.DataFrame,
    late_after_minutes: int,
    max_wind_mph: float,
) -> dict[str, object]:
    """Return the joined table, and what was lost and matched on the way."""
    counted = count_departures(flights)
    arrived = counted[counted["arr_delay"].notna()]
    table = join(
        arrived,
        weather=add_recent_hours(drop_impossible_wind(weather, max_wind_mph)),
        planes=planes,
        airports=airports,
    )
    table["late"] = (table["arr_delay"] > late_after_minutes).astype("int8")
    return {"table": table, "quality": quality(flights, table)}


def count_departures(flights: pd.DataFrame) -> pd.DataFrame:
    """Add how many departures the airport has planned in the same hour and on the same day.

    Cancelled flights count: that a flight will be cancelled is not known when the schedule is made.
    """
    by_hour = flights.groupby(["origin", "time_hour"])["flight"].transform("size")
    by_day = flights.groupby(["origin", "month", "day"])["flight"].transform("size")
    return flights.assign(departures_in_hour=by_hour, departures_in_day=by_day)


def drop_impossible_wind(weather: pd.DataFrame, max_wind_mph: float) -> pd.DataFrame:
    """Blank wind speeds that no airport has seen: the record holds one of over 1,000 mph."""
    return weather.assign(wind_speed=weather["wind_speed"].where(weather["wind_speed"] <= max_wind_mph))


def add_recent_hours(weather: pd.DataFrame) -> pd.DataFrame:
    """Add what the last three hours had: rain fallen, lowest visibility, change of pressure.

    The hour itself is the last of the three. Hours are the clock's, not rows: some have no record.
    """
    time = pd.to_datetime(weather["time_hour"], utc=True)
    hourly = weather.assign(time=time).sort_values(["origin", "time"]).reset_index(drop=True)
    pieces = [_with_windows(station) for _, station in hourly.groupby("origin", sort=True)]
    return pd.concat(pieces, ignore_index=True)


def _with_windows(station: pd.DataFrame) -> pd.DataFrame:
    by_time = station.set_index("time")
    earlier = by_time["pressure"].reindex(by_time.index - pd.Timedelta(hours=3)).to_numpy()
    window = by_time[["precip", "visib"]].rolling("3h")
    return station.assign(
        precip_3h=window["precip"].sum().to_numpy(),
        visib_3h=window["visib"].min().to_numpy(),
        pressure_change_3h=station["pressure"].to_numpy() - earlier,
    ).drop(columns="time")


def join(
    flights: pd.DataFrame, *, weather: pd.DataFrame, planes: pd.DataFrame, airports: pd.DataFrame
) -> pd.DataFrame:
    """Join to each flight its weather, aircraft and both airports' time zones. Keeps every flight once."""
    observed = weather.drop(columns=["year", "month", "day", "hour"])
    register = planes.rename(columns={"year": "built"})
    aircraft = register[["tailnum", "built", "manufacturer", "model", "seats"]]
    zones = airports.set_index("faa")["tz"]
    table = flights.merge(observed, on=WEATHER_KEY, how="left", validate="many_to_one")
    table = table.merge(aircraft, on="tailnum", how="left", validate="many_to_one")
    return table.assign(zone_from=table["origin"].map(zones), zone_to=table["dest"].map(zones))


def quality(flights: pd.DataFrame, table: pd.DataFrame) -> dict[str, float]:
    """Return counts and rates for the check that follows, rounded so that they can be read."""
    return {
        "flights": len(flights),
        "rows": len(table),
        "cancelled_or_diverted_rate": round(1 - len(table) / len(flights), 4),
        "weather_match_rate": round(float(table["temp"].notna().mean()), 4),
        "aircraft_match_rate": round(float(table["manufacturer"].notna().mean()), 4),
        "late_rate": round(float(table["late"].mean()), 4),
    }
