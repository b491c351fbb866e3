"""Recorded runs as text. Reads no record itself."""

from collections import Counter
from collections.abc import Sequence

from ..dotted import leaves
from ..history import RunRecord, StageRecord
from .reasons import VERDICT_COLUMNS, lines, name_column, name_columns, phrases, verdict_column
from .run_lines import OUTCOMES
from .style import Style
from .words import duration, figure, pad, printable, size

_TIME_COLUMNS = 14


def show_text(record: RunRecord, style: Style, *, verbose: bool, tags: Sequence[str] = ()) -> str:
    """Write one run: what was asked, what became of each stage, where its outputs and metrics are."""
    verdict = style.paint("ok", "fresh") if record.ok else style.paint("failed", "failed")
    out = [f"run {record.run}: {verdict} after {duration(record.wall_seconds)}: {outcomes(record)}"]
    facts = [
        ("started", record.started.replace("T", " ").replace("Z", " UTC")),
        ("asked", " ".join(["pipe run", *_words(record)])),
        ("commit", record.git_commit or ""),
        ("pipe", record.pipe),
        ("sweep", record.sweep or ""),
        ("tags", " ".join(tags)),
    ]
    out += [f"  {label + ':':<8} {printable(value)}" for label, value in facts if value]
    columns = name_columns(list(record.stages))
    for name, stage in record.stages.items():
        out += _stage(name, stage, columns, style, verbose)
    return "\n".join(out)


def outcomes(record: RunRecord) -> str:
    """Count a run's outcomes, the worst first."""
    found = Counter(stage.outcome for stage in record.stages.values())
    return ", ".join(f"{found[outcome]:,} {outcome}" for outcome in OUTCOMES if found[outcome])


def _stage(name: str, stage: StageRecord, columns: int, style: Style, verbose: bool) -> list[str]:
    time = duration(stage.wall_seconds) if stage.outcome in ("executed", "failed") else ""
    head = verdict_column(stage.outcome, style) + name_column(name, columns) + pad(time, 8)
    indent = VERDICT_COLUMNS + columns + 8
    found = [_cause(name, stage.error)] if stage.error else phrases(stage.outcome, stage.reasons)
    out = lines(head, indent, [printable(phrase) for phrase in found], verbose=verbose)
    details = [
        f"{printable(key)}: {figure(value)}"
        for key, value in leaves(stage.metrics).items()
        if not isinstance(value, list)
    ]
    if verbose:
        details += [f"param {printable(key)}: {figure(value)}" for key, value in stage.params.items()]
        for made in stage.outputs.values():
            details.append(f"{printable(made['path'])}  {size(made['size_bytes'])}  {made['digest'][:12]}")
        details += [f"key {stage.key[:12]}"] if stage.key else []
    return [*out, *(" " * VERDICT_COLUMNS + "  " + detail for detail in details)]


def _cause(name: str, error: str) -> str:
    # The line says already that the stage failed, and when.
    first, _, cause = error.splitlines()[0].partition(": ")
    return cause if cause and first.startswith(f"stage `{name}` failed") else error.splitlines()[0]


def _words(record: RunRecord) -> list[str]:
    sets = [f"--set {key}={figure(value)}" for key, value in record.overrides.items()]
    return [*record.targets, *record.flags, *sets]
