"""Collects what the tables and the oracle found, and prints it at the end of the session. Judges nothing.

Tests hand their counts over as properties of their reports, which pytest-xdist brings to whoever prints.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import pytest

PROPERTY = "soundness"
COLUMNS = ("tried", "changed", "stale", "needless", "needless by whole modules", "refused")
Record = Callable[[str, object], None]
Counts = Mapping[str, int]


def record(to: Record, table: str, kind: str, counts: Counts) -> None:
    """Hand over counts by column of one kind of one table; what is not given is 0."""
    assert counts.keys() <= set(COLUMNS), counts
    to(PROPERTY, [table, kind, dict(counts)])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of the session, if there are any."""
    found = collected(report for reports in terminalreporter.stats.values() for report in reports)
    for table, kinds in sorted(found.items()):
        terminalreporter.section(f"soundness: {table}")
        terminalreporter.write_line(as_text(kinds))


def collected(reports: Iterable[object]) -> dict[str, dict[str, Counter[str]]]:
    """Return table -> kind -> counts."""
    tables: dict[str, dict[str, Counter[str]]] = {}
    for report in reports:
        if getattr(report, "when", None) != "call":
            continue
        for name, value in getattr(report, "user_properties", ()):
            if name == PROPERTY:
                table, kind, counts = value
                tables.setdefault(table, {}).setdefault(kind, Counter()).update(counts)
    return tables


def as_text(kinds: Mapping[str, Counter[str]]) -> str:
    """Write a table in Markdown, so that it can be put into docs/soundness.md as it is."""
    shown = [column for column in COLUMNS if any(counts[column] for counts in kinds.values())]
    shown += ["stale"] if "stale" not in shown else []
    rows = [[kind, *(str(counts[c]) for c in shown)] for kind, counts in kinds.items()]
    total = sum(kinds.values(), Counter())
    rows.append(["**all**", *(f"**{total[c]}**" for c in shown)])
    rows = [["kind", *shown], ["---", *("---:" for _ in shown)], *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
