"""What is written of a verification: for people, for JUnit's readers, for GitHub."""

import xml.etree.ElementTree as ElementTree

from pipeline.errors import Mark
from pipeline.render import github, junit, verify_text
from pipeline.render.style import PLAIN
from pipeline.verify import OutputFound, StageFound, VerifyResult


def result(*stages: StageFound, executed: int = 1) -> VerifyResult:
    return VerifyResult(False, {stage.name: stage for stage in stages}, executed, 2.0, twice=False)


def different(name: str, text: str, **more) -> StageFound:
    output = OutputFound(f"{name}.json", "different", "a" * 64, "b" * 64, text)
    return StageFound(name, "different", {"o": output}, **more)


def test_the_counts_come_first_and_each_stage_has_its_line():
    found = result(
        StageFound("a", "identical"), different("b", "x: 1 -> 2"), different("c", "y", follows=("b",))
    )
    assert verify_text.text_of(found, PLAIN, verbose=False).splitlines() == [
        "3 stages in 2.0 s, compared with pipeline.lock: 2 different, 1 identical",
        "identical   a",
        "different   b          b.json: x: 1 -> 2",
        "different   c          follows from b",
        "                       c.json: y",
    ]


def test_of_many_stages_those_that_are_identical_are_only_counted():
    found = result(*(StageFound(f"s{n}", "identical") for n in range(500)), different("bad", "y"))
    short = verify_text.text_of(found, PLAIN, verbose=False).splitlines()
    assert short[0].endswith("1 different, 500 identical")
    assert len(short) == 2
    assert len(verify_text.text_of(found, PLAIN, verbose=True).splitlines()) == 502


def test_the_one_to_blame_is_annotated_and_what_it_says_cannot_be_a_command():
    mark = Mark("pipeline.yaml", 7, 3)
    blamed = different("b", "100%\n::error::x", mark=mark)
    lines = github.annotations(result(blamed, different("c", "y", follows=("b",), mark=mark)))
    assert len(lines) == 1
    assert lines[0].startswith("::error file=pipeline.yaml,line=7::stage b is different%0A")
    assert "\n" not in lines[0]
    assert "100%25" in lines[0]


def test_the_summary_names_what_is_wrong_first_and_keeps_its_table_whole():
    text = github.summary(result(StageFound("a", "identical"), different("b", "x | <b>`y`\n")))
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert rows[0] == "| stage | result | |"
    assert rows[1].startswith("| b | different | b.json: x \\| &lt;b&gt;\\`y\\`")
    assert rows[2] == "| a | identical |  |"


def test_junit_is_xml_whatever_a_stage_prints():
    bad = StageFound("b", "failed", error="exited with \x1b[31m <&> \ud800 status 1", wall_seconds=1.5)
    root = ElementTree.fromstring(junit.xml_of(result(bad, StageFound("a", "recorded"))))
    assert root[0].get("failures") == "1"
    assert root[0].get("skipped") == "1"
    failure = root[0][0][0]
    assert failure.get("message") == "failed: exited with \\x1b[31m <&> ? status 1"
    assert root[0][0].get("time") == "1.500"
