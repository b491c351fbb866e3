"""The quick parser and typer's agree on all that the quick one accepts, and mistakes have one form."""

import itertools
import random

import pytest

from pipeline.cli import quick, typer_app
from pipeline.cli.declare import COMMANDS, COMMON, Parsed
from pipeline.errors import UsageError


def lines():
    """Command lines of all commands: each option alone, common ones on either side, and random mixtures."""
    for command in COMMANDS.values():
        argument = command.argument
        words = ["a"] if argument is not None and argument.required else []
        yield [command.name, *words]
        for option, flag in ((o, f) for o in (*COMMON, *command.options) for f in o.flags):
            yield [command.name, *given(option, flag), *words]
            yield [command.name, *words, *given(option, flag)]
            if option.kind == "number":
                yield [command.name, "".join(given(option, flag)), *words]
            if option in COMMON:
                yield [*given(option, flag), command.name, *words]
    dice = random.Random(0)
    for command in itertools.islice(itertools.cycle(COMMANDS.values()), 200):
        options = dice.sample([*COMMON, *command.options], k=dice.randint(0, len(command.options) + 2))
        words = [given(option, dice.choice(option.flags)) for option in options]
        words += [[word] for word in dice.sample(["a", "b@c", "build/x.csv"], k=dice.randint(0, 2))]
        dice.shuffle(words)
        yield [*given(COMMON[1], "-C"), command.name, *itertools.chain(*words)]


def given(option, flag):
    value = {"flag": [], "text": ["dir"], "number": ["3"], "texts": ["k=v"]}[option.kind]
    return [flag, *(option.choices[1:2] or value)]


def test_what_the_quick_parser_accepts_typer_reads_the_same():
    accepted = 0
    for words in lines():
        found = quick.parse(words)
        if found is not None:
            accepted += 1
            assert typer_app.parse(words) == found, words
    assert accepted > 150


def test_a_number_may_follow_its_letter_without_loading_typer():
    assert quick.parse(["run", "-j4"]) == quick.parse(["run", "-j", "4"]) is not None


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--help"],
        ["run", "--jobs=4"],
        ["run", "--jobs4"],
        ["run", "-j=4"],
        ["run", "-j0"],
        ["run", "-kn"],
        ["run", "-j", "0"],
        ["run", "-j"],
        ["run", "--", "-x"],
        ["run", "--forc"],
        ["explain"],
        ["explain", "a", "b"],
        ["runs", "a"],
        ["graph", "--format", "svg"],
        ["-x", "run"],
        ["frobnicate"],
        [],
    ],
)
def test_what_is_not_plain_is_left_to_typer(words):
    assert quick.parse(words) is None


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["run", "-j4"], "jobs", 4),
        (["run", "--jobs=4"], "jobs", 4),
        (["run", "-kn"], "keep_going", True),
        (["run", "--", "-x"], "targets", ("-x",)),
        (["run", "-S", "a=1", "--set=b=2"], "set", ("a=1", "b=2")),
        (["-C", "x", "run", "-C", "y"], "folder", "y"),
    ],
)
def test_typer_reads_the_forms_that_users_of_other_tools_write(words, name, value):
    found = typer_app.parse(words)
    assert isinstance(found, Parsed) and found.values[name] == value


@pytest.mark.parametrize(
    ("words", "text", "help_text"),
    [
        (["stat"], "there is no command `stat`", "did you mean `pipe status`?"),
        (["frobnicate"], "there is no command `frobnicate`", "`pipe --help` lists the commands"),
        (["run", "--forse"], "`pipe run` has no option `--forse`", "did you mean `--force`?"),
        (["run", "-j", "0"], "`--jobs` takes a whole number, 1 or more", "`pipe run --help` has its options"),
        (
            ["graph", "--format", "svg"],
            "`--format` is one of text, dot, mermaid, json",
            "`pipe graph --help` has its options",
        ),
    ],
)
def test_a_mistake_says_what_is_wrong_and_what_to_write(words, text, help_text):
    with pytest.raises(UsageError) as caught:
        typer_app.parse(words)
    assert caught.value.problems[0][::3] == (text, help_text)
