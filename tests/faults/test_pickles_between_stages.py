"""A stage that reads a pickle depends on what it refers to: classes of the project, and installed packages."""

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


def test_no_pickle_is_looked_into_twice(models):
    models.run()
    text = (
        "import pipeline.formats.pickles as p\n"
        "def refuse(path): raise AssertionError(path)\n"
        "p.references = refuse\n"
        "from pipeline.cli import main; import sys; sys.argv = ['pipe', 'status', '--check']; sys.exit(main())"
    )
    models.write("look.py", text)
