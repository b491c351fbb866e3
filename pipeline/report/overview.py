"""What stands first on a page: the verdict, the figures, what failed, what changed. Shows what is told."""

from collections import Counter
from collections.abc import Mapping, Sequence

from ..render.words import count, duration, size
from .markup import Child, Html, element, prose, tight
from .subject import WORST, Change, Changes, Subject, Told

_MOST_CHANGES = 40
_MOST_DIFF_LINES = 120
_MOST_FAILURES = 20
_KINDS = {
    "param": "Parameters",
    "code": "Code",
    "input": "Raw inputs",
    "package": "Packages and environment",
    "declaration": "Declarations",
}


def header(subject: Subject) -> Html:
    """Write the verdict, when it was, and the few figures that say how large it is."""
    record, stages = subject.record, subject.stages
    found = Counter(told.outcome for told in stages.values())
    when = record.started.replace("T", " ").replace("Z", " UTC")
    facts = [
        element("b", None, subject.project),
        element("span", None, "run ", element("code", None, record.run)),
        element("time", {"datetime": record.started}, when),
        element("span", None, "commit ", element("code", None, record.git_commit[:12]))
        if record.git_commit
        else None,
        element("span", None, element("code", None, asked))
        if (asked := _asked(subject)) != "pipe run"
        else None,
    ]
    shares = [
        element("i", {"class": f"o-{outcome}", "style": f"flex:{found[outcome]}"})
        for outcome in WORST
        if found[outcome]
    ]
    label = ", ".join(f"{found[outcome]:,} {outcome}" for outcome in WORST if found[outcome])
    return element(
        "header",
        None,
        element("p", {"class": "eyebrow"}, facts),
        element("h1", {"class": None if record.ok else "bad"}, _verdict(subject, found)),
        element("p", {"class": "lede"}, _lede(subject, found)),
        element("div", {"class": "share", "role": "img", "aria-label": label}, shares),
        element(
            "dl",
            {"class": "keyfigures"},
            [
                element("div", None, element("dt", None, name), element("dd", None, value))
                for name, value in _figures(subject, found)
            ],
        ),
    )


def _asked(subject: Subject) -> str:
    record = subject.record
    sets = [f"-S {name}={value}" for name, value in record.overrides.items()]
    return " ".join(["pipe run", *record.targets, *record.flags, *sets])


def _verdict(subject: Subject, found: Mapping[str, int]) -> str:
    if found.get("failed"):
        return f"{count(found['failed'], 'stage')} failed"
    if not subject.record.ok:
        return "The run ended early"
    if not subject.stages:
        return "There was nothing to do"
    if not found.get("executed") and not found.get("restored"):
        return "Everything was up to date"
    return (
        "The stage succeeded" if len(subject.stages) == 1 else f"All {len(subject.stages):,} stages succeeded"
    )


def _lede(subject: Subject, found: Mapping[str, int]) -> str:
    parts = []
    time = tight(duration(subject.record.wall_seconds))
    if found.get("executed"):
        were = "was" if found["executed"] == 1 else "were"
        parts.append(f"{count(found['executed'], 'stage')} {were} executed in {time}")
    if found.get("restored"):
        parts.append(f"{found['restored']:,} came from the store")
    if found.get("fresh"):
        whole = len(found) == 1
        parts.append(f"{count(found['fresh'], 'stage') if whole else found['fresh']} had nothing to do")
    if found.get("blocked"):
        parts.append(f"{found['blocked']:,} could not start because of that")
    if found.get("cancelled"):
        parts.append(f"{found['cancelled']:,} did not start any more")
    text = "; ".join(parts)
    text = f"{text[:1].upper()}{text[1:]}." if text else ""
    changes = subject.changes
    if changes is not None and subject.record.ok:
        if changes.moved:
            moved = count(len(changes.moved), "output")
            text += f" Since the run before, {moved} changed and {changes.same_outputs:,} stayed the same."
        elif changes.same_outputs:
            text += " Every output is byte for byte that of the run before."
    return text.strip()


def _figures(subject: Subject, found: Mapping[str, int]) -> list[tuple[str, str]]:
    told = list(subject.stages.values())
    ran = [t for t in told if t.outcome == "executed" and t.execution is not None]
    figures = [
        ("stages", f"{len(told):,}"),
        ("executed", f"{found.get('executed', 0):,}"),
        ("time", duration(subject.record.wall_seconds)),
    ]
    if ran:
        figures.append(("processor time", duration(sum(t.execution.cpu_seconds for t in ran if t.execution))))
        figures.append(
            (
                "peak memory",
                size(max(t.execution.peak_memory_bytes for t in ran if t.execution)),
            )
        )
    figures.append(("made", size(sum(made.size_bytes for t in told for made in t.outputs))))
    return figures


def failures(stages: Mapping[str, Told], links: Mapping[str, str]) -> Html | None:
    """Show the failures before all else; None if there are none."""
    failed = [told for told in stages.values() if told.outcome == "failed"]
    if not failed:
        return None
    out = []
    for told in failed[:_MOST_FAILURES]:
        head = element("h3", None, element("a", {"href": f"#{links[told.name]}"}, told.name))
        tail = (
            element("pre", {"class": "log", "tabindex": 0}, "\n".join(told.log[-12:])) if told.log else None
        )
        blocked = [
            t.name
            for t in stages.values()
            if t.outcome == "blocked" and told.name in {r.subject for r in t.reasons}
        ]
        after = (
            element(
                "p",
                {"class": "note"},
                f"Could not start because of it: {', '.join(blocked[:12])}"
                + (f" and {len(blocked) - 12} more" if len(blocked) > 12 else ""),
            )
            if blocked
            else None
        )
        out.append(
            element(
                "div",
                {"class": "failure"},
                head,
                element("p", None, prose(told.error or "it failed")),
                tail,
                after,
            )
        )
    more = (
        element("p", {"class": "note"}, f"and {len(failed) - _MOST_FAILURES:,} more")
        if len(failed) > _MOST_FAILURES
        else None
    )
    return element(
        "section",
        {"id": "failures", "class": "failures", "aria-labelledby": "h-failures"},
        element("h2", {"id": "h-failures"}, "What failed"),
        out,
        more,
    )


def changed(changes: Changes | None) -> Child:
    """Say what differs from the run before, the causes by kind; nothing is said of what merely followed."""
    if changes is None:
        return element("p", {"class": "note"}, "There is no earlier run to compare with.")
    lists = []
    for kind, title in _KINDS.items():
        found = [change for change in changes.found if change.kind == kind]
        if found:
            rows = [_change(change) for change in found[:_MOST_CHANGES]]
            more = (
                element("li", None, f"and {len(found) - _MOST_CHANGES:,} more")
                if len(found) > _MOST_CHANGES
                else None
            )
            lists.append(element("div", None, element("h3", None, title), element("ul", None, rows, more)))
    for title, names in (("New stages", changes.new_stages), ("Stages that are gone", changes.gone_stages)):
        if names:
            lists.append(
                element(
                    "div",
                    None,
                    element("h3", None, title),
                    element("ul", None, element("li", None, _some(names, 24))),
                )
            )
    if changes.moved:
        lists.append(_moved(changes))
    if not lists:
        same = (
            f" All {changes.same_outputs:,} outputs that both have are the same."
            if changes.same_outputs
            else ""
        )
        return element(
            "p", {"class": "note"}, "Nothing: parameters, code, inputs and packages are those of then." + same
        )
    return element("div", {"class": "changes"}, lists)


def _moved(changes: Changes) -> Html:
    said = f"{count(len(changes.moved), 'output')} with other bytes, {changes.same_outputs:,} with the same"
    names = [element("li", None, element("code", None, path)) for path in changes.moved[:_MOST_CHANGES]]
    rest = len(changes.moved) - len(names)
    more = element("li", None, f"and {rest:,} more") if rest > 0 else None
    listed = element(
        "details", None, element("summary", None, said), element("ul", {"class": "names"}, names, more)
    )
    return element(
        "div", None, element("h3", None, "What came of it"), element("ul", None, element("li", None, listed))
    )


def _change(change: Change) -> Html:
    text = change.text
    for word in ("param ", "package ", "code changed: ", "input "):
        text = text.removeprefix(word)
    old, arrow, new = text.partition(" -> ")
    said: Child = [old, element("span", {"class": "arrow"}, "→"), new] if arrow else text
    stages = element("small", None, _some(change.stages, 4))
    diff = (
        element("details", {"class": "exhibit"}, element("summary", None, "the change"), _diff(change.diff))
        if change.diff
        else None
    )
    return element("li", None, said, stages, diff)


def _diff(diff: str) -> Html:
    rows = []
    lines = diff.split("\n")
    for line in lines[:_MOST_DIFF_LINES]:
        kind = {"+": "add", "-": "del", "@": "at"}.get(line[:1])
        rows.append(element("span", {"class": kind}, line + ("" if kind else "\n")))
    if len(lines) > _MOST_DIFF_LINES:
        rows.append(element("span", {"class": "at"}, f"and {len(lines) - _MOST_DIFF_LINES} more lines"))
    return element("pre", {"class": "diff", "tabindex": 0}, rows)


def _some(names: Sequence[str], most: int) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")
