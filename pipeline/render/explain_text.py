"""What `pipe explain` says, as text. Decides nothing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .reasons import phrases
from .style import Style
from .words import count, printable

if TYPE_CHECKING:
    from ..explain import Change, Explanation

_LABELS = {
    "code": "definition",
    "param": "parameter",
    "input": "input",
    "environment": "package or variable",
    "command": "command",
    "declaration": "declaration",
}
_PLURALS = {"package or variable": "packages and variables"}


def text_of(explanation: "Explanation", style: Style, *, verbose: bool) -> str:
    """Write why a stage is what it is: the verdict, the cause above it, what changed, what did not."""
    verdict = style.paint(explanation.verdict, explanation.verdict)
    why = phrases(explanation.verdict, explanation.reasons)
    out = [f"{printable(explanation.stage)}: {verdict}" + (f": {why[0]}" if len(why) == 1 else "")]
    if len(why) > 1:
        out += [f"  {phrase}" for phrase in why]
    if len(explanation.chain) > 1:
        out.append("because of " + " -> ".join(printable(name) for name in explanation.chain))
    out += _changes(explanation.changed, why, style)
    if explanation.same:
        out += ["", "unchanged: " + ", ".join(_same(c, n) for c, n in sorted(explanation.same.items()) if n)]
    if verbose and explanation.baseline:
        out.append(f"compared with {printable(explanation.baseline)}")
    if verbose and explanation.sandbox != "strict":
        out += _sandbox(explanation)
    if explanation.widened and not verbose:
        out.append(f"{count(len(explanation.widened), 'name')} could not be followed (-v shows them)")
    elif explanation.widened:
        out += ["could not be followed, so more counts than is used:"]
        out += [f"  {printable(text)}" for text in explanation.widened]
    return "\n".join(out)


def _changes(changed: Sequence["Change"], said: Sequence[str], style: Style) -> list[str]:
    out: list[str] = []
    for change in changed:
        text = printable(change.text)
        if change.diff:
            out += ["", style.paint(text, "bold"), *_through(change.through), *diff_lines(change.diff, style)]
        elif text not in said and change.cause != "waiting":
            out.append(f"  {text}")
            out += ["  " + line for line in _through(change.through)]
    return out


def _through(units: Sequence[str]) -> list[str]:
    """Say how the stage comes to use what changed; nothing if it starts there."""
    return ["  reached by " + " -> ".join(printable(unit) for unit in units)] if len(units) > 1 else []


def diff_lines(diff: str, style: Style) -> list[str]:
    """Write a unified diff below what it is of."""
    lines = [line for line in diff.splitlines() if not line.startswith(("--- ", "+++ "))]
    colours = {"+": "added", "-": "removed", "@": "mark"}
    return [("  " + style.paint(printable(line), colours.get(line[:1], ""))).rstrip() for line in lines]


def _sandbox(explanation: "Explanation") -> list[str]:
    out = [f"runs with sandbox: {explanation.sandbox}"]
    if explanation.observed:
        out.append("read without being declared, and counted as its inputs:")
    for path, name in explanation.observed.items():
        out.append(f"  {printable(path)}  {name[:12] if name else 'not there'}")
    return out


def _same(cause: str, number: int) -> str:
    label = _LABELS.get(cause, cause)
    if number != 1 and label in _PLURALS:
        return f"{number:,} {_PLURALS[label]}"
    return count(number, label)
