"""Each error of pipeline.yaml as `pipe` tells it: line, column, what is wrong, what to do; nothing is run."""

import json

import pytest

CODE = """
from pathlib import Path


def fits(data, out: Path): ...


def takes_more(data, extra, out: Path): ...


def takes_less(out: Path): ...


def asks_for_set(data: set, out: Path): ...


def only_out(out: Path): ...

"""

GOOD = "  good: {run: 'code:only_out', outputs: {out: build/good.txt}}\n"

# Below `stages:` on line 1; the stage `good` is on line 2. Then the place, a part of the text, a part of the help.
MISTAKES = {
    "an unknown key": ("  a: {cmd: x, imputs: []}", "3:15", "unknown key `imputs`", "did you mean `inputs`?"),
    "a wrong type": ("  a: {cmd: x, retries: no}", "3:24", "`retries`", "write"),
    "a duplicate key": ("  a:\n    cmd: x\n    cmd: y", "5:5", "`cmd` is there twice", ""),
    "two stages of one name": ("  a: {cmd: x}\n  a: {cmd: y}", "4:3", "`a` is there twice", ""),
    "run with cmd": (
        "  a: {cmd: x, run: 'code:fits'}",
        "3:7",
        "`run` and `cmd` are both there",
        "remove one",
    ),
    "run with a command": (
        "  a: {run: python x.py}",
        "3:12",
        "is not of the form",
        "write `cmd: python x.py`",
    ),
    "neither run nor cmd": ("  a: {doc: x}", "3:3", "neither `run` nor `cmd`", "add `run"),
    "a parameter that is not given": (
        "  a: {run: 'code:takes_more', inputs: {data: in.txt}, outputs: {out: o.txt}}",
        "3:12",
        "needs `extra`",
        "declare `extra` under inputs or params",
    ),
    "an input that is not taken": (
        "  a: {run: 'code:takes_less', inputs: {data: in.txt}, outputs: {out: o.txt}}",
        "3:46",
        "does not take the input `data`",
        "`data`",
    ),
    "an annotation that nobody knows": (
        "  a: {run: 'code:asks_for_set', inputs: {data: in.txt}, outputs: {out: o.txt}}",
        "3:48",
        "`set`",
        "`Path`",
    ),
    "a module that is not there": ("  a: {run: 'coda:fits'}", "3:12", "`coda`", "`code`"),
    "a callable that is not there": ("  a: {run: 'code:fots'}", "3:12", "`fots`", "`fits`"),
    "an unknown reference": ("  a: {cmd: x, doc: '${nope}'}", "3:20", "no parameter `nope`", "add `nope`"),
    "a reference in a command": ("  a: {cmd: 'x ${nope.x}'}", "3:12", "nope.x", "params"),
    "an unquoted reference in braces": ("  a: {cmd: x, inputs: {d: ${x}}}", "3:27", "${", "quote"),
    "a value that starts with a star": ("  a: {cmd: x, inputs: [*.csv]}", "3:24", "*", "quote"),
    "a glob that matches nothing": ("  a: {cmd: x, inputs: ['no/*.csv']}", "3:24", "matches no file", ""),
    "an input that is nowhere": (
        "  a: {cmd: x, inputs: {d: build/god.txt}}",
        "3:27",
        "input `build/god.txt` is not written by any stage and does not exist",
        "did you mean `build/good.txt`, written by stage `good`?",
    ),
    "pipeline.yaml as an output": ("  a: {cmd: x, outputs: [pipeline.yaml]}", "3:25", "pipeline.yaml", ""),
    "the project as an output": ("  a: {cmd: x, outputs: [.]}", "3:25", "project", ""),
    "an output of pipe's own": (
        "  a: {cmd: x, outputs: [.pipe/x]}",
        "3:25",
        "no stage may write `.pipe/x`",
        "",
    ),
    "an output of two stages": ("  a: {cmd: x, outputs: [build/good.txt]}", "3:25", "`good`", ""),
    "an output inside another": ("  a: {cmd: x, outputs: [build/good.txt/in]}", "3:25", "inside", ""),
    "a cycle of one": (
        "  a: {cmd: x, inputs: [o.txt], outputs: [o.txt]}",
        "3:23",
        "reads what it writes",
        "",
    ),
    "a cycle of two": (
        "  a: {cmd: x, inputs: [p.txt], outputs: [o.txt]}\n  b: {cmd: x, inputs: [o.txt], outputs: [p.txt]}",
        "3:23",
        "cycle",
        "",
    ),
    "an input outside": ("  a: {cmd: x, inputs: [../x]}", "3:24", "leaves the project", ""),
    "an absolute input": ("  a: {cmd: x, inputs: [/etc/passwd]}", "3:24", "absolute", "ln -s"),
    "a missing parameter": ("  a: {cmd: x, params: [nope]}", "3:24", "nope", ""),
    "two equal instances": ("  a: {cmd: x, matrix: {m: [1, '1']}}", "3:", "a@1", ""),
    "an unknown stage under after": ("  a: {cmd: x, after: [god]}", "3:23", "`god`", "did you mean `good`?"),
    "a reserved key": ("  a: {cmd: x, wdir: y}", "3:15", "reserved", "remove `wdir`"),
    "a tool that is not there": (
        "  a: {cmd: x, tools: ['no-such-tool -V']}",
        "3:23",
        "no-such-tool",
        "install",
    ),
    "a pinned input of other bytes": (
        f"  a: {{cmd: x, inputs: {{d: {{path: in.txt, digest: {'ab' * 32}}}}}}}",
        "3:",
        "has other bytes than its `digest` says",
        "",
    ),
}


def fill(project, stages):
    project.write("code.py", CODE)
    project.write("in.txt", "in")
    (project.root / "pipeline.yaml").write_text(f"stages:\n{GOOD}{stages}\n")


def nothing_was_run(project):
    return not any((project.root / path).exists() for path in ("build", "pipeline.lock", ".pipe/runs"))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_its_place_and_nothing_is_run(project, mistake):
    stages, place, text, help_text = MISTAKES[mistake]
    fill(project, stages)
    ran = project.run(code=2)
    assert ran.err == ""
    errors = ran.json["errors"]
    found = [(f"{e['line']}:{e['column']}", e["text"], e["help"]) for e in errors]
    assert all(error["file"] == "pipeline.yaml" for error in errors), errors
    assert any(p.startswith(place) and text in t and help_text in h and h for p, t, h in found), found
    assert nothing_was_run(project)


def test_all_mistakes_of_all_kinds_are_told_at_once(project):
    fill(
        project,
        """
  a: {cmd: x, imputs: []}
  b: {run: 'code:fots', outputs: {out: b.txt}}
  c: {cmd: x, inputs: [nowhere.csv], timeout: 5}
  d: {cmd: x, outputs: [build/good.txt]}
  e: {cmd: x, secrets: [NOT_SET]}
  f: {cmd: x, doc: '${nope}'}
""".strip("\n"),
    )
    errors = project.run(code=2).json["errors"]
    assert sorted({error["line"] for error in errors}) == [3, 4, 5, 6, 7, 8], errors
    assert len([error for error in errors if error["line"] == 5]) == 2
    assert nothing_was_run(project)


def test_a_mistake_is_shown_with_its_line_a_caret_and_one_help(project):
    fill(project, "  a: {cmd: x, inputs: {d: build/god.txt}}")
    ran = project.pipe("run")
    assert ran == (
        2,
        "",
        "error: stage `a`: input `build/god.txt` is not written by any stage and does not exist\n"
        " --> pipeline.yaml:3:27\n"
        "3 |   a: {cmd: x, inputs: {d: build/god.txt}}\n"
        "  |                           ^^^^^^^^^^^^^\n"
        "help: did you mean `build/good.txt`, written by stage `good`?\n",
    )


@pytest.mark.parametrize(
    "words", [["status"], ["run", "-n"], ["explain", "good"], ["graph"], ["logs", "good"]]
)
def test_every_command_tells_a_broken_file_and_ends(project, words):
    fill(project, "  a: {cmd: x, outputs: [}")
    ran = project.pipe(*words, "--json")
    if words[0] != "logs":  # a log can be read whatever became of the file
        assert ran.code == 2, ran
        (error,) = ran.json["errors"]
        assert (error["file"], error["line"]) == ("pipeline.yaml", 3)
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("params", "line", "text"),
    [
        ("a: [1,\nb: 2\n", 3, ""),
        ("a: 1\na: 2\n", 2, "twice"),
        ("- 1\n", 1, "list"),
        ("a: .nan\n", 1, "finite"),
        (None, None, "params.yaml"),
    ],
    ids=["broken", "duplicate", "list", "nan", "missing"],
)
def test_a_broken_or_missing_params_file_is_told_with_its_place(project, params, line, text):
    project.write("code.py", CODE)
    project.write("pipeline.yaml", f"params: params.yaml\nstages:\n{GOOD}")
    if params is not None:
        project.write("params.yaml", params)
    (error,) = project.run(code=2).json["errors"]
    place = ("params.yaml", line) if params is not None else ("pipeline.yaml", 1)
    assert (error["file"], error["line"]) == place
    assert text in error["text"]
    assert error["help"]
    assert nothing_was_run(project)


@pytest.mark.parametrize(
    "data",
    [b"\xff\xfe\x00binary\x00", b"", b"a: &a [x]\n" + b"".join(b"b%d: &b%d [*a,*a]\n" % (i, i) for i in range(9)),
     b"x: " + b"[" * 100_000, b"x: 1\n" * 1_100_000, b"%PDF-1.4\n"],
    ids=["binary", "empty", "aliases", "deep", "huge", "pdf"],
)  # fmt: skip
def test_no_file_can_make_pipe_crash_or_hang(project, data):
    (project.root / "pipeline.yaml").write_bytes(data)
    ran = project.pipe("status", "--json")
    assert ran.code == 2, ran
    assert ran.json["errors"][0]["text"]
    assert ran.err == ""


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["run", "god"], "no stage and no output is called `god`"),
        (["run", "--wat"], "--wat"),
        (["rum"], "rum"),
        (["run", "-S", "nope=1"], "nope"),
        (["run", "-S", "nope"], "nope"),
        (["run", "-j", "none"], "`--jobs` takes a whole number"),
        (["run", "-C", "nowhere"], "nowhere"),
        (["explain", "god"], "god"),
        (["graph", "--format", "png"], "`--format` is one of text, dot, mermaid, json"),
        (["show", "20000101T000000"], "no recorded run"),
        (["logs", "god"], "god"),
        (["run", "--debug"], "--debug"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_in_the_command_line_is_exit_2_in_text_and_json(project, words, text):
    fill(project, "  b: {run: 'code:only_out', outputs: {out: build/b.txt}}")
    ran = project.pipe(*words)
    assert (ran.code, ran.out) == (2, ""), ran
    assert ran.err.startswith("error: ")
    assert text in ran.err
    told = project.pipe(*words, "--json")
    assert told.code == 2, told
    assert text in json.dumps(told.json["errors"])
    assert told.err == ""


def test_outside_a_project_pipe_says_what_to_do(project):
    for words in (["run"], ["status"], ["graph"], ["runs"], ["clean"]):
        ran = project.pipe(*words)
        assert ran.code == 2, ran
        assert "pipe init" in ran.err


def test_a_mistake_that_is_corrected_leaves_no_trace(project):
    fill(project, "  a: {cmd: x, imputs: []}")
    project.run(code=2)
    (project.root / "pipeline.yaml").write_text(
        "stages:\n  good: {cmd: 'echo x > ${outputs.out}', outputs: {out: build/good.txt}}\n"
    )
    assert project.run().outcomes == {"good": "executed"}
