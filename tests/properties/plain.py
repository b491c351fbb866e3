"""Strategies of the pure properties: plain values, names, paths, graphs."""

from hypothesis import strategies as st

DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "!map", "1", "true", "null", "[]", "é", "\ud800", "\x00", 'a"b'])
    | st.text(max_size=8)
)

KEYS = (
    st.booleans()
    | st.integers(-2, 2)
    | st.floats(-2, 2)
    | st.sampled_from(["!map", "1", "a"])
    | st.text(max_size=4)
)


def _mappings(values):
    return st.dictionaries(KEYS, values, max_size=4) | st.dictionaries(st.just("!map"), values, max_size=1)


PLAIN = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | _mappings(inner), max_leaves=12)
"""Whatever YAML can say, with keys that only differ by type among it, and with text that looks like our own marks."""

SEGMENTS = st.sampled_from(["a", "b", "ab", "a.b", ".a", "a-b", "*", "[", "é", "a b", "A", "0"])


@st.composite
def edges(draw, most=8):
    """Return for each of some stages (numbers) the earlier ones that it needs."""
    count = draw(st.integers(1, most))
    return [sorted(draw(st.sets(st.integers(0, n - 1), max_size=3))) if n else [] for n in range(count)]


def identity(value):
    """Return something that is equal for exactly those plain values that a stage cannot tell apart.

    Written without the code that is tested: types count, so that 1, 1.0 and True are three values.
    """
    if isinstance(value, dict):
        return ("map", frozenset((identity(k), identity(v)) for k, v in value.items()))
    if isinstance(value, list | tuple):
        return ("list", tuple(identity(item) for item in value))
    return (type(value).__name__, repr(value))
