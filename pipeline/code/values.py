"""What the code room gives and takes, as plain values. Knows neither files nor syntax trees."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Memo(Protocol):
    """Where analyses are kept between runs. A value that was put is never changed."""

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, value: bytes) -> None: ...


class Parameter(NamedTuple):
    name: str
    kind: str
    """`positional-only`, `plain`, `keyword-only`, `*` or `**`."""
    has_default: bool
    annotation: str | None
    """The dotted name that it stands for (`pandas.DataFrame`, `dict[str, pyarrow.Table]`), `None` and
    `Annotated` taken off; its source text if that cannot be told; None if there is none."""


class Signature(NamedTuple):
    parameters: tuple[Parameter, ...]
    line: int
    file: str


class Widening(NamedTuple):
    """A construct that could not be followed, and what counts because of it."""

    construct: str
    file: str
    line: int
    reaches: str


class Unpickled(NamedTuple):
    """What the pickles among a stage's inputs refer to."""

    names: tuple[str, ...] = ()
    """`module:name`, sorted; of any module, not of the project's alone."""
    unread: tuple[str, ...] = ()
    """Paths of those that could not be looked into, so that they may refer to anything; sorted."""


class Parts(NamedTuple):
    """What of one file is in the key."""

    pieces: tuple[int, ...]
    """Numbers of its top-level statements, in order."""
    taken: Mapping[int, tuple[str, ...]]
    """Number of a `from ... import` that is cut down -> the names that are still taken, sorted."""


class Code(NamedTuple):
    """What a stage reaches of the project. Every mapping and tuple is sorted."""

    units: Mapping[str, str]
    """Unit -> digest of its meaning. `module:name` is a top-level definition, `module:<module>` what the module
    runs when it is imported, `module:<file>` one that counts by its bytes; a script has its path for a module.
    """
    files: Mapping[str, str]
    """Project-relative path -> digest of the whole bytes: the full source of all that is reached."""
    imports: tuple[str, ...]
    """Dotted modules that are not the project's; of the standard library the top-level name alone."""
    absent: tuple[str, ...]
    """Names that resolve to nothing today; a new file or package could satisfy them."""
    widened: tuple[Widening, ...]
    signature: Signature | None = None
    """Of a target that is a plain `def`; None for all else."""
    needs_bytes: tuple[str, ...] = ()
    """Units that count by their raw bytes, comments and all; `widened` says why."""
    places: Mapping[str, tuple[str, int]] = {}
    """Unit -> file and line where it begins."""
    reached_by: Mapping[str, str | None] = {}
    """Unit -> the unit through which it is reached, on a shortest way; None for where the stage starts."""
    parts: Mapping[str, "Parts | None"] = {}
    """Path -> what of the file is in the units: all that the child imports of it. None: the file as it is."""


class CodeError(Exception):
    """A target that cannot be found, or source that cannot be read; no `file`: the caller has the place."""

    def __init__(self, text: str, *, hint: str = "", file: str | None = None, line: int = 0, column: int = 0):
        super().__init__(text)
        self.text = text
        self.help = hint
        self.file = file
        self.line = line
        self.column = column
