"""Which outputs may be removed from a store, since they can be made again. Reads records and sizes, removes nothing."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from ..ledger import Ledger, known_trees
from ..model import Artifact
from ..trace import Trace


class Output(NamedTuple):
    """An artifact that recorded actions made: what is removed whole or not at all."""

    artifact: Artifact
    path: str
    stage: str
    keys: tuple[str, ...]
    """The actions that make it and may be executed for it, the first recorded one first."""
    objects: tuple[str, ...]
    """Its files that are in the store. Manifests stay: they are small, and say what a folder was made of."""


class Choice(NamedTuple):
    """What may be removed. An object of an output goes only with the last output that holds it."""

    outputs: tuple[Output, ...]
    shared: Mapping[str, int]
    """Of each object, how many outputs hold it, those that stay included."""
    fixed: Collection[str]
    """Objects that stay in any case."""


def is_proven(traces: Sequence[Trace]) -> bool:
    """Say whether an action was executed at least twice, always with the same result."""
    executed = [trace.outputs for trace in traces if not trace.vouched]
    return len(executed) > 1 and not is_disproven(traces)


def is_disproven(traces: Sequence[Trace]) -> bool:
    """Say whether an action ever gave two results."""
    results = [dict(trace.outputs) for trace in traces]
    return any(result != results[0] for result in results)


def choose(
    ledger: Ledger, sizes: Mapping[str, int], needed: Collection[str], *, unproven: Collection[str]
) -> Choice:
    """Return the outputs that may be removed.

    Args:
        ledger: All records.
        sizes: The objects that are there, with their sizes.
        needed: Objects that somebody needs.
        unproven: Keys of actions that were not executed twice, and count all the same.

    An output may be removed only if it can be made of what stays: that is found out upwards, from what stays in any
    case, so that two outputs that are made of one another never both go.
    """
    recipes = _recipes(ledger, sizes, unproven)
    fixed = set(needed) | _raw(ledger) | known_trees(ledger).keys()
    outputs = _outputs(ledger, sizes, recipes)
    removable = {name for output in outputs if output.keys for name in output.objects} - fixed
    made = _made_of_the_rest(ledger, sizes, recipes, removable)
    shared = Counter(name for output in outputs for name in output.objects)
    chosen = [o._replace(keys=tuple(k for k in o.keys if k in made)) for o in outputs]
    return Choice(tuple(o for o in chosen if o.keys and not fixed.issuperset(o.objects)), shared, fixed)


def _recipes(ledger: Ledger, sizes: Mapping[str, int], unproven: Collection[str]) -> set[str]:
    """Return the actions that may be executed for what they made: their source is there, and they are trusted."""
    return {
        key
        for key, traces in ledger.traces.items()
        if not ledger.is_raw(key)
        and (is_proven(traces) or (key in unproven and not is_disproven(traces)))
        and all(name in sizes for name in traces[0].imported.values())
    }


def _raw(ledger: Ledger) -> set[str]:
    """Return what nobody can make: source, logs, raw inputs, what asked the outside world."""
    names = ledger.sources().keys() | ledger.raw_inputs().keys()
    for key, produced in ledger.outputs():
        if ledger.is_raw(key):
            names.update(ledger.objects_of(produced.artifact))
    return set(names)


def _outputs(ledger: Ledger, sizes: Mapping[str, int], recipes: Collection[str]) -> list[Output]:
    """Return all that was ever made and is there, at least in part; what may not be made again has no `keys`."""
    found: dict[str, Output] = {}
    for key, traces in sorted(ledger.traces.items(), key=lambda item: (item[1][0].recorded, item[0])):
        for trace in traces:
            for path, artifact in trace.outputs.values():
                known = found.get(artifact.digest)
                if known is None:
                    objects = tuple(dict.fromkeys(n for n in ledger.files_of(artifact) if n in sizes))
                    known = Output(artifact, path, trace.stage, (), objects)
                # What a trace says that is not the action's proven result is not made again by it.
                gives = key in recipes and trace.outputs == traces[0].outputs and key not in known.keys
                found[artifact.digest] = known._replace(keys=(*known.keys, key)) if gives else known
    return [output for output in found.values() if output.objects]


def _made_of_the_rest(
    ledger: Ledger,
    sizes: Mapping[str, int],
    recipes: Collection[str],
    removable: Collection[str],
) -> set[str]:
    """Return those of the actions that can be executed with nothing but what stays, and what such actions make."""
    there = {name for name in sizes if name not in removable}
    made: set[str] = set()
    waiting = sorted(recipes, key=lambda key: (ledger.traces[key][0].recorded, key))
    while waiting:
        later = []
        for key in waiting:
            needs = (name for _, artifact in ledger.acts[key].inputs for name in ledger.objects_of(artifact))
            if all(name in there for name in needs):
                made.add(key)
                for produced in ledger.traces[key][0].outputs.values():
                    there.update(ledger.objects_of(produced.artifact))
            else:
                later.append(key)
        if len(later) == len(waiting):
            break
        waiting = later
    return made
