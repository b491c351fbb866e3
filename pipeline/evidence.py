"""What was found out about a result after it was recorded: a fact beside its trace, never changed. Reads no file."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from . import digest
from .model import Artifact
from .trace import Trace

SCHEMA = 1

Kind: TypeAlias = Literal["rebuilt", "perturbed", "differs"]
"""Built again elsewhere with the same bytes; the same with hidden variables varied; or it gave others."""

Grade: TypeAlias = Literal["recorded", "isolated", "rebuilt", "rebuilt under perturbation"]
GRADES: tuple[Grade, ...] = get_args(Grade)
"""How well a result is known to be what its action gives, each more than the one before."""


class Evidence(NamedTuple):
    key: str
    outputs: Mapping[str, str]
    """Path -> `kind digest`: the result that it is about."""
    kind: Kind
    variables: tuple[str, ...] = ()
    """The hidden variables that were varied; of what differs, those that are to blame (none if that is not known)."""
    level: str = "L0"
    builds: int = 1
    """How often the action was executed to find this out."""
    recorded: str = ""
    """When, in UTC."""

    @property
    def identity(self) -> str:
        """A name for all evidence that says the same, whoever found it and when."""
        said = {"kind": self.kind, "outputs": dict(self.outputs), "variables": sorted(self.variables)}
        return digest.of_value(said)[:16]


class Graded(NamedTuple):
    """A grade, and the hidden variables on which the result is known to depend."""

    grade: Grade
    differs_with: tuple[str, ...] = ()


class Malformed(ValueError):
    """`kind` is "changed", "malformed" or "newer"."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def outputs_of(outputs: Iterable[tuple[str, Artifact]]) -> dict[str, str]:
    """Return a result as evidence names it."""
    return {path: f"{artifact.kind} {artifact.digest}" for path, artifact in outputs}


def grade(outputs: Mapping[str, str], traces: Sequence[Trace], found: Iterable[Evidence]) -> Graded:
    """Grade a result of an action by all its traces and by what was found out about it."""
    executed = [trace for trace in traces if not trace.vouched]
    same = [trace for trace in executed if outputs_of(trace.outputs.values()) == outputs]
    own = [one for one in found if one.outputs == outputs]
    kinds = {one.kind for one in own}
    reached = 0
    if any(trace.level in ("L1", "L2") for trace in same):
        reached = 1
    if len(same) > 1 or kinds & {"rebuilt", "perturbed"}:
        reached = 2
    if "perturbed" in kinds:
        reached = 3
    blamed = {name for one in own if one.kind == "differs" for name in one.variables or ("repetition",)}
    if len(same) < len(executed):
        blamed.add("repetition")
    if blamed:
        # What is another each time was the same once by chance; what depends on a variable is the same without it.
        reached = min(reached, 1 if "repetition" in blamed else 2)
    return Graded(GRADES[reached], tuple(sorted(blamed)))


def to_bytes(evidence: Evidence) -> bytes:
    """Write evidence so that a person can read it and `of_bytes` gives it back."""
    plain = {**evidence._asdict(), "evidence": SCHEMA}
    return _text({**plain, "check": digest.of_bytes(_text(plain))}) + b"\n"


def of_bytes(data: bytes) -> Evidence:
    """Read evidence. Raises Malformed for anything that is not whole and well-formed."""
    try:
        plain = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Malformed("malformed", "it is no JSON") from error
    form = plain.pop("evidence", None) if isinstance(plain, dict) else None
    if type(form) is int and form > SCHEMA:
        raise Malformed("newer", f"it has form {form}; this pipe knows form {SCHEMA}")
    if form != SCHEMA:
        raise Malformed("malformed", "it is not the form of evidence")
    check = plain.pop("check", None)
    if check != digest.of_bytes(_text({**plain, "evidence": SCHEMA})) or not data.endswith(b"}\n"):
        raise Malformed("changed", "its check is wrong")
    try:
        evidence = Evidence(**{**plain, "variables": tuple(plain["variables"])})
    except (KeyError, TypeError) as error:
        raise Malformed("malformed", f"it is not the form of evidence: {error}") from error
    if not _is_well_formed(evidence):
        raise Malformed("malformed", "it is not the form of evidence")
    return evidence


def _is_well_formed(evidence: Evidence) -> bool:
    # It may come from elsewhere: whoever reads a field later must find what its type says.
    return (
        isinstance(evidence.key, str)
        and digest.is_digest(evidence.key)
        and isinstance(evidence.outputs, dict)
        and all(type(text) is str for text in (*evidence.outputs.values(), *evidence.variables))
        and evidence.kind in get_args(Kind)
        and type(evidence.level) is type(evidence.recorded) is str
        and type(evidence.builds) is int
    )


def _text(plain: Mapping[str, Any]) -> bytes:
    return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode("ascii")
