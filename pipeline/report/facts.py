"""What was fixed for a stage, and what it cost, as small blocks. Shows what is told."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .. import dotted
from ..render.words import count, duration, size
from . import grade, highlight
from .environments import Titled
from .markup import Child, Html, breakable, element, joined, prose
from .metrics import leaves, number
from .subject import Environment, Given, Made, Told

_LISTED_FILES = 12
_MOST_REASONS = 12
_MOST_PAIRS = 60
_MOST_PARENTS = 12

Pairs = list[tuple[str, Child]]


def blocks(told: Told, links: Mapping[str, str], environments: Mapping[Environment, Titled]) -> Html:
    """Write all blocks of a stage for which there is something to say."""
    found: list[tuple[str, Child]] = [
        ("Why", [element("p", None, prose(reason.text)) for reason in told.reasons[:_MOST_REASONS]]),
        (
            "Parameters",
            _pairs(
                [
                    (name, element("code", None, short(value, 400)))
                    for name, value in dotted.leaves(told.params).items()
                ]
            ),
        ),
        ("Inputs", [_given(given) for given in told.inputs]),
        ("Outputs", [_made(made) for made in told.outputs]),
        ("Command", _command(told)),
        ("Execution", _pairs(_costs(told))),
        ("Metrics", _pairs([(name, number(value)) for name, value in leaves(told.metrics).items()])),
        ("Surroundings", _pairs(_surroundings(told, links, environments))),
    ]
    return element("div", {"class": "facts"}, [_block(title, body) for title, body in found if body])


def short(value: Any, most: int) -> str:
    """Write a parameter's value on one line of no more than so many characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= most else text[: most - 1] + "…"


def _block(title: str, body: Child) -> Html:
    return element("div", {"class": "fact"}, element("h4", None, title), body)


def _pairs(pairs: Pairs) -> Html | None:
    if not pairs:
        return None
    rows = [
        element("div", None, element("dt", None, breakable(n)), element("dd", None, v))
        for n, v in pairs[:_MOST_PAIRS]
    ]
    rest = len(pairs) - len(rows)
    more = (
        element("div", None, element("dt", None, f"and {rest:,} more"), element("dd", None)) if rest else None
    )
    return element("dl", {"class": "pairs"}, rows, more)


def _given(given: Given) -> Html:
    about = [given.kind if given.kind != "tree" else "folder"]
    if given.kind == "glob":
        about = [count(len(given.files), "file")]
    if given.size_bytes is not None:
        about.append(size(given.size_bytes))
    if given.digest:
        about.append(given.digest[:12])
    files = None
    if given.files:
        rest = len(given.files) - _LISTED_FILES
        listed = [element("li", None, element("code", None, path)) for path in given.files[:_LISTED_FILES]]
        more = element("li", None, f"and {rest:,} more") if rest > 0 else None
        files = element("ul", {"class": "names"}, listed, more)
    return _artifact(given.name, given.path, about, files)


def _made(made: Made) -> Html:
    kind = [] if made.kind == "file" else ["folder" if made.kind == "tree" else "executable"]
    return _artifact(made.name, made.path, [*kind, size(made.size_bytes), made.digest[:12]])


def _artifact(name: str, path: str, about: Sequence[str], more: Html | None = None) -> Html:
    label = element("span", {"class": "label"}, name) if name != path else None
    said = element("small", None, " · ".join(about))
    return element("div", {"class": "artifact"}, label, element("code", None, path), said, more)


def _command(told: Told) -> Html | None:
    if not told.is_shell:
        return element("code", None, told.command) if told.command else None
    lines = [[line, "\n"] for line in highlight.lines(told.command, "command.sh")]
    return element("pre", {"class": "text", "tabindex": 0}, joined(lines))


def _costs(told: Told) -> Pairs:
    made = told.execution
    if made is None:
        return [("time", duration(told.wall_seconds))] if told.outcome == "failed" else []
    return [
        ("time", duration(made.wall_seconds)),
        ("processor time", duration(made.cpu_seconds)),
        ("peak memory", size(made.peak_memory_bytes)),
        ("isolation", made.level),
        ("grade", element("span", {"title": grade.WORDS.get(told.grade)}, told.grade)),
        *([("differs with", ", ".join(told.differs_with))] if told.differs_with else []),
        ("recorded", made.recorded.replace("T", " ").replace("Z", " UTC")),
    ]


def _surroundings(told: Told, links: Mapping[str, str], environments: Mapping[Environment, Titled]) -> Pairs:
    found: Pairs = []
    if told.environment is not None:
        anchor, title = environments[told.environment]
        link = element("a", {"href": f"#{anchor}"}, title) if anchor else title
        found.append(("environment", link))
    around = told.around
    found += [(name, "unset" if value is None else value) for name, value in sorted(around.variables.items())]
    found += [("secret", f"{name} (set)") for name in around.secrets]
    found += [(name, said.strip()[:200]) for name, said in sorted(around.tools.items())]
    if around.cpus != 1 or around.gpus:
        found.append(("resources", f"{around.cpus} CPUs" + (f", {around.gpus} GPUs" if around.gpus else "")))
    if around.network:
        found.append(("network", "allowed"))
    if told.needs:
        parents = [[element("a", {"href": f"#{links[p]}"}, p), " "] for p in told.needs[:_MOST_PARENTS]]
        rest = len(told.needs) - len(parents)
        found.append(("comes after", [parents, f"and {rest} more" if rest else None]))
    return found
