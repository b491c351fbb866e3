"""What `pipe run --observe` says: the patch is for stdout as it is, this is what stands beside it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..events import Failure
from .problems import failure_text
from .style import Style
from .words import count, duration, printable, printable_lines

if TYPE_CHECKING:
    from ..observe import Observed, ObservedStage

_NOUNS = (("inputs", "input"), ("outputs", "output"), ("scratch", "scratch path"), ("env", "variable"))


def as_plain(found: "Observed") -> dict[str, Any]:
    """Return what --json prints. `stages` has more than the contract names: what failed, and notes."""
    return {
        "ok": found.ok,
        "patch": found.patch,
        "written": found.is_written,
        "notes": list(found.notes),
        "stages": {
            name: {
                **stage.plain,
                "error": stage.error,
                "notes": list(stage.notes),
                "wall_seconds": round(stage.wall_seconds, 6),
            }
            for name, stage in found.stages.items()
        },
    }


def started(name: str, number: int, total: int) -> str:
    """Write the line of a stage that begins; one that is tried again, once the others ran, has no number."""
    return f"observing {printable(name)} " + (f"({number} of {total})" if number else "again")


def failures(found: "Observed", style: Style) -> Sequence[str]:
    """Write what is known of each stage that failed."""
    return [_failed(name, stage, style) for name, stage in found.stages.items() if stage.error is not None]


def lines(found: "Observed", style: Style) -> Sequence[str]:
    """Write what each stage lacks, what no patch can put right, and what to do next."""
    out = []
    columns = max((len(name) for name in found.stages), default=0)
    for name, stage in found.stages.items():
        if stage.error is None:
            out.append(f"{printable(name):<{columns}}  {_lacking(stage.plain)}")
        out += [f"  note: {printable_lines(note)}" for note in stage.notes]
    out += [f"note: {printable_lines(note)}" for note in found.notes]
    return [*out, style.paint("help:", "help") + " " + _next(found)]


def _failed(name: str, stage: "ObservedStage", style: Style) -> str:
    failure = Failure(
        text=f"stage `{name}` failed after {duration(stage.wall_seconds)}",
        cause=stage.error or "",
        tail=stage.tail,
    )
    return failure_text(failure, style)


def _lacking(plain: Mapping[str, Any]) -> str:
    missing = plain["missing"]
    parts = [count(len(missing[key]), noun) for key, noun in _NOUNS if missing[key]]
    parts += [count(len(missing["secrets"]), "secret")] if missing["secrets"] else []
    parts += ["network"] if missing["network"] else []
    lacks = f"lacks {', '.join(parts)}" if parts else "lacks nothing"
    unused = f"; never reads {', '.join(map(printable, plain['unused']))}" if plain["unused"] else ""
    return lacks + unused


def _next(found: "Observed") -> str:
    if found.is_written:
        return "`git diff pipeline.yaml` shows what was written; `pipe run` runs it strictly"
    if not found.patch and not found.ok:
        return "correct what failed, and observe again"
    if not found.patch:
        return "pipeline.yaml lacks nothing that was seen; `pipe run` runs it strictly"
    return "`pipe run --observe --write` puts this into pipeline.yaml; then `pipe run` runs it strictly"
