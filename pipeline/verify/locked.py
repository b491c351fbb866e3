"""The outputs that are not made again: those that the lock file names, checked. Executes nothing."""

from collections.abc import Iterable, Mapping

from ..errors import Problem, StoreError
from ..lock import NAME, Entry
from ..model import Produced, Reason
from ..opened import OpenProject
from . import bytes as places
from .build import Given
from .result import OutputFound, StageFound


def given(opened: OpenProject, paths: Iterable[str], *, needs_lock: bool) -> Given:
    """Return where the bytes of outputs are; without a need of the lock file, what lies there will do.

    Raises StoreError that names every output that cannot be had.
    """
    found = {}
    problems = []
    for path in sorted(set(paths)):
        stage = opened.graph.writers[path]
        produced = _locked(opened, stage, path)
        if produced is None and not needs_lock and (lying := opened.workspace.output(path)):
            produced = Produced(path, lying)
        files = places.find(opened, produced) if produced is not None else None
        if produced is None or files is None:
            problems.append(_missing(stage, path, produced))
        else:
            found[path] = (produced, files)
    if problems:
        raise StoreError(*problems)
    return found


def stage(name: str, entry: Entry | None, used: Given, why: str, *, needs_lock: bool) -> StageFound:
    """Describe a stage that is not executed; `used` are those of its outputs that others read here."""
    if entry is None and needs_lock:
        return StageFound(name, "different", error=f"{NAME} does not have it")
    outputs: Mapping[str, Produced] = entry.outputs if entry else {p: made for p, (made, _) in used.items()}
    same = {
        n: OutputFound(p.path, "recorded", p.artifact.digest, p.artifact.digest) for n, p in outputs.items()
    }
    return StageFound(name, "recorded", same, reasons=(Reason("declaration", "recorded", why),))


def _locked(opened: OpenProject, stage: str, path: str) -> Produced | None:
    entry = opened.lock.get(stage)
    return next((p for p in entry.outputs.values() if p.path == path), None) if entry else None


def _missing(stage: str, path: str, produced: Produced | None) -> Problem:
    help_text = f"`pipe run {stage}` makes or restores it"
    if produced is None:
        text = f"stage `{stage}` is not executed here, and {NAME} does not have its output `{path}`"
        return Problem(text, help=help_text)
    text = (
        f"stage `{stage}` is not executed here, and its output `{path}` can be had neither from the workspace"
    )
    facts = (("digest", produced.artifact.digest),)
    return Problem(f"{text} nor from the store", facts=facts, help=help_text)
