"""The run as pictures: its graph and its course, each with what is said of it. Places nothing itself."""

from collections.abc import Mapping, Sequence

from ..render.words import duration
from . import drawing, groups, timeline
from .markup import Child, Html, element, tight
from .subject import Subject, Told

_OPENED_NODES, _NARROW_NODES = 400, 60
_NARROW_PIXELS = 400
_LARGE_PIXELS = 1000
_CHAIN_NAMES = 8


def graph(stages: Mapping[str, Told], links: Mapping[str, str]) -> Child:
    """Draw the graph with the instances of a matrix as one box, and if there is room with a box for each."""
    if not stages:
        return None
    nodes = groups.collapsed(stages)
    drawn = drawing.draw(nodes, stages, links)
    views = [element("div", {"class": "collapsed"}, _canvases(drawn, nodes, stages, links))]
    toggle: Child = None
    is_large = max(drawn.width, drawn.height) > _LARGE_PIXELS
    if len(nodes.groups) < len(stages) <= _OPENED_NODES:
        opened = groups.opened(stages)
        all_drawn = drawing.draw(opened, stages, links)
        is_large = is_large or max(all_drawn.width, all_drawn.height) > _LARGE_PIXELS
        views.append(element("div", {"class": "opened"}, _canvases(all_drawn, opened, stages, links)))
        toggle = [
            element("input", {"type": "checkbox", "id": "open-groups"}),
            element("label", {"for": "open-groups"}, "A box for each instance"),
        ]
    skip = element("a", {"class": "skip", "href": "#stages"}, "Skip the graph")
    canvases = element("div", {"class": "canvases"}, views)
    return [skip, element("div", {"class": "graph"}, toggle, _zoom() if is_large else None, canvases)]


def _zoom() -> Html:
    buttons = [
        element("button", {"type": "button", "data-zoom": zoom, "aria-pressed": "false"}, label)
        for zoom, label in (("whole", "Whole"), ("actual", "Actual size"))
    ]
    return element("div", {"class": "toolbar needs-js"}, buttons)


def _canvases(
    drawn: drawing.Drawing, nodes: groups.Nodes, stages: Mapping[str, Told], links: Mapping[str, str]
) -> Child:
    """Put a drawing into a frame, and beside it one for a narrow window if that is not the same."""
    if drawn.width <= _NARROW_PIXELS or len(nodes.groups) > _NARROW_NODES:
        return _canvas(drawn, "canvas")
    narrow = drawing.draw(nodes, stages, links, narrow=True)
    if narrow.width >= drawn.width:
        return _canvas(drawn, "canvas")
    return [_canvas(drawn, "canvas"), _canvas(narrow, "canvas tall")]


def _canvas(drawn: drawing.Drawing, name: str) -> Html:
    return element("div", {"class": name, "role": "region", "aria-label": "Graph", "tabindex": -1}, drawn.svg)


def course(subject: Subject, links: Mapping[str, str]) -> Child:
    """Draw when which stage ran; None if the record does not say it."""
    found = timeline.bars(subject.stages)
    if not found:
        return None
    chain, seconds = timeline.longest_chain(subject.stages)
    rows = max(bar.row for bar in found) + 1
    at_once = f"Up to {rows} stages ran at a time." if rows > 1 else "One stage ran at a time."
    said: list[Child] = [at_once]
    if len(chain) > 1:
        whole = f"{tight(duration(seconds))} of {tight(duration(subject.record.wall_seconds))}"
        said += [f" The longest chain took {whole}: ", _chain(chain), "."]
    drawn = timeline.draw(found, links, chain, subject.record.wall_seconds)
    return [
        element("p", None, said),
        element(
            "div",
            {"class": "timeline", "tabindex": 0, "role": "region", "aria-label": "Timeline of the run"},
            drawn,
        ),
    ]


def _chain(names: Sequence[str]) -> list[Child]:
    """Write the stages of a chain with arrows between them, the middle of a long one left out."""
    is_long = len(names) > _CHAIN_NAMES
    shown = [*names[: _CHAIN_NAMES - 1], "…", names[-1]] if is_long else list(names)
    out: list[Child] = []
    for name in shown:
        out += [" → " if out else None, name if name == "…" else element("code", None, name)]
    return out
