"""Runs as a table: what is shown, what is asked for, in which order; and tags, which name a run beside its record."""

import csv
import io
import json
import os
import shutil

import pytest

from pipeline import history, tags
from pipeline.errors import UsageError
from pipeline.model import RunResult, StageResult
from pipeline.render import runs_text
from pipeline.render.style import PLAIN
from pipeline.runs import Selection, runs

BEGAN = 1_704_110_400.0  # 2024-01-01 12:00:00 UTC

RUNS = (
    # Learning rate, AUC, whether it ended well, stage.
    (0.1, 0.70, True, "train@logit"),
    (0.2, 0.75, True, "train@gbdt"),
    (0.3, None, False, "train@gbdt"),
    (0.4, 0.72, True, "train@gbdt"),
)


@pytest.fixture
def root(tmp_path):
    pipe = tmp_path / ".pipe"
    for minute, (rate, auc, ok, stage) in enumerate(RUNS):
        began = BEGAN + 60 * minute
        run = history.new_run_id(pipe, began)
        facts = history.Facts(
            (),
            {"train.lr": rate},
            (),
            params={stage: {"rate": rate, "own": "x"}},
            metrics={stage: {"summary": {"auc": auc, "test": {"loss": 1 - auc}}}} if auc else {},
            git_commit=None,
            better={stage: {"summary.test.loss": "lower"}},
            parameters={"train.lr": rate, "seed": 7, "when": "2013-01-01"},
            sweep="20240101T120200" if minute >= 2 else None,
        )
        result = RunResult(run, ok, 2.0 + minute, {stage: StageResult(stage, "executed" if ok else "failed")})
        history.write(pipe, history.record_of(result, facts, started=began))
    return tmp_path


def rates(root, **asked):
    """Return the learning rates of the runs that were asked for, in order."""
    return [row.params["train.lr"] for row in runs(root, Selection(**asked)).rows]


def test_the_newest_run_stands_first(root):
    assert rates(root) == [0.4, 0.3, 0.2, 0.1]
    assert rates(root, limit=2) == [0.4, 0.3]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (("lr=0.2",), [0.2]),
        (("train.lr != 0.2", "ok"), [0.4, 0.1]),
        (("lr>=0.3",), [0.4, 0.3]),
        (("!ok",), [0.3]),
        (("ok=false",), [0.3]),
        (("sweep",), [0.4, 0.3]),
        (("sweep=last",), [0.4, 0.3]),
        (("!sweep",), [0.2, 0.1]),
        (("stage=train@l*",), [0.1]),
        (("stage=train",), [0.4, 0.3, 0.2, 0.1]),
        (("since=2024-01-01T12:02",), [0.4, 0.3]),
        (("before=2024-01-01 12:02",), [0.2, 0.1]),
        (("since=1d",), []),
        (("wall>3",), [0.4, 0.3]),
        (("run=20240101T1201",), [0.2]),
        (("seed=7", "when=2013-01-01"), [0.4, 0.3, 0.2, 0.1]),
        (("train@gbdt.summary.auc>0.72",), [0.2]),
        (("train@gbdt.summary.auc",), [0.4, 0.2]),
    ],
)
def test_only_runs_for_which_every_condition_holds_are_shown(root, where, expected):
    assert rates(root, where=where) == expected


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("acu>0.7", "has a parameter or metric `acu`"),
        ("auc>0.7", "is the end of 2 names"),
        ("lr>high", "is no number"),
        (">1", "is no condition"),
        ("run", "is no condition"),
        ("tag>1", "only equal or not"),
        ("since=yesterday", "names no time"),
        ("wall>long", "no number of seconds"),
    ],
)
def test_a_condition_that_cannot_hold_is_told_so(root, where, message):
    with pytest.raises(UsageError, match=message):
        runs(root, Selection(where=(where,)))


def test_runs_are_sorted_by_a_value_and_those_without_it_stand_last(root):
    assert rates(root, sort="-lr") == [0.4, 0.3, 0.2, 0.1]
    assert rates(root, sort="lr") == [0.1, 0.2, 0.3, 0.4]
    assert rates(root, sort="train@gbdt.summary.auc") == [0.4, 0.2, 0.3, 0.1]
    assert rates(root, sort="run") == [0.1, 0.2, 0.3, 0.4]


@pytest.mark.parametrize(
    ("best", "expected"),
    [
        ("train@gbdt.summary.auc", [0.2]),  # the highest, where nobody says which is better
        ("-train@gbdt.summary.auc", [0.4]),
        ("train@gbdt.summary.test.loss", [0.2]),  # declared `lower`
        ("+train@gbdt.summary.test.loss", [0.4]),
    ],
)
def test_the_best_run_is_the_one_that_ended_well_with_the_best_value(root, best, expected):
    assert rates(root, best=best) == expected
    assert len(rates(root, best=best, limit=9)) == 2


def text_of(root, *columns, wide=None, **asked):
    found = runs(root, Selection(**asked))
    return runs_text.text_of(found, runs_text.columns(found, columns), PLAIN, wide=wide).splitlines()


def test_without_being_asked_the_table_shows_what_differs(root):
    lines = text_of(root, where=("train@gbdt.summary.auc",))
    assert lines[0].split() == ["run", "time", "lr", "auc", "loss", "stages"]


def test_chosen_columns_may_be_globs_and_ends_of_names(root):
    assert text_of(root, "se*", "train.*")[0].split() == ["run", "time", "seed", "lr", "stages"]
    assert text_of(root, "seed")[0].split() == ["run", "time", "seed", "stages", "asked"]
    with pytest.raises(UsageError, match="parameter or metric `sed`"):
        text_of(root, "sed")


def test_a_table_is_no_wider_than_the_terminal_and_says_what_it_leaves_out(root):
    lines = text_of(root, "*", wide=40)
    assert max(map(len, lines)) <= 40
    assert lines[-1].startswith("and ") and "more column" in lines[-1]


def test_csv_holds_every_value_that_was_recorded(root):
    found = runs(root, Selection())
    rows = list(csv.DictReader(io.StringIO(runs_text.csv_of(found, runs_text.columns(found, ("*",))))))
    assert [row["train.lr"] for row in rows] == ["0.4", "0.3", "0.2", "0.1"]
    assert [row["train@gbdt.summary.auc"] for row in rows] == ["0.72", "", "0.75", ""]
    assert rows[0]["ok"] == "true" and rows[1]["ok"] == "false"


def test_parquet_holds_the_same_with_types(root, tmp_path):
    import pyarrow.parquet as pq

    from pipeline.formats.listing import save_columns

    found = runs(root, Selection())
    save_columns(runs_text.as_columns(found, runs_text.columns(found, ("*",))), tmp_path / "runs.parquet")
    rows = pq.read_table(tmp_path / "runs.parquet").to_pylist()
    assert [row["train.lr"] for row in rows] == [0.4, 0.3, 0.2, 0.1]
    assert [row["seed"] for row in rows] == [7] * 4
    assert [row["ok"] for row in rows] == [True, False, True, True]


def test_what_was_read_once_is_not_read_again_and_what_is_new_is(root):
    before = runs(root, Selection()).rows
    for run in history.run_ids(root / ".pipe")[1:]:
        (root / ".pipe" / "runs" / run / "run.json").write_text("no record any more")
    run = history.new_run_id(root / ".pipe", BEGAN + 999)
    history.write(root / ".pipe", history.load(root / ".pipe", before[0].run)._replace(run=run))
    after = runs(root, Selection())
    assert after.rows[1:] == before and after.rows[0].run == run and not after.notes


def test_a_run_whose_folder_is_gone_is_gone(root):
    newest = runs(root, Selection()).rows[0].run
    shutil.rmtree(root / ".pipe" / "runs" / newest)
    assert rates(root) == [0.3, 0.2, 0.1]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"shared": [], "rows": [[1]]}'])
def test_a_memo_that_cannot_be_read_is_made_again(root, damage):
    from pipeline import layout
    from pipeline.state import State

    before = runs(root, Selection()).rows
    state = State(layout.of(root).state)
    state.put("runs:1", damage)
    state.close()
    assert runs(root, Selection()).rows == before


def test_a_tag_is_taken_wherever_a_run_is(root):
    pipe = root / ".pipe"
    run = history.run_ids(pipe)[2]
    assert tags.put(pipe, "best", run) is None
    assert history.read(pipe, "best").run == run
    assert rates(root, where=("tag=best",)) == rates(root, where=("tag",)) == [0.2]
    assert tags.put(pipe, "best", "20230101T000000") == run
    with pytest.raises(UsageError, match="of which there is no record"):
        history.read(pipe, "best")
    assert tags.remove(pipe, "best") == "20230101T000000"
    with pytest.raises(UsageError, match="there is no tag"):
        tags.remove(pipe, "best")


@pytest.mark.parametrize("name", ["", "last", "2024", "../runs", "a/b", "-n", "a b", ".hidden", "a" * 101])
def test_what_could_be_taken_for_something_else_is_no_tag(root, name):
    with pytest.raises(UsageError, match="cannot be a tag"):
        tags.put(root / ".pipe", name, "20240101T120000")
    assert not os.path.exists(root / ".pipe" / "tags" / name) or not name


def test_a_file_that_is_no_tag_is_none(root):
    (root / ".pipe" / "tags").mkdir()
    (root / ".pipe" / "tags" / "..tmp").write_text("x")
    (root / ".pipe" / "tags" / "binary").write_bytes(b"\xff")
    (root / ".pipe" / "tags" / "leading").write_text("../../elsewhere")
    assert tags.read(root / ".pipe") == {}


def test_every_run_is_json_with_its_whole_record(root):
    found = runs(root, Selection(limit=1))
    record = history.as_plain(history.load(root / ".pipe", found.rows[0].run))
    plain = runs_text.as_plain(found, {found.rows[0].run: record})
    assert {**plain["runs"][0], **record} == plain["runs"][0]
    assert plain["total"] == 4 and json.dumps(plain)
