"""A sweep gives for each combination what a run of it alone gives, executes each action once, and leaves no mark."""

import itertools
import json
import random
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline.errors import UsageError
from pipeline.events import Silent
from pipeline.run import RunOptions
from pipeline.store.records import Records
from pipeline.sweep import Axes, axes, forecast, sweep
from pipeline.sweep import several as several_room
from pipeline.sweep import union as union_room
from tests.project import Project, tree

VALUES = {"a": [1, 2], "b": [1, 2]}
"""What is swept. Stages that halve a value cut off, so that combinations come to the same action below them."""


def write(project: Project, seed: int) -> None:
    """Write a random pipeline of commands, in which every parameter is used and some stages cut off."""
    chance = random.Random(seed)
    stages = {}
    for number in range(6):
        name = f"s{number}"
        inputs = {f"s{other}": f"out/s{other}.txt" for other in range(number) if chance.random() < 0.5}
        used = [key for key in ("a", "b") if number == 5 or chance.random() < 0.4]
        words = [f"${{params.{key}}}" for key in used]
        if chance.random() < 0.3:
            words = [f"$(({word} / 2))" for word in words]
        stages[name] = {
            "cmd": f"cat /dev/null {' '.join(f'${{inputs.{i}}}' for i in inputs)} > ${{outputs.out}}; "
            f"echo {name} {' '.join(words)} >> ${{outputs.out}}",
            "inputs": inputs,
            "params": {key: f"${{{key}}}" for key in used},
            "outputs": {"out": f"out/{name}.txt"},
        }
    project.pipeline(stages, params={"a": 1, "b": 1})


def outputs(result) -> dict[str, str]:
    return {p.path: p.artifact.digest for stage in result.stages.values() for p in stage.outputs.values()}


def outside_pipe(project: Project) -> dict[str, tuple[bytes, bool]]:
    found = tree(project.root, ["."])
    return {path: content for path, content in found.items() if not path.startswith(".pipe/")}


def traces(project: Project) -> Counter[str]:
    """Count the traces of each key: the truth about what was executed."""
    names = Records(str(project.store)).trace_names()
    parts = (name.split("/") for name in names)
    return Counter(shard + rest.removesuffix(".d") for shard, rest, *_ in parts)


class Alone(NamedTuple):
    """What runs of each combination alone give, and the keys of the actions that they execute."""

    outputs: dict[tuple[int, ...], dict[str, str]]
    keys: set[str]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Give for a seed what the combinations give alone, found out once."""

    @cache
    def of(seed: int) -> Alone:
        with Project(tmp_path_factory.mktemp("alone")) as project:
            write(project, seed)
            found = {}
            for chosen in itertools.product(*VALUES.values()):
                result = project.run(overrides=dict(zip(VALUES, chosen, strict=True)))
                assert result.ok
                found[chosen] = outputs(result)
            return Alone(found, set(traces(project)))

    return of


def compare(base: Path, seed: int, expected: Alone) -> None:
    with Project(base / "swept") as swept:
        write(swept, seed)
        before = outside_pipe(swept)
        result = sweep(swept.root, RunOptions(jobs=2), Axes(VALUES), Silent())
        assert result.ok
        assert outside_pipe(swept) == before, "the workspace changed"
        assert {tuple(one.overrides.values()): outputs(one.result) for one in result.runs} == expected.outputs
        executed = Counter(
            stage.key
            for one in result.runs
            for stage in one.result.stages.values()
            if stage.outcome == "executed"
        )
        assert executed == traces(swept), "what is said to have been executed was, once"
        assert set(executed.values()) == {1}
        assert executed.keys() == expected.keys, "nothing was executed that no run alone executes"


@pytest.mark.parametrize("seed", [1, 2])
def test_each_combination_gives_what_a_run_of_it_alone_gives_and_every_action_is_executed_once(
    tmp_path, alone, seed
):
    compare(tmp_path, seed, alone(seed))


def test_a_sweep_that_takes_stages_of_one_name_for_one_is_noticed(tmp_path, monkeypatch, alone):
    monkeypatch.setattr(union_room, "repr", lambda stage: stage.name, raising=False)
    with pytest.raises(AssertionError):
        compare(tmp_path, 1, alone(1))


def test_a_sweep_that_puts_its_results_in_place_is_noticed(tmp_path, monkeypatch, alone):
    class Placing(several_room.Performer):
        def __init__(self, *arguments, places, **named):
            super().__init__(*arguments, **named)

    monkeypatch.setattr(several_room, "Performer", Placing)
    with pytest.raises(AssertionError, match="the workspace changed"):
        compare(tmp_path, 1, alone(1))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A model that diverges at one learning rate. It was run once, with the parameters of its file."""
    with Project(tmp_path_factory.mktemp("sweep")) as made:
        made.write(
            "steps.py",
            """\
            def prepare(rows: int) -> list:
                return list(range(rows))

            def train(table: list, lr: float) -> dict:
                if lr > 1:
                    raise ValueError("diverged")
                return {"w": sum(table) * lr}

            def evaluate(model: dict) -> dict:
                return {"auc": model["w"] / 100, "test": {"loss": 1 - model["w"] / 100}}

            def describe(rows: int) -> str:
                return f"{rows} rows"
            """,
        )
        made.write(
            "pipeline.yaml",
            """\
            stages:
              prepare: {run: "steps:prepare", params: [rows], outputs: {table: build/table.json}}
              train:
                run: steps:train
                inputs: {table: build/table.json}
                params: [train.lr]
                outputs: {model: build/model.json}
              evaluate:
                run: steps:evaluate
                inputs: {model: build/model.json}
                metrics: {summary: {path: build/summary.json, better: {auc: higher, test.loss: lower}}}
              describe:
                run: steps:describe
                params: [rows]
                outputs: {text: build/rows.txt}
            """,
        )
        made.write("params.yaml", "rows: 10\ntrain: {lr: 0.1, unused: 1}\n")
        assert made.run().ok
        yield made


def test_a_failing_combination_stops_no_other_and_the_workspace_stays_as_it_was(project):
    before = tree(project.root, ["build", "pipeline.lock", "params.yaml"])
    found = project.json("run", "--sweep", "train.lr=0.1,2,0.3", "--best", "auc", code=1)
    assert tree(project.root, ["build", "pipeline.lock", "params.yaml"]) == before
    assert [run["ok"] for run in found["runs"]] == [True, False, True]
    assert [run["overrides"] for run in found["runs"]] == [{"train.lr": value} for value in (0.1, 2, 0.3)]
    outcomes = [{name: stage["outcome"] for name, stage in run["stages"].items()} for run in found["runs"]]
    assert outcomes[0] == dict.fromkeys(("prepare", "train", "evaluate", "describe"), "fresh")
    assert outcomes[1] == {"prepare": "fresh", "train": "failed", "evaluate": "blocked", "describe": "fresh"}
    assert outcomes[2] == {
        "prepare": "fresh",
        "train": "executed",
        "evaluate": "executed",
        "describe": "fresh",
    }
    assert found["best"] == {
        "run": found["runs"][2]["run"],
        "metric": "evaluate.summary.auc",
        "better": "higher",
        "value": pytest.approx(0.135),
    }
    assert project.json("status")["ok"]


def test_every_combination_has_a_record_of_its_own_that_names_the_sweep(project):
    found = project.json("run", "--sweep", "train.lr=0.1,0.2", "--sweep", "rows=10,11")
    assert [tuple(run["overrides"].values()) for run in found["runs"]] == [
        (0.1, 10),
        (0.1, 11),
        (0.2, 10),
        (0.2, 11),
    ]
    for run in found["runs"]:
        record = project.json("show", run["run"])
        assert record["sweep"] == found["sweep"] == found["runs"][0]["run"]
        assert record["overrides"] == run["overrides"]
        assert record["parameters"] == {
            "rows": run["overrides"]["rows"],
            "train.unused": 1,
            "train.lr": run["overrides"]["train.lr"],
        }
        assert (
            record["stages"]["evaluate"]["metrics"]["summary"]["auc"]
            == run["metrics"]["evaluate.summary.auc"]
        )


def test_a_dry_run_says_how_much_a_sweep_executes_and_executes_nothing(project):
    before = traces(project)
    done = project.pipe("run", "--sweep", "train.lr=0.6,0.7", "-n")
    assert "2 combinations: at most 4 executions in all" in done.stderr
    swept = axes([("train.lr", [0.6, 0.7])], ())
    found = forecast(project.root, RunOptions(), swept)
    assert found.executions == 4
    assert {name: d.verdict for name, d in found.decisions.items() if "lr" in name} == {
        "train [lr=0.6]": "stale",
        "train [lr=0.7]": "stale",
        "evaluate [lr=0.6]": "waiting",
        "evaluate [lr=0.7]": "waiting",
    }
    assert traces(project) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train.lr"], "is no KEY=V1,V2"),
        (["train.lr="], "has no value"),
        (["train.lr=1,2", "train.lr=3"], "is swept twice"),
        (["train.rl=1,2"], "--sweep: no stage uses a parameter `train.rl`"),
        (["train.unused=1,2"], "--sweep: no stage uses a parameter `train.unused`"),
        (["rows=[1"], "is not a YAML value"),
        (["rows=1,2", "train.lr=" + ",".join(map(str, range(5001)))], "10,002 combinations"),
    ],
)
def test_a_mistake_in_what_is_swept_is_told_and_nothing_runs(project, words, message):
    done = project.pipe("run", *(part for word in words for part in ("--sweep", word)), code=2)
    assert message in done.stderr


def test_a_parameter_may_not_be_both_set_and_swept(project):
    done = project.pipe("run", "-S", "rows=3", "--sweep", "rows=1,2", code=2)
    assert "both set and swept" in done.stderr


def test_an_unknown_metric_is_told_after_the_table_since_nobody_could_know_it_before(project):
    done = project.pipe("run", "--sweep", "train.lr=0.1,0.2", "--best", "acu", code=2)
    assert "did you mean `auc`?" in done.stderr
    assert "0.2" in done.stdout


def test_a_list_is_one_value_when_it_stands_in_brackets():
    from pipeline.config import parse_values

    assert parse_values("[1, 2],[3],x,'a, b'") == [[1, 2], [3], "x", "a, b"]
    with pytest.raises(UsageError):
        axes([("x", [])], ())
    assert axes([("x", [1, 1.0, True, 1])], ()).values == {"x": [1, 1.0, True]}


def test_the_values_of_a_sweep_are_read_as_yaml_and_a_list_may_be_one_of_them(project):
    found = project.json("run", "describe", "--sweep", "rows=[1, 2],[3]", "-n")
    assert [run["overrides"] for run in found["runs"]] == [{"rows": [1, 2]}, {"rows": [3]}]
    assert json.dumps(found)
