"""The mutation oracle: random projects of code, random edits, both really executed. No change of a result goes unseen.

2,000 edits, the same each time; `pytest tests/soundness/test_mutations.py --mutations 20000` tries so many others.
"""

import random

import pytest

from tests.soundness import mutants
from tests.soundness.figures import record
from tests.soundness.oracle import Oracle, Tally, as_text, shrunk, tally
from tests.soundness.truth import Interpreter

PARTS = 4
"""In so many tests the edits are tried, so that a report says soon that something is wrong."""
IN_CI = 2000


@pytest.fixture(scope="module")
def interpreter():
    with Interpreter() as made:
        yield made


@pytest.fixture(scope="module")
def parts():
    """What the parts found, for the test that asks about all of them."""
    return []


@pytest.fixture
def oracle(interpreter, tmp_path):
    return Oracle(tmp_path / "project", interpreter)


def told(oracle: Oracle, found: Tally) -> str:
    """Return the first fault, small enough to be read."""
    return as_text(shrunk(oracle, found.faults[0])) if found.faults else ""


def first_seed(part: int, chosen: int) -> int:
    """Return where a part begins: anywhere if the user says how many he wants."""
    return random.SystemRandom().randrange(10**9) if chosen else part * 1000


@pytest.mark.parametrize("part", range(PARTS))
def test_no_edit_of_code_that_changes_a_result_goes_unseen(part, oracle, parts, request, record_property):
    chosen = request.config.getoption("--mutations")
    found = tally(oracle, (chosen or IN_CI) // PARTS, first=first_seed(part, chosen))
    parts.append(found)
    for kind, counts in found.counts.items():
        columns = {
            "tried": counts["edits"],
            "changed": counts["changed"],
            "stale": counts["stale"],
            "needless": counts["needless"],
            "needless by whole modules": counts["needless_by_module"],
            "refused": counts["refused"],
        }
        record(record_property, "random edits of code", kind, columns)
    assert not found.faults, told(oracle, found)
    assert found.total("edits") >= (chosen or IN_CI) // PARTS
    assert found.total("changed") > found.total("edits") / 20
    assert found.total("needless", list(mutants.LAYOUT)) == 0


def test_few_edits_run_something_needlessly(parts):
    """By whole modules is what it would be if all bytes of all modules that a stage imports counted."""
    if len(parts) < PARTS:
        pytest.skip("it asks about the tests before it, and not all of them ran")

    def total(column: str, kinds: list[str] | None = None) -> int:
        return sum(found.total(column, kinds) for found in parts)

    assert total("needless") < 0.4 * total("needless_by_module")
    assert total("needless", mutants.ORDINARY) < 0.4 * total("needless_by_module", mutants.ORDINARY)
