"""Small tables in the shape of the real ones. Knows nothing of what the stages do with them."""

import numpy as np
import pandas as pd

MONTHS = (1, 5, 11)


def flights(rows: int = 60) -> pd.DataFrame:
    """Return flights of three months, all of which arrived, from JFK to LAX and SJU."""
    index = np.arange(rows)
    month = np.asarray(MONTHS)[index % 3]
    return pd.DataFrame(
        {
            "year": 2013,
            "month": month,
            "day": index % 28 + 1,
            "dep_time": 605.0 + index % 50,
            "sched_dep_time": 600 + index % 50,
            "dep_delay": index % 40 - 5.0,
            "arr_time": 905.0 + index % 50,
            "sched_arr_time": 900 + index % 50,
            "arr_delay": index % 40 - 10.0,
            "carrier": np.where(index % 2, "AA", "B6"),
            "flight": index,
            "tailnum": np.where(index % 4, "N1", "N2"),
            "origin": "JFK",
            "dest": np.where(index % 5, "LAX", "SJU"),
            "air_time": 300.0,
            "distance": 2475,
            "hour": 6,
            "minute": index % 50,
            "time_hour": [
                f"2013-{m:02}-{d:02}T11:00:00Z" for m, d in zip(month, index % 28 + 1, strict=True)
            ],
        }
    )


def weather(hours: int = 6, day: str = "2013-01-01") -> pd.DataFrame:
    """Return consecutive hours of one day at JFK, from 9:00 in UTC."""
    index = np.arange(hours)
    return pd.DataFrame(
        {
            "origin": "JFK",
            "year": 2013,
            "month": 1,
            "day": 1,
            "hour": index + 4,
            "temp": 30.0 + index,
            "dewp": 20.0,
            "humid": 50.0,
            "wind_dir": 90.0 * (index % 4),
            "wind_speed": 10.0 * (index % 3),
            "wind_gust": np.nan,
            "precip": 0.1 * index,
            "pressure": 1000.0 + index**2,
            "visib": 10.0 - index,
            "time_hour": [f"{day}T{hour:02}:00:00Z" for hour in index + 9],
        }
    )


def planes() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "tailnum": ["N1"],
            "year": [2003.0],
            "manufacturer": ["AIRBUS INDUSTRIE"],
            "model": ["A320"],
            "seats": [180],
        }
    )


def airports() -> pd.DataFrame:
    return pd.DataFrame({"faa": ["JFK", "LAX"], "tz": [-5, -8]})
