"""Splits the flights by date, so that a model is judged on a time it has not seen."""

import pandas as pd


def split(table: pd.DataFrame, train_span: list, test_span: list) -> dict[str, pd.DataFrame]:
    """Return the rows of both spans. A span is [first day, day after the last], as in "2013-10-01".

    Raises ValueError if the test does not come after the training, or if a span holds no flight.
    """
    if not train_span[0] < train_span[1] <= test_span[0] < test_span[1]:
        raise ValueError(f"the test span {test_span} must come after the training span {train_span}")
    return {"train": within(table, train_span), "test": within(table, test_span)}


def within(table: pd.DataFrame, span: list) -> pd.DataFrame:
    """Return the rows whose date lies in the span, in the order of the table."""
    first, after_last = span
    rows = table[(table["date"] >= first) & (table["date"] < after_last)]
    if rows.empty:
        raise ValueError(f"no flight from {first} until {after_last}")
    return rows.reset_index(drop=True)
