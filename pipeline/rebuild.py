"""`pipe rebuild`: makes the bytes of an artifact again from the records alone, and compares. Prints nothing."""

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from . import environment, layout, machine
from . import recorded as recorded_environments
from .errors import Problem, StoreError, usage
from .events import Listener
from .lineage import Made, Place, Records, open_records, resolve
from .lineage.plan import needed_before, plan
from .model import Artifact, StageResult
from .opened import isolation_of
from .remake import Remade, Remaker, Unmade


class Difference(NamedTuple):
    """The first action whose result was not the recorded one. `actual` is None where it failed."""

    stage: str
    key: str
    path: str
    expected: str
    actual: str | None
    text: str
    content: str | None = None
    """In what it differs, in terms of what is in it; None where the recorded bytes are nowhere to be had."""
    details: tuple[str, ...] = ()
    facts: Mapping[str, Any] = {}


class Rebuilt(NamedTuple):
    """`path` is where the bytes were put, None if only into the store."""

    target: Place
    ok: bool
    path: str | None
    executed: tuple[str, ...]
    """Action keys, in order."""
    first_difference: Difference | None
    wall_seconds: float
    log: str = ""
    """The last lines of the stage that failed."""
    other_packages: tuple[str, ...] = ()
    """What is not installed here as it was recorded."""


def rebuild(
    root: Path,
    target: str,
    listener: Listener,
    *,
    into: Path | None = None,
    from_scratch: bool = False,
    recorded_environment: bool = False,
    cancelled: Callable[[], bool] = lambda: False,
) -> Rebuilt:
    """Make the artifact that `target` names again; whatever of its ancestry the store lacks is made first.

    With `from_scratch` all of it is made. Nothing is put at `into` unless the result is the recorded one.
    Raises UsageError for an `into` that exists, StoreError if a record or a raw input is gone; with
    `recorded_environment` Elsewhere, if other packages were recorded: who is there calls again.
    """
    if into is not None and os.path.lexists(into):
        raise usage(f"`{into}` exists already", help="name a path at which nothing is")
    records = open_records(root)
    try:
        place = resolve(records, target)
        if recorded_environment:
            _go_there(records, place, from_scratch=from_scratch)
        return of_place(records, place, listener, into=into, from_scratch=from_scratch, cancelled=cancelled)
    finally:
        records.close()


def of_place(
    records: Records,
    target: Place,
    listener: Listener,
    *,
    into: Path | None = None,
    from_scratch: bool = False,
    cancelled: Callable[[], bool] = lambda: False,
    remaker: type[Remaker] = Remaker,
) -> Rebuilt:
    """Make an artifact of open records again, as `rebuild` does."""
    return _Rebuild(records, target, listener, cancelled, remaker).run(into, from_scratch=from_scratch)


class _Rebuild:
    def __init__(
        self,
        records: Records,
        target: Place,
        listener: Listener,
        cancelled: Callable[[], bool],
        remaker: type[Remaker],
    ) -> None:
        self._records = records
        self._target = target
        self._listener = listener
        self._cancelled = cancelled
        self._remaker = remaker
        self._stop = threading.Event()
        self._jobs = len(machine.processors())

    def run(self, into: Path | None, *, from_scratch: bool) -> Rebuilt:
        records = self._records
        planned = plan(records.made, self._target, self._is_held, from_scratch=from_scratch)
        if planned.missing:
            raise _missing(planned.missing)
        executed, difference, log, seconds = self._execute(planned.actions)
        artifact = self._target[1]
        if difference is None:
            records.store.check(artifact)
            if into is not None:
                records.workspace.place(artifact, os.path.abspath(into))
        return Rebuilt(
            self._target,
            difference is None,
            os.fspath(into) if into is not None and difference is None else None,
            tuple(executed),
            difference,
            seconds,
            log,
            tuple(_other_packages(records, planned.actions)) if difference else (),
        )

    def _execute(self, actions: tuple[Made, ...]) -> tuple[list[str], Difference | None, str, float]:
        executed: list[str] = []
        seconds = 0.0
        if not actions:
            return executed, None, "", seconds
        records = self._records
        layout.prepare(records.layout)
        records.store.prepare(records.layout.root)
        level = isolation_of(records.layout, records.state)[0]
        remake = self._remaker(records.layout, records.store, level, cancelled=self._is_stopping)
        self._tell_packages(actions)
        self._listener.planned(len(actions), sum(made.wall_seconds for made in actions))
        try:
            return self._work_through(actions, remake)
        finally:
            remake.close()

    def _work_through(
        self, actions: tuple[Made, ...], remake: Remaker
    ) -> tuple[list[str], Difference | None, str, float]:
        """Execute the actions, those side by side that do not need one another, until one gives something else."""
        from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

        needs = needed_before(actions)
        left = dict(enumerate(actions))
        running: dict[Future[Remade], int] = {}
        done: dict[int, Remade | Unmade] = {}
        with ThreadPoolExecutor(self._jobs) as pool:
            while True:
                wrong = [n for n, result in done.items() if isinstance(result, Unmade) or not result.is_same]
                for number in () if wrong else list(left):
                    if len(running) >= self._jobs:
                        break
                    if needs[number] <= done.keys():
                        made = left.pop(number)
                        self._listener.started(made.stage, made.wall_seconds)
                        running[pool.submit(remake, made.key)] = number
                if not running:
                    break
                try:
                    ended = wait(running, return_when=FIRST_COMPLETED).done
                except BaseException:
                    self._stop.set()  # the pool waits for what runs: that ends now
                    raise
                for future in ended:
                    number = running.pop(future)
                    try:
                        done[number] = future.result()
                    except Unmade as failed:
                        done[number] = failed
                    self._tell(actions[number], done[number], len(done), len(actions))
        executed = [actions[number].key for number in done]
        seconds = sum(r.wall_seconds for r in done.values() if isinstance(r, Remade))
        for number in sorted(done):
            result, made = done[number], actions[number]
            if isinstance(result, Unmade):
                path, artifact = next(iter(made.outputs.items()), ("", Artifact("file", "", 0)))
                failed_there = Difference(made.stage, made.key, path, artifact.digest, None, result.text)
                return executed, failed_there, result.log, seconds
            if not result.is_same:
                return executed, _difference(made, result), "", seconds
        return executed, None, "", seconds

    def _tell(self, made: Made, result: Remade | Unmade, done: int, total: int) -> None:
        if isinstance(result, Unmade):
            return  # it is told at the end, with all that is known of it
        told = StageResult(
            made.stage,
            "executed",
            made.key,
            wall_seconds=result.wall_seconds,
            outputs=result.outputs,
            same_output=result.is_same,
        )
        self._listener.finished(told, done, total, None)

    def _is_stopping(self) -> bool:
        return self._stop.is_set() or self._cancelled()

    def _is_held(self, place: Place) -> bool:
        return self._records.store.holds(place[1])

    def _tell_packages(self, actions: tuple[Made, ...]) -> None:
        """Say which packages are not those with which the results were made: a difference may come from there."""
        other = _other_packages(self._records, actions)
        if other:
            told = (f"{name} {recorded} (here: {here or 'none'})" for name, (recorded, here) in other.items())
            self._listener.notice("recorded with other packages: " + ", ".join(told))


def _other_packages(records: Records, actions: Iterable[Made]) -> dict[str, tuple[str, str | None]]:
    """Return the packages that are not installed as recorded: the recorded version and the one here, by name."""
    installed = environment.look(records.state).by_name
    other: dict[str, tuple[str, str | None]] = {}
    for made in actions:
        for name, version in _environment(records, made)["packages"].items():
            here = installed.get(name)
            if here is None or version.partition("@")[0] != here.version.partition("@")[0]:
                other[name] = (version, here.version if here else None)
    return dict(sorted(other.items()))


def _go_there(records: Records, target: Place, *, from_scratch: bool) -> None:
    actions = plan(
        records.made, target, lambda place: records.store.holds(place[1]), from_scratch=from_scratch
    ).actions
    packages: dict[str, str] = {}
    pythons = set()
    for made in actions:
        recorded = _environment(records, made)
        pythons.add(recorded["platform"].get("python", ""))
        for name, version in recorded["packages"].items():
            if packages.setdefault(name, version) != version:
                text = f"its ancestors were made with {name} {packages[name]} and with {version}"
                raise usage(
                    text, help="rebuild the older ones first, each by its digest: `pipe lineage` names them"
                )
    here = environment.platform().get("python", "")
    if not actions or (pythons == {here} and not _other_packages(records, actions)):
        return
    if len(pythons) > 1:
        raise usage(f"its ancestors were made with Python {' and '.join(sorted(pythons))}")
    python = recorded_environments.interpreter(packages, pythons.pop(), records.layout.pipe / "environments")
    raise recorded_environments.Elsewhere(python)


def _environment(records: Records, made: Made) -> Mapping[str, Mapping[str, str]]:
    action = records.store.records.action(made.key)
    found: Mapping[str, Mapping[str, str]] = (
        action.recipe["environment"] if action else {"packages": {}, "platform": {}}
    )
    return found


def _difference(made: Made, result: Remade) -> Difference:
    content, details, facts = result.difference[1:] if result.difference else (None, (), {})
    for produced in result.outputs.values():
        expected = made.outputs.get(produced.path)
        if expected is not None and expected != produced.artifact:
            text = f"output `{produced.path}` of stage `{made.stage}` came out different"
            digests = expected.digest, produced.artifact.digest
            return Difference(made.stage, made.key, produced.path, *digests, text, content, details, facts)
    raise AssertionError("a result that differs differs in an output")


def _missing(missing: tuple[Place, ...]) -> StoreError:
    problems = [
        Problem(f"`{path}` ({artifact.digest[:12]}) is in no store, and no record says how to make it")
        for path, artifact in missing
    ]
    last = problems[-1]._replace(
        help="where you have a file with that digest (`b3sum FILE`), put it back under its path and `pipe run`"
    )
    return StoreError(*problems[:-1], last)
