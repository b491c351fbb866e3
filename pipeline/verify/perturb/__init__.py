"""`pipe verify --perturb`: builds each stage again under other hidden variables. Changes nothing of the project."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ... import machine as shared
from ...events import Listener
from ...model import StageResult
from ..build import Built
from ..result import StageFound
from .attempts import Attempts
from .case import Case
from .machine import Machine, look
from .search import Diagnosis
from .variables import VARIANTS

__all__ = ["perturb"]

T = TypeVar("T")
S = TypeVar("S")


def perturb(
    built: Built, found: Mapping[str, StageFound], listener: Listener, *, jobs: int | None
) -> dict[str, StageFound]:
    """Build every stage that was executed again, with everything varied and with nothing; find who is to blame.

    Returns what was found, with what came of this. Raises StoreError for a disk that is full.
    """
    names = [name for name in found if built.results[name].outcome == "executed"]
    jobs = jobs or len(shared.processors())
    stop = threading.Event()
    machine = look(built.opened.level)
    attempts = Attempts(built, names, machine, jobs=jobs, cancelled=stop.is_set)
    try:
        return {**found, **_Round(attempts, built, machine, listener, jobs, stop).of(names, found)}
    finally:
        stop.set()
        attempts.close()


class _Round:
    def __init__(
        self,
        attempts: Attempts,
        built: Built,
        machine: Machine,
        listener: Listener,
        jobs: int,
        stop: threading.Event,
    ) -> None:
        self._attempts = attempts
        self._built = built
        self._machine = machine
        self._listener = listener
        self._jobs = jobs
        self._stop = stop
        self._telling = threading.Lock()
        self._done = 0

    def of(self, names: Sequence[str], found: Mapping[str, StageFound]) -> dict[str, StageFound]:
        """Look at all stages first, and then for the culprits of those that differ."""
        seconds = sum(self._built.results[name].wall_seconds for name in names)
        self._listener.planned(len(names), seconds * (1 + VARIANTS) / self._jobs if seconds else None)
        # Those that load the same packages come one after the other: they share the processes that have them loaded.
        ordered = sorted(names, key=self._attempts.preload)
        cases = {name: Case(self._attempts, self._built, self._machine, name) for name in ordered}
        for number in range(1 + VARIANTS):
            # One stage is never built twice at the same time: its folder would have another name.
            self._side_by_side(
                [(name, number) for name in ordered],
                lambda item: self._look(cases[item[0]], item[1], len(names)),
            )
        differing = [name for name in ordered if cases[name].is_other]
        diagnoses = dict(
            zip(
                differing,
                self._side_by_side(differing, lambda n: self._find(cases[n], len(names))),
                strict=True,
            )
        )
        return {name: cases[name].judged(found[name], diagnoses.get(name)) for name in names}

    def _look(self, case: Case, number: int, total: int) -> None:
        if number == 0:
            self._tell(lambda: self._listener.started(case.name, case.seconds))
        case.look(number)
        if number == VARIANTS and not case.is_other:
            self._end(case, "same", total)

    def _find(self, case: Case, total: int) -> Diagnosis:
        diagnosis = case.diagnose()
        self._end(case, "differs", total)
        return diagnosis

    def _end(self, case: Case, outcome: str, total: int) -> None:
        def told() -> None:
            self._done += 1
            result = StageResult(case.name, outcome, wall_seconds=case.seconds)
            self._listener.finished(result, self._done, total, None)

        self._tell(told)

    def _tell(self, telling: Callable[[], None]) -> None:
        with self._telling:
            telling()

    def _side_by_side(self, items: Sequence[T], work: Callable[[T], S]) -> list[S]:
        with ThreadPoolExecutor(self._jobs) as pool:
            try:
                return list(pool.map(work, items))
            except BaseException:
                self._stop.set()  # the pool waits for what runs: that ends now
                pool.shutdown(wait=False, cancel_futures=True)
                raise
