"""What a gc removes: chooses, and proves where it is asked to. Removes nothing."""

import os
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from ..again import Again
from ..errors import PipeError
from ..fsck import records
from ..layout import Layout
from ..ledger import Ledger
from ..store.files import all_of
from ..store.manifests import Manifests
from .choose import Output, choose, is_proven
from .evict import Eviction


class Plan(NamedTuple):
    outputs: tuple[tuple[Output, int], ...]
    """Each with the bytes that it frees."""
    removed: Mapping[str, int]
    """The objects that go, with their sizes."""
    unproven_seconds: float
    """How long it takes to execute again what was executed only once of these."""


class Proof(NamedTuple):
    """An action executed a second time. `why` is empty if the result was the same."""

    stage: str
    path: str
    """Of its first output."""
    why: str


class Planner:
    """`needed` says what may not go; `max_bytes` is None to let go of all that may."""

    def __init__(self, layout: Layout, needed: Callable[[Ledger], set[str]], max_bytes: int | None) -> None:
        self._layout = layout
        self._root = os.fspath(layout.store)
        self._needed = needed
        self._max_bytes = max_bytes
        self._distrusted: set[str] = set()
        self._read()

    def needed_now(self) -> set[str]:
        """Return what may not go, folders that came since included."""
        self._manifests.forget()
        return self._needed(self._ledger)

    def plans(self, *, trusting: bool, hoping: bool) -> tuple[Plan, Plan]:
        """Return what goes, and what would go if all that has a recipe were proven.

        `trusting` lets go of what is not proven; `hoping` takes for proven what a proof could be tried of.
        """
        wanted = self.needed_now()
        whole = self._plan(wanted, self._ledger.traces.keys() - self._distrusted)
        return whole if trusting or hoping else self._plan(wanted, ()), whole

    def prove(self, executing: Callable[[str, float], None]) -> tuple[Proof, ...]:
        """Execute a second time what would go if it were proven, until all that goes is."""
        proofs: list[Proof] = []
        with Again(self._layout) as again:
            while True:
                trusted = self._ledger.traces.keys() - self._distrusted
                plan = self._plan(self.needed_now(), trusted)
                todo = sorted(
                    {o.keys[0] for o, _ in plan.outputs if not self._is_proven(o.keys[0])}, key=self._age
                )
                if not todo:
                    break
                for key in todo:
                    trace = self._ledger.traces[key][0]
                    executing(trace.stage, trace.wall_seconds)
                    why = self._why_not(key, again)
                    path = next((p.path for p in trace.outputs.values()), "")
                    proofs.append(Proof(trace.stage, path, why))
                    if why:
                        self._distrusted.add(key)
                self._read()
                self._distrusted |= {key for key in todo if not self._is_proven(key)}
        return tuple(proofs)

    @staticmethod
    def without(plan: Plan, needed: Collection[str]) -> Plan:
        """Return the plan without what is needed now."""
        removed = {name: size for name, size in plan.removed.items() if name not in needed}
        if len(removed) == len(plan.removed):
            return plan
        outputs = [
            (o, min(size, sum(removed.get(name, 0) for name in o.objects)))
            for o, size in plan.outputs
            if not removed.keys().isdisjoint(o.objects)
        ]
        return plan._replace(outputs=tuple(outputs), removed=removed)

    def _read(self) -> None:
        self._manifests = Manifests(self._root)
        self._ledger = Ledger(self._manifests)
        files = list(all_of(self._root))
        records.check([file for file in files if file.kind in ("action", "trace")], self._ledger)
        for traces in self._ledger.traces.values():
            traces.sort(key=lambda trace: trace.recorded)
        self._sizes = {f.name: f.status.st_size for f in files if f.kind == "object" and f.is_file}
        self.total_bytes = sum(f.status.st_size for f in files if f.is_file)

    def _plan(self, needed: set[str], trusted: Collection[str]) -> Plan:
        choice = choose(self._ledger, self._sizes, needed, unproven=trusted)
        eviction = Eviction(self._ledger, self._sizes, choice)
        enough = None if self._max_bytes is None else self.total_bytes - self._max_bytes
        outputs = eviction.run(enough)
        once = {o.keys[0] for o, _ in outputs if not self._is_proven(o.keys[0])}
        seconds = sum(self._ledger.traces[key][0].wall_seconds for key in once)
        return Plan(tuple(outputs), eviction.removed, seconds)

    def _is_proven(self, key: str) -> bool:
        return is_proven(self._ledger.traces[key])

    def _age(self, key: str) -> tuple[str, str]:
        return self._ledger.traces[key][0].recorded, key

    def _why_not(self, key: str, again: Again) -> str:
        try:
            made = again(key)
        except PipeError as error:
            return error.problems[0].text
        same = dict(made) == dict(self._ledger.traces[key][0].outputs)
        return "" if same else "it came out different: it is not deterministic"
