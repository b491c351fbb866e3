"""What `pipe show RUN --restore` did, as text and as JSON. Knows no workspace."""

from collections.abc import Iterator
from typing import Any

from ..restore import Restored
from . import as_json
from .words import count, figure, printable

_MOST = 8
_MOST_STALE = 3


def as_plain(found: Restored, *, dry_run: bool) -> dict[str, Any]:
    """Return what was done for --json."""
    return {
        "run": found.run,
        "ok": True,
        "dry_run": dry_run,
        "params": {name: list(pair) for name, pair in found.params.items()},
        "placed": list(found.placed),
        "kept": list(found.kept),
        "skipped": list(found.skipped),
        "rebuilt": list(found.rebuilt),
        "displaced": dict(found.displaced),
        "others": list(found.others),
        "unmade": list(found.unmade),
        "stale": {name: as_json.reasons(reasons) for name, reasons in found.stale.items()},
    }


def text_of(found: Restored, *, dry_run: bool) -> str:
    """Write what was put in place, and which parameters changed."""
    verb = "would restore" if dry_run else "restored"
    done = [count(len(found.placed), "output")] if found.placed else []
    done += [count(len(found.params), "parameter")] if found.params else []
    head = (
        f"{verb} {' and '.join(done)} of run {found.run}"
        if done
        else f"all of run {found.run} is there already"
    )
    out = [head]
    out += [
        f"  {printable(name)}: {_value(old)} -> {figure(new)}" for name, (old, new) in found.params.items()
    ]
    again = set(found.rebuilt)
    made = "  (would be made again)" if dry_run else "  (made again)"
    placed = [f"  {printable(path)}{made if path in again else ''}" for path in found.placed]
    out += placed[:_MOST]
    out += [f"  and {count(len(placed) - _MOST, 'output')} more"] if len(placed) > _MOST else []
    return "\n".join(out)


def notes(found: Restored) -> Iterator[str]:
    """Yield what the user should know besides."""
    for path, where in found.displaced.items():
        verb = "is kept as it was in" if path.endswith((".yaml", ".yml")) else "was moved to"
        yield f"what lay at {printable(path)} {verb} {printable(where)}"
    if found.skipped:
        yield f"not put in place, for stages read them as sources now: {_some(found.skipped)}"
    if found.unmade:
        yield f"the run has nothing of {_some(found.unmade)}"
    if found.others:
        yield f"parameters that the run did not have stay as they are: {_some(found.others)}"
    changed = [(name, r[0]) for name, r in found.stale.items() if r and r[0].cause != "waiting"]
    for name, reason in changed[:_MOST_STALE]:
        yield (
            f"{printable(name)} is not as the run had it: {printable(reason.text)}"
            if name
            else printable(reason.text)
        )
    more = len(changed) - _MOST_STALE
    if more > 0:
        yield f"and {count(more, 'stage')} more (`pipe status` says why)"


def _value(value: Any) -> str:
    return "none" if value is None else figure(value)


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(printable(name) for name in names[:_MOST])
    return shown + (f" and {len(names) - _MOST:,} more" if len(names) > _MOST else "")
