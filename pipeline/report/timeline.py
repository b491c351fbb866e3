"""When which stage ran, as bars in as many rows as ran at the same time. Knows seconds, no clock."""

import heapq
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..render.words import duration
from .markup import Html, element
from .subject import Told

_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MOST_FOCUSED = 60


class Bar(NamedTuple):
    stage: Told
    start: float
    end: float
    row: int


def bars(stages: Mapping[str, Told]) -> list[Bar]:
    """Give each stage that took time the first row that is free; empty if the record does not say when they began."""
    timed = sorted(
        (told.started_seconds, number, told)
        for number, told in enumerate(stages.values())
        if told.started_seconds is not None and told.wall_seconds > 0
    )
    found: list[Bar] = []
    free: list[int] = []
    busy: list[tuple[float, int]] = []
    rows = 0
    for start, _, told in timed:
        while busy and busy[0][0] <= start + 1e-6:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if not free:
            heapq.heappush(free, rows)
            rows += 1
        row = heapq.heappop(free)
        heapq.heappush(busy, (start + told.wall_seconds, row))
        found.append(Bar(told, start, start + told.wall_seconds, row))
    return found


def longest_chain(stages: Mapping[str, Told]) -> tuple[tuple[str, ...], float]:
    """Return the chain of stages that took longest: no number of processors makes the run shorter than that."""
    seconds: dict[str, float] = {}
    after: dict[str, str | None] = {}
    for name, told in stages.items():
        above = [parent for parent in told.needs if parent in seconds]
        slowest = max(above, key=lambda parent: seconds[parent], default=None)
        own = told.wall_seconds if told.outcome in ("executed", "failed") else 0.0
        seconds[name] = own + (seconds[slowest] if slowest is not None else 0.0)
        after[name] = slowest
    if not seconds:
        return (), 0.0
    at: str | None = max(seconds, key=lambda name: seconds[name])
    total, chain = seconds[at or ""], []
    while at is not None:
        if stages[at].outcome in ("executed", "failed"):
            chain.append(at)
        at = after[at]
    return tuple(reversed(chain)), total


def draw(found: Sequence[Bar], links: Mapping[str, str], chain: Sequence[str], wall_seconds: float) -> Html:
    """Draw the rows over a scale of seconds."""
    whole = max([wall_seconds, *(bar.end for bar in found)]) or 1.0
    step = next((s for s in _STEPS if whole / s <= 8), _STEPS[-1])
    ticks = [
        element(
            "span", {"class": "tick", "style": f"left:{_share(number * step, whole)}"}, _mark(number * step)
        )
        for number in range(int(whole / step) + 1)
    ]
    rows: list[list[Html]] = [[] for _ in range(max(bar.row for bar in found) + 1)]
    chained = set(chain)
    for bar in found:
        rows[bar.row].append(
            _bar(bar, links, whole, is_chained=bar.stage.name in chained, focus=len(found) <= _MOST_FOCUSED)
        )
    lanes = [element("div", {"class": "lane"}, row) for row in rows]
    scale = element("div", {"class": "scale", "aria-hidden": "true"}, ticks)
    return element("div", {"class": "lanes many" if len(found) > _MOST_FOCUSED else "lanes"}, scale, lanes)


def _bar(bar: Bar, links: Mapping[str, str], whole: float, *, is_chained: bool, focus: bool) -> Html:
    name = bar.stage.name
    said = f"{name}: {duration(bar.end - bar.start)}, from {_mark(bar.start)}"
    attributes = {
        "class": f"bar o-{bar.stage.outcome}" + (" chained" if is_chained else ""),
        "href": f"#{links[name]}",
        "style": f"left:{_share(bar.start, whole)};width:{_share(bar.end - bar.start, whole)}",
        "title": said,
        "aria-label": said,
        "tabindex": None if focus else -1,
    }
    is_wide = (bar.end - bar.start) / whole > 0.025
    return element("a", attributes, element("span", None, name) if is_wide else None)


def _share(seconds: float, whole: float) -> str:
    return f"{100 * seconds / whole:.3f}%"


def _mark(seconds: float) -> str:
    return "0" if seconds == 0 else duration(seconds)
