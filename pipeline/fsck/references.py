"""What records name and is not there. Knows what can be made again, which is merely absent then."""

from collections.abc import Collection, Iterator

from ..ledger import Ledger, known_trees
from .damage import Damage


def check(ledger: Ledger, there: Collection[str], sound: Collection[str]) -> list[Damage]:
    """Return what is missing. `there` are the objects that have a name in the store, `sound` those that are right."""
    found: dict[str, Damage] = {}
    for key, traces in ledger.traces.items():
        if key not in ledger.acts:
            text = (
                f"action {key[:12]} of stage `{traces[0].stage}` is missing: its outputs cannot be made again"
            )
            found[key] = Damage("action-missing", key, text)
    for name, what in _needed(ledger):
        if name not in there and name not in found:
            found[name] = Damage("object-missing", name, f"object {name[:12]} is missing: {what}")
    for name in known_trees(ledger):
        if name in sound and ledger.entries(name) is None:
            text = f"object {name[:12]} is named as a folder, and is no manifest"
            found[name] = Damage("manifest-malformed", name, text)
    return sorted(found.values())


def named(ledger: Ledger) -> set[str]:
    """Return every object that any record names."""
    names = {name for _, produced in ledger.outputs() for name in ledger.objects_of(produced.artifact)}
    for act in ledger.acts.values():
        names |= {name for _, artifact in act.inputs for name in ledger.objects_of(artifact)}
    return names | ledger.sources().keys()


def sizes(ledger: Ledger) -> dict[str, int]:
    """Return the sizes that records give of objects that are no folders."""
    found = {}
    for _, produced in ledger.outputs():
        artifact = produced.artifact
        if artifact.kind != "tree":
            found[artifact.digest] = artifact.size_bytes
    return found


def _needed(ledger: Ledger) -> Iterator[tuple[str, str]]:
    """Yield what nobody can make again, and what it is."""
    for name, (path, _) in ledger.sources().items():
        yield name, f"`{path}`, which a stage read or wrote while it ran"
    for name, (path, _) in ledger.raw_inputs().items():
        yield name, f"the input `{path}`, which no stage makes"
    for key, produced in ledger.outputs():
        if ledger.is_raw(key):
            for name in ledger.objects_of(produced.artifact):
                yield name, f"the output `{produced.path}`, which is never made again"
