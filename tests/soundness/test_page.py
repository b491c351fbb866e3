"""docs/soundness.md has the tables that the tests make: their kinds and how many rows of each were tried."""

import re
from collections import Counter

import pytest

from tests.soundness.accesses import ACCESSES
from tests.soundness.edits import COULD_RUN, EDITS, MUST_NOT_RUN, MUST_RUN
from tests.soundness.mutants import kinds
from tests.soundness.surroundings import KINDS
from tests.soundness.test_mutations import IN_CI
from tests.soundness.test_surroundings import ROUNDS


@pytest.fixture(scope="module")
def page(request):
    return (request.config.rootpath / "docs" / "soundness.md").read_text(encoding="utf-8")


def table(page, title):
    """Return the rows of the first table below a heading: first column -> the numbers behind it by column."""
    text = page.partition(f"## {title}\n")[2]
    lines = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE).group().splitlines()
    head, _, *rows = ([cell.strip(" *") for cell in line.strip("|").split("|")] for line in lines)
    return {row[0]: dict(zip(head[1:], map(int, row[1:]), strict=True)) for row in rows}


@pytest.mark.parametrize(
    ("title", "rows"),
    [
        ("Edits that must run something", MUST_RUN),
        ("Edits that must run nothing", MUST_NOT_RUN),
        ("Edits that could change a result", COULD_RUN),
    ],
)
def test_the_page_has_the_tables_of_edits(page, title, rows):
    shown = table(page, title)
    assert shown.pop("all")["tried"] == len(rows)
    assert {kind: row["tried"] for kind, row in shown.items()} == Counter(edit.kind for edit in rows)
    assert {row["stale"] for row in shown.values()} == {0}
    needless = {kind: sum(len(e.also) for e in rows if e.kind == kind) for kind in shown}
    assert {kind: row.get("needless", 0) for kind, row in shown.items()} == needless


def test_the_page_has_the_kinds_of_random_edits(page):
    code, around = table(page, "Random edits of code"), table(page, "Random edits around the code")
    assert code.pop("all")["tried"] >= IN_CI
    assert set(code) == set(kinds())
    assert around.pop("all")["tried"] == ROUNDS * len(KINDS)
    assert set(around) == set(KINDS)
    assert {row["stale"] for row in (*code.values(), *around.values())} == {0}


def test_the_page_has_the_table_of_accesses(page):
    shown = table(page, "Accesses that are not declared")
    assert shown.pop("all")["tried"] == len(ACCESSES)
    assert {kind: row["tried"] for kind, row in shown.items()} == Counter(row.outcome for row in ACCESSES)
    assert shown["refused"]["refused"] == shown["refused"]["tried"]


def test_the_page_says_how_many_edits_there_are(page):
    assert f"{len(EDITS)} edits" in page
    assert f"{len(ACCESSES)} accesses" in page
