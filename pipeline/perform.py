"""Carries out what was decided about one stage: restores it, or executes and records it. Decides nothing itself."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from . import environment, failure, survey
from .durable import remove
from .events import Failure
from .execute.capture import Captured, Uncaptured, capture
from .execute.child_failure import ChildFailure
from .execute.local import LocalExecutor, Order, Ran
from .execute.servers import AT_MOST
from .ingest import Ingest, InputLost
from .model import Artifact, Produced, Stage
from .observed import Observed
from .opened import OpenProject
from .scheduler import Room
from .store import Batch, Damaged
from .trace import Trace
from .undeclared import Watch
from .vouch import Voucher
from .walk import Fixed, Walk
from .workspace import UnfitFile


class Performed(NamedTuple):
    """What became of a stage. `outputs` is None if it failed or was cancelled, `failure` only if it failed."""

    outcome: str
    outputs: Mapping[str, Produced] | None
    wall_seconds: float = 0.0
    memory_bytes: int = 0
    failure: Failure | None = None
    notices: tuple[str, ...] = ()


class Performer:
    """Usable from several threads, for different stages. `open` it before the first execution."""

    def __init__(
        self,
        opened: OpenProject,
        walk: Walk,
        run: str,
        *,
        waiting_for: Callable[[str, str], None],
        started: Callable[[str], None],
        cancelled: Callable[[], bool],
        places: bool = True,
    ) -> None:
        """Without `places` what is made goes into the store alone: nothing in the workspace changes."""
        self._opened = opened
        self._layout = opened.layout
        self._store = opened.store
        self._walk = walk
        self._run = run
        self._waiting_for = waiting_for
        self._started = started
        self._cancelled = cancelled
        self._places = places
        self._ingest = Ingest(opened)
        self._voucher = Voucher(opened, walk, self._ingest)
        self._has_source = False
        self._watch = Watch(opened, cancelled)
        self.executor: LocalExecutor | None = None

    def open(self, *, servers: int = AT_MOST) -> None:
        """Make ready for executing; `servers` is how many are kept while nobody uses them."""
        opened = self._opened
        self.executor = self.executor or LocalExecutor(
            self._layout,
            self._store,
            opened.level,
            opened.state,
            unwatched=lambda: opened.unwatched,
            servers=servers,
        )

    def keep_source(self, names: Iterable[str]) -> None:
        """Store the source of stages that may be executed: an edit from now on changes nothing of this run."""
        files: dict[str, str] = {}
        for name in names if not self._has_source else ():
            stage = self._opened.project.stages[name]
            if name not in self._walk.settled and not stage.frozen:
                files |= self._opened.survey.of(stage).code.files
        self._ingest.source(files)
        self._has_source = True

    def closing_notices(self) -> list[str]:
        """Say what stages under `sandbox: warn` read without declaring it, once for all instances of each."""
        return self._watch.closing_notices()

    def close(self) -> None:
        if self.executor is not None:
            self.executor.close()

    def restore(self, outputs: Mapping[str, Produced]) -> Performed:
        """Put the outputs of a cached stage in place. Raises KeyError or Damaged if the store cannot give them."""
        started = time.monotonic()
        notices = self._put(outputs)
        return Performed("restored", outputs, time.monotonic() - started, notices=notices)

    def execute(self, name: str, room: Room, *, forced: bool) -> Performed:
        """Execute a stage, or take the result of another `pipe` that executed the same action just now.

        `forced` says that no earlier result counts and no scratch is given. Raises InputLost.
        """
        stage = self._opened.project.stages[name]
        fixed = self._walk.fixed[name]
        lease = self._store.lease(fixed.action.key)
        if not lease.acquire(waiting=lambda who: self._waiting_for(name, who), cancelled=self._cancelled):
            return Performed("cancelled", None)
        try:
            if not forced and not stage.always:
                outputs = self._walk.outputs_of(name, self._walk.decide(name))
                if outputs is not None:
                    return self.restore(outputs)
            if forced:
                remove(os.fspath(self._layout.scratch / fixed.action.key))
            return self._execute(stage, fixed, room)
        finally:
            lease.release()

    def order(self, stage: Stage, fixed: Fixed, room: Room, *, terminal: bool = False) -> Order:
        """Put together what an execution needs, all of it in the store and sound. Raises InputLost."""
        surveyed = fixed.surveyed
        # An object that turns out damaged is put aside; what the workspace still holds takes its place.
        for _ in range(3):
            try:
                self._ingest.source(surveyed.code.files)
                pruned = self._ingest.texts(
                    self._opened.survey.snapshot(surveyed, read=self._store.objects.read)
                )
                inputs = self._ingest.inputs(stage, fixed)
                for artifact in inputs.values():
                    if isinstance(artifact, Artifact):
                        self._store.check(artifact)
                break
            except (Damaged, KeyError):
                continue
        else:
            raise InputLost(stage.name)
        return Order(
            stage=stage,
            key=fixed.action.key,
            recipe=fixed.action.recipe,
            inputs=inputs,
            source=pruned,
            roots=self._opened.project.pythonpath,
            modules=surveyed.modules,
            parameters=surveyed.parameters,
            preload=surveyed.preload,
            secrets=survey.secret_values(stage),
            processors=room[0],
            gpus=room[1],
            log=os.fspath(self._layout.log(self._run, stage.name)),
            params_path=self._opened.project.params_path or "params.yaml",
            keeps_scratch=True,
            terminal=terminal,
            left_out=self._opened.survey.left_out(surveyed),
            watched=stage.sandbox == "warn" or (stage.sandbox == "strict" and self._opened.level == "L0"),
        )

    def _execute(self, stage: Stage, fixed: Fixed, room: Room) -> Performed:
        assert self.executor is not None
        self._started(stage.name)
        attempts = 0
        while True:
            attempts += 1
            order = self.order(stage, fixed, room)
            since_ns = time.time_ns()
            ran = self.executor.execute(order, self._cancelled)
            reason = ran.failure
            if reason is None:
                try:
                    captured = capture(ran.folder, order)
                    self._look_again(stage, fixed, order)
                    found = self._watch.observed(self.executor, order, ran, since_ns)
                    return self._succeed(stage, fixed, order, ran, captured, found)
                except Uncaptured as uncaptured:
                    reason = ChildFailure(uncaptured.text, help=uncaptured.help, own=uncaptured.missing)
            if reason.interrupted:
                ran.folder.remove()
                return Performed("cancelled", None, ran.wall_seconds)
            if attempts <= stage.retries:
                ran.folder.remove()
                continue
            asked = self._watch.asked_in_vain(self.executor, order, ran, reason)
            report = failure.of(stage, order, ran, reason, self._layout, attempts=attempts, asked=asked)
            ran.folder.keep(kept := self._kept(stage))
            report = report._replace(folder=os.path.relpath(kept, self._layout.root))
            return Performed("failed", None, ran.wall_seconds, failure=report)

    def _look_again(self, stage: Stage, fixed: Fixed, order: Order) -> None:
        """Refuse a result if a package or an input changed while it was made."""
        package = self._opened.survey.changed_package(fixed.surveyed)
        if package is not None:
            text = f"the package `{package}` changed while it ran; nothing was recorded"
            raise Uncaptured(text, "run again once the installation is done")
        for path, given in order.inputs.items():
            # A large input is a link to the store's own object: its owner can make that writable.
            if isinstance(given, Artifact):
                try:
                    self._store.check(given)
                except (Damaged, KeyError) as damage:
                    text = f"its input `{path}` was written to while it ran; nothing was recorded"
                    raise Uncaptured(text, "write to outputs and scratch alone") from damage
        for declared in stage.inputs:
            artifact = fixed.found[declared.name].artifact
            if declared.store or artifact is None:
                continue
            try:
                now = self._opened.workspace.source(declared.path)
            except UnfitFile:
                now = None
            if now is None or now.artifact.digest != artifact.digest:
                text = f"its input `{declared.path}` changed while it ran; nothing was recorded"
                raise Uncaptured(text, "run again once the file is at rest")

    def _succeed(
        self, stage: Stage, fixed: Fixed, order: Order, ran: Ran, captured: Captured, found: Observed
    ) -> Performed:
        self._voucher.record_above(stage.name)
        batch = self._store.batch()
        try:
            captured.put(batch)
            self._watch.keep(stage, found, batch)
            trace = self._trace(stage, fixed, order, ran, captured.outputs, _put_log(batch, order.log))
            trace = trace._replace(observed=found)
            self._store.records.put(batch, fixed.action, trace)
            batch.commit()
        except ValueError as error:
            raise Uncaptured(
                f"its output changed after it had ended: {error}", "let it end what it starts"
            ) from error
        finally:
            batch.discard()
        self._walk.hits[stage.name] = trace
        self._voucher.executed(stage.name)
        ran.folder.remove()
        remove(os.fspath(self._layout.scratch / order.key))
        if self._places:
            remove(os.fspath(self._kept(stage)))
        notices = self._put(captured.outputs)
        if ran.left_behind:
            what = "a process" if ran.left_behind == 1 else f"{ran.left_behind} processes"
            notices += (f"stage `{stage.name}` left {what} behind, ended by pipe",)
        return Performed(
            "executed", captured.outputs, ran.wall_seconds, ran.peak_memory_bytes, notices=notices
        )

    def _trace(
        self,
        stage: Stage,
        fixed: Fixed,
        order: Order,
        ran: Ran,
        outputs: Mapping[str, Produced],
        log_digest: str | None,
    ) -> Trace:
        code = fixed.surveyed.code
        return Trace(
            key=order.key,
            stage=stage.name,
            outputs=outputs,
            source=code.files,
            level=self._opened.level if stage.sandbox == "strict" else stage.sandbox,
            wall_seconds=round(ran.wall_seconds, 4),
            cpu_seconds=round(ran.cpu_seconds, 4),
            peak_memory_bytes=ran.peak_memory_bytes,
            numerics={**environment.numerics(), "cpus": stage.resources.cpus},
            log=log_digest,
            recorded=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            widened=tuple(f"{w.file}:{w.line}: {w.construct}" for w in code.widened),
            pruned=order.source,
            spans=code.places,
            roots=self._opened.project.pythonpath,
            params_path=order.params_path if stage.params_file is not None else None,
            always=stage.always,
            unstored=tuple(path for path, given in order.inputs.items() if isinstance(given, str)),
        )

    def _kept(self, stage: Stage) -> Path:
        """Return where the folder of a failure is kept: of runs at the same time each has its own."""
        return self._layout.failed / (stage.name if self._places else f"{stage.name}.{self._run}")

    def _put(self, outputs: Mapping[str, Produced]) -> tuple[str, ...]:
        notices: list[str] = []
        if not self._places:
            return ()
        for produced in outputs.values():
            moved = self._opened.workspace.put(produced, self._run)
            if moved:
                notices.append(f"what lay at {produced.path} was moved to {moved}")
        return tuple(notices)


def _put_log(batch: Batch, path: str) -> str | None:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    return batch.put_bytes(data) if data else None
