"""What a command's scripts, modules and notebooks reach."""

import json
import sys

import pytest

from pipeline.code import CodeError
from pipeline.code.words import Command, tokens


@pytest.fixture
def scripts(project):
    project.roots = ["src", "."]
    project.write(
        {
            "scripts/score.py": (
                "import helper\nfrom pkg import tool\n\nif __name__ == '__main__':\n    import late\n"
            ),
            "scripts/helper.py": "",
            "late.py": "",
            "src/pkg/__init__.py": "",
            "src/pkg/tool.py": "import json\n\nif __name__ == '__main__':\n    import never\n",
            "src/pkg/__main__.py": "from . import tool\n",
            "never.py": "",
            "run.sh": "#!/bin/bash\nset -e\npython scripts/score.py\n",
            "model.R": "1\n",
            "data/x.csv": "",
        }
    )
    return project


SCORE = {"scripts/score.py", "scripts/helper.py", "late.py", "src/pkg/__init__.py", "src/pkg/tool.py"}
TOOL = {"src/pkg/__init__.py", "src/pkg/tool.py", "never.py"}


@pytest.mark.parametrize(
    ("cmd", "files"),
    [
        ("python scripts/score.py ${inputs.models} ${outputs.scores}", SCORE),
        ("python3 -u ./scripts/score.py", SCORE),
        ("python -W ignore -Xdev scripts/score.py data/x.csv", SCORE),
        ("./scripts/score.py", SCORE),
        ("FOO=1 PYTHONHASHSEED=0 python3.11 scripts/score.py > log.txt 2>&1", SCORE),
        ("env A=b python scripts/score.py", SCORE),
        ("time uv run python scripts/score.py | tee log", SCORE),
        ("cd scripts && python score.py", SCORE),
        ("(cd scripts; python score.py)", SCORE),
        ("(cd data); python scripts/score.py", SCORE),
        ("if true; then python scripts/score.py; fi", SCORE),
        ("x=$(python scripts/score.py)", SCORE),
        ("echo `python scripts/score.py`", SCORE),
        ('bash -c "python scripts/score.py"', SCORE),
        ("bash -euo pipefail -c 'python scripts/score.py'", SCORE),
        ("cat data/x.csv | python 'scripts/score.py'", SCORE),
        ("diff <(python scripts/score.py) data/x.csv", SCORE),
        ('python "$PWD/scripts/score.py"', SCORE),
        ("python scripts/sc\\\nore.py", SCORE),
        ("bash <<'EOF'\npython scripts/score.py\nEOF\n", SCORE),
        ("# python -m pkg\npython scripts/score.py", SCORE),
        (("python", "scripts/score.py", "${inputs.models}"), SCORE),
        (("bash", "-c", "python scripts/score.py"), SCORE),
        ("bash run.sh", SCORE | {"run.sh"}),
        ("source run.sh", SCORE | {"run.sh"}),
        ("./run.sh --fast", SCORE | {"run.sh"}),
        ("python -m pkg.tool", TOOL),
        ("python -m pkg", {"src/pkg/__init__.py", "src/pkg/__main__.py", "src/pkg/tool.py"}),
        ("torchrun --nproc 2 -m pkg.tool", TOOL),
        ("uvicorn pkg.tool:app", {"src/pkg/__init__.py", "src/pkg/tool.py"}),
        ("python -c 'import late'", {"late.py"}),
        ("python -c 'import late; open(\"${inputs.x}\")'", {"late.py"}),
        ('python -c "from pkg import tool"', {"src/pkg/__init__.py", "src/pkg/tool.py"}),
        ("python - <<EOF | tee x\nimport late\nEOF\n", {"late.py"}),
        ("python <<< 'import late'", {"late.py"}),
        ("python < late.py", {"late.py"}),
        ("Rscript --vanilla model.R data/x.csv", {"model.R"}),
        ("awk -f model.R data/x.csv", {"model.R"}),
        ("awk '{print}' data/x.csv", set()),
        ("perl -e 1 data/x.csv", set()),
        ("cat data/x.csv", set()),
        ("echo scripts", set()),
        ("python missing.py", set()),
        ("ls; sort ${inputs.x} | uniq -c", set()),
    ],
)
def test_a_command_reaches_what_it_names(scripts, cmd, files):
    assert set(scripts.command(cmd).files) == files


def test_a_script_is_named_by_its_path_and_modules_by_their_name(scripts):
    assert set(scripts.command("python scripts/score.py").units) == {
        "helper:<module>",
        "late:<module>",
        "pkg.tool:<module>",
        "pkg:<module>",
        "scripts/score.py:<module>",
    }


def test_the_main_block_counts_in_the_script_alone(scripts):
    before = scripts.command("python scripts/score.py").units
    scripts.write({"src/pkg/tool.py": "import json\n\nif __name__ == '__main__':\n    pass\n"})
    assert scripts.command("python scripts/score.py").units == before
    scripts.write(
        {"scripts/score.py": "import helper\nfrom pkg import tool\n\nif __name__ == '__main__':\n    x = 1\n"}
    )
    assert scripts.command("python scripts/score.py").units != before


def test_a_comment_in_a_script_changes_no_unit(scripts):
    before = scripts.command("python scripts/score.py").units
    scripts.write({"scripts/helper.py": "# a comment\n"})
    assert scripts.command("python scripts/score.py").units == before


def test_a_shell_script_counts_by_its_bytes(scripts):
    before = scripts.command("bash run.sh").units
    scripts.write({"run.sh": "#!/bin/bash\nset -e\npython scripts/score.py  # a comment\n"})
    after = scripts.command("bash run.sh").units
    assert {name for name in before if before[name] != after[name]} == {"run.sh"}


def test_a_script_given_to_another_program_counts_by_its_bytes_and_what_it_reaches(scripts):
    code = scripts.command("some_linter scripts/score.py")
    assert set(code.files) == SCORE
    assert code.needs_bytes == ("scripts/score.py:<file>",)


@pytest.mark.parametrize(
    "cmd",
    [
        "python ${inputs.script}",
        'python "$1"',
        "for f in scripts/*.py; do python $f; done",
        "cd $(mktemp -d) && python score.py",
        'python -c "$CODE"',
        "python -m $MODULE",
    ],
)
def test_a_script_that_only_the_shell_could_name_reaches_everything_as_a_script(scripts, cmd):
    code = scripts.command(cmd)
    assert {"never.py", *SCORE} <= set(code.files)
    assert "all modules under the import roots" in {item.reaches for item in code.widened}


def test_a_script_that_a_stage_writes_reaches_everything(scripts):
    scripts.outputs = {"build"}
    scripts.write({"build/made.py": ""})
    files = scripts.command("python build/made.py").files
    assert "never.py" in files
    assert "build/made.py" not in files


def test_a_test_runner_reaches_the_tests_too(scripts):
    scripts.write({"tests/test_a.py": "", "tests/conftest.py": ""})
    assert {"tests/test_a.py", "tests/conftest.py"} <= set(scripts.command("pytest -q tests").files)
    assert {"tests/test_a.py", "tests/conftest.py"} <= set(scripts.command("python -m pytest tests").files)


def test_a_module_that_is_not_the_projects_is_for_the_environment(scripts):
    assert scripts.command("python -m json.tool x.json").imports == ("json",)
    assert scripts.command("python -m some_package.run").imports == ("some_package.run",)


def test_an_installed_command_is_for_the_environment(scripts, tmp_path, monkeypatch):
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "mytool").write_text(
        "#!/x/python\nimport re\nimport sys\nfrom some_package.cli import main\n"
    )
    monkeypatch.setattr(sys, "executable", str(programs / "python"))
    assert scripts.command("mytool --fast").imports == ("some_package.cli",)


def test_a_syntax_error_in_a_script_is_placed(scripts):
    scripts.write({"scripts/score.py": "def f(:\n"})
    with pytest.raises(CodeError) as caught:
        scripts.command("python scripts/score.py")
    assert (caught.value.file, caught.value.line) == ("scripts/score.py", 1)


def test_scripts_of_two_folders_have_each_their_own_helper(scripts):
    scripts.write({"other/score.py": "import helper\n", "other/helper.py": "x = 1\n"})
    code = scripts.command("python scripts/score.py && python other/score.py")
    assert {"scripts/helper.py", "other/helper.py"} <= set(code.files)
    assert len([name for name in code.units if name.startswith("helper")]) == 2


def notebook(*sources, outputs=(), kind="code"):
    cells = [
        {"cell_type": kind, "source": text, "outputs": list(outputs), "metadata": {}} for text in sources
    ]
    return json.dumps({"cells": cells, "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4})


def test_a_notebook_reaches_what_its_cells_import(scripts):
    scripts.write(
        {
            "nb/a.ipynb": notebook(
                "%load_ext x\nfrom pkg import tool\n",
                "!python scripts/score.py\nx = 1 + 1\nx?",
                "%%time\nimport beside",
                "%%bash\necho",
            ),
            "nb/beside.py": "",
        }
    )
    code = scripts.command("jupyter nbconvert --to notebook --execute nb/a.ipynb")
    assert set(code.files) == {"nb/a.ipynb", "nb/beside.py", "src/pkg/__init__.py", "src/pkg/tool.py"}
    assert "ipykernel" in code.imports


def test_a_notebook_counts_by_its_sources_and_not_by_its_outputs(scripts):
    def units(text):
        scripts.write({"a.ipynb": text})
        return scripts.command("papermill a.ipynb out.ipynb").units

    first = units(notebook("x = 1"))
    assert units(notebook("x = 1", outputs=["1"])) == first
    assert units(notebook("x = 2")) != first
    assert units(notebook("x = 1", kind="markdown")) != first
    assert units(notebook("x = 1")) == first


def test_a_notebook_with_a_cell_that_is_no_python_reaches_everything(scripts):
    scripts.write({"a.ipynb": notebook("x = = 1")})
    assert "never.py" in scripts.command("papermill a.ipynb b.ipynb").files


def plain(text):
    return [[w.text for w in t.words] if isinstance(t, Command) else t for t in tokens(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a 'b c' \"d $e\" f\\ g", [["a", "b c", "d $e", "f g"]]),
        ("a | b && c || d; e & f\ng", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"], ["g"]]),
        ("a > x 2>&1 < y >> z &> w", [["a"]]),
        ("a $(b $(c)) d", ["(", "(", ["c"], ")", ["b", "$()"], ")", ["a", "$()", "d"]]),
        ("cat <<-E\n\tone\n\tE\nnext", [["cat"], ["next"]]),
        ("cat <<A <<B; x\n1\nA\n2\nB\ny", [["cat"], ["x"], ["y"]]),
        ("a # b\nc", [["a"], ["c"]]),
        ("a#b", [["a#b"]]),
        ("a $${X} b", [["a", "$X", "b"]]),
        ("a 'unclosed", [["a", "unclosed"]]),
        ('a "unclosed', [["a", "unclosed"]]),
        ("a $(unclosed", ["(", ["unclosed"], ")", ["a", "$()"]]),
        ("a ${unclosed", [["a", "$unclosed"]]),
        ("", []),
        ("\\", [[""]]),
    ],
)
def test_shell_text_is_parted_into_commands_and_words(text, expected):
    assert plain(text) == expected
