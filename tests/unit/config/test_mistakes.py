"""Each mistake with its exact place, text and help, as `mistakes.txt` shows them.

There a section is a pipeline.yaml, a params.yaml if it matters, and what is told: `LINE:COLUMN+LENGTH text`,
with the help on the line below. The place counts from 1, and the length is that of what the caret underlines.
"""

from pathlib import Path

import pytest

SECTIONS = Path(__file__).with_name("mistakes.txt").read_text(encoding="utf-8").split("### ")[1:]


@pytest.mark.parametrize("section", SECTIONS, ids=[section.split("\n", 1)[0] for section in SECTIONS])
def test_a_mistake_is_told_with_place_and_help(project, section):
    files, _, told = section.partition("\n")[2].partition("--- told\n")
    pipeline, has_params, params = files.partition("--- params.yaml\n")
    problems = project.told(pipeline, params if has_params else None)
    here = str(project.root.parent)
    shown = "".join(problem.replace(" | ", "\n    ", 1) + "\n" for problem in problems).replace(here, "/tmp")
    assert shown == told.rstrip("\n") + "\n"


def test_no_mistake_is_told_without_a_help():
    for section in SECTIONS:
        lines = section.partition("--- told\n")[2].rstrip("\n").split("\n")
        assert all(line.strip() for line in lines[1::2]), section


def test_all_mistakes_of_a_file_are_told_at_once_in_the_order_of_the_text(project):
    told = project.told(
        "stages:\n"
        "  a: {run: m:f, retries: x, imputs: []}\n"
        "  b: {cmd: 'x ${inputs.y}', timeout: 5}\n"
        "  c: {doc: '${nope}'}\n"
    )
    assert [text.split(" ", 1)[0] for text in told] == [
        "2:26+1",
        "2:29+6",
        "3:12+15",
        "3:38+1",
        "4:3+1",
        "4:12+9",
    ]


def test_a_stage_is_built_from_what_is_right_of_it(project):
    loaded = project.load(
        "stages:\n  a:\n    run: m:f\n    retries: x\n"
        "    inputs: {one: /x, two: two.csv}\n    outputs: [o.csv]\n"
    )
    stage = loaded.project.stages["a"]
    assert [item.path for item in stage.inputs] == ["two.csv"]
    assert [item.path for item in stage.outputs] == ["o.csv"]
    assert stage.retries == 0
    assert loaded.complete


@pytest.mark.parametrize(
    "lines",
    [
        "doc: x",
        "run: m:f\noutputs: {a: /x}",
        "run: m:f\nmatrix: []",
        "run: m f",
        "run: m:f\nmetrics: {a: '${nope}'}",
    ],
)
def test_a_project_that_lacks_a_stage_or_an_output_says_so(project, lines):
    body = "".join(f"    {line}\n" for line in lines.split("\n"))
    loaded = project.load(f"stages:\n  a:\n{body}")
    assert loaded.problems
    assert not loaded.complete


def test_of_very_many_mistakes_only_the_number_is_told(project):
    stages = "".join(f"  s{i}: {{run: m:f, retries: x}}\n" for i in range(310))
    problems = project.load(f"stages:\n{stages}").problems
    assert len(problems) == 301
    assert problems[-1].text == "and 10 more problems"


def test_a_reference_is_suggested_from_a_hundred_thousand_parameters_without_hanging(project):
    params = "".join(f"p{i}: {i}\n" for i in range(100_000))
    told = project.told("stages: {a: {run: m:f, doc: '${q}'}}", params)
    assert told == ["1:29+6 stage `a`: there is no parameter `q` | add `q` to `params.yaml`"]
