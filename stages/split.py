"""Splits the flights by date, so that a model is judged on a time it has not seen."""

import pandas as pd


def split(table: pd.DataFrame, train: list, test: list) -> dict[str, pd.DataFrame]:
    """Return the rows of both spans. A span is [first day, day after the last], as in "2013-10-01".

    Raises ValueError if the test does not come after the training, or if a span holds no flight.
    """
    if not train[0] < train[1] <= test[0] < test[1]:
        raise ValueError(f"the test span {test} must come after the training span {train}")
    return {"train": within(table, train), "test": within(table, test)}


def within(table: pd.DataFrame, span: list) -> pd.DataFrame:
    """Return the rows whose date lies in the span, in the order of the table."""
    first, after_last = span
    rows = table[(table["date"] >= first) & (table["date"] < after_last)]
    if rows.empty:
        raise ValueError(f"no flight from {first} until {after_last}")
    return rows.reset_index(drop=True)
