"""A run as one HTML page that needs nothing else. Shows what is told; reads only the outputs that it shows."""

import base64
import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .. import __version__
from ..render.words import count
from . import environments, figures, grade, overview, views
from .exhibit import Exhibits
from .listing import Listings
from .markup import Child, Html, element, joined
from .shelf import Shelf
from .stage import Sections
from .subject import WORST, Subject, Told

_MOST_RESULTS = 8
_SECTIONS_BYTES = 9 << 20
MARK = "<!doctype html><!-- made by pipe report -->"
"""How a page begins: by this it is known again."""


class Page(NamedTuple):
    text: str
    left_out: tuple[str, ...]
    """What there was no room for."""


def write(subject: Subject, shelf: Shelf) -> Page:
    """Write the page. The same records give the same bytes."""
    stages = subject.stages
    links = _links(stages)
    exhibits = Exhibits(shelf, {made.path: made for told in stages.values() for made in told.outputs})
    results, shown = _results(stages, exhibits)
    titled = environments.titles(stages)
    listings = Listings(links, shelf)
    sections = Sections(links, listings, exhibits, titled, shown)
    listed, missing = _stages(stages, sections)
    metrics = figures.section(subject, links, exhibits)
    parts: list[tuple[str, str, Child]] = [
        ("metrics", "Metrics", metrics),
        ("changes", "What changed", [_since(subject), overview.changed(subject.changes)]),
        ("results", "Results", results),
        ("graph", "The graph", views.graph(stages, links)),
        ("timeline", "The execution", views.course(subject, links)),
        ("stages", "The stages", [_filter(stages), listed]),
        ("environments", "Environments", environments.section(stages, titled)),
    ]
    parts = [part for part in parts if part[2]]
    left_out = (*exhibits.left_out, *listings.left_out, *missing)
    failed = overview.failures(stages, links)
    body = joined(
        [
            overview.header(subject),
            _navigation(["failures"] if failed else [], parts),
            element("main", {"id": "main"}, failed, [_section(*part) for part in parts]),
            _footer(subject, left_out),
        ]
    )
    return Page(_document(subject, body), left_out)


def _document(subject: Subject, body: Html) -> str:
    script, style = _asset("page.js"), _asset("page.css")
    hashed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hashed}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        None,
        element("meta", {"charset": "utf-8"}),
        element("meta", {"http-equiv": "Content-Security-Policy", "content": policy}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("meta", {"name": "color-scheme", "content": "light dark"}),
        element("meta", {"name": "referrer", "content": "no-referrer"}),
        Html('<link rel="icon" href="data:,">'),
        element("title", None, f"{subject.project}: run {subject.record.run}"),
        Html(f"<style>{style}</style>"),
    )
    whole = element(
        "html", {"lang": "en"}, head, element("body", None, body, Html(f"<script>{script}</script>"))
    )
    return f"{MARK}\n{whole}\n"


def _asset(name: str) -> str:
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name), encoding="utf-8") as file:
        return file.read()


def _links(stages: Mapping[str, Told]) -> dict[str, str]:
    """Give each stage, and each group of instances, an anchor of its own."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    sizes = Counter(told.base for told in stages.values())
    for name, told in stages.items():
        for each in (name, told.base) if sizes[told.base] > 1 else (name,):
            if each not in found:
                plain = "stage-" + re.sub(r"[^A-Za-z0-9_.@-]", "-", each)
                anchor, number = plain, 1
                while anchor in taken:
                    number += 1
                    anchor = f"{plain}~{number}"
                taken.add(anchor)
                found[each] = anchor
        found.setdefault(told.base, found[name])
    return found


def _section(anchor: str, title: str, body: Child) -> Html:
    return element(
        "section",
        {"id": anchor, "aria-labelledby": f"h-{anchor}"},
        element("h2", {"id": f"h-{anchor}"}, title),
        body,
    )


def _navigation(first: Sequence[str], parts: Iterable[tuple[str, str, Child]]) -> Html:
    items = [element("li", None, element("a", {"href": f"#{a}"}, "What failed")) for a in first]
    items += [element("li", None, element("a", {"href": f"#{anchor}"}, title)) for anchor, title, _ in parts]
    return element("nav", {"aria-label": "On this page"}, element("ul", None, items))


def _since(subject: Subject) -> Html | None:
    if subject.changes is None:
        return None
    return element("p", None, "Since run ", element("code", None, subject.changes.before), ".")


def _results(stages: Mapping[str, Told], exhibits: Exhibits) -> tuple[Child, set[str]]:
    """Show the documents and images that no other stage reads; returns also which outputs are seen there."""
    ends = [made for told in stages.values() for made in told.outputs if made.is_end and not made.is_metric]
    ends.sort(key=lambda made: not made.path.endswith(".md"))  # a document may hold the images
    out: list[Html] = []
    shown: set[str] = set()
    for made in ends:
        if len(out) >= _MOST_RESULTS or not made.path.lower().endswith(
            (".md", ".png", ".svg", ".jpg", ".jpeg", ".gif", ".webp")
        ):
            continue
        if exhibits.has_image(made.digest):
            shown.add(made.path)
            continue
        seen = exhibits.of(made)
        if seen is not None:
            shown.add(made.path)
            caption = element("p", {"class": "note"}, element("code", None, made.path))
            out.append(element("div", None, caption, seen))
    return out, shown


def _filter(stages: Mapping[str, Told]) -> Html:
    found = Counter(told.outcome for told in stages.values())
    chips = [
        element(
            "button",
            {"type": "button", "data-outcome": outcome, "aria-pressed": "false"},
            f"{outcome} {found[outcome]:,}",
        )
        for outcome in WORST
        if found[outcome]
    ]
    return element(
        "div",
        {"class": "filter needs-js", "role": "search"},
        element(
            "input",
            {
                "type": "search",
                "id": "search",
                "placeholder": "Find a stage",
                "aria-label": "Find a stage",
                "autocomplete": "off",
            },
        ),
        chips if len(chips) > 1 else None,
        element("button", {"type": "button", "id": "toggle"}, "Open all"),
        element("span", {"id": "found", "role": "status"}),
    )


def _stages(stages: Mapping[str, Told], sections: Sections) -> tuple[list[Html], list[str]]:
    by_base: dict[str, list[Told]] = {}
    for told in stages.values():
        by_base.setdefault(told.base, []).append(told)
    out: list[Html] = []
    room = _SECTIONS_BYTES
    missing = 0
    for instances in by_base.values():
        written = sections.of(instances) if room > 0 else None
        if written is None:
            missing += len(instances)
            continue
        room -= len(written)
        out.append(written)
    return out, [f"the sections of the last {count(missing, 'stage')}"] if missing else []


def _footer(subject: Subject, left_out: Sequence[str]) -> Html:
    grades = {told.grade for told in subject.stages.values() if told.grade}
    words = [
        ("executed", "it ran in this run"),
        ("restored", "the store had the result; it was put in place"),
        ("fresh", "the workspace held the result already"),
        *((name, said) for name, said in grade.WORDS.items() if name in grades),
    ]
    terms = element(
        "dl", None, [[element("dt", None, name), element("dd", None, said)] for name, said in words]
    )
    most = 20
    rest = f" and {len(left_out) - most:,} more" if len(left_out) > most else ""
    missing = (
        element(
            "p",
            None,
            f"No room on this page: {'; '.join(left_out[:most])}{rest}. `pipe show {subject.record.run} -v` has all.",
        )
        if left_out
        else None
    )
    said = f"Made by pipe {__version__} from the records of run {subject.record.run}. It loads nothing."
    return element("footer", None, element("div", None, element("p", None, said), terms, missing))
