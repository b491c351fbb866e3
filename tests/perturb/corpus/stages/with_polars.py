"""Polars: a sample without a seed, and groups in no certain order."""

import polars as pl


def sampled(numbers: pl.DataFrame) -> pl.DataFrame:
    return numbers.sample(12)  # accused


def grouped(numbers: pl.DataFrame) -> pl.DataFrame:
    return numbers.group_by("y").agg(pl.len())  # accused
