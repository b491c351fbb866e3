"""Models on small tables: they learn what is there, and take what they have not seen."""

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from stages.columns import GROUPS, TARGET, of_groups
from stages.importance import importance
from stages.train import train

SETTINGS = {
    "logit": {"C": 1.0, "knots": 4, "max_iter": 500},
    "gbdt": {"max_iter": 20, "min_samples_leaf": 20},
}


@pytest.fixture
def learnable() -> pd.DataFrame:
    """600 flights that are late when it rains, whatever the other columns say; some values are missing."""
    random = np.random.default_rng(0)
    rows = 600
    table = pd.DataFrame({column: random.normal(size=rows) for column in of_groups(list(GROUPS))})
    for column, values in {"carrier": "AB", "origin": "XYZ", "dest": "PQ", "aircraft": "MN"}.items():
        table[column] = random.choice(list(values), size=rows)
    for column in ("departs_at", "arrives_at"):
        table[column] = random.integers(0, 1440, size=rows)
    table["precip"] = random.exponential(size=rows)
    table[TARGET] = (table["precip"] > 1).astype("int8")
    table.loc[::9, "wind_gust"] = np.nan
    return table


@pytest.mark.parametrize("model", sorted(SETTINGS))
def test_a_model_finds_what_makes_flights_late(learnable, model):
    fitted = train(learnable, model, SETTINGS[model], list(GROUPS), 10, 7)
    chance = fitted.predict_proba(learnable[of_groups(list(GROUPS))])[:, 1]
    assert roc_auc_score(learnable[TARGET], chance) > 0.95


@pytest.mark.parametrize("model", sorted(SETTINGS))
def test_a_model_takes_categories_and_gaps_that_training_did_not_have(learnable, model):
    fitted = train(learnable, model, SETTINGS[model], list(GROUPS), 10, 7)
    unseen = learnable[of_groups(list(GROUPS))].assign(carrier="new", dest="new", temp=np.nan)
    assert np.isfinite(fitted.predict_proba(unseen)).all()


@pytest.mark.parametrize("model", sorted(SETTINGS))
def test_a_model_sees_the_columns_of_its_groups_alone(learnable, model):
    fitted = train(learnable, model, SETTINGS[model], ["schedule"], 10, 7)
    assert list(fitted.feature_names_in_) == of_groups(["schedule"])


@pytest.mark.parametrize("model", sorted(SETTINGS))
def test_fitting_twice_gives_the_same_bytes(learnable, model, tmp_path):
    for name in ("a", "b"):
        joblib.dump(train(learnable, model, SETTINGS[model], list(GROUPS), 10, 7), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_the_model_relies_on_comes_first(learnable):
    fitted = train(learnable, "gbdt", SETTINGS["gbdt"], list(GROUPS), 10, 7)
    made = importance(fitted, learnable, list(GROUPS), 300, 7)
    assert made["column"][0] == "precip"
    assert made["auc_lost"][0] > 0.2
    assert sorted(made["column"]) == sorted(of_groups(list(GROUPS)))
