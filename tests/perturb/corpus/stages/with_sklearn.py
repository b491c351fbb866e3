"""scikit-learn: models that are the same each time."""

import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, export_text


def rules(numbers: pd.DataFrame) -> str:
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    tree.fit(numbers[["x", "y"]], numbers["z"])
    return export_text(tree, feature_names=["x", "y"])


def forest(numbers: pd.DataFrame, seed: int) -> pd.DataFrame:
    train, test = train_test_split(numbers, random_state=seed)
    model = RandomForestClassifier(8, max_depth=3, random_state=seed)
    model.fit(train[["x", "y"]], train["z"])
    return test.assign(predicted=model.predict(test[["x", "y"]])).reset_index(drop=True)


def boosted(numbers: pd.DataFrame, seed: int) -> object:
    model = GradientBoostingClassifier(n_estimators=5, random_state=seed)
    model.fit(numbers[["x", "y"]], numbers["z"])
    return [round(float(p), 6) for p in model.predict_proba(numbers[["x", "y"]])[:, 1]]


def logit(numbers: pd.DataFrame) -> dict[str, float]:
    model = LogisticRegression(C=0.5).fit(numbers[["x", "y"]], numbers["z"])
    return {"accuracy": model.score(numbers[["x", "y"]], numbers["z"])}


def scaler(numbers: pd.DataFrame) -> object:
    return StandardScaler().fit(numbers[["x", "y"]])


def vocabulary(words: str) -> dict[str, int]:
    found = CountVectorizer().fit(words.splitlines()).vocabulary_
    return {word: int(number) for word, number in sorted(found.items())}


def encoder(numbers: pd.DataFrame) -> object:
    return OneHotEncoder(sparse_output=False).fit(numbers[["group"]])


def baseline(numbers: pd.DataFrame) -> object:
    return DummyClassifier(strategy="most_frequent").fit(numbers[["x"]], numbers["z"])
