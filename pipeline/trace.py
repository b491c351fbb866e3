"""What an action produced: a fact, never changed. Knows its form, not where it is kept."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from . import digest
from .model import Artifact, Produced

SCHEMA = 1
_LEVELS = ("off", "warn", "L0", "L1", "L2")


class Trace(NamedTuple):
    key: str
    stage: str
    """The name under which it ran; a trace is found by its key whatever the stage is called."""
    outputs: Mapping[str, Produced]
    source: Mapping[str, str]
    """The source snapshot that the stage imported: project-relative path -> digest of the file."""
    level: str = "L0"
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0
    numerics: Mapping[str, Any] = {}
    log: str | None = None
    recorded: str = ""
    """When, in UTC."""
    vouched: bool = False
    """Nothing was executed here: the lock file named bytes that lay in the workspace."""
    widened: tuple[str, ...] = ()


def to_bytes(trace: Trace) -> bytes:
    """Write a trace so that a person can read it and `of_bytes` gives it back."""
    plain = {
        **trace._asdict(),
        "outputs": {
            name: {
                "path": p.path,
                "kind": p.artifact.kind,
                "digest": p.artifact.digest,
                "size_bytes": p.artifact.size_bytes,
            }
            for name, p in trace.outputs.items()
        },
        "trace": SCHEMA,
    }
    return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"


def of_bytes(data: bytes) -> Trace:
    """Read a trace. Raises ValueError for anything that is not a whole and well-formed one."""
    plain = json.loads(data)
    if not isinstance(plain, dict) or plain.pop("trace", None) != SCHEMA:
        raise ValueError("not a trace of a known form")
    try:
        outputs = {name: _produced(entry) for name, entry in plain["outputs"].items()}
        trace = Trace(**{**plain, "outputs": outputs, "widened": tuple(plain["widened"])})
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a well-formed trace: {error}") from error
    if not digest.is_digest(trace.key) or trace.level not in _LEVELS:
        raise ValueError("not a well-formed trace")
    return trace


def is_trusted_at(trace: Trace, level: str, *, trust: str | None) -> bool:
    """Say whether a trace made at its level may be used by a `pipe` that isolates at `level`.

    `trust` is the lowest level that the user accepts (`PIPE_TRUST`).
    """
    wanted = trust if trust in _LEVELS else level
    return _LEVELS.index(trace.level) >= min(_LEVELS.index(wanted), _LEVELS.index(level))


def _produced(entry: Mapping[str, Any]) -> Produced:
    kind, name, size = entry["kind"], entry["digest"], entry["size_bytes"]
    if kind not in ("file", "exec", "tree") or not digest.is_digest(name) or type(size) is not int:
        raise ValueError("not a well-formed output")
    return Produced(str(entry["path"]), Artifact(kind, name, size))
