"""Errors look as CONVENTIONS shows them, to the byte, whatever they hold."""

from pipeline.errors import Mark, Problem
from pipeline.events import Failure
from pipeline.render.problems import failure_text, text_of
from pipeline.render.style import PLAIN, Style

SOURCE = "    inputs: {table: data/prepared.parquet}"
MISSING = Problem(
    "stage `train`: input `data/prepared.parquet` is not written by any stage and does not exist",
    Mark("pipeline.yaml", 14, 21, 21, SOURCE),
    help="did you mean `data/prepare.parquet`, written by stage `prepare`?",
)


def test_a_problem_with_a_place_shows_the_line_and_a_caret_under_what_is_meant():
    assert text_of([MISSING], PLAIN) == (
        "error: stage `train`: input `data/prepared.parquet` is not written by any stage and does not exist\n"
        " --> pipeline.yaml:14:21\n"
        "14 |     inputs: {table: data/prepared.parquet}\n"
        "   |                     ^^^^^^^^^^^^^^^^^^^^^\n"
        "help: did you mean `data/prepare.parquet`, written by stage `prepare`?"
    )


def test_a_failure_shows_place_cause_and_log_aligned():
    failure = Failure(
        "stage `train` failed after 3.2 s",
        at="stages/train.py:41 in fit",
        cause="ValueError: could not convert string to float: 'n/a'",
        log=".pipe/runs/20261123T023000/train.log",
        help="nothing of `train` was recorded; correct it and run `pipe run train`",
    )
    assert failure_text(failure, PLAIN) == (
        "error: stage `train` failed after 3.2 s\n"
        "  at:    stages/train.py:41 in fit\n"
        "  cause: ValueError: could not convert string to float: 'n/a'\n"
        "  log:   .pipe/runs/20261123T023000/train.log\n"
        "help: nothing of `train` was recorded; correct it and run `pipe run train`"
    )


def test_facts_of_a_problem_are_aligned_to_the_longest_label():
    problem = Problem(
        "stage `train` read `data/holidays.csv`, which it does not declare",
        facts=(("at", "stages/train.py:17 in load"),),
        help="add `holidays: data/holidays.csv` to its inputs in pipeline.yaml",
    )
    assert text_of([problem], PLAIN) == (
        "error: stage `train` read `data/holidays.csv`, which it does not declare\n"
        "  at: stages/train.py:17 in load\n"
        "help: add `holidays: data/holidays.csv` to its inputs in pipeline.yaml"
    )


def test_the_last_lines_of_a_log_stand_before_its_path():
    failure = Failure(
        "stage `a` failed after 1.0 s", cause="exit 3", log="a.log", tail=("one", "two"), folder="f"
    )
    assert failure_text(failure, PLAIN).splitlines() == [
        "error: stage `a` failed after 1.0 s",
        "  cause:  exit 3",
        "  | one",
        "  | two",
        "  log:    a.log",
        "  folder: f",
    ]


def test_what_a_log_holds_cannot_command_the_terminal():
    failure = Failure("stage `a` failed", tail=("\x1b]0;owned\x07\x1b[2J", "a\rb", "\udcff"))
    text = failure_text(failure, Style(True))
    assert "\x1b]" not in text and "\x1b[2J" not in text and "\r" not in text and "\x07" not in text
    text.encode("utf-8")


def test_several_problems_are_separated_by_a_blank_line():
    assert text_of([Problem("one"), Problem("two")], PLAIN) == "error: one\n\nerror: two"


def test_the_caret_stands_right_below_wide_and_tabbed_text():
    mark = Mark("pipeline.yaml", 3, 6, 3, "\t名前: 'x'")
    row, below = text_of([Problem("x", mark)], PLAIN).splitlines()[2:4]
    assert row == "3 |  名前: 'x'"
    assert below == "  | " + " " * 7 + "^^^"  # a tab is one column, each of the two signs is two


def test_a_line_of_a_megabyte_is_shown_around_the_place_alone():
    mark = Mark("pipeline.yaml", 1, 500_001, 3, "x" * 500_000 + "BAD" + "y" * 500_000)
    lines = text_of([Problem("x", mark)], PLAIN).splitlines()
    assert all(len(line) < 140 for line in lines)
    assert lines[2][lines[3].index("^") :].startswith("BAD") and lines[3].count("^") == 3


def test_a_place_beyond_the_end_of_its_line_still_has_a_caret():
    assert text_of([Problem("x", Mark("a.yaml", 2, 9, 1, "ab: [1"))], PLAIN).splitlines()[-1].endswith("^")


def test_a_place_without_a_line_is_named_alone():
    assert text_of([Problem("x", Mark("a.yaml", 2, 9))], PLAIN) == "error: x\n --> a.yaml:2:9"
