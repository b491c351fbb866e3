"""A verification for GitHub Actions: a summary in Markdown, and annotations of lines of pipeline.yaml."""

from typing import TYPE_CHECKING

from .style import PLAIN
from .verify_text import differing, headline, remarks

if TYPE_CHECKING:
    from ..verify import VerifyResult

_MOST_ROWS = 200


def summary(result: "VerifyResult") -> str:
    """Write a heading, the counts, and a table: what is not as expected first."""
    bad = differing(result)
    rows = [*bad.values(), *(stage for name, stage in result.stages.items() if name not in bad)]
    out = [f"### pipe verify: {'ok' if result.ok else 'not ok'}", "", headline(result, PLAIN), ""]
    if rows:
        out += ["| stage | result | |", "|---|---|---|"]
    for stage in rows[:_MOST_ROWS]:
        told = "<br>".join(_cell(text) for text in remarks(stage, details=False))
        out.append(f"| {_cell(stage.name)} | {stage.verdict} | {told} |")
    if len(rows) > _MOST_ROWS:
        out.append(f"\n{len(rows) - _MOST_ROWS:,} more stages are as expected or follow from these.")
    return "\n".join(out) + "\n\n"


def annotations(result: "VerifyResult") -> list[str]:
    """Write one workflow command for each stage that is to blame, at its line."""
    out = []
    for stage in differing(result).values():
        if stage.follows:
            continue
        place = f" file={_property(stage.mark.file)},line={stage.mark.line}" if stage.mark else ""
        text = "\n".join([f"stage {stage.name} is {stage.verdict}", *remarks(stage, details=False)])
        out.append(f"::error{place}::{_data(text)}")
    return out


def _cell(text: str) -> str:
    for mark in ("\\", "|", "`", "*", "_", "<", ">", "[", "]"):
        text = text.replace(mark, f"\\{mark}" if mark not in "<>" else {"<": "&lt;", ">": "&gt;"}[mark])
    return text.replace("\n", " ")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
