"""Fits one model on one set of columns."""

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, SplineTransformer, StandardScaler

from .columns import CATEGORIES, TARGET, of_groups

CYCLIC = ["departs_at", "arrives_at"]


def train(
    table: pd.DataFrame, model: str, settings: dict, groups: list, rare_below: int, seed: int
) -> Pipeline:
    """Return a fitted classifier that takes a table with the columns of `groups`.

    Categories with fewer than `rare_below` flights in training count as one.
    """
    columns = of_groups(groups)
    pipeline = BUILDERS[model](columns, settings, rare_below, seed)
    return pipeline.fit(table[columns], table[TARGET])


def build_logit(columns: list[str], settings: dict, rare_below: int, seed: int) -> Pipeline:
    """Logistic regression: one-hot categories, splines for the time of day, the rest scaled.

    Newton's method comes so near to the optimum that processors, which round differently, agree on every digit
    that is reported; the default solver stops where they do not.
    """
    categories = [c for c in columns if c in CATEGORIES]
    cyclic = [c for c in columns if c in CYCLIC]
    numbers = [c for c in columns if c not in categories and c not in cyclic]
    encode = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=rare_below)
    prepare = ColumnTransformer(
        [
            ("category", encode, categories),
            ("time", SplineTransformer(n_knots=settings["knots"]), cyclic),
            ("number", make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), numbers),
        ]
    )
    fit = LogisticRegression(
        C=settings["C"],
        solver="newton-cholesky",
        tol=1e-10,
        max_iter=settings["max_iter"],
        random_state=seed,
    )
    return Pipeline([("prepare", prepare), ("fit", fit)])


def build_gbdt(columns: list[str], settings: dict, rare_below: int, seed: int) -> Pipeline:
    """Gradient-boosted trees on histograms: categories as such, missing values as they are.

    The number of trees is fixed, because stopping early would judge itself on a random part of the
    training months, and flights of the same hour would lie on both sides.
    """
    categories = [c for c in columns if c in CATEGORIES]
    unknown = {"handle_unknown": "use_encoded_value", "unknown_value": np.nan}
    encode = OrdinalEncoder(min_frequency=rare_below, **unknown)
    prepare = ColumnTransformer([("category", encode, categories)], remainder="passthrough")
    fit = HistGradientBoostingClassifier(
        categorical_features=list(range(len(categories))),
        early_stopping=False,
        random_state=seed,
        **settings,
    )
    return Pipeline([("prepare", prepare), ("fit", fit)])


BUILDERS = {"logit": build_logit, "gbdt": build_gbdt}
