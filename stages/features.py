"""Makes the columns that a model may see, each from what is known before departure."""

import numpy as np
import pandas as pd

from .columns import AIRCRAFT, SCHEDULE, TARGET, WEATHER

MINUTES_IN_DAY = 24 * 60


def features(table: pd.DataFrame) -> pd.DataFrame:
    """Return `date`, the target and all feature columns; one row for each row of `table`."""
    made = table.assign(
        date=pd.to_datetime(table[["year", "month", "day"]]).dt.strftime("%Y-%m-%d"),
        weekday=pd.to_datetime(table[["year", "month", "day"]]).dt.day_of_week.astype("int8"),
        departs_at=minutes_of_clock(table["sched_dep_time"]),
        arrives_at=minutes_of_clock(table["sched_arr_time"]),
        planned_minutes=planned_minutes(table),
        aircraft=aircraft_type(table),
        aircraft_age=table["year"] - table["built"],
        **wind_vector(table),
    )
    return made[["date", TARGET, *SCHEDULE, *AIRCRAFT, *WEATHER]]


def minutes_of_clock(clock: pd.Series) -> pd.Series:
    """Turn 1545, which means a quarter to four, into minutes since midnight."""
    return clock // 100 * 60 + clock % 100


def planned_minutes(table: pd.DataFrame) -> pd.Series:
    """Return the time from gate to gate by the schedule; missing where an airport's zone is not known."""
    local = minutes_of_clock(table["sched_arr_time"]) - minutes_of_clock(table["sched_dep_time"])
    return (local - 60 * (table["zone_to"] - table["zone_from"])) % MINUTES_IN_DAY


def aircraft_type(table: pd.DataFrame) -> pd.Series:
    """Return maker and model, "unknown" where the register has none. Rare types are merged in training."""
    name = table["manufacturer"].str.split().str[0] + " " + table["model"]
    return name.fillna("unknown")


def wind_vector(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Split the wind into components, since 350 and 10 degrees are neighbours. Calm air has no direction."""
    angle = np.radians(table["wind_dir"].where(table["wind_speed"] > 0, 0.0))
    return {
        "wind_north": table["wind_speed"] * np.cos(angle),
        "wind_east": table["wind_speed"] * np.sin(angle),
    }
