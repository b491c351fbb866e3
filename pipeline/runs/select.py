"""Which runs are asked for, and in which order. Pure but for the clock, against which `since=2d` is read."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from .. import metrics, pattern
from ..config import scalar
from ..errors import usage
from ..metrics import Wanted
from .index import Row

_CONDITION = re.compile(r"\s*(!?)\s*([^=<>!\s]+)\s*(?:(<=|>=|!=|==|=|<|>)\s*(.*?)\s*)?")
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\dZ?)?)?)?)?)?")
_AGO = re.compile(r"(\d+)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_OPERATIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_FIELDS = ("ok", "tag", "sweep", "stage", "since", "before", "run", "commit", "wall")

Test = Callable[[Row], bool]
Tags = Mapping[str, tuple[str, ...]]


class Selection(NamedTuple):
    """What `pipe runs` was asked for."""

    where: tuple[str, ...] = ()
    """Conditions, all of which must hold: `auc>0.7`, `train.lr=0.1`, `ok`, `tag=best`, `since=2d`."""
    sort: str | None = None
    """A metric, a parameter, `run` or `wall`; with `-` before it the largest first."""
    limit: int | None = None
    best: str | None = None


def selected(rows: Sequence[Row], selection: Selection, tags: Tags, best: Wanted | None) -> list[Row]:
    """Return the runs for which every condition holds, in order. Raises UsageError."""
    names: set[str] = set()
    if selection.where or selection.sort:
        for row in rows:
            names.update(row.params, row.metrics)
    found = list(rows)
    for text in selection.where:
        if text.replace(" ", "") == "sweep=last":
            text = f"sweep={next((row.sweep for row in rows if row.sweep), 'none')}"  # noqa: PLW2901 - what it stands for
        test = _test(text, names, tags)
        found = [row for row in found if test(row)]
    if selection.sort is not None:
        found = _sorted(found, selection.sort, names)
    limit = selection.limit
    if best is not None:
        sign = 1 if best.better == "lower" else -1
        known = [row for row in found if row.ok and metrics.is_number(row.metrics.get(best.name))]
        found = sorted(known, key=lambda row: sign * row.metrics[best.name])
        limit = limit or 1
    return found[:limit]


def value_of(row: Row, name: str) -> Any:
    """Return a metric or a parameter of a run by its whole name; None if it has no such."""
    return row.metrics[name] if name in row.metrics else row.params.get(name)


def _test(text: str, names: set[str], tags: Tags) -> Test:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise usage(
            f"`--where {text}` is no condition", help="write it like `auc>0.7`, `train.lr=0.1` or `ok`"
        )
    negated, name, operation, value = match.groups()
    operation = "=" if operation == "==" else operation
    if name in _FIELDS:
        test = _of_field(text, name, operation, value, tags)
    else:
        test = _of_value(text, name, operation, value, names)
    return (lambda row: not test(row)) if negated else test


def _of_value(text: str, name: str, operation: str | None, value: str | None, names: set[str]) -> Test:
    whole = metrics.find(name, names, what="parameter or metric")
    if operation is None or value is None:
        return lambda row: value_of(row, whole) is not None
    meant = scalar(value)
    holds = _OPERATIONS[operation]
    number = isinstance(meant, int | float) and not isinstance(meant, bool)
    if operation not in ("=", "!=") and not number:
        raise usage(f"`--where {text}`: `{value}` is no number", help=f"write `{name}=VALUE`, or a number")

    def test(row: Row) -> bool:
        found = value_of(row, whole)
        if found is None:
            return False
        if number and (isinstance(found, bool) or not isinstance(found, int | float)):
            return operation == "!="
        same_kind = number or isinstance(found, bool) == isinstance(meant, bool)
        return holds(found, meant) if same_kind else operation == "!="

    return test


def _of_field(text: str, name: str, operation: str | None, value: str | None, tags: Tags) -> Test:
    if name in ("since", "before"):
        return _of_date(text, name, operation, value)
    if operation is None:
        return _is_there(text, name, tags)
    assert value is not None
    if name == "wall":
        seconds = scalar(value)
        if not metrics.is_number(seconds):
            raise usage(
                f"`--where {text}`: `{value}` is no number of seconds", help="write it like `wall>60`"
            )
        return lambda row: _OPERATIONS[operation](row.wall_seconds, seconds)
    if operation not in ("=", "!="):
        raise usage(f"`--where {text}`: `{name}` is only equal or not", help=f"write `{name}=VALUE`")
    tests: Mapping[str, Test] = {
        "ok": lambda row: row.ok == (value in ("true", "yes", "1")),
        "tag": lambda row: any(pattern.matches(value, tag) for tag in tags.get(row.run, ())),
        "sweep": lambda row: (
            row.sweep is not None and (row.sweep.startswith(value) or row.sweep in _runs(tags, value))
        ),
        "stage": lambda row: any(
            pattern.matches(value, s) or value == s.partition("@")[0] for s in row.stages
        ),
        "run": lambda row: row.run.startswith(value),
        "commit": lambda row: (row.git_commit or "").startswith(value),
    }
    test = tests[name]
    return test if operation == "=" else lambda row: not test(row)


def _runs(tags: Tags, tag: str) -> list[str]:
    return [run for run, names in tags.items() if tag in names]


def _is_there(text: str, name: str, tags: Tags) -> Test:
    tests: Mapping[str, Test] = {
        "ok": lambda row: row.ok,
        "tag": lambda row: row.run in tags,
        "sweep": lambda row: row.sweep is not None,
        "commit": lambda row: row.git_commit is not None,
    }
    if name not in tests:
        raise usage(f"`--where {text}` is no condition", help=f"write `{name}=VALUE`")
    return tests[name]


def _of_date(text: str, name: str, operation: str | None, value: str | None) -> Test:
    ago = _AGO.fullmatch(value or "")
    moment = (value or "").replace(" ", "T")
    if ago:
        then = time.time() - int(ago[1]) * _SECONDS[ago[2]]
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(then))
    elif operation != "=" or not _DATE.fullmatch(moment):
        raise usage(
            f"`--where {text}` names no time",
            help=f"write `{name}=2026-11-24`, `{name}=2026-11-24T12:30` or `{name}=2d`",
        )
    return (lambda row: row.started >= moment) if name == "since" else (lambda row: row.started < moment)


def _sorted(found: list[Row], sort: str, names: set[str]) -> list[Row]:
    """Sort by a value, those that have none last; of equal ones the newest first."""
    falling = sort.startswith("-")
    name = sort.lstrip("+-")
    if name == "run":
        return sorted(found, key=lambda row: row.started, reverse=falling)
    whole = "" if name in ("wall", "started") else metrics.find(name, names, what="parameter or metric")

    def value(row: Row) -> Any:
        return (row.wall_seconds if name == "wall" else row.started) if not whole else value_of(row, whole)

    def key(row: Row) -> tuple[bool, Any]:
        known = value(row)
        is_number = metrics.is_number(known)
        return (not is_number, known if is_number else str(known))

    there = sorted((row for row in found if value(row) is not None), key=key, reverse=falling)
    return [*there, *(row for row in found if value(row) is None)]
