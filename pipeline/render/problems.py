"""Problems and failures as text. Knows nothing of where they come from."""

from collections.abc import Sequence

from ..errors import Mark, Problem
from ..events import Failure
from .style import Style
from .words import printable, printable_lines, width

_LONGEST_SOURCE = 110


def text_of(problems: Sequence[Problem], style: Style) -> str:
    """Write several problems, a blank line between them."""
    return "\n\n".join(_problem(problem, style) for problem in problems)


def failure_text(failure: Failure, style: Style) -> str:
    """Write what is known of a stage that failed."""
    lines = [_headline(failure.text, style)]
    facts = (("at", failure.at), ("cause", failure.cause), ("log", failure.log), ("folder", failure.folder))
    given = [(label, value) for label, value in facts if value]
    tail = [style.paint("  | ", "mark") + printable(line.rstrip()) for line in failure.tail]
    for line, (label, _) in zip(_facts(given), given, strict=True):
        if label == "log":
            lines += [*tail, line]
        else:
            lines.append(line)
    lines += [] if failure.log else tail
    if failure.help:
        lines.append(_help(failure.help, style))
    return "\n".join(lines)


def _problem(problem: Problem, style: Style) -> str:
    lines = [_headline(problem.text, style)]
    if problem.mark is not None:
        lines += _place(problem.mark, style)
    lines += _facts(problem.facts)
    if problem.help:
        lines.append(_help(problem.help, style))
    return "\n".join(lines)


def _headline(text: str, style: Style) -> str:
    return style.paint("error:", "error") + " " + style.paint(printable_lines(text), "bold")


def _help(text: str, style: Style) -> str:
    return style.paint("help:", "help") + " " + printable_lines(text)


def _facts(facts: Sequence[tuple[str, str]]) -> list[str]:
    columns = max((len(label) for label, _ in facts), default=0) + 1
    return [f"  {label + ':':<{columns}} {printable(value)}" for label, value in facts]


def _place(mark: Mark, style: Style) -> list[str]:
    arrow = style.paint(" -->", "mark") + f" {printable(mark.file)}:{mark.line}:{mark.column}"
    if not mark.source.strip():
        return [arrow]
    number = str(mark.line)
    before, marked, after = _cut(mark)
    gap = " " * width(before)
    caret = style.paint("^" * max(1, width(marked)), "error")
    return [
        arrow,
        style.paint(f"{number} |", "mark") + f" {before}{marked}{after}".rstrip(),
        style.paint(f"{' ' * len(number)} |", "mark") + f" {gap}{caret}",
    ]


def _cut(mark: Mark) -> tuple[str, str, str]:
    # A line of JSON can be a megabyte long: what is shown is the marked part with some of its surroundings.
    start = min(max(mark.column - 1, 0), len(mark.source))
    end = min(start + mark.length, len(mark.source))
    marked = mark.source[start : min(end, start + _LONGEST_SOURCE // 2)]
    before = mark.source[:start]
    if width(before) + len(marked) > _LONGEST_SOURCE:
        before = "…" + before[-_LONGEST_SOURCE // 3 :]
    after = mark.source[start + len(marked) :]
    room = max(0, _LONGEST_SOURCE - len(before) - len(marked))
    if len(after) > room:
        after = after[:room] + "…"
    return printable(before), printable(marked), printable(after)
