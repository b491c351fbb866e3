"""Scores, curves, the comparison and the page."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from stages.evaluate import auc_interval, calibration, roc, score
from stages.report import by_stem, markdown, report

LATE = np.array([0, 0, 1, 0, 1, 1, 0, 1] * 40)
CHANCE = np.tile([0.1, 0.2, 0.2, 0.4, 0.4, 0.8, 0.3, 0.9], 40)
DAY = np.repeat(np.array([f"2013-10-{d:02}" for d in range(1, 21)]), 16)


def test_always_saying_the_mean_has_no_skill():
    figures = score(LATE, np.full(len(LATE), LATE.mean()))
    assert figures["auc"] == 0.5
    assert figures["brier_skill"] == 0


def test_the_interval_of_equal_days_is_the_auc_itself_also_with_ties():
    """Every day holds the same flights, so each draw of days must give the plain AUC."""
    low, high = auc_interval(LATE, CHANCE, DAY, 50, 7)
    assert low == pytest.approx(roc_auc_score(LATE, CHANCE))
    assert high == pytest.approx(low)


def test_the_interval_holds_the_auc_and_widens_with_days_that_differ():
    random = np.random.default_rng(3)
    noise = np.repeat(random.normal(scale=0.5, size=20), 16)
    chance = CHANCE + noise * (LATE - 0.5)
    low, high = auc_interval(LATE, chance, DAY, 200, 7)
    assert low < roc_auc_score(LATE, chance) < high


def test_the_roc_curve_goes_from_corner_to_corner_and_never_down():
    curve = roc(LATE, CHANCE)
    assert curve.iloc[-1].tolist() == [1.0, 1.0]
    assert curve["true_positive_rate"].is_monotonic_increasing
    area = np.trapezoid(curve["true_positive_rate"], curve["false_positive_rate"])
    assert area == pytest.approx(roc_auc_score(LATE, CHANCE), abs=0.01)


def test_calibration_puts_each_flight_into_one_bin_in_order():
    curve = calibration(LATE, CHANCE, 7)
    assert curve["flights"].sum() == len(LATE)
    assert curve["predicted"].is_monotonic_increasing
    assert np.average(curve["observed"], weights=curve["flights"]) == pytest.approx(LATE.mean(), abs=1e-4)


def scores(model: str, features: str, auc: float) -> dict:
    names = ("auc_low", "auc_high", "average_precision", "log_loss", "brier", "brier_skill")
    return {"model": model, "features": features, "rows": 1000, "auc": auc, **dict.fromkeys(names, 0.5)}


def test_the_comparison_names_the_best_and_what_the_weather_adds(tmp_path, request):
    given = [scores("logit", "weather", 0.69), scores("gbdt", "plan", 0.63), scores("gbdt", "weather", 0.7)]
    paths = [tmp_path / f"{number}.json" for number in range(3)]
    for path, one in zip(paths, given, strict=True):
        path.write_text(json.dumps(one))
    script = request.config.rootpath / "scripts" / "compare.py"
    table, best = tmp_path / "table.csv", tmp_path / "best.json"
    done = subprocess.run(
        [sys.executable, script, *paths, "--table", table, "--best", best],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[0].startswith("gbdt   weather   AUC 0.700")
    assert pd.read_csv(table)["auc"].tolist() == [0.7, 0.69, 0.63]
    made = json.loads(best.read_text())
    assert (made["model"], made["features"]) == ("gbdt", "weather")
    assert made["auc_gain_over_plan"] == pytest.approx(0.07)


def test_a_glob_of_curves_is_named_by_file_in_order():
    first, second = pd.DataFrame(), pd.DataFrame()
    named = by_stem({"build/roc/b.csv": second, "build/roc/a.csv": first})
    assert list(named) == ["a", "b"]
    assert named["a"] is first


def test_a_table_in_markdown_has_a_row_for_each_row():
    lines = markdown(pd.DataFrame({"name": ["a", "b"], "auc": [0.12345, 0.5]})).splitlines()
    assert lines == ["| name | auc |", "| --- | --- |", "| a | 0.123 |", "| b | 0.500 |"]


def test_the_page_and_its_picture_are_the_same_each_time(tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    given = scores("gbdt", "weather", 0.7)
    made = []
    for name in ("a.png", "b.png"):
        page = report(
            comparison=pd.DataFrame([given]),
            best={"model": "gbdt", "features": "weather", "auc": 0.7},
            scores={"build/scores/gbdt-weather.json": given},
            roc={"build/roc/gbdt-weather.csv": roc(LATE, CHANCE)},
            calibration={"build/calibration/gbdt-weather.csv": calibration(LATE, CHANCE, 5)},
            importance=pd.DataFrame({"column": ["precip"], "auc_lost": [0.1]}),
            late_after=15,
            train=["2013-01-01", "2013-10-01"],
            test=["2013-10-01", "2014-01-01"],
            plot=tmp_path / name,
        )
        made.append((page.replace(name, ""), (tmp_path / name).read_bytes()))
    assert made[0] == made[1]
    assert "AUC 0.700" in page
    assert "*observed*" in page
