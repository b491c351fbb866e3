"""The code room: from a callable or a command to the units of the project that it reaches. Runs no code."""

from .command import of_command
from .constructs import unpickles
from .reach import UNREAD
from .snapshot import left_out, pruned
from .sources import Sources
from .target import of_callable
from .values import Code, CodeError, Memo, Parameter, Parts, Signature, Unpickled, Widening

__all__ = [
    "UNREAD",
    "Code",
    "CodeError",
    "Memo",
    "Parameter",
    "Parts",
    "Signature",
    "Sources",
    "Unpickled",
    "Widening",
    "left_out",
    "of_callable",
    "of_command",
    "pruned",
    "unpickles",
]
