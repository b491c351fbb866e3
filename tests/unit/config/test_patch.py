"""Adding to pipeline.yaml and taking from it, however it is written: nothing else changes."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from pipeline import config
from pipeline.config import yaml
from pipeline.config.patch import Change, called, difference, patched
from pipeline.errors import UsageError

CHANGE = Change(
    inputs=("data/new one.csv", "data/days/*.txt", "data/${x}.csv".replace("${", "$${")),
    outputs=("build/new.csv",),
    scratch=("work/tmp",),
    env=("LANGUAGE_OF", "REGION"),
    secrets=("API_TOKEN",),
    network=True,
)
"""Some of everything; a pattern, a blank and a literal `${` among the paths."""

STAGES = {
    "a block": "stages:\n  # above\n  s:  # beside\n    cmd: go  # c\n%s\n    # below\n  t: {cmd: other}  # t\n",
    "a deep block": "stages:\n    s:\n        cmd: |\n            go\n            # no comment\n\n%s\n\n"
    "    # below\n    t: {cmd: other}\n",
    "brackets": "stages:\n  s: {cmd: go%s}  # beside\n  # below\n  t: {cmd: other}\n",
    "wide brackets": "stages:\n  s: {\n    cmd: go%s\n  }\n  t: {cmd: other}\n",
    "no line end": "stages:\n  t: {cmd: other}\n  s:\n    cmd: go\n%s",
}
BLOCKS = {
    "absent": "",
    "empty": "inputs:  # none yet",
    "a mapping": "inputs:\n  # first\n  a: a.csv  # A\n  b: {path: b.csv, store: false}",
    "a list": "inputs:\n  - a.csv  # A\n  - b.csv",
    "a list without indentation": "inputs:\n- a.csv  # A\n- b.csv",
    "a flow mapping": "inputs: {a: a.csv, b: b.csv}  # AB",
    "a flow list": "inputs: [a.csv,  # A\n  b.csv]",
    "an empty mapping": "inputs: {}",
    "an empty list": "inputs: []",
    "with others": "inputs: {a: a.csv}\noutputs:\n  o: o.csv\nenv: {A: b}\nsecrets: [S]\n"
    "network: false  # why\nscratch: [s]",
    "other others": "env: [A]  # env\noutputs: [o.csv]\nscratch:\n  s: s\nresources: {cpus: 1}",
}
FLOWS = {
    "absent": "",
    "a mapping": ", inputs: {a: a.csv, b: b.csv}",
    "a list": ", inputs: [a.csv, b.csv,]",
    "empty": ", inputs: {}",
    "with others": ", env: [A], outputs: [o.csv], network: false, scratch: {s: s}",
}


def documents() -> Iterator[tuple[str, str]]:
    for (stage, text), line_end in product(STAGES.items(), ("\n", "\r\n")):
        indent = "        " if "deep" in stage else "    "
        for name, held in (FLOWS if "brackets" in stage else BLOCKS).items():
            lines = held if "brackets" in stage else "\n".join(indent + line for line in held.split("\n"))
            whole = text.replace("%s\n", "%s\n" if held else "%s") % (lines if held else "")
            yield f"{stage}, {name}, {line_end!r}", whole.replace("\n", line_end)


DOCUMENTS = dict(documents())


def comments(text: str) -> list[str]:
    return [line[line.index("#") :].strip() for line in text.splitlines() if "#" in line]


def entries(value: object) -> list[object]:
    return list(value.values()) if isinstance(value, dict) else list(value or [])


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_added_is_there_and_nothing_else_changes(document: str, tmp_path: Path) -> None:
    text = DOCUMENTS[document]
    old = yaml.parse(text).value
    new_text = patched(text, {"s": CHANGE})
    new = yaml.parse(new_text).value
    stage = new["stages"]["s"]
    for key in ("inputs", "outputs", "scratch", "secrets"):
        assert entries(stage[key]) == [*entries(old["stages"]["s"].get(key)), *getattr(CHANGE, key)]
    assert set(CHANGE.env) <= set(stage["env"])
    assert stage["network"] is True
    assert new["stages"]["t"] == old["stages"]["t"]
    assert stage["cmd"] == old["stages"]["s"]["cmd"]
    assert comments(new_text) == comments(text)
    assert ("\r\n" in new_text) == ("\r\n" in text)
    assert new_text.count("\n") == new_text.count("\r\n") or "\r\n" not in text
    (tmp_path / "pipeline.yaml").write_text(new_text, newline="")
    assert config.load(tmp_path).problems == ()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_lines_that_have_nothing_to_do_with_it_stay(document: str) -> None:
    text = DOCUMENTS[document]
    removed = [
        line
        for line in difference(text, patched(text, {"s": CHANGE})).splitlines()
        if line.startswith("-") and not line.startswith("---")
    ]
    kept = ("#" in line and line.strip("- ").startswith("#") for line in removed)
    assert not any(kept), removed
    assert not any("t: {cmd: other}" in line for line in removed)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_change_changes_nothing(document: str) -> None:
    assert patched(DOCUMENTS[document], {"s": Change()}) == DOCUMENTS[document]
    assert difference("a\n", "a\n") == ""


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if " list" in name or " mapping" in name])
def test_entries_are_taken_out_one_by_one_and_all(document: str) -> None:
    text = DOCUMENTS[document]
    held = yaml.parse(text).value["stages"]["s"]["inputs"]
    if not held:
        return
    for taken in ([("a", 0)], [("b", 1)], [("a", 0), ("b", 1)]):
        new = yaml.parse(patched(text, {"s": Change(unused=tuple(taken))})).value
        left = [path for place, path in enumerate(entries(held)) if place not in {p for _, p in taken}]
        assert entries(new["stages"]["s"].get("inputs")) == left
        assert ("inputs" in new["stages"]["s"]) == bool(left)
        assert new["stages"]["t"] == {"cmd": "other"}


def test_an_entry_is_taken_out_while_another_is_added() -> None:
    text = "stages:\n  s:\n    cmd: go\n    inputs:\n      a: a.csv  # A\n      b: b.csv  # B\n"
    change = Change(inputs=("c.csv",), unused=(("a", 0),))
    assert patched(text, {"s": change}) == (
        "stages:\n  s:\n    cmd: go\n    inputs:\n      b: b.csv  # B\n      c: c.csv\n"
    )
    every = Change(inputs=("c.csv",), unused=(("a", 0), ("b", 1)))
    assert patched(text, {"s": every}) == "stages:\n  s:\n    cmd: go\n    inputs:\n      c: c.csv\n"


def test_what_an_alias_or_a_merge_brings_is_kept_and_not_changed_for_others() -> None:
    text = (
        "x-shared: &shared\n  inputs: &files {z: z.csv}\n  env: [A]\n"
        "stages:\n"
        "  merged:\n    <<: *shared\n    cmd: go\n"
        "  alias: {cmd: go, inputs: *files}\n"
        "  whole: &whole {cmd: go}\n"
        "  same: *whole\n"
    )
    change = Change(inputs=("n.csv",), env=("B",))
    new = yaml.parse(patched(text, dict.fromkeys(("merged", "alias", "same"), change))).value
    assert new["x-shared"] == {"inputs": {"z": "z.csv"}, "env": ["A"]}
    assert new["stages"]["merged"]["inputs"] == {"z": "z.csv", "n": "n.csv"}
    assert new["stages"]["alias"]["inputs"] == {"z": "z.csv", "n": "n.csv"}
    assert new["stages"]["whole"] == {"cmd": "go"}
    assert new["stages"]["same"] == {"cmd": "go", "inputs": {"n": "n.csv"}, "env": ["B"]}


def test_a_list_of_the_defaults_is_not_lost_to_a_list_of_the_stage(tmp_path: Path) -> None:
    text = "defaults: {secrets: [OLD], env: {A: b}, scratch: [s]}\nstages:\n  s: {cmd: go}\n"
    new = patched(text, {"s": Change(secrets=("NEW",), env=("REGION",), scratch=("t",))})
    (tmp_path / "pipeline.yaml").write_text(new)
    stage = config.load(tmp_path).project.stages["s"]
    assert stage.secrets == ("OLD", "NEW")
    assert stage.env == (("A", "b"), ("REGION", None))
    assert [path for _, path in stage.scratch] == ["s", "t"]


def test_what_cannot_be_edited_is_refused_with_what_to_write() -> None:
    with pytest.raises(UsageError) as caught:
        patched("stages:\n  s:\n    ? cmd\n    : go\n", {"s": CHANGE})
    assert "stage `s`" in caught.value.problems[0].text
    assert "add by hand: inputs: [" in caught.value.problems[0].help


@pytest.mark.parametrize(
    ("path", "taken", "name"),
    [
        ("data/trees.csv", (), "trees"),
        ("data/trees.csv", ("trees",), "data_trees"),
        ("trees.csv", ("trees",), "trees_2"),
        ("data/2024-01.csv", (), "_2024_01"),
        ("data/days/*.txt", (), "days"),
        ("*.txt", (), "files"),
        ("out/model-${matrix.kind}.bin", (), "model"),
        ("out/${matrix.kind}.bin", (), "out"),
        ("a/class.csv", (), "a_class"),
        ("data/größe.csv", (), "größe"),
        (".env", (), "env"),
    ],
)
def test_names_come_from_the_stem_and_are_unlike_the_others(
    path: str, taken: tuple[str, ...], name: str
) -> None:
    assert called(path, taken) == name


def test_the_difference_is_one_that_tools_apply(tmp_path: Path) -> None:
    import subprocess

    for text in DOCUMENTS.values():
        new = patched(text, {"s": CHANGE})
        target = tmp_path / "pipeline.yaml"
        target.write_bytes(text.encode())
        subprocess.run(
            ["git", "apply", "-p1", "-"], cwd=tmp_path, input=difference(text, new).encode(), check=True
        )
        assert target.read_bytes().decode() == new
