"""Numbers that differ: how many, the first and the worst, and whether all are within a tolerance. Opens no file."""

import math
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from .result import Tolerance, count, shown

_MOST_ULPS = 10_000


class Pair(NamedTuple):
    """Two numbers that differ. A distance is infinite where there is none; `relative` is 0 if it says nothing."""

    where: str
    expected: str
    actual: str
    distance: float
    relative: float
    ulps: int = 0
    """The distance in steps of a float of that width; 0 where there are none."""

    def text(self) -> str:
        """Write both, and how far apart they are."""
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.expected} -> {self.actual}{self.apart()}"

    def apart(self) -> str:
        if not math.isfinite(self.distance):
            return ""
        if not self.distance:
            return " (the sign of zero)"
        relative = f", relative {self.relative:.2g}" if self.relative else ""
        return f" (off by {self.distance:.2g}{relative}{_steps(self.ulps)})"


class Numbers:
    """Takes pairs of numbers, one by one or as arrays. Equal are also two that are no number (NaN)."""

    def __init__(self, tolerance: Tolerance | None) -> None:
        self._tolerance = tolerance
        self.excess = -1.0
        self.compared = 0
        self.differing = 0
        self.are_within = tolerance is not None
        self.first: Pair | None = None
        self.worst: Pair | None = None
        """By what is allowed; without a tolerance, by the distance as a part of the expected number."""
        self.largest: Pair | None = None
        """By the distance itself."""
        self.latest: Pair | None = None
        """The pair, or the first of the arrays, that was taken last and differed."""
        self.ulps = 0
        """The largest distance in steps of a float of that width; 0 if that was nowhere to be had."""
        self.payloads = 0
        """Pairs of NaN with other bits: the same to nearly everybody, and not counted as differing."""

    def take(self, expected: Any, actual: Any, where: Callable[[], str]) -> bool:
        """Take two Python numbers, and say whether they differ."""
        self.compared += 1
        if _is_nan(expected) and _is_nan(actual):
            self.payloads += struct.pack("d", expected) != struct.pack("d", actual)
            return False
        if expected == actual and (expected or not _signs_differ(expected, actual)):
            return False
        try:
            distance, size = float(abs(actual - expected)), float(abs(expected))
        except (OverflowError, ArithmeticError):
            distance = size = math.inf
        except TypeError:  # a decimal beside a float
            distance, size = abs(float(actual) - float(expected)), abs(float(expected))
        ulps = 0
        if type(expected) is type(actual) is float and math.isfinite(distance):
            ulps = abs(_ordinal(expected) - _ordinal(actual))
        self.ulps = max(self.ulps, ulps)
        pair = self._pair(distance, size, where, shown(expected), shown(actual))
        self._note(pair._replace(ulps=ulps), size)
        self.differing += 1
        return True

    def take_arrays(self, expected: Any, actual: Any, where: Callable[[int], str]) -> Any:
        """Take two numpy arrays of one dimension, one length and one kind of numbers.

        Returns what says for each place whether they differ there; None if they nowhere do.
        """
        import numpy as np

        if expected.dtype.kind == "O":
            pairs = enumerate(zip(expected, actual, strict=True))
            taken = [self.take(*pair, _bound(where, at)) for at, pair in pairs]
            return np.array(taken, bool) if any(taken) else None
        self.compared += len(expected)
        if expected.dtype == actual.dtype and expected.tobytes() == actual.tobytes():
            return None
        with np.errstate(all="ignore"):
            differ = self._differ(expected, actual)
            places = np.flatnonzero(differ)
            if not len(places):
                return None
            self._worst_of(expected[places], actual[places], lambda index: where(int(places[index])))
        self.differing += len(places)
        return differ

    def _differ(self, expected: Any, actual: Any) -> Any:
        import numpy as np

        differ = expected != actual
        if expected.dtype.kind in "fc":
            nowhere = np.isnan(expected) & np.isnan(actual)
            differ &= ~nowhere
            if nowhere.any():
                # Bits are compared as integers: NaN is equal to nothing.
                ones, others = np.ascontiguousarray(expected[nowhere]), np.ascontiguousarray(actual[nowhere])
                bits = f"V{expected.dtype.itemsize}"
                self.payloads += int((ones.view(bits) != others.view(bits)).sum())
        if expected.dtype.kind == "f":
            zeros = (expected == 0) & (actual == 0)
            differ |= zeros & (np.signbit(expected) != np.signbit(actual))
        return differ

    def _worst_of(self, expected: Any, actual: Any, where: Callable[[int], str]) -> None:
        import numpy as np

        distance = _distances(expected, actual)
        size = np.abs(_wide(expected))
        allowed = self._allowed(size)
        bad = ~(np.isfinite(distance) & (distance <= allowed))
        excess = np.where(np.isfinite(distance), distance / allowed, np.inf)
        excess = np.where(distance == 0, 0.0, np.where(np.isnan(excess), np.inf, excess))
        # What is not allowed counts for more than what is, however the division was rounded.
        worst = int(np.argmax(np.where(bad, excess, -1.0) if bad.any() else excess))
        largest = int(np.argmax(np.where(np.isnan(distance), np.inf, distance)))
        self.ulps = max(self.ulps, _most_ulps(expected, actual))
        latest = self.latest
        for index in dict.fromkeys((0, worst, largest)):
            pair = self._pair(
                float(distance[index]),
                float(size[index]),
                _bound(where, index),
                shown(expected[index].item()),
                shown(actual[index].item()),
            )
            here = slice(index, index + 1)
            pair = pair._replace(ulps=_most_ulps(expected[here], actual[here]))
            self._note(pair, float(size[index]))
            latest = pair if index == 0 else latest
        self.latest = latest

    def text(self) -> str:
        """Say what differs: the first pair, or the worst where a tolerance decides; and how many."""
        return f"{self.headline().text()}; {self.counted('number')}"

    def headline(self) -> Pair:
        """Return the pair to tell of: the first, or with a tolerance the worst."""
        pair = self.first if self._tolerance is None else self.worst
        assert pair is not None, "nothing differs"
        return pair

    def counted(self, noun: str) -> str:
        """Say how many differ, of how many, and by how much where that is not said by the pair itself."""
        verb = "differs" if self.differing == 1 else "differ"
        text = f"{self.differing:,} of {count(self.compared, noun)} {verb}"
        deviation = self.deviation()
        if self.differing == 1 or not deviation or self.headline() == self.largest:
            return text
        return f"{text}, by up to {deviation}"

    def deviation(self) -> str:
        """Write the largest distances: absolute, relative, and in steps where that is a number one can imagine."""
        if self.largest is None or not math.isfinite(self.largest.distance) or not self.largest.distance:
            return ""
        relative = self._relative
        text = f"{self.largest.distance:.2g}"
        inside = (f", relative {relative:.2g}" if relative else "") + _steps(self.ulps)
        return f"{text} ({inside.removeprefix(', ')})" if inside else text

    def facts(self) -> dict[str, Any]:
        """Return the same as plain values; a distance that is not finite is None."""
        found: dict[str, Any] = {"compared": self.compared, "differing": self.differing}
        if self.first is not None and self.largest is not None:
            finite = math.isfinite(self.largest.distance)
            found["first"] = {"where": self.first.where, "old": self.first.expected, "new": self.first.actual}
            found["largest_absolute"] = self.largest.distance if finite else None
            found["largest_relative"] = self._relative or None
            found["ulps"] = self.ulps or None
        if self.payloads:
            found["nan_payloads"] = self.payloads
        return found

    _relative = 0.0

    def _pair(self, distance: float, size: float, where: Callable[[], str], old: str, new: str) -> Pair:
        relative = distance / size if size and math.isfinite(size + distance) else 0.0
        return Pair(where(), old, new, distance, relative)

    def _note(self, pair: Pair, size: float) -> None:
        distance, allowed = pair.distance, self._allowed(size)
        if not (math.isfinite(distance) and distance <= allowed):
            self.are_within = False
        finite = math.isfinite(distance) and allowed > 0 and math.isfinite(allowed)
        excess = distance / allowed if finite else (0.0 if distance == 0 else math.inf)
        if self.worst is None or excess > self.excess:
            self.worst, self.excess = pair, excess
        if self.largest is None or not pair.distance <= self.largest.distance:
            self.largest = pair
        self._relative = max(self._relative, pair.relative)
        self.first = self.first or pair
        self.latest = pair

    def _allowed(self, size: Any) -> Any:
        if self._tolerance is None:
            return size
        return self._tolerance.atol + self._tolerance.rtol * size


def _steps(ulps: int) -> str:
    """Write a distance in steps between neighbouring floats, while that is a number that says something."""
    return f", {ulps:,} ulp{'s' if ulps > 1 else ''}" if 0 < ulps < _MOST_ULPS else ""


def _bound(where: Callable[[int], str], index: int) -> Callable[[], str]:
    return lambda: where(index)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _signs_differ(expected: Any, actual: Any) -> bool:
    return math.copysign(1, expected) != math.copysign(1, actual)


def _ordinal(value: float) -> int:
    """Number the floats in their order, so that neighbours are one apart."""
    bits: int = struct.unpack("<q", struct.pack("<d", value))[0]
    return bits if bits >= 0 else -(bits & 0x7FFF_FFFF_FFFF_FFFF)


def _most_ulps(expected: Any, actual: Any) -> int:
    """Return the largest distance in steps between neighbouring floats; 0 where there are none."""
    import numpy as np

    width = expected.dtype.itemsize
    if expected.dtype.kind != "f" or width not in (2, 4, 8):
        return 0
    finite = np.isfinite(expected) & np.isfinite(actual)
    ordinals = []
    for side in (expected[finite], actual[finite]):
        bits = side.astype(side.dtype.newbyteorder("=")).view(f"i{width}").astype(np.int64)
        low = np.int64((1 << (8 * width - 1)) - 1)
        ordinals.append(np.where(bits >= 0, bits, -(bits & low)))
    if not len(ordinals[0]):
        return 0
    one, other = ordinals
    beside = (one >= 0) == (other >= 0)
    # From one side of zero to the other the distance may have more digits than an integer here.
    steps = np.where(beside, np.abs(one - other), np.abs(one / 2) + np.abs(other / 2))
    return int(steps.max()) if beside.all() else int(2 * float(steps.max()))


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
