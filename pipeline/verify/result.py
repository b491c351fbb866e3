"""What a verification found, as plain values. Does nothing."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from ..errors import Mark
from ..model import Reason
from ..suspects import Suspect

Verdict: TypeAlias = Literal["identical", "equivalent", "recorded", "different", "failed", "blocked"]

OK = frozenset(("identical", "equivalent", "recorded"))


class VerifyOptions(NamedTuple):
    """`skip` are globs of stages that are not executed, as are those above the targets with `only`."""

    targets: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    only: bool = False
    twice: bool = False
    """Compare two builds with each other, and not one with the lock file."""
    jobs: int | None = None
    perturb: bool = False
    """Build each stage again under other hidden variables, too."""


class OutputFound(NamedTuple):
    """One output. A digest is None where there is no such output; `difference` is None if there is none."""

    path: str
    verdict: Verdict
    expected: str | None
    actual: str | None
    difference: str | None = None
    details: tuple[str, ...] = ()
    """The difference in more lines than one; empty where there is no more to say."""
    facts: Mapping[str, Any] = {}
    """The difference as plain values, by what the file holds."""


class Perturbation(NamedTuple):
    """What became of a stage when hidden variables were varied; their names are in `perturb.variables`."""

    perturbed: tuple[str, ...] = ()
    not_perturbed: Mapping[str, str] = {}
    """The others, each with the reason."""
    limits: Mapping[str, str] = {}
    """What of those that were varied stayed as it was."""
    culprits: tuple[str, ...] = ()
    """Those that make the result another one, the one to name first first; `a + b` do so only together."""
    detail: str = ""
    is_same: bool = False
    """Every output had the same bytes in every build: not merely equivalent ones, nor any that were not compared."""
    builds: int = 0
    """How often it was executed for this."""


class StageFound(NamedTuple):
    """One stage, judged. `mark` is its place in pipeline.yaml."""

    name: str
    verdict: Verdict
    outputs: Mapping[str, OutputFound] = {}
    wall_seconds: float = 0.0
    error: str | None = None
    """Of a stage that failed; of one that differs as a whole, what is wrong with it."""
    follows: tuple[str, ...] = ()
    """The stages above it that are to blame."""
    reasons: tuple[Reason, ...] = ()
    """In what it was made of something else than the lock file says."""
    mark: Mark | None = None
    culprit: str | None = None
    """The first of the culprits."""
    perturbation: Perturbation | None = None
    suspects: tuple[Suspect, ...] = ()
    """The lines that may have made the difference, the likeliest first."""


class VerifyResult(NamedTuple):
    """`stages` is in the order of the graph. Not ok, too, if nothing was executed."""

    ok: bool
    stages: Mapping[str, StageFound]
    executed: int
    wall_seconds: float
    twice: bool
    perturbed: bool = False
