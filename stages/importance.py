"""Asks what a fitted model relies on."""

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from .columns import TARGET, of_groups


def importance(model, table: pd.DataFrame, groups: list, rows: int, seed: int) -> pd.DataFrame:
    """Return how much AUC is lost when one column at a time is shuffled among `rows` flights; most first.

    Columns that say the same share their importance: each alone can look dispensable.
    """
    columns = of_groups(groups)
    random = np.random.default_rng(seed)
    sample = table.iloc[np.sort(random.choice(len(table), size=min(rows, len(table)), replace=False))]
    seen, late = sample[columns], sample[TARGET]
    full = auc(model, seen, late)
    lost = [full - auc(model, shuffled(seen, column, random), late) for column in columns]
    made = pd.DataFrame({"column": columns, "auc_lost": np.round(lost, 5)})
    return made.sort_values(["auc_lost", "column"], ascending=[False, True], ignore_index=True)


def auc(model, columns: pd.DataFrame, late: pd.Series) -> float:
    """Return the area under the model's ROC curve."""
    return float(roc_auc_score(late, model.predict_proba(columns)[:, 1]))


def shuffled(columns: pd.DataFrame, column: str, random: np.random.Generator) -> pd.DataFrame:
    """Return the same table with the values of one column in another order."""
    return columns.assign(**{column: columns[column].to_numpy()[random.permutation(len(columns))]})
