"""What an action produced: a fact, never changed. Knows its form, not where it is kept."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from . import digest
from .model import Artifact, Produced

SCHEMA = 1
_CHECK = b'{"check":"'
_LEVELS = ("off", "warn", "L0", "L1", "L2")


class Trace(NamedTuple):
    key: str
    stage: str
    """The name under which it ran; a trace is found by its key whatever the stage is called."""
    outputs: Mapping[str, Produced]
    source: Mapping[str, str]
    """The full source of what the stage reached: project-relative path -> digest of the file."""
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
    pruned: Mapping[str, str] | None = None
    """What the stage imported of it, by path. None in a trace of an older `pipe`: it imported the full source."""
    spans: Mapping[str, tuple[str, int]] = {}
    """Unit of code -> file and line in the full source, for showing what changed."""
    observed: Mapping[str, str | None] = {}
    """Under `sandbox: warn` what the stage asked for without declaring it (the form is in `observed`). The trace is a
    hit only while all of it holds."""

    roots: tuple[str, ...] = (".",)
    """The import roots, relative to the project, first one first."""
    params_path: str | None = None
    """Where a `cmd` stage that lists its parameters found them."""
    always: bool = False
    """It asked the outside world: its outputs are kept like raw inputs, and nothing makes them again."""
    unstored: tuple[str, ...] = ()
    """Inputs that pipeline.yaml keeps out of the store, by path."""

    @property
    def imported(self) -> Mapping[str, str]:
        """The files that the stage imported, by path."""
        return self.source if self.pruned is None else self.pruned


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
    return _text({**plain, "check": digest.of_bytes(_text(plain))}) + b"\n"


def _text(plain: Mapping[str, Any]) -> bytes:
    return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode("ascii")


def _check_of(data: bytes) -> str | None:
    """Return what `check` must be in a text that `to_bytes` wrote; None for another form of the same object.

    `check` stands first, since the keys are sorted: the text without it is at hand, and need not be made again.
    """
    if not data.startswith(_CHECK) or not data.endswith(b"}\n"):
        return None
    return digest.of_bytes(b"{" + data[len(_CHECK) + digest.HEX_LENGTH + len('",') : -1])


def of_bytes(data: bytes) -> Trace:
    """Read a trace. Raises ValueError for anything that is not a whole and well-formed one."""
    try:
        plain = json.loads(data)
    except RecursionError as error:
        raise ValueError("not a trace: nested too deep") from error
    if not isinstance(plain, dict) or plain.pop("trace", None) != SCHEMA:
        raise ValueError("not a trace of a known form")
    # Nothing names a trace by its bytes, so it names them itself: a changed digit would be believed.
    check = plain.pop("check", None)
    if check != _check_of(data) and check != digest.of_bytes(_text({**plain, "trace": SCHEMA})):
        raise ValueError("a trace that was changed")
    try:
        outputs = {name: _produced(entry) for name, entry in plain["outputs"].items()}
        lists = {name: tuple(plain[name]) for name in ("widened", "roots", "unstored") if name in plain}
        trace = Trace(**{**plain, "outputs": outputs, **lists, **_spans(plain)})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"not a well-formed trace: {error}") from error
    _check(trace)
    return trace


def _spans(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {"spans": {unit: (path, line) for unit, (path, line) in plain.get("spans", {}).items()}}


def _check(trace: Trace) -> None:
    # It may come from elsewhere: whoever reads a field later must find what its type says.
    texts = (
        trace.key,
        trace.stage,
        trace.level,
        trace.recorded,
        *trace.widened,
        *trace.roots,
        *trace.unstored,
    )
    numbers = (trace.wall_seconds, trace.cpu_seconds, trace.peak_memory_bytes)
    if not (
        all(type(text) is str for text in texts)
        and all(type(number) in (int, float) for number in numbers)
        and type(trace.vouched) is type(trace.always) is bool
        and type(trace.params_path) in (str, type(None))
        and isinstance(trace.numerics, dict)
        and isinstance(trace.source, dict)
        and isinstance(trace.imported, dict)
        and all(_is_digest(name) for name in (trace.key, *trace.source.values(), *trace.imported.values()))
        and all(
            type(unit) is type(path) is str and type(line) is int
            for unit, (path, line) in trace.spans.items()
        )
        and isinstance(trace.observed, dict)
        and all(type(path) is str for path in trace.observed)
        and all(name is None or _is_digest(name) for name in trace.observed.values())
        and (trace.log is None or _is_digest(trace.log))
        and trace.level in _LEVELS
    ):
        raise ValueError("not a well-formed trace")


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and digest.is_digest(value)


def is_trusted_at(trace: Trace, level: str, *, trust: str | None) -> bool:
    """Say whether a trace may be used by a `pipe` that isolates at `level`; see `is_level_trusted`."""
    return is_level_trusted(trace.level, level, trust=trust)


def is_level_trusted(made_at: str, level: str, *, trust: str | None) -> bool:
    """Say whether what was made at one level may be used by a `pipe` that isolates at another.

    `trust` is the lowest level that the user accepts (`PIPE_TRUST`).
    """
    wanted = trust if trust in _LEVELS else level
    return _LEVELS.index(made_at) >= min(_LEVELS.index(wanted), _LEVELS.index(level))


def _produced(entry: Mapping[str, Any]) -> Produced:
    kind, name, size = entry["kind"], entry["digest"], entry["size_bytes"]
    if kind not in ("file", "exec", "tree") or not _is_digest(name) or type(size) is not int:
        raise ValueError("not a well-formed output")
    if type(entry["path"]) is not str:
        raise ValueError("not a well-formed output")
    return Produced(entry["path"], Artifact(kind, name, size))
