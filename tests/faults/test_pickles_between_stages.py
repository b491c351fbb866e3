"""A stage that reads a pickle depends on what it refers to: classes of the project, and installed packages."""

import json
import shutil

import pytest

PIPELINE = """
stages:
  train: {run: "stages.train:train", outputs: {model: build/model.pkl}}
  use: {run: "stages.use:use", inputs: {model: build/model.pkl}, outputs: {out: build/use.txt}}
  path: {run: "stages.use:path", inputs: {model: build/model.pkl}, outputs: {out: build/path.txt}}
  script: {cmd: "python scripts/use.py", inputs: [build/model.pkl], outputs: [build/script.txt]}
  copy: {cmd: "cp build/model.pkl build/copy.bin", inputs: [build/model.pkl], outputs: [build/copy.bin]}
"""

MODELS = """
class Model:
    def predict(self):
        return help_out(1)


def help_out(n):
    return n


class Other:
    pass
"""

USES = {
    "stages/train.py": """
        from stages import models

        def train():
            return models.Model()
        """,
    "stages/use.py": """
        from pathlib import Path

        def use(model):
            return str(model.predict())

        def path(model: Path):
            import pickle
            return str(pickle.loads(model.read_bytes()).predict())
        """,
    "scripts/use.py": """
        import pickle
        with open("build/model.pkl", "rb") as file, open("build/script.txt", "w") as out:
            out.write(str(pickle.load(file).predict()))
        """,
}
READERS = ("use", "path", "script")


@pytest.fixture
def models(project):
    project.write("pipeline.yaml", PIPELINE)
    project.write("stages/models.py", MODELS)
    for path, text in USES.items():
        project.write(path, text)
    project.run()
    return project


def texts(project):
    return [project.read(f"build/{name}.txt") for name in READERS]


def test_a_class_that_only_the_pickle_names_is_there_to_be_loaded(models):
    assert texts(models) == ["1"] * 3
    assert set(models.run().outcomes.values()) == {"fresh"}


def test_an_edit_of_what_the_class_reaches_runs_whoever_loads_it(models):
    models.write("stages/models.py", MODELS.replace("return n", "return n + 1"))
    verdicts = models.pipe("status", "--json").json["stages"]
    assert "code changed: models.help_out (stages/models.py:7)" in str(verdicts["use"]["reasons"])
    outcomes = models.run().outcomes
    assert {name: outcomes[name] for name in READERS} == dict.fromkeys(READERS, "executed")
    assert outcomes["copy"] == "fresh"
    assert texts(models) == ["2"] * 3


def test_an_edit_of_what_the_class_does_not_reach_runs_no_stage_that_loads_it_by_its_suffix(models):
    models.write("stages/models.py", MODELS.replace("pass", "more = 1"))
    assert models.pipe("status", "--json").json["stages"]["use"]["verdict"] == "fresh"


def test_a_pickle_is_looked_into_once_and_its_bytes_are_not_needed_again(models):
    (model,) = (
        p for p in models.root.glob(".pipe/store/objects/*/*") if b"stages.models" in p.read_bytes()[:40]
    )
    model.unlink()
    (models.root / "build/model.pkl").unlink()
    lock = json.loads(models.read("pipeline.lock"))
    assert lock["stages"]["use"].pop("pickles") == {"build/model.pkl": "stages.models:Model"}
    models.write("pipeline.lock", json.dumps(lock))

    def verdict():
        return models.pipe("status", "--allow-missing", "--json").json["stages"]["use"]["verdict"]

    assert verdict() == "fresh"
    for kept in models.root.glob(".pipe/state.db*"):
        kept.unlink()
    assert verdict() == "stale"  # now nobody knows


def test_a_clone_without_any_data_checks_code_that_only_pickles_name(models):
    shutil.rmtree(models.root / ".pipe")
    shutil.rmtree(models.root / "build")
    assert models.pipe("status", "--check", "--allow-missing").code == 0
    models.write("stages/models.py", MODELS.replace("return n", "return n + 1"))
    verdicts = models.pipe("status", "--allow-missing", "--json").json["stages"]
    assert {name: verdicts[name]["verdict"] for name in ("copy", *READERS)} == {
        "copy": "waiting",
        **dict.fromkeys(READERS, "waiting"),
    }


def test_pickles_in_a_folder_and_behind_a_glob_count_too(project):
    project.write(
        "pipeline.yaml",
        """
        stages:
          make: {run: "stages.train:make", outputs: {models: build/models}}
          folder: {run: "stages.use:folder", inputs: {models: build/models}, outputs: {out: build/folder.txt}}
          each: {run: "stages.use:each", inputs: {models: "build/models/*.pkl"}, outputs: {out: build/each.txt}}
        """,
    )
    project.write("stages/models.py", MODELS)
    project.write(
        "stages/train.py",
        """
        import pickle
        from pathlib import Path
        from stages.models import Model

        def make(models: Path):
            models.mkdir()
            for name in "ab":
                (models / f"{name}.pkl").write_bytes(pickle.dumps(Model()))
        """,
    )
    project.write(
        "stages/use.py",
        """
        from pathlib import Path

        def folder(models: Path):
            from pandas import read_pickle
            return str([read_pickle(path).predict() for path in sorted(models.iterdir())])

        def each(models):
            return str([model.predict() for model in models.values()])
        """,
    )
    project.run()
    assert [project.read(f"build/{name}.txt") for name in ("folder", "each")] == ["[1, 1]"] * 2
    project.write("stages/models.py", MODELS.replace("return n", "return n + 1"))
    outcomes = project.run().outcomes
    assert (outcomes["folder"], outcomes["each"]) == ("executed", "executed")
    assert [project.read(f"build/{name}.txt") for name in ("folder", "each")] == ["[2, 2]"] * 2


def test_a_class_that_is_gone_from_a_broken_module_is_told_before_the_stage_runs(models):
    models.write("stages/models.py", "class Model(:\n")
    ran = models.run("use", code=2)
    assert "stages/models.py" in ran.json["errors"][0]["text"]


def test_a_reader_of_a_pickle_is_made_again_from_the_records_alone(models):
    models.write("stages/models.py", "raise SystemExit('the working tree is not asked')\n")
    for name in READERS:
        rebuilt = models.pipe("rebuild", f"build/{name}.txt", "--from-scratch", "--json")
        assert rebuilt.code == 0, rebuilt
