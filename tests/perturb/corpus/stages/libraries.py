"""pandas, pyarrow, Polars, scikit-learn, joblib and Matplotlib, used so that the results are the same each time.

In one module, which uses them all when it is imported: so these stages share one server, which imports them once.
"""

import math
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from joblib import Parallel, delayed
from matplotlib import rcParams
from matplotlib.figure import Figure
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, export_text

assert all((pd, pa, pc, pl, Figure, Parallel, delayed, CountVectorizer, OneHotEncoder, StandardScaler))
assert all((DummyClassifier, GradientBoostingClassifier, RandomForestClassifier, LogisticRegression))
assert all((DecisionTreeClassifier, export_text, train_test_split))


def pandas_means(numbers: pd.DataFrame) -> pd.DataFrame:
    return numbers.groupby("group", as_index=False).mean().round(6)


def pandas_joined(numbers: pd.DataFrame) -> pd.DataFrame:
    names = pd.DataFrame({"group": ["g1", "g2", "g3"], "name": ["one", "two", "three"]})
    return numbers.merge(names, on="group", how="inner")


def pandas_pivot(numbers: pd.DataFrame) -> str:
    wide = numbers.assign(day=pd.to_datetime("2020-01-01") + pd.to_timedelta(numbers.index, unit="D"))
    table = wide.groupby([wide["day"].dt.month, "group"])["x"].max().unstack()
    return table.to_csv(float_format="%.4f")


def arrow_sorted(numbers: pa.Table) -> pa.Table:
    return numbers.sort_by([("group", "ascending"), ("x", "descending")])


def arrow_grouped(numbers: pa.Table) -> pa.Table:
    return (
        numbers.group_by("group", use_threads=False).aggregate([("x", "sum"), ("y", "max")]).sort_by("group")
    )


def arrow_derived(numbers: pa.Table) -> pa.Table:
    ratio = pc.divide(numbers["x"], pc.add(numbers["y"], 1))
    return numbers.append_column("ratio", pc.round(ratio, 6))


def roots() -> list[float]:
    return Parallel(n_jobs=2, prefer="threads")(delayed(math.sqrt)(number) for number in range(20))


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


def polars_kept(numbers: pl.DataFrame) -> pl.DataFrame:
    return numbers.group_by("group", maintain_order=True).agg(pl.col("x").max(), pl.col("y").min())


def polars_lazy(numbers: pl.DataFrame) -> pl.DataFrame:
    wide = numbers.lazy().filter(pl.col("x") > 0).with_columns((pl.col("x") * 2).alias("double"))
    return wide.sort("group", "x").collect()


def picture(picture: Path) -> None:
    figure = Figure(figsize=(3, 2))
    axes = figure.subplots()
    axes.bar(["a", "b", "c"], [3, 1, 2])
    axes.set_title("bars")
    figure.savefig(picture)


def drawing(drawing: Path) -> None:
    rcParams["svg.hashsalt"] = "corpus"
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([1, 3, 2], clip_on=True)
    figure.savefig(drawing, metadata={"Date": None})
