"""What `pipe verify` found, as text. Decides nothing."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from . import perturb_text
from .reasons import lines, name_column, name_columns
from .style import Style
from .words import count, duration, printable

if TYPE_CHECKING:
    from ..verify import StageFound, VerifyResult

VERDICTS = ("failed", "different", "blocked", "equivalent", "identical", "recorded")
_COLUMNS = 12
_MOST_LINES = 40


def text_of(result: "VerifyResult", style: Style, *, verbose: bool) -> str:
    """Write the counts, then a line for each stage; where there are many, only for those that are not identical."""
    shown = list(result.stages.values())
    if len(shown) > _MOST_LINES and not verbose:
        shown = [stage for stage in shown if stage.verdict not in ("identical", "recorded")]
    columns = name_columns([stage.name for stage in shown])
    out = [headline(result, style)]
    for stage in shown:
        head = style.paint(stage.verdict, stage.verdict) + " " * (_COLUMNS - len(stage.verdict))
        head += name_column(stage.name, columns)
        out += lines(head, _COLUMNS + columns, remarks(stage, details=verbose), verbose=verbose)
    out += perturb_text.footnotes(result.stages.values(), verbose=verbose)
    return "\n".join(out)


def headline(result: "VerifyResult", style: Style) -> str:
    """Write how many stages are what, and the time."""
    found = Counter[str](stage.verdict for stage in result.stages.values())
    parts = ", ".join(style.paint(f"{found[v]:,} {v}", v) for v in VERDICTS if found[v])
    head = f"{count(len(result.stages), 'stage')} in {duration(result.wall_seconds)}"
    if not result.stages:
        return f"{head}: nothing to verify"
    against = "two builds compared" if result.twice else "compared with pipeline.lock"
    against += ", hidden variables varied" if result.perturbed else ""
    nothing = "" if result.executed else "; nothing was executed, so nothing is verified"
    return f"{head}, {against}: {parts}{nothing}"


def remarks(stage: "StageFound", *, details: bool) -> list[str]:
    """Return what there is to say about a stage: what is to blame first, then each output that differs.

    With `details` what differs in an output is told in more lines, which are indented.
    """
    found = []
    if stage.follows and stage.verdict == "different":
        found.append(f"follows from {', '.join(stage.follows)}")
    if stage.perturbation is not None:
        found += perturb_text.remarks(stage.perturbation)
    if stage.error:
        found.append(stage.error.split("\n")[0])
    found += [reason.text for reason in stage.reasons]
    for output in stage.outputs.values():
        if output.difference and not stage.error:
            found.append(f"{output.path}: {output.difference}")
            found += [f"  {line}" for line in output.details] if details else []
    for suspect in stage.suspects:
        found.append(f"perhaps {suspect.path}:{suspect.line}: {suspect.text}")
        found.append(f"  {suspect.why}; write instead: {suspect.remedy}")
    return [printable(text) for text in found]


def differing(result: "VerifyResult") -> Mapping[str, "StageFound"]:
    """Return the stages that are not as expected, those that are to blame first."""
    bad = {n: s for n, s in result.stages.items() if s.verdict in ("failed", "different", "blocked")}
    return dict(sorted(bad.items(), key=lambda item: bool(item[1].follows)))
