"""Numbers that differ: how many, the worst of them, and whether all are within a tolerance. Opens no file."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple


class Tolerance(NamedTuple):
    """Two numbers are close if they are at most `atol + rtol * |expected|` apart, as numpy and pytest have it."""

    rtol: float = 0.0
    atol: float = 0.0


class Difference(NamedTuple):
    """What differs, in words; `within` says that it is no more than a tolerance allows."""

    within: bool
    text: str


class Unlike(Exception):
    """Something that is no number differs: a name, a type, a shape, a text."""


class _Worst(NamedTuple):
    excess: float
    """The distance as a multiple of what is allowed; without a tolerance, of the expected number."""
    distance: float
    relative: float
    """Zero if that says nothing."""
    where: str
    expected: str
    actual: str


class Numbers:
    """Takes pairs of numbers, one by one or as arrays. Equal are also two that are no number (NaN)."""

    def __init__(self, tolerance: Tolerance | None) -> None:
        self._tolerance = tolerance
        self._worst: _Worst | None = None
        self.compared = 0
        self.differing = 0
        self.are_within = tolerance is not None

    def take(self, expected: Any, actual: Any, where: Callable[[], str]) -> None:
        """Take two Python numbers."""
        self.compared += 1
        if expected == actual or (_is_nan(expected) and _is_nan(actual)):
            return
        try:
            distance = float(abs(actual - expected))
            size = float(abs(expected))
        except (OverflowError, ArithmeticError):
            distance = size = math.inf
        self._note(1, distance, size, where, repr(expected), repr(actual))

    def take_arrays(self, expected: Any, actual: Any, where: Callable[[int], str]) -> None:
        """Take two numpy arrays of one dimension, one length and one kind of numbers."""
        import numpy as np

        self.compared += len(expected)
        with np.errstate(all="ignore"):
            differ = expected != actual
            if expected.dtype.kind in "fc":
                differ &= ~(np.isnan(expected) & np.isnan(actual))
            places = np.flatnonzero(differ)
            if not len(places):
                return
            expected, actual = expected[places], actual[places]
            distance = _distances(expected, actual)
            size = np.abs(_wide(expected))
            allowed = self._allowed(size)
            bad = ~(np.isfinite(distance) & (distance <= allowed))
            excess = np.where(np.isfinite(distance), distance / allowed, np.inf)
        excess = np.where(np.isnan(excess), np.inf, excess)
        # What is not allowed counts for more than what is, however the division was rounded.
        worst = int(np.argmax(np.where(bad, excess, -1.0) if bad.any() else excess))
        self._note(
            len(places),
            float(distance[worst]),
            float(size[worst]),
            lambda: where(int(places[worst])),
            repr(expected[worst].item()),
            repr(actual[worst].item()),
        )

    def text(self) -> str:
        """Say how large the worst difference is, where, and how many numbers differ."""
        worst = self._worst
        assert worst is not None, "nothing differs"
        apart = f" (off by {worst.distance:.2g}" if math.isfinite(worst.distance) else ""
        if apart:
            apart += f", relative {worst.relative:.2g})" if worst.relative else ")"
        place = f"{worst.where}: " if worst.where else ""
        count = f"{self.differing:,} of {self.compared:,} numbers differ"
        return f"{place}{worst.expected} -> {worst.actual}{apart}; {count}"

    def _note(
        self, count: int, distance: float, size: float, where: Callable[[], str], expected: str, actual: str
    ) -> None:
        self.differing += count
        allowed = self._allowed(size)
        if not (math.isfinite(distance) and distance <= allowed):
            self.are_within = False
        finite = math.isfinite(distance) and allowed > 0 and math.isfinite(allowed)
        excess = distance / allowed if finite else math.inf
        if self._worst is None or excess > self._worst.excess:
            relative = distance / size if size and math.isfinite(size + distance) else 0.0
            self._worst = _Worst(excess, distance, relative, where(), expected, actual)

    def _allowed(self, size: Any) -> Any:
        if self._tolerance is None:
            return size
        return self._tolerance.atol + self._tolerance.rtol * size


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _wide(values: Any) -> Any:
    import numpy as np

    is_plain = values.dtype.kind in "iu" or (values.dtype.kind == "f" and values.dtype.itemsize <= 8)
    return values.astype(np.float64) if is_plain else values


def _distances(expected: Any, actual: Any) -> Any:
    import numpy as np

    if expected.dtype.kind in "iu":
        # Exact: as floats, large integers beside one another would be the same.
        low, high = np.minimum(expected, actual), np.maximum(expected, actual)
        bits = f"u{expected.dtype.itemsize}"
        return (high.astype(bits) - low.astype(bits)).astype(np.float64)
    return np.abs(_wide(actual) - _wide(expected))
