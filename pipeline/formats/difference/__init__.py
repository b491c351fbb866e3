"""In what two files of one kind differ, and whether that is within a tolerance. Knows no stage and no digest.

Files are read in pieces and never unpickled. Whatever is no number must be the same, in the same order.
"""

from collections.abc import Callable, Mapping

from .. import kinds
from ..errors import FormatError
from . import arrays, plain, raw, tables
from .numbers import Difference, Numbers, Tolerance, Unlike

__all__ = ["Difference", "Tolerance", "between"]

_Compare = Callable[[str, str, Numbers], None]

_BY_ENCODING: Mapping[str, _Compare] = {
    "parquet": tables.parquet,
    "ipc": tables.ipc,
    "csv": plain.csv,
    "json": plain.json,
    "jsonl": plain.jsonl,
    "npy": arrays.npy,
    "npz": arrays.npz,
}


def between(expected: str, actual: str, name: str, tolerance: Tolerance | None) -> Difference:
    """Compare two files whose bytes differ; the suffix of `name` says what they hold.

    The result is within the tolerance only if there is one, the kind is known, and nothing but numbers differs.
    """
    compare = _BY_ENCODING.get(kinds.SUFFIXES.get(kinds.suffix_of(name), ""))
    if compare is None:
        return Difference(within=False, text=raw.difference(expected, actual))
    numbers = Numbers(tolerance)
    try:
        compare(expected, actual, numbers)
    except Unlike as unlike:
        return Difference(within=False, text=str(unlike))
    except (FormatError, OSError) as error:
        what = error.text if isinstance(error, FormatError) else f"it cannot be read: {error.strerror}"
        return Difference(within=False, text=f"{raw.difference(expected, actual)}; {what}")
    if not numbers.differing:
        return Difference(tolerance is not None, f"the same values; {raw.difference(expected, actual)}")
    return Difference(numbers.are_within, numbers.text())
