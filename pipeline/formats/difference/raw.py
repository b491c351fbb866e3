"""Where the bytes of two files begin to differ. Knows no format."""

from itertools import zip_longest

_CHUNK_BYTES = 1 << 20


def difference(expected: str, actual: str) -> str:
    """Say at which byte two files begin to differ, and how long they are."""
    offset, sizes = 0, [0, 0]
    found = None
    with open(expected, "rb") as first, open(actual, "rb") as second:
        while True:
            one, other = first.read(_CHUNK_BYTES), second.read(_CHUNK_BYTES)
            sizes[0] += len(one)
            sizes[1] += len(other)
            if found is None and one != other:
                pairs = enumerate(zip_longest(one, other))
                found = offset + next(index for index, (a, b) in pairs if a != b)
            offset += _CHUNK_BYTES
            if not one and not other:
                break
    sized = f"{sizes[0]:,} bytes" if sizes[0] == sizes[1] else f"{sizes[0]:,} -> {sizes[1]:,} bytes"
    return f"the bytes differ from byte {found:,} on; {sized}" if found is not None else f"the same {sized}"
