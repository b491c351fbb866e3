"""What differs between two runs, by their recorded actions: what was done, not what followed from it. Draws nothing."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .. import action as actions
from .. import code_diff, digest
from ..action import Recipe
from ..dotted import leaves
from ..history import RunRecord, StageRecord
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
        diff = _diff(shelf, was, now, reason.subject) if reason.cause == "code" else None
        yield _KINDS.get(reason.cause, reason.cause), reason.text, diff


def _recipe(shelf: Shelf, stage: StageRecord) -> Recipe | None:
    action = shelf.records.action(stage.key) if stage.key else None
    return action.recipe if action is not None else None


def _params(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield each value that differs, as deep as there are names: `settings.max_iter: 150 -> 80`."""
    old, new = leaves(was), leaves(now)
    for name in sorted(old.keys() | new.keys()):
        if (name in old) != (name in new) or not _is_same(old.get(name), new.get(name)):
            texts = [_shown(side[name]) if name in side else "none" for side in (old, new)]
            yield f"{name}: {texts[0]} -> {texts[1]}"


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


def _diff(shelf: Shelf, was: StageRecord, now: StageRecord, unit: str) -> str | None:
    """Write the change of one unit of code as a unified diff without its head."""
    old, new = (_version(shelf, stage.key) for stage in (was, now))
    if old is None or new is None:
        return None
    written = code_diff.between(old, new, unit, (".",))
    return written and written.partition("\n")[2].partition("\n")[2]


def _version(shelf: Shelf, key: str | None) -> code_diff.Version | None:
    trace = next(iter(shelf.records.traces(key or "")), None)
    if trace is None:
        return None
    source = trace.source
    return code_diff.Version("", source, trace.spans, lambda path: shelf.text(source.get(path, "")) or "")
