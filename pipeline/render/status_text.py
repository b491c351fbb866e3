"""What `pipe status` and `pipe run -n` say, as text. Decides nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence

from ..model import Decision, Reason
from .reasons import VERDICT_COLUMNS, lines, name_column, name_columns, phrases, verdict_column
from .style import Style
from .words import about, count, printable, some

_MANY_INSTANCES = 6
_MOST_INSTANCES = 10
_MOST_LEFTOVERS = 5
VERDICTS = ("fresh", "cached", "stale", "waiting")


def text_of(
    decisions: Mapping[str, Decision],
    bases: Mapping[str, str],
    *,
    estimate_seconds: float | None,
    style: Style,
    verbose: bool,
    grades: Mapping[str, str],
) -> str:
    """Write the verdicts: the count first, then in the graph's order each stage that is not simply fresh.

    `grades` says by stage how well its result is known to be what it gives.
    """
    out = [headline(decisions, estimate_seconds)]
    groups = _groups(decisions, bases)
    alone = [name for names in groups.values() if verbose or len(names) <= _MANY_INSTANCES for name in names]
    shown = [name for name in alone if verbose or is_worth_a_line(decisions[name])]
    columns = name_columns(shown)
    for name, decision in decisions.items():
        names = groups[bases.get(name, name)]
        if not verbose and len(names) > _MANY_INSTANCES:
            if names[0] == name:
                out += _collapsed(bases.get(name, name), names, decisions, bases, style)
        elif verbose or is_worth_a_line(decision):
            out += _line(name, decision, columns, style, verbose, grades.get(name))
    return "\n".join(out)


def headline(decisions: Mapping[str, Decision], estimate_seconds: float | None) -> str:
    """Write the count of verdicts and the time that a run would take."""
    found = Counter[str](decision.verdict for decision in decisions.values())
    if found["fresh"] == len(decisions):
        return f"{count(len(decisions), 'stage')}: all fresh" if decisions else "no stages"
    parts = ", ".join(f"{found[verdict]:,} {verdict}" for verdict in VERDICTS if found[verdict])
    time = f"; {about(estimate_seconds)}" if estimate_seconds is not None else ""
    return f"{count(len(decisions), 'stage')}: {parts}{time}"


def leftovers_text(leftovers: Sequence[str]) -> str:
    """Name the files that no stage declares any more, and what to do about them."""
    verb = "is" if len(leftovers) == 1 else "are"
    named = some([printable(path) for path in leftovers], _MOST_LEFTOVERS)
    return f"{count(len(leftovers), 'file')} {verb} left over, declared by no stage: {named} (`pipe clean`)"


def is_worth_a_line(decision: Decision) -> bool:
    """Say whether a stage is shown without -v: all but those that are fresh without a reason."""
    return decision.verdict != "fresh" or bool(decision.reasons)


def _line(
    name: str, decision: Decision, columns: int, style: Style, verbose: bool, grade: str | None
) -> list[str]:
    head = verdict_column(decision.verdict, style) + name_column(name, columns)
    found = phrases(decision.verdict, decision.reasons)
    if verbose and decision.key:
        found = [*found, f"key {decision.key[:12]}", *([grade] if grade else [])]
    return lines(head, VERDICT_COLUMNS + columns, found, verbose=verbose)


def _collapsed(
    base: str, names: Sequence[str], decisions: Mapping[str, Decision], bases: Mapping[str, str], style: Style
) -> list[str]:
    """Write a stage of many instances: how many of each verdict, which are not fresh, and why."""
    by_verdict = {v: [name for name in names if decisions[name].verdict == v] for v in VERDICTS}
    parts = []
    for verdict, members in by_verdict.items():
        if not members:
            continue
        part = style.paint(f"{len(members)} {verdict}", verdict)
        if verdict != "fresh" and len(members) < len(names):
            part += ": " + some([_instance(name, base) for name in members], _MOST_INSTANCES)
        parts.append(part)
    if not any(is_worth_a_line(decisions[name]) for name in names):
        return []
    head = f"{printable(base)} ({len(names)}): {', '.join(parts)}"
    found = _reasons(base, [name for name in names if is_worth_a_line(decisions[name])], decisions, bases)
    indent = " " * VERDICT_COLUMNS
    return [head, *(lines(indent, VERDICT_COLUMNS, found, verbose=False) if found else [])]


def _reasons(
    base: str, names: Sequence[str], decisions: Mapping[str, Decision], bases: Mapping[str, str]
) -> list[str]:
    """Return the reasons of these instances, the commonest first, with whom each concerns if not all."""
    whose: dict[str, list[str]] = {}
    for name in names:
        own = decisions[name]
        for phrase in phrases(own.verdict, [_of_base(reason, bases) for reason in own.reasons]):
            whose.setdefault(phrase, []).append(_instance(name, base))
    ordered = sorted(whose.items(), key=lambda item: -len(item[1]))
    return [p if len(own) == len(names) else f"{p} ({some(own, 3)})" for p, own in ordered]


def _groups(decisions: Mapping[str, Decision], bases: Mapping[str, str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name in decisions:
        groups.setdefault(bases.get(name, name), []).append(name)
    return groups


def _instance(name: str, base: str) -> str:
    return printable(name.removeprefix(f"{base}@"))


def _of_base(reason: Reason, bases: Mapping[str, str]) -> Reason:
    # Two hundred instances that wait for two hundred others wait, to a reader, for one stage.
    if reason.cause != "waiting":
        return reason
    return reason._replace(subject=bases.get(reason.subject, reason.subject))
