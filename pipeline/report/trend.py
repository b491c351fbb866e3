"""Small pictures of numbers: a line of a metric, the distribution of a column, a curve. Knows numbers alone."""

from collections.abc import Sequence

from .markup import Html, element, fixed


def spark(values: Sequence[float | None], label: str) -> Html:
    """Draw what a metric was, run by run; None where it was not measured. The last one has a dot."""
    known = [value for value in values if value is not None]
    low, high = min(known), max(known)
    wide, high_pixels = 120.0, 30.0
    step = (wide - 8) / max(1, len(values) - 1)
    points = [
        (4 + step * number, 4 + (high_pixels - 8) * (1 - (value - low) / (high - low) if high > low else 0.5))
        for number, value in enumerate(values)
        if value is not None
    ]
    line = element("polyline", {"points": " ".join(f"{fixed(x)},{fixed(y)}" for x, y in points)})
    dot = element("circle", {"cx": points[-1][0], "cy": points[-1][1], "r": 2.5})
    return _svg("spark", wide, high_pixels, label, line, dot)


def histogram(counts: Sequence[int], label: str) -> Html:
    """Draw how often values fall into each of equal steps."""
    most = max(counts) or 1
    wide = 5.0
    bars = [
        element(
            "rect",
            {
                "x": number * wide,
                "y": 22 - (high := max(1.0, 22 * count / most)),
                "width": wide - 1,
                "height": high,
            },
        )
        for number, count in enumerate(counts)
        if count
    ]
    return _svg("histogram", wide * len(counts), 22.0, label, *bars)


def curve(xs: Sequence[float], values: Sequence[float | None], label: str) -> Html:
    """Draw values over places that ascend; what they are is said by whoever places the picture."""
    known = [value for value in values if value is not None]
    low, high = min(known), max(known)
    points = [
        f"{fixed(4 + 192 * (x - xs[0]) / (xs[-1] - xs[0]))},"
        f"{fixed(4 + 92 * (1 - (value - low) / (high - low) if high > low else 0.5))}"
        for x, value in zip(xs, values, strict=True)
        if value is not None
    ]
    frame = element("path", {"class": "axis", "d": "M4 4V96H196"})
    return _svg("curve", 200.0, 100.0, label, frame, element("polyline", {"points": " ".join(points)}))


def _svg(name: str, wide: float, high: float, label: str, *shapes: Html) -> Html:
    attributes = {
        "class": name,
        "viewBox": f"0 0 {fixed(wide)} {fixed(high)}",
        "width": fixed(wide),
        "height": fixed(high),
        "role": "img",
        "aria-label": label,
    }
    return element("svg", attributes, *shapes)
