"""Adds what a verification found out to the store, beside the traces that it is about. Executes nothing."""

import time
from collections.abc import Iterator, Mapping

from ..errors import PipeError
from ..evidence import Evidence, outputs_of
from ..opened import OpenProject
from .build import Built
from .result import StageFound


def add(opened: OpenProject, built: Built, found: Mapping[str, StageFound]) -> None:
    """Record what the build proves about results that the project's store has a trace of.

    Where nothing can be written nothing is: what was found is told all the same.
    """
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    known = [one._replace(recorded=when) for one in _all(opened, built, found)]
    if not known:
        return
    try:
        opened.prepare()
        batch = opened.store.batch()
        try:
            for one in known:
                opened.store.records.put_evidence(batch, one)
            batch.commit()
        finally:
            batch.discard()
    except PipeError:
        return


def _all(opened: OpenProject, built: Built, found: Mapping[str, StageFound]) -> Iterator[Evidence]:
    for name, stage in found.items():
        entry, result = built.entries.get(name), built.results[name]
        if entry is None or result.outcome != "executed" or not result.outputs:
            continue
        outputs = outputs_of(result.outputs.values())
        level = built.opened.level if opened.project.stages[name].sandbox == "strict" else "L0"
        about = stage.perturbation
        culprits = about.culprits if about is not None else ()
        builds = 1 + about.builds if about is not None else 1
        here = Evidence(entry.key, outputs, "rebuilt", level=level)
        traces = [t for t in opened.store.records.traces(entry.key) if not t.vouched]
        if not any(outputs_of(trace.outputs.values()) == outputs for trace in traces):
            # It gave something else than it did; that is about what it gave then.
            then = outputs_of(traces[0].outputs.values()) if traces else None
            if then is not None and stage.verdict != "equivalent":
                yield here._replace(outputs=then, kind="differs", variables=culprits, builds=builds)
            continue
        yield here
        if culprits:
            yield here._replace(kind="differs", variables=culprits, builds=builds)
        elif about is not None and about.is_same:
            yield here._replace(kind="perturbed", variables=about.perturbed, builds=builds)
