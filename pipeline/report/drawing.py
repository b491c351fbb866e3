"""The graph of a run as SVG: a box for each node, a line for each edge. Decides no place: `layers` does."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..render.words import count, duration
from .groups import Group, Nodes
from .layers import Gaps, Placement, Size, place
from .markup import Html, element, fixed, joined
from .subject import WORST, Told

_CHARACTER = 7.3
"""The width of a character of a node's name, which is set in a monospaced face of 12 px."""
_MOST_CHARACTERS = 30
_MOST_CELLS = 60
_CELLS_A_ROW = 20
_WIDE_PIXELS = 1100
_FIT_PIXELS = 1400
"""A drawing so wide may be made smaller where there is less room; a wider one is scrolled."""
_SIDE, _TOP = 10.0, 6.0


class Drawing(NamedTuple):
    """A picture, with the room that it needs to be read."""

    svg: Html
    width: float
    height: float


def draw(
    nodes: Nodes, stages: Mapping[str, Told], links: Mapping[str, str], *, narrow: bool = False
) -> Drawing:
    """Draw the graph from left to right if it is not too long for that, else from top to bottom.

    `links` gives by stage, and by group, the anchor of its section. `narrow` asks for the way from top to bottom.
    """
    boxes = [_size(group, stages) for group in nodes.groups]
    if not narrow:
        sideways = place([Size(box.along, box.across) for box in boxes], nodes.edges, Gaps())
        if sideways.along <= _WIDE_PIXELS:
            return _drawing(nodes, stages, links, boxes, sideways, is_sideways=True)
    upright = place([Size(box.across, box.along) for box in boxes], nodes.edges, Gaps(34.0, 16.0, 12.0))
    if not narrow and upright.across > max(_WIDE_PIXELS, 2 * sideways.along):
        return _drawing(nodes, stages, links, boxes, sideways, is_sideways=True)
    return _drawing(nodes, stages, links, boxes, upright, is_sideways=False)


def _size(group: Group, stages: Mapping[str, Told]) -> Size:
    """Return the width and height of a node's box."""
    words = max(len(_title(group)) + (4 if len(group.names) > 1 else 0), len(_second(group, stages)) * 0.86)
    rows = -(-len(group.names) // _CELLS_A_ROW) if 1 < len(group.names) <= _MOST_CELLS else 0
    wide = max(
        words * _CHARACTER + 2 * _SIDE, min(len(group.names), _CELLS_A_ROW) * 10 + 2 * _SIDE if rows else 0
    )
    return Size(wide, 42.0 + (rows * 10 + 4 if rows else 0) + (9 if len(group.names) > _MOST_CELLS else 0))


def _title(group: Group) -> str:
    return group.base if len(group.base) <= _MOST_CHARACTERS else group.base[: _MOST_CHARACTERS - 1] + "…"


def _second(group: Group, stages: Mapping[str, Told]) -> str:
    """Write a node's second line: what became of it, and how long that took."""
    found = Counter(stages[name].outcome for name in group.names)
    outcomes = [outcome for outcome in WORST if found[outcome]]
    seconds = sum(
        stages[name].wall_seconds for name in group.names if stages[name].outcome in ("executed", "failed")
    )
    time = [duration(seconds)] if seconds else []
    if len(group.names) == 1:
        return " · ".join([*outcomes, *time])
    if len(outcomes) == 1:
        return " · ".join([f"all {outcomes[0]}", *time])
    return " · ".join([*(f"{found[outcome]:,} {outcome}" for outcome in outcomes[:2]), *time])


def _drawing(
    nodes: Nodes,
    stages: Mapping[str, Told],
    links: Mapping[str, str],
    boxes: Sequence[Size],
    placed: Placement,
    *,
    is_sideways: bool,
) -> Drawing:
    wide, high = (placed.along, placed.across) if is_sideways else (placed.across, placed.along)
    wide, high = wide + 2 * _TOP, high + 2 * _TOP
    lines = [
        element(
            "path",
            {
                "class": "edge",
                "data-e": f"{source} {target}",
                "d": _way(placed, boxes, (source, target), is_sideways),
            },
        )
        for source, target in nodes.edges
    ]
    children: dict[int, list[int]] = {}
    for source, target in nodes.edges:
        children.setdefault(source, []).append(target)
    drawn = []
    for number, (group, box) in enumerate(zip(nodes.groups, boxes, strict=True)):
        along, across = placed.centres[number]
        x, y = (along, across) if is_sideways else (across, along)
        feeds = [_title(nodes.groups[child]) for child in children.get(number, ())]
        corner = (x - box.along / 2 + _TOP, y - box.across / 2 + _TOP)
        drawn.append(_node(number, group, stages, links, feeds, corner, box))
    stage_count = sum(len(group.names) for group in nodes.groups)
    label = f"{count(stage_count, 'stage')} and what passes between them; each box is a link to its stage"
    attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "class": "dag fit" if wide <= _FIT_PIXELS else "dag",
        "viewBox": f"0 0 {fixed(wide)} {fixed(high)}",
        "width": fixed(wide),
        "height": fixed(high),
        "style": f"--w:{fixed(wide)}px",
        "role": "group",
        "aria-label": label,
    }
    return Drawing(
        element("svg", attributes, element("g", {"aria-hidden": "true"}, lines), drawn), wide, high
    )


def _way(placed: Placement, boxes: Sequence[Size], edge: tuple[int, int], is_sideways: bool) -> str:
    """Write an edge's path: straight where it passes a layer, bent between two."""
    source, target = edge
    depth = [box.along if is_sideways else box.across for box in (boxes[source], boxes[target])]
    begin, end = placed.centres[source], placed.centres[target]
    stops = [(begin[0] + depth[0] / 2, begin[1])]
    for start, stop, across in placed.ways[edge]:
        stops += [(start, across), (stop, across)]
    stops.append((end[0] - depth[1] / 2, end[1]))
    out = [f"M{_point(*stops[0], is_sideways)}"]
    for number, (one, other) in enumerate(itertools.pairwise(stops)):
        if number % 2:
            out.append(f"L{_point(*other, is_sideways)}")
            continue
        half = (one[0] + other[0]) / 2
        bend = f"C{_point(half, one[1], is_sideways)} {_point(half, other[1], is_sideways)} "
        out.append(
            f"{bend}{_point(*other, is_sideways)}"
            if abs(one[1] - other[1]) > 0.5
            else f"L{_point(*other, is_sideways)}"
        )
    return "".join(out)


def _point(along: float, across: float, is_sideways: bool) -> str:
    x, y = (along, across) if is_sideways else (across, along)
    return f"{fixed(x + _TOP)} {fixed(y + _TOP)}"


def _node(
    number: int,
    group: Group,
    stages: Mapping[str, Told],
    links: Mapping[str, str],
    feeds: Sequence[str],
    corner: tuple[float, float],
    box: Size,
) -> Html:
    x, y = corner
    is_many = len(group.names) > 1
    outcomes = {stages[name].outcome for name in group.names}
    outcome = next((outcome for outcome in WORST if outcome in outcomes), WORST[-1])
    second = _second(group, stages)
    label = _label(group, second, feeds)
    shapes = []
    if is_many:
        for offset in (4.0, 2.0):
            shapes.append(_box(x + offset, y + offset, box, "under"))
    shapes.append(_box(x, y, box, "box"))
    shapes.append(
        element(
            "rect", {"class": "mark", "x": x, "y": y + 7, "width": 3, "height": box.across - 14, "rx": 1.5}
        )
    )
    many = element("tspan", {"class": "many"}, f" ×{len(group.names)}") if is_many else None
    shapes.append(element("text", {"class": "name", "x": x + _SIDE + 1, "y": y + 18}, _title(group), many))
    shapes.append(element("text", {"class": "sub", "x": x + _SIDE + 1, "y": y + 33}, second))
    attributes: dict[str, str | int] = {
        "href": f"#{links[group.base if is_many else group.names[0]]}",
        "class": f"node o-{outcome}",
        "data-n": number,
        "aria-label": label,
    }
    link = element("a", attributes, element("title", None, label), shapes)
    return joined([link, _cells(group, stages, links, x, y) if is_many else None])


def _label(group: Group, second: str, feeds: Sequence[str]) -> str:
    """Say what a box says, for those who do not see it."""
    many = [count(len(group.names), "instance")] if len(group.names) > 1 else []
    label = ", ".join([group.base, *many, *second.split(" · ")])
    more = f" and {len(feeds) - 4} more" if len(feeds) > 4 else ""
    return f"{label}; feeds {', '.join(feeds[:4])}{more}" if feeds else label


def _box(x: float, y: float, box: Size, name: str) -> Html:
    return element("rect", {"class": name, "x": x, "y": y, "width": box.along, "height": box.across, "rx": 7})


def _cells(group: Group, stages: Mapping[str, Told], links: Mapping[str, str], x: float, y: float) -> Html:
    """Draw a small square for each instance, a link to it; one bar of shares where they are too many."""
    if len(group.names) > _MOST_CELLS:
        found = Counter(stages[name].outcome for name in group.names)
        bars, at = [], x + _SIDE + 1
        for outcome in (o for o in WORST if found[o]):
            wide = 110 * found[outcome] / len(group.names)
            bars.append(
                element(
                    "rect", {"class": f"cell o-{outcome}", "x": at, "y": y + 39, "width": wide, "height": 5}
                )
            )
            at += wide
        return joined(bars)
    cells = []
    for place_, name in enumerate(group.names):
        attributes = {
            "class": f"cell o-{stages[name].outcome}",
            "x": x + _SIDE + 1 + place_ % _CELLS_A_ROW * 10,
            "y": y + 40 + place_ // _CELLS_A_ROW * 10,
            "width": 7,
            "height": 7,
            "rx": 1.5,
        }
        label = f"{name}, {stages[name].outcome}"
        link = {"href": f"#{links[name]}", "class": "instance", "tabindex": -1, "aria-label": label}
        cells.append(element("a", link, element("title", None, label), element("rect", attributes)))
    return joined(cells)
