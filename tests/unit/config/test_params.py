"""Where parameters come from, and what `-S` changes."""

import pytest

from pipeline import config
from pipeline.errors import UsageError

USES = "stages: {a: {run: m:f, params: {p: '${a.b}', q: '${n}'}}}"
PARAMS = "a: {b: {c: 1}, d: 2}\nn: 1\nunused: 1\n2020: x\n"


def test_parameters_may_stand_in_pipeline_yaml(project):
    loaded = project.load("params: {a: 1}\nstages: {}", "b: 1")
    assert (loaded.project.params, loaded.project.params_path) == ({"a": 1}, None)


def test_without_any_parameters_there_is_no_path(project):
    loaded = project.load("stages: {}")
    assert (loaded.project.params, loaded.project.params_path) == ({}, None)


def test_an_empty_parameters_file_is_no_parameters(project):
    loaded = project.load("stages: {}", "# nothing\n")
    assert (loaded.project.params, loaded.project.params_path) == ({}, "params.yaml")


def test_the_parameters_file_may_be_json_and_lie_elsewhere(project, tmp_path):
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "p.json").write_text('{"a": [1, 2.5, null]}')
    loaded = project.load("params: ./conf/p.json\nstages: {}")
    assert (loaded.project.params, loaded.project.params_path) == ({"a": [1, 2.5, None]}, "conf/p.json")


def test_a_key_that_is_a_number_is_found_as_it_is_written(project):
    loaded = project.load("stages: {a: {run: m:f, doc: '${2020}'}}", PARAMS)
    assert loaded.problems == ()
    assert loaded.project.stages["a"].doc == "x"


@pytest.mark.parametrize(
    ("overrides", "params"),
    [
        ({"n": [1]}, {"p": {"c": 1}, "q": [1]}),
        ({"a.b": 5}, {"p": 5, "q": 1}),
        ({"a.b.c": 5}, {"p": {"c": 5}, "q": 1}),
        ({"a.b.new": 5}, {"p": {"c": 1, "new": 5}, "q": 1}),
        ({"a": {"b": 7}}, {"p": 7, "q": 1}),
    ],
)
def test_an_override_changes_parameters_at_any_depth(project, overrides, params):
    loaded = project.load(USES, PARAMS, overrides=overrides)
    assert loaded.problems == ()
    assert loaded.project.stages["a"].params == params


def test_an_override_may_supply_what_the_file_lacks(project):
    loaded = project.load(USES, "a: {b: 1}", overrides={"n": 3})
    assert loaded.problems == ()
    assert loaded.project.stages["a"].params["q"] == 3


def test_an_override_reaches_the_matrix_and_the_list_of_parameters(project):
    text = "stages: {a: {run: m:f, matrix: {k: '${ks}'}, params: [n]}}"
    loaded = project.load(text, "ks: [1]\nn: 1", overrides={"ks": [1, 2], "n": 5})
    assert loaded.problems == ()
    assert {name: built.params for name, built in loaded.project.stages.items()} == {
        "a@1": {"n": 5},
        "a@2": {"n": 5},
    }


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (
            "unused",
            "-S: no stage uses a parameter `unused` | "
            "remove `-S unused=...`, or name it under `params` of a stage",
        ),
        ("a.bb", "-S: no stage uses a parameter `a.bb` | did you mean `a.b`?"),
        ("a.d", "-S: no stage uses a parameter `a.d` | did you mean `a.b`?"),
        ("n.x", "-S: `n.x` cannot be set: `n` is the number 1 | set `n` itself"),
        ("a..b", "-S: `a..b` is no name of a parameter | write `-S KEY=VALUE` with a key such as `train.lr`"),
    ],
)
def test_an_override_that_changes_nothing_is_a_mistake(project, key, said):
    assert project.told(USES, PARAMS, overrides={key: 1}) == [said]


def test_a_stage_that_no_longer_reads_hides_no_unused_override(project):
    told = project.told("stages: {a: {run: m:f, retries: x}}", PARAMS, overrides={"unused": 1})
    assert [text.split(" | ")[0] for text in told] == [
        "1:33+1 stage `a`: `retries`: expected a whole number, got the text `x`",
        "-S: no stage uses a parameter `unused`",
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"stages: {}\nx: \xff\n", "the byte 0xff is not UTF-8"),
        (b"\x7fELF\x00\x01", "`pipeline.yaml` is not a text file"),
        ("stages: {}".encode("utf-16"), "`pipeline.yaml` is UTF-16"),
        (b"# " + b"x" * (16 << 20), "`pipeline.yaml` is larger than 16 MiB"),
        (b"stages: \x1b[0m", "the character U+001B is not allowed here"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_at_once(tmp_path, data, said):
    (tmp_path / "pipeline.yaml").write_bytes(data)
    with pytest.raises(UsageError) as caught:
        config.load(tmp_path)
    (problem,) = caught.value.problems
    assert problem.text == said
    assert problem.help


def test_a_byte_that_is_not_utf_8_has_its_place(tmp_path):
    (tmp_path / "pipeline.yaml").write_bytes("stages: {}\né: \xff".encode() + b"\xff\n")
    with pytest.raises(UsageError) as caught:
        config.load(tmp_path)
    mark = caught.value.problems[0].mark
    assert (mark.line, mark.column, mark.source) == (2, 5, "é: ÿ\N{REPLACEMENT CHARACTER}")


def test_a_byte_order_mark_and_line_ends_of_windows_change_nothing(project, tmp_path):
    (tmp_path / "pipeline.yaml").write_bytes(
        b"\xef\xbb\xbfstages:\r\n  a:\r\n    run: m:f\r\n    retries: x\r\n"
    )
    (problem,) = config.load(tmp_path).problems
    assert (problem.mark.line, problem.mark.column, problem.mark.source) == (4, 14, "    retries: x")


@pytest.mark.parametrize("name", ["pipeline.yaml", "params.yaml"])
def test_a_folder_in_a_file_s_place_is_told(tmp_path, name):
    (tmp_path / "pipeline.yaml").write_text("stages: {}") if name == "params.yaml" else None
    (tmp_path / name).mkdir()
    with pytest.raises(UsageError, match=f"`{name}` is a folder"):
        config.load(tmp_path)


def test_a_missing_file_names_init(tmp_path):
    with pytest.raises(UsageError) as caught:
        config.load(tmp_path)
    assert caught.value.problems[0].help == "run `pipe init`"
