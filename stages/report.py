"""Writes what came out for people: one page and its picture."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

PAGE = """# Which flights from New York arrive late?

Late means more than {late_after} minutes. Each model learned from {train_from} until {train_until}
and was judged on {rows:,} flights from {test_from} until {test_until} (the last day of a span is not
part of it).

**Best: `{model}` on `{features}`, AUC {auc:.3f}.** The weather is what was *observed* in the hour of
the planned departure, not what was forecast: with a forecast it would help less.

{table}

The interval is that of 95 % when the days of the test are drawn again; flights of one day are not
independent. Brier skill is the part of the error saved against always saying the share of late flights.

![ROC and calibration]({plot})

## What the trees with weather rely on

AUC lost when a column is shuffled:

{importance}
"""


def report(
    comparison: pd.DataFrame,
    best: dict,
    scores: dict[str, dict],
    roc: dict[str, pd.DataFrame],
    calibration: dict[str, pd.DataFrame],
    importance: pd.DataFrame,
    late_after: int,
    train: list,
    test: list,
    plot: Path,
) -> str:
    """Draw the curves into `plot`, and return the page in Markdown."""
    draw(by_stem(roc), by_stem(calibration), plot)
    return PAGE.format(
        late_after=late_after,
        train_from=train[0],
        train_until=train[1],
        test_from=test[0],
        test_until=test[1],
        rows=next(iter(scores.values()))["rows"],
        model=best["model"],
        features=best["features"],
        auc=best["auc"],
        table=markdown(comparison),
        plot=plot.name,
        importance=markdown(importance.head(12)),
    )


def by_stem(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Name each table by its file, sorted: `build/roc/gbdt-weather.csv` is gbdt-weather."""
    return {Path(path).stem: tables[path] for path in sorted(tables)}


def markdown(table: pd.DataFrame) -> str:
    """Return the table in Markdown, floats with three digits."""
    rows = [list(table.columns), ["---"] * len(table.columns)]
    for values in table.itertuples(index=False):
        rows.append([f"{v:.3f}" if isinstance(v, float) else str(v) for v in values])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def draw(roc: dict[str, pd.DataFrame], calibration: dict[str, pd.DataFrame], plot: Path) -> None:
    """Draw ROC and calibration side by side. Equal data gives equal bytes: no date is in it."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
    for axes in (left, right):
        axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for name, curve in roc.items():
        left.plot(curve["false_positive_rate"], curve["true_positive_rate"], label=name)
    for name, curve in calibration.items():
        right.plot(curve["predicted"], curve["observed"], marker="o", markersize=3, label=name)
    left.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC")
    right.set(xlabel="chance given", ylabel="share that was late", title="Calibration")
    right.set(xlim=(0, 0.8), ylim=(0, 0.8))
    left.legend(loc="lower right")
    figure.savefig(plot, dpi=120, metadata={"Software": None})
    plt.close(figure)
