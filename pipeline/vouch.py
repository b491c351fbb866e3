"""Records what only the lock file vouches for, once an executed stage has used it. Executes nothing.

A clone that has outputs in git is fresh without running. What is made from them would have no history: so the
actions above are recorded, with their sources and inputs, marked as vouched for. Only `verify` proves them.
"""

import time

from .ingest import Ingest, InputLost
from .opened import OpenProject
from .trace import Trace
from .walk import Walk


class Voucher:
    """Usable from several threads: what two of them record at once is the same."""

    def __init__(self, opened: OpenProject, walk: Walk, ingest: Ingest) -> None:
        self._opened = opened
        self._walk = walk
        self._ingest = ingest
        self._known: set[str] = set()

    def executed(self, name: str) -> None:
        """Take note that a stage has a trace of its own."""
        self._known.add(name)

    def record_above(self, name: str) -> None:
        """Record every action above a stage that has no trace. Raises StoreError as the store does."""
        todo = list(self._opened.graph.parents[name])
        while todo:
            above = todo.pop()
            if above in self._known or above in self._walk.hits or above not in self._walk.fixed:
                continue
            self._known.add(above)
            if self._opened.store.records.traces(self._walk.fixed[above].action.key):
                continue
            if self._record(above):
                todo += self._opened.graph.parents[above]

    def _record(self, name: str) -> bool:
        stage, fixed = self._opened.project.stages[name], self._walk.fixed[name]
        entry = self._opened.lock.get(name)
        if entry is None or entry.key != fixed.action.key:
            return False
        store, survey = self._opened.store, self._opened.survey
        code = fixed.surveyed.code
        try:
            self._ingest.source(code.files)
            pruned = self._ingest.texts(survey.snapshot(fixed.surveyed, read=store.objects.read))
            inputs = self._ingest.inputs(stage, fixed)
            for produced in entry.outputs.values():
                if not store.holds(produced.artifact):
                    self._ingest.output(produced.path, produced.artifact)
        except InputLost:
            return False  # somebody changed it meanwhile: then it was not what the stage used
        batch = store.batch()
        try:
            trace = Trace(
                key=fixed.action.key,
                stage=name,
                outputs=entry.outputs,
                source=code.files,
                level="off",
                recorded=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                vouched=True,
                pruned=pruned,
                spans=code.places,
                roots=self._opened.project.pythonpath,
                params_path=self._opened.project.params_path if stage.params_file is not None else None,
                always=stage.always,
                unstored=tuple(path for path, given in inputs.items() if isinstance(given, str)),
            )
            store.records.put(batch, fixed.action, trace)
            batch.commit()
        finally:
            batch.discard()
        return True
