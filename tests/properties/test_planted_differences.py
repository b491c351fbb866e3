"""Of a random table or value with one edit: the difference that is told is that edit, and nothing else."""

import csv
import json
import math
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from pipeline.formats.difference import Difference, between

Table = dict[str, list[Any]]
Compare = Callable[[str, str, str], Difference]

CELLS = {
    "n": st.integers(-(2**62), 2**62),
    "x": st.floats(allow_nan=False, allow_infinity=False, width=64),
    "s": st.text("abcé \"',", min_size=1, max_size=5).map(lambda text: f"_{text}"),
}


class Edit(NamedTuple):
    """What was done to a table: to a cell, or to rows."""

    kind: str
    row: int = 0
    column: str = ""
    value: Any = None


class Missed(AssertionError):
    """Another difference is told than was made."""


@st.composite
def edited(draw: st.DrawFn) -> tuple[Table, Edit]:
    """Draw a table with a key that comes first, and one edit of it."""
    rows = draw(st.integers(2, 12))
    table = {name: draw(st.lists(cells, min_size=rows, max_size=rows)) for name, cells in CELLS.items()}
    keys = draw(st.lists(st.integers(0, 1000), min_size=rows, max_size=rows, unique=True))
    row = draw(st.integers(0, rows - 1))
    kind = draw(st.sampled_from(("cell", "removed", "added", "reordered", "column")))
    column = draw(st.sampled_from(sorted(CELLS)))
    value = draw(CELLS[column].filter(lambda value: value != table[column][row]))
    return {"id": keys, **table}, Edit(kind, row, column, value)


def applied(table: Table, edit: Edit) -> Table:
    rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    if edit.kind == "cell":
        rows[edit.row][edit.column] = edit.value
    elif edit.kind == "removed":
        del rows[edit.row]
    elif edit.kind == "added":
        rows.insert(edit.row, {**rows[0], "id": 5000})
    elif edit.kind == "reordered":
        rows = [*rows[1:], rows[0]]
    made = {name: [row[name] for row in rows] for name in table}
    if edit.kind == "column":
        made["renamed"] = made.pop(edit.column)
    return made


def save(table: Table, path: Path) -> None:
    if path.suffix == ".parquet":
        types = {"id": pa.int64(), "n": pa.int64(), "x": pa.float64(), "s": pa.string()}
        types["renamed"] = (
            next(types[name] for name in CELLS if name not in table) if "renamed" in table else None
        )
        pq.write_table(pa.table({name: pa.array(cells, types[name]) for name, cells in table.items()}), path)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([table.keys(), *zip(*table.values(), strict=True)])


def check(table: Table, edit: Edit, compare: Compare) -> None:
    """Raise Missed unless the difference that is told is the edit."""
    for suffix in (".parquet", ".csv"):
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder, side + suffix) for side in ("a", "b")]
            save(table, paths[0])
            save(applied(table, edit), paths[1])
            if paths[0].read_bytes() == paths[1].read_bytes():
                return
            facts = dict(compare(str(paths[0]), str(paths[1]), f"x{suffix}").facts)
        for wanted, told in expected(table, edit, facts):
            if wanted != told:
                raise Missed(f"{suffix}, {edit}: {told!r} is told, {wanted!r} was done: {facts}")


def expected(table: Table, edit: Edit, facts: dict[str, Any]) -> list[tuple[Any, Any]]:
    rows = len(table["id"])
    if edit.kind == "cell":
        columns = facts.get("columns_differing", {})
        place = columns.get(edit.column, {}).get("first_place")
        numbers = columns.get(edit.column, {}).get("numbers", {})
        found = [([edit.column], list(columns)), (f"column `{edit.column}`, row {edit.row + 1}", place)]
        if edit.column != "s":
            apart = float(abs(edit.value - table[edit.column][edit.row]))
            finite = apart if math.isfinite(apart) else None
            found.append((finite, numbers.get("largest_absolute", 0.0) if numbers.get("differing") else None))
        return found
    if edit.kind == "column":
        columns = facts["columns"]
        return [([edit.column], columns["removed"]), (["renamed"], columns["added"])]
    if edit.kind == "reordered":
        told = (facts.get("reordered"), facts.get("rows_added"), facts.get("rows_removed"))
        return [((True, 0, 0), told)]
    is_new = edit.kind == "added"
    told = (facts.get("rows"), facts.get("rows_added"), facts.get("rows_removed"), facts.get("rows_changed"))
    named = f"{edit.kind}: id {5000 if is_new else table['id'][edit.row]}"
    wanted = ([rows, rows + 1], 1, 0, 0) if is_new else ([rows, rows - 1], 0, 1, 0)
    return [(wanted, told)] + ([([named], facts.get("examples"))] if rows > 2 or is_new else [])


@given(edited())
@settings(max_examples=60, deadline=None)
def test_the_edit_is_told_and_nothing_else(case):
    check(*case, between)


def without_the_last_row(expected: str, actual: str, name: str) -> Difference:
    """A comparison that is wrong: it forgets what stands last."""
    for path in (expected, actual):
        if path.endswith(".csv"):
            lines = Path(path).read_bytes().splitlines(keepends=True)
            Path(path).write_bytes(b"".join(lines[:-1]))
        else:
            table = pq.read_table(path)
            pq.write_table(table.slice(0, table.num_rows - 1), path)
    return between(expected, actual, name)


def with_places_from_zero(expected: str, actual: str, name: str) -> Difference:
    """A comparison that is wrong: it counts rows from zero."""
    found = between(expected, actual, name)
    columns = found.facts.get("columns_differing", {})
    for column in columns.values():
        head, _, row = column["first_place"].rpartition(" ")
        column["first_place"] = f"{head} {int(row) - 1}" if row.isdigit() else column["first_place"]
    return found


@pytest.mark.parametrize("wrong", [without_the_last_row, with_places_from_zero])
def test_a_comparison_that_is_wrong_is_caught(wrong):
    def is_caught(case: tuple[Table, Edit]) -> bool:
        try:
            check(*case, wrong)
        except Missed:
            return True
        return False

    found_by = settings(max_examples=300, deadline=None, phases=(Phase.generate,))  # no smaller one is wanted
    find(edited(), is_caught, settings=found_by)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(-9, 9), st.text("ab.", max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4),
        st.dictionaries(st.sampled_from(("a", "b", "c d")), inner, min_size=1),
    ),
    max_leaves=12,
)


def leaves(value: Any, path: str) -> list[tuple[str, Any, Any]]:
    """Return for each value that holds no other its path, and where it can be replaced."""
    found: list[tuple[str, Any, Any]] = []
    pairs = enumerate(value) if isinstance(value, list) else value.items()
    for key, item in pairs:
        step = f"[{key!r}]" if isinstance(key, int) or " " in key else f".{key}"
        is_leaf = not isinstance(item, list | dict)
        found += [(path + step, value, key)] if is_leaf else leaves(item, path + step)
    return found


@given(st.lists(VALUES, min_size=1, max_size=4), st.data())
@settings(max_examples=100, deadline=None)
def test_of_a_value_inside_others_the_path_is_told(value, data):
    places = leaves(value, "$")
    path, holder, key = data.draw(st.sampled_from(places))
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".json", ".pkl", ".yaml"):
            for side in ("a", "b"):
                before = holder[key]
                holder[key] = "planted" if side == "b" else before
                text = pickle.dumps(value) if suffix == ".pkl" else json.dumps(value).encode()
                Path(folder, side + suffix).write_bytes(text)
                holder[key] = before
            found = between(f"{folder}/a{suffix}", f"{folder}/b{suffix}", f"x{suffix}")
            assert [change["path"] for change in found.facts["changes"]] == [path]
            assert found.text.startswith(f"{path}: ")
            assert found.text.endswith(" -> 'planted'")
