"""The JSON has the names that the contract fixes."""

import json
import math

from pipeline.errors import Mark, Problem
from pipeline.model import Artifact, Produced, Reason, RunResult, StageResult
from pipeline.render import as_json


def test_a_run_has_the_names_of_the_contract():
    stage = StageResult(
        "a",
        "executed",
        "ab" * 32,
        (Reason("param", "lr", "param lr: 1 -> 2", "1", "2"),),
        1.5,
        {"x": Produced("build/x.csv", Artifact("file", "cd" * 32, 12))},
    )
    found = json.loads(as_json.text_of(as_json.run(RunResult("R", True, 2.0, {"a": stage}))))
    assert (found["version"], found["run"], found["ok"], found["wall_seconds"]) == (1, "R", True, 2.0)
    assert found["stages"]["a"] == {
        "outcome": "executed",
        "key": "ab" * 32,
        "reasons": [{"cause": "param", "subject": "lr", "text": "param lr: 1 -> 2", "old": "1", "new": "2"}],
        "wall_seconds": 1.5,
        "outputs": {"x": {"path": "build/x.csv", "digest": "cd" * 32, "size_bytes": 12}},
        "error": None,
        "same_output": False,
    }


def test_an_error_has_its_place():
    found = as_json.errors(
        [Problem("wrong", Mark("pipeline.yaml", 3, 7), help="write it right"), Problem("bad")]
    )
    assert found["ok"] is False
    assert [(e["text"], e["file"], e["line"], e["column"]) for e in found["errors"]] == [
        ("wrong", "pipeline.yaml", 3, 7),
        ("bad", None, None, None),
    ]


def test_a_metric_that_is_not_a_number_leaves_the_json_readable():
    def refuse(name):
        raise AssertionError(name)

    assert json.loads(as_json.text_of({"a": [math.nan, 1.0]}), parse_constant=refuse)["a"] == [None, 1.0]


def test_a_path_that_is_no_text_leaves_the_json_printable():
    as_json.text_of({"path": "\udcff"}).encode("utf-8")
