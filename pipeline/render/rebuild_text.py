"""What a rebuild says. Executes nothing."""

from typing import Any

from ..errors import Problem
from ..rebuild import Rebuilt
from .words import count, duration, printable, size

_SHORT = 12


def as_text(found: Rebuilt, *, verbose: bool) -> str:
    """Write that the bytes came out the same, and where they are."""
    path, artifact = found.target
    name = artifact.digest if verbose else artifact.digest[:_SHORT]
    known = f"{size(artifact.size_bytes)}, " if artifact.size_bytes else ""
    executed = f"{count(len(found.executed), 'action')} executed in {duration(found.wall_seconds)}"
    if not found.executed:
        executed = "a raw input, as the store keeps it"
    out = [f"rebuilt {printable(path)}: the same bytes ({known}{name}); {executed}"]
    if found.path is not None:
        out.append(f"  -> {printable(found.path)}")
    return "\n".join(out)


def problem(found: Rebuilt, *, verbose: bool) -> Problem:
    """Describe the first action that gave something else, and in what that differs."""
    difference = found.first_difference
    assert difference is not None
    path, _ = found.target
    facts = [("first", difference.text)]
    if difference.actual is not None:
        facts += [("recorded", difference.expected), ("now", difference.actual)]
        facts += [("differs", difference.content)] if difference.content else []
        facts += [("more", line) for line in difference.details] if verbose else []
    facts += [("log", line) for line in found.log.splitlines()[-3:]]
    help_text = f"`pipe verify --only {difference.stage} --perturb` looks for what the result depends on"
    if difference.actual is None:
        help_text = f"`pipe lineage {difference.expected[:_SHORT]} -v` shows what it was made from"
    if found.other_packages:
        name = found.target[1].digest[:_SHORT]
        help_text = f"`pipe rebuild {name} --environment recorded` takes the packages of then"
    return Problem(f"`{path}` could not be made again", facts=tuple(facts), help=help_text)


def as_plain(found: Rebuilt) -> dict[str, Any]:
    """Return the result as JSON has it."""
    difference = found.first_difference
    return {
        "target": found.target[1].digest,
        "ok": found.ok,
        "path": found.path,
        "executed": list(found.executed),
        "first_difference": None if difference is None else difference._asdict(),
    }
