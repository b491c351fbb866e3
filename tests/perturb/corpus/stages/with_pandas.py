"""pandas: groups, joins and files that are the same each time."""

import pandas as pd


def means(numbers: pd.DataFrame) -> pd.DataFrame:
    return numbers.groupby("group", as_index=False).mean().round(6)


def joined(numbers: pd.DataFrame) -> pd.DataFrame:
    names = pd.DataFrame({"group": ["g1", "g2", "g3"], "name": ["one", "two", "three"]})
    return numbers.merge(names, on="group", how="inner")


def pivot(numbers: pd.DataFrame) -> str:
    wide = numbers.assign(day=pd.to_datetime("2020-01-01") + pd.to_timedelta(numbers.index, unit="D"))
    table = wide.groupby([wide["day"].dt.month, "group"])["x"].max().unstack()
    return table.to_csv(float_format="%.4f")
