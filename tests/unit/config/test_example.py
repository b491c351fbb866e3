"""The example of the contract, whole."""

from pathlib import Path

import pytest

from pipeline import config
from pipeline.errors import UsageError
from pipeline.model import Input, Output

EXAMPLE = """\
version: 1
params: params.yaml              # or a mapping; optional
pythonpath: [src, .]             # where the project's code lies
defaults: {env: {TOKENIZERS_PARALLELISM: "false"}}           # any stage key but run, cmd, inputs ...
stages:
  clean:
    doc: Drop cancelled flights and join the weather.      # optional, shown in reports
    run: stages.clean:clean                                # a Python callable, or ...
    inputs:
      flights: data/flights.parquet                        # name: path (file or folder)
      weather: data/weather.parquet
    params:
      max_delay: ${clean.max_delay}                        # from the parameters; any YAML value is allowed
    outputs:
      table: build/clean.parquet
  train:
    run: stages.train:train
    matrix: {model: [logit, gbdt]}                         # instances train@logit and train@gbdt
    inputs: {table: build/clean.parquet}
    params: {model: "${matrix.model}", seed: 7}
    outputs: {model: "build/model-${matrix.model}.joblib"}
    scratch: {checkpoints: work/ckpt}
  score:
    cmd: python scripts/score.py ${inputs.models} ${outputs.scores}    # ... a shell command
    inputs: {models: "build/model-*.joblib"}
    outputs: {scores: build/scores.json}
    metrics: {summary: build/summary.json}
    env: [LANG, REGION]
    timeout: 10m
"""
PASSED = ("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture
def loaded(project):
    result = project.load(EXAMPLE, "clean: {max_delay: 15}\n")
    assert result.problems == ()
    assert result.complete
    return result.project


def test_the_example_has_its_four_instances_in_order(loaded):
    assert list(loaded.stages) == ["clean", "train@logit", "train@gbdt", "score"]
    assert loaded.pythonpath == ("src", ".")
    assert loaded.params == {"clean": {"max_delay": 15}}
    assert loaded.params_path == "params.yaml"


def test_a_run_stage_of_the_example_is_as_declared(loaded):
    clean = loaded.stages["clean"]
    assert clean.run == "stages.clean:clean"
    assert clean.cmd is None
    assert clean.inputs == (
        Input("flights", "data/flights.parquet"),
        Input("weather", "data/weather.parquet"),
    )
    assert clean.outputs == (Output("table", "build/clean.parquet"),)
    assert clean.params == {"max_delay": 15}
    assert clean.env == (PASSED,)
    assert clean.doc == "Drop cancelled flights and join the weather."


def test_an_instance_of_the_example_has_its_own_values(loaded):
    train = loaded.stages["train@gbdt"]
    assert (train.name, train.base, train.matrix) == ("train@gbdt", "train", {"model": "gbdt"})
    assert train.params == {"model": "gbdt", "seed": 7}
    assert train.outputs == (Output("model", "build/model-gbdt.joblib"),)
    assert train.scratch == (("checkpoints", "work/ckpt"),)


def test_a_command_of_the_example_keeps_its_references(loaded):
    score = loaded.stages["score"]
    assert score.cmd == "python scripts/score.py ${inputs.models} ${outputs.scores}"
    assert score.inputs == (Input("models", "build/model-*.joblib", is_glob=True),)
    assert score.outputs == (
        Output("scores", "build/scores.json"),
        Output("summary", "build/summary.json", True),
    )
    assert score.env == (("LANG", None), ("REGION", None), PASSED)
    assert score.timeout_seconds == 600


@pytest.mark.parametrize(
    ("steps", "place"),
    [
        (("clean", "inputs", "weather"), (11, 16, "data/weather.parquet")),
        (("train", "inputs", "table"), (19, 21, "build/clean.parquet")),
        (("train", "matrix", "model", 1), (18, 29, "gbdt")),
        (("score", "env", "REGION"), (28, 17, "REGION")),
        (("score", "env", "TOKENIZERS_PARALLELISM"), (4, 42, '"false"')),
        (("score", "timeout"), (29, 14, "10m")),
        (("score", "inputs", "models", "path"), (25, 22, '"build/model-*.joblib"')),
        (("score", "inputs", "nothing"), (25, 13, '{models: "build/model-*.joblib"}')),
        (("score", "nothing"), (24, 5, "")),
        (("nothing",), (6, 3, "")),
    ],
)
def test_a_later_error_finds_its_place(project, loaded, steps, place):
    mark = config.mark(project.root, *steps)
    line, column, text = place
    assert (mark.line, mark.column) == (line, column)
    assert mark.source[column - 1 : column - 1 + mark.length] == text


def test_a_place_in_a_list_is_found_by_the_entry_s_name(project):
    project.load(
        "stages:\n  a:\n    run: m:f\n    matrix: {k: [1]}\n"
        "    inputs: [x/one.csv, x/two.csv, 'x/${matrix.k}-three.csv', {path: x/four.csv}]\n"
        "    params: [p.lr, p.seed]\n",
        "p: {lr: 1, seed: 2}",
    )
    named = {
        name: config.mark(project.root, "a", key, name).column
        for key, name in [
            ("inputs", "two"),
            ("inputs", "1-three"),
            ("inputs", "four"),
            ("params", "seed"),
        ]
    }
    assert named == {"two": 25, "1-three": 36, "four": 63, "seed": 20}


def test_no_place_is_named_when_the_file_is_gone(tmp_path):
    assert config.mark(tmp_path, "a", "run") is None


def test_the_nearest_project_is_found_upwards(project, tmp_path):
    project.load(EXAMPLE, "clean: {max_delay: 15}")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert config.find(below) == tmp_path
    (tmp_path / "a" / "pipeline.yaml").write_text("stages: {}")
    assert config.find(below) == tmp_path / "a"


def test_no_project_is_an_error_that_names_init():
    with pytest.raises(UsageError) as caught:
        config.find(Path("/"))
    assert "pipe init" in caught.value.problems[0].help
