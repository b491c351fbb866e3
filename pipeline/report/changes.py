"""What differs between two runs, by their recorded actions: what was done, not what followed from it. Draws nothing."""

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from .. import action as actions
from .. import digest
from ..action import Recipe
from ..history import RunRecord, StageRecord
from ..model import Reason
from ..trace import Trace
from .excerpt import Piece, definition
from .shelf import Shelf
from .subject import Change, Changes

_KINDS = {"environment": "package", "command": "declaration"}


def between(shelf: Shelf, before: RunRecord, after: RunRecord) -> Changes:
    """Compare two runs stage by stage. What several stages have in common stands there once."""
    found: dict[tuple[str, str], tuple[list[str], str | None]] = {}
    common = [name for name in after.stages if name in before.stages]
    made = {out["path"] for run in (before, after) for s in run.stages.values() for out in s.outputs.values()}
    for name in common:
        for kind, text, diff in _of_stage(shelf, before.stages[name], after.stages[name], made):
            found.setdefault((kind, text), ([], diff))[0].append(name)
    moved, same = _outputs(before, after)
    return Changes(
        before.run,
        tuple(Change(kind, text, tuple(names), diff) for (kind, text), (names, diff) in found.items()),
        tuple(name for name in after.stages if name not in before.stages),
        tuple(name for name in before.stages if name not in after.stages),
        moved,
        same,
    )


def _of_stage(
    shelf: Shelf, was: StageRecord, now: StageRecord, made: set[str]
) -> Iterator[tuple[str, str, str | None]]:
    old, new = _recipe(shelf, was), _recipe(shelf, now)
    if old is None or new is None or was.key == now.key:
        if was.key != now.key or was.key is None:
            yield from (("param", text, None) for text in _params(was.params, now.params))
        return
    yield from (("param", text, None) for text in _params(old["params"], new["params"]))
    for reason in actions.differences(old, new):
        if reason.cause == "param" or (reason.cause == "input" and _is_made(reason.subject, made)):
            continue  # of an input: what another stage made of what changed
        diff = _diff(shelf, was, now, reason) if reason.cause == "code" else None
        yield _KINDS.get(reason.cause, reason.cause), reason.text, diff


def _recipe(shelf: Shelf, stage: StageRecord) -> Recipe | None:
    action = shelf.records.action(stage.key) if stage.key else None
    return action.recipe if action is not None else None


def _params(was: Mapping[str, Any], now: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Yield each value that differs, as deep as there are names: `settings.max_iter: 150 -> 80`."""
    for name in sorted(was.keys() | now.keys(), key=str):
        old, new = was.get(name), now.get(name)
        if _is_same(old, new) and (name in was) == (name in now):
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _params(old, new, f"{above}{name}.")
            continue
        texts = [_shown(side[name]) if name in side else "none" for side in (was, now)]
        yield f"{above}{name}: {texts[0]} -> {texts[1]}"


def _is_same(old: Any, new: Any) -> bool:
    try:
        return digest.canonical(old) == digest.canonical(new)
    except ValueError:
        return bool(old == new)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 200 else f"{text[:199]}…"


def _is_made(path: str, made: set[str]) -> bool:
    while path:
        if path in made:
            return True
        path = path.rpartition("/")[0]
    return False


def _outputs(before: RunRecord, after: RunRecord) -> tuple[tuple[str, ...], int]:
    old = {out["path"]: out["digest"] for s in before.stages.values() for out in s.outputs.values()}
    new = {out["path"]: out["digest"] for s in after.stages.values() for out in s.outputs.values()}
    common = sorted(old.keys() & new.keys())
    moved = tuple(path for path in common if old[path] != new[path])
    return moved, len(common) - len(moved)


def _diff(shelf: Shelf, was: StageRecord, now: StageRecord, reason: Reason) -> str | None:
    """Write the change of one unit of code as a unified diff, with the line numbers of the whole files."""
    sides = [_unit(shelf, stage.key, reason.subject) for stage in (was, now)]
    if None in sides:
        return None
    old, new = (side for side in sides if side is not None)
    lines = list(difflib.unified_diff(old.lines, new.lines, lineterm="", n=3))[2:]
    return "\n".join(_moved(line, old.first - 1, new.first - 1) for line in lines) or None


def _unit(shelf: Shelf, key: str | None, unit: str) -> Piece | None:
    trace: Trace | None = next(iter(shelf.records.traces(key or "")), None)
    if trace is None:
        return None
    place = trace.spans.get(unit)
    if place is None:
        return Piece(1, ())
    path, line = place
    text = shelf.text(trace.source.get(path, ""))
    if text is None:
        return None
    is_whole = unit.endswith(">") or ":" not in unit
    return Piece(1, tuple(text.split("\n"))) if is_whole else definition(text, line)


def _moved(line: str, old: int, new: int) -> str:
    if not line.startswith("@@ -"):
        return line
    _, before, after, *_rest = line.split(" ")
    return f"@@ {_span(before, old)} {_span(after, new)} @@"


def _span(span: str, by: int) -> str:
    start, comma, count = span[1:].partition(",")
    return f"{span[0]}{int(start) + by}{comma}{count}"
