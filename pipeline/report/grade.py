"""How well a result is known, in a reader's words. Reads no record."""

from ..evidence import Graded
from ..trace import Trace

WORDS = {
    "rebuilt under perturbation": "built again with hidden variables varied, with the same bytes",
    "rebuilt": "executed at least twice, with the same bytes",
    "isolated": "executed once, and could read only what it declares",
    "recorded": "executed once; what it may have read besides is not known",
    "vouched": "taken over from the lock file, not executed here",
}


def named(made: Trace, graded: Graded) -> str:
    """Return a key of WORDS for the result of a trace."""
    return "vouched" if made.vouched and graded.grade == "recorded" else graded.grade
