"""What stands in a command, through a real bash: every text arrives as it was."""

import json
import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import command
from tests.properties.plain import PLAIN

TEXT = st.text(
    st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])
    | st.sampled_from("'\"$`\\ \n\t*?[]{}!#~-&|;<>()"),
    max_size=8,
)
BATCH = st.lists(TEXT, min_size=1, max_size=60)
"""Many texts at once: each bash costs milliseconds."""


def words(script):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, check=True)
    return [word.decode("utf-8") for word in done.stdout.split(b"\0")[:-1]]


@settings(max_examples=40)
@given(BATCH)
def test_every_text_reaches_the_program_as_it_was(texts):
    values = {"params": {f"p{n}": text for n, text in enumerate(texts)}}
    template = "printf '%s\\0' " + " ".join(f"${{params.p{n}}}" for n in range(len(texts)))
    assert words(command.for_bash(template, values)) == texts


@settings(max_examples=20)
@given(st.lists(TEXT.filter(bool), min_size=1, max_size=20))
def test_several_paths_are_several_words(paths):
    assert words(command.for_bash("printf '%s\\0' ${inputs.all}", {"inputs": {"all": tuple(paths)}})) == paths


@settings(max_examples=20)
@given(
    st.lists(
        PLAIN.filter(
            lambda v: (
                not isinstance(v, str | dict)
                and "\ud800" not in str(v)
                and "\\ud800" not in json.dumps(v, default=str, skipkeys=True)
            )
        ),
        min_size=1,
        max_size=8,
    )
)
def test_a_plain_value_arrives_as_json(values):
    values = [v for v in values if is_text_safe(v)]
    template = "printf '%s\\0' x " + " ".join(f"${{params.p{n}}}" for n in range(len(values)))
    script = command.for_bash(template, {"params": {f"p{n}": v for n, v in enumerate(values)}})
    assert [json.loads(word) for word in words(script)[1:]] == values


def is_text_safe(value):
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (UnicodeEncodeError, TypeError):
        return False
    return json.loads(json.dumps(value)) == value


@given(st.text(max_size=20), TEXT)
def test_what_is_put_in_is_not_expanded_again(before, text):
    values = {"params": {"p": "${params.q}$${" + text, "q": "never"}}
    before = before.replace("$", "")
    assert command.for_text(before + "${params.p}", values) == before + values["params"]["p"]


@given(st.text(st.sampled_from("${}a.")))
def test_a_doubled_dollar_is_a_literal_one(text):
    if "${" not in text:
        assert command.for_text(text, {}) == text
        assert command.for_program(["$${" + text], {}) == ["${" + text]
