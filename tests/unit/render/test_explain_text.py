"""What changed reads from the root cause to the lines of code."""

from typing import NamedTuple

from pipeline.model import Reason
from pipeline.render.explain_text import text_of
from pipeline.render.style import PLAIN


class Change(NamedTuple):
    cause: str
    subject: str
    old: str | None
    new: str | None
    text: str
    diff: str | None = None
    through: tuple = ()


class Explanation(NamedTuple):
    stage: str
    verdict: str
    reasons: tuple = ()
    changed: tuple = ()
    same: dict = {}  # noqa: RUF012 - never changed
    baseline: str | None = None
    widened: tuple = ()
    chain: tuple = ()
    sandbox: str = "strict"
    observed: dict = {}  # noqa: RUF012 - never changed


DIFF = "--- a\n+++ b\n@@ -1,2 +1,2 @@\n def f(x):\n-    return x\n+    return 2 * x\n"


def test_code_is_shown_as_a_diff_below_what_changed():
    code = "code changed: clean.f (stages/clean.py:3)"
    param = "param lr: 0.1 -> 0.01"
    explanation = Explanation(
        "clean",
        "stale",
        (Reason("code", "clean.f", code), Reason("param", "lr", param)),
        (Change("code", "clean.f", "a", "b", code, DIFF), Change("param", "lr", "0.1", "0.01", param)),
        {"code": 3, "environment": 2, "input": 1},
    )
    assert text_of(explanation, PLAIN, verbose=False) == (
        "clean: stale\n"
        "  code changed: clean.f (stages/clean.py:3)\n"
        "  param lr: 0.1 -> 0.01\n"
        "\n"
        "code changed: clean.f (stages/clean.py:3)\n"
        "  @@ -1,2 +1,2 @@\n"
        "   def f(x):\n"
        "  -    return x\n"
        "  +    return 2 * x\n"
        "\n"
        "unchanged: 3 definitions, 2 packages and variables, 1 input"
    )


def test_the_way_to_the_code_that_changed_is_shown():
    code = "code changed: base.apply (stages/base.py:3)"
    change = Change(
        "code", "stages.base:apply", "a", "b", code, DIFF, ("stages.clean:clean", "stages.base:apply")
    )
    explanation = Explanation("clean", "stale", (Reason("code", "stages.base:apply", code),), (change,))
    text = text_of(explanation, PLAIN, verbose=False)
    assert "\n  reached by stages.clean:clean -> stages.base:apply\n" in text


def test_a_single_reason_stands_in_the_first_line():
    never = Explanation("clean", "stale", (Reason("never-run", "", "never run"),))
    assert text_of(never, PLAIN, verbose=False) == "clean: stale: never run"


def test_the_way_from_the_root_cause_is_shown():
    reasons = (Reason("waiting", "features", "waiting for features"),)
    changed = (Change("waiting", "features", None, None, "waiting for features"),)
    explanation = Explanation("train", "waiting", reasons, changed, chain=("clean", "features", "train"))
    text = text_of(explanation, PLAIN, verbose=False)
    assert text == "train: waiting: if features' output changes\nbecause of clean -> features -> train"


def test_what_could_not_be_followed_is_counted_and_named_when_asked():
    explanation = Explanation("a", "fresh", widened=("getattr in stages/a.py:3",))
    assert text_of(explanation, PLAIN, verbose=False).endswith("1 name could not be followed (-v shows them)")
    assert text_of(explanation, PLAIN, verbose=True).endswith("\n  getattr in stages/a.py:3")


def test_what_was_read_under_a_loose_sandbox_is_named_when_asked():
    explanation = Explanation("a", "fresh", sandbox="warn", observed={"data/x.csv": "1" * 64, "y": None})
    assert text_of(explanation, PLAIN, verbose=False) == "a: fresh"
    assert text_of(explanation, PLAIN, verbose=True).endswith("  data/x.csv  111111111111\n  y  not there")
