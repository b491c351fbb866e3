"""Polars: a sample without a seed, groups in no certain order; and groups that keep theirs."""

import polars as pl


def sampled(numbers: pl.DataFrame) -> pl.DataFrame:
    return numbers.sample(12)  # accused


def grouped(numbers: pl.DataFrame) -> pl.DataFrame:
    return numbers.group_by("y").agg(pl.len())  # accused


def kept(numbers: pl.DataFrame) -> pl.DataFrame:
    return numbers.group_by("group", maintain_order=True).agg(pl.col("x").max(), pl.col("y").min())


def lazy(numbers: pl.DataFrame) -> pl.DataFrame:
    wide = numbers.lazy().filter(pl.col("x") > 0).with_columns((pl.col("x") * 2).alias("double"))
    return wide.sort("group", "x").collect()
