"""What the oracle is worth: analyses with a known fault are caught, and the fault is shown in a few lines."""

import pytest

from tests.soundness.oracle import Oracle, as_text, shrunk, tally
from tests.soundness.shrink import lines_of, shrink
from tests.soundness.truth import Interpreter
from tests.soundness.wrong import WRONG

MOST = 1500
SHARP = ["number in a function", "result", "operator", "method or function replaced", "constant of a module"]
"""Kinds of edits that often change a result."""
SHOWN_FROM = {"decorators are ignored": 40, "base classes are ignored": 20}
"""Seeds before these do not show the fault. That is known, and not tried each time."""


@pytest.fixture(scope="module")
def interpreter():
    with Interpreter() as made:
        yield made


@pytest.mark.parametrize("name", WRONG)
def test_an_analysis_with_a_known_fault_is_caught(name, interpreter, tmp_path, monkeypatch):
    WRONG[name](monkeypatch)
    oracle, first = Oracle(tmp_path / "project", interpreter), SHOWN_FROM.get(name, 0)
    found = tally(oracle, MOST, first=first, every=SHARP, stops_at="stale")
    assert any(fault.fault == "stale" for fault in found.faults)


def test_a_fault_is_shown_in_the_smallest_project_that_has_it(interpreter, tmp_path, monkeypatch):
    WRONG["defaults are ignored"](monkeypatch)
    oracle = Oracle(tmp_path / "project", interpreter)
    found = tally(oracle, MOST, first=0, every=SHARP, stops_at="stale")
    fault = shrunk(oracle, next(fault for fault in found.faults if fault.fault == "stale"))
    assert oracle.judge(fault.before, fault.after).fault == "stale"
    assert fault.before != fault.after
    assert lines_of((fault.before, fault.after)) <= 20, as_text(fault)
    assert "=" in "".join(fault.before.values())


def test_shrinking_keeps_what_must_hold_and_takes_away_the_rest():
    before = {"a.py": "x = 1\ny = [1, 2, 3]\n\n\ndef f(z):\n    print(z)\n    return y\n", "b.py": "pass\n"}
    after = {**before, "a.py": before["a.py"].replace("x = 1", "x = 2")}

    def holds(one, other):
        return (
            all(text in one.get("a.py", "") for text in ("return y", "x =")) and one["a.py"] != other["a.py"]
        )

    assert shrink(before, after, holds) == (
        {"a.py": "x = 1\n\ndef f():\n    return y\n"},
        {"a.py": "x = 2\n\ndef f():\n    return y\n"},
    )
