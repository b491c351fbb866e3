"""A table of edits of a realistic package: what must run runs, what must not does not, all is as built from nothing."""

from pathlib import Path

import pytest

from tests.project import SETTINGS
from tests.properties.engine import outcomes
from tests.soundness.edits import COULD_RUN, EDITS, MUST_NOT_RUN, MUST_RUN
from tests.soundness.figures import record
from tests.soundness.shop import Shop

TABLES = {
    "edits that must run something": MUST_RUN,
    "edits that must run nothing": MUST_NOT_RUN,
    "edits that could change a result": COULD_RUN,
}
VARIABLES = (*SETTINGS, "SHOP_REGION", "SHOP_COLOUR")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    made = Shop(tmp_path_factory.mktemp("shop") / "project")
    with pytest.MonkeyPatch.context() as patch:
        for name in VARIABLES:
            patch.delenv(name, raising=False)
        first = made.run()
        assert outcomes(first, "executed") == set(first.stages), first
        yield made


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_an_edit_executes_what_it_must_and_gives_what_a_clean_build_gives(
    edit, shop, tmp_path, monkeypatch, record_property
):
    before = shop.look()
    assert set(before.verdicts.values()) <= {"fresh", "cached"}
    for name, value in edit.env.items():
        monkeypatch.setenv(name, value)
    for change in edit.changes:
        change(shop.root)
    try:
        after, result = shop.look(), shop.run()
        executed = outcomes(result, "executed")
        is_stale = shop.built() != shop.built_from_nothing(tmp_path / "elsewhere" / "project")
        count(record_property, edit, before, after, executed, is_stale=is_stale)
        assert result.ok
        assert not is_stale
        assert executed == {*edit.runs, *edit.also}
        stale = {name for name, verdict in after.verdicts.items() if verdict == "stale"}
        waiting = {name for name, verdict in after.verdicts.items() if verdict == "waiting"}
        assert stale <= executed <= stale | waiting
    finally:
        for name in edit.env:
            monkeypatch.delenv(name)
        shop.put_back()


def count(record_property, edit, before, after, executed, *, is_stale):
    table = next(title for title, edits in TABLES.items() if edit in edits)
    by_module = {name for name, files in after.modules.items() if files != before.modules.get(name)}
    counts = {
        "tried": 1,
        "changed": int(bool(edit.runs)),
        "stale": int(is_stale),
        "needless": len(executed - set(edit.runs)),
        "needless by whole modules": len(by_module - set(edit.runs)),
    }
    record(record_property, table, edit.kind, counts)


def test_the_table_is_large_and_half_of_it_must_run_nothing():
    assert len(EDITS) >= 80
    assert len(MUST_RUN) >= 40
    assert len(MUST_NOT_RUN) >= 40
    assert len({edit.name for edit in EDITS}) == len(EDITS)
    assert all(edit.runs for edit in MUST_RUN)
    assert not any(edit.runs or edit.also for edit in MUST_NOT_RUN)
    assert all(edit.also and not edit.runs for edit in COULD_RUN)


def test_the_package_gives_what_it_says(shop):
    assert not outcomes(shop.run(), "executed")
    assert shop.built()["build/report.txt"] == (
        b"Sales (S)\nnorth.json: 129.6\nsouth.json: 19.8\nthe end\n",
        False,
    )
    assert (
        Path(shop.root / "build/orders.csv").read_text() == "creme-brulee;13\ntea;5\nbig-cake;41\neclair;8\n"
    )
