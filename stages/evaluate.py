"""Judges one fitted model on the flights of a later time."""

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score, roc_curve

from .columns import TARGET, of_groups

DIGITS = 5
"""Scores are rounded: digits beyond the noise would tell different processors apart, and nothing else."""


def evaluate(
    model,
    table: pd.DataFrame,
    name: str,
    feature_set: str,
    groups: list,
    resamples: int,
    bins: int,
    seed: int,
) -> dict[str, object]:
    """Return scores, the ROC curve and the calibration curve."""
    late = table[TARGET].to_numpy()
    chance = model.predict_proba(table[of_groups(groups)])[:, 1]
    low, high = auc_interval(late, chance, table["date"].to_numpy(), resamples, seed)
    scores = {
        "model": name,
        "features": feature_set,
        "rows": len(table),
        **score(late, chance),
        "auc_low": round(low, DIGITS),
        "auc_high": round(high, DIGITS),
    }
    return {"scores": scores, "roc": roc(late, chance), "calibration": calibration(late, chance, bins)}


def score(late: np.ndarray, chance: np.ndarray) -> dict[str, float]:
    """Return how well the model ranks (AUC, average precision) and how true its chances are (the others).

    `brier_skill` is the part of the Brier score of always saying the mean that the model saves.
    """
    brier = brier_score_loss(late, chance)
    always_the_mean = late.mean() * (1 - late.mean())
    figures = {
        "auc": roc_auc_score(late, chance),
        "average_precision": average_precision_score(late, chance),
        "log_loss": log_loss(late, chance),
        "brier": brier,
        "brier_skill": 1 - brier / always_the_mean,
    }
    return {name: round(float(value), DIGITS) for name, value in figures.items()}


def auc_interval(
    late: np.ndarray, chance: np.ndarray, day: np.ndarray, resamples: int, seed: int
) -> tuple[float, float]:
    """Return the 95 % interval of the AUC when days are drawn again with replacement.

    Days, not flights: the flights of one day share its storms, and are not independent.
    """
    order = np.argsort(chance, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(chance[order]) > 0])  # equal chances count half
    _, day_number = np.unique(day[order].astype(str), return_inverse=True)
    days = int(day_number.max()) + 1
    random = np.random.default_rng(seed)
    aucs = []
    for _ in range(resamples):
        weight = random.multinomial(days, np.full(days, 1 / days))[day_number]
        positive = np.add.reduceat(weight * late[order], starts)
        negative = np.add.reduceat(weight * (1 - late[order]), starts)
        below = np.cumsum(negative) - negative
        aucs.append((positive * (below + negative / 2)).sum() / (positive.sum() * negative.sum()))
    low, high = np.quantile(aucs, [0.025, 0.975])
    return float(low), float(high)


def roc(late: np.ndarray, chance: np.ndarray, points: int = 201) -> pd.DataFrame:
    """Return the ROC curve, read off at evenly spaced false positive rates."""
    false_positive, true_positive, _ = roc_curve(late, chance)
    at = np.linspace(0, 1, points)
    return pd.DataFrame(
        {
            "false_positive_rate": at.round(DIGITS),
            "true_positive_rate": np.interp(at, false_positive, true_positive).round(DIGITS),
        }
    )


def calibration(late: np.ndarray, chance: np.ndarray, bins: int) -> pd.DataFrame:
    """Return, for bins with equally many flights, the mean chance given and the share that was late."""
    by_chance = np.array_split(np.argsort(chance, kind="stable"), bins)
    return pd.DataFrame(
        {
            "predicted": [round(float(chance[rows].mean()), DIGITS) for rows in by_chance],
            "observed": [round(float(late[rows].mean()), DIGITS) for rows in by_chance],
            "flights": [len(rows) for rows in by_chance],
        }
    )
