"""How well a result is known, as text. Reads no record."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..evidence import Graded


def text_of(graded: "Graded") -> str:
    """Write a grade, and on what the result is known to depend."""
    return graded.grade + (
        f"; it differs with {', '.join(graded.differs_with)}" if graded.differs_with else ""
    )
