"""Executes a recorded action again, from the records alone. Knows no pipeline.yaml, no workspace and no decision."""

import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from . import environment, machine
from .action import Recipe
from .durable import remove
from .errors import Problem, StoreError, usage
from .execute import log
from .execute.capture import Captured, Uncaptured, capture
from .execute.local import LocalExecutor, Order
from .layout import Layout
from .model import Artifact, Input, Output, Produced, Resources, Stage
from .observed import NO_FILES, as_inputs
from .state import State
from .store import Damaged, Store
from .trace import Trace

if TYPE_CHECKING:
    from .formats.difference import Difference


class Unmade(Exception):
    """The action failed this time, or what it left is not what it declared."""

    def __init__(self, text: str, log: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.log = log


class Remade(NamedTuple):
    """One action executed again. `outputs` are what came out now, by name."""

    outputs: Mapping[str, Produced]
    is_same: bool
    wall_seconds: float
    difference: "Difference | None" = None
    """In what the first output that differs does, where the bytes of then are still in the store."""


class Remaker:
    """Usable from several threads; `close` ends its servers. Whatever comes out the same is in the store afterwards."""

    def __init__(self, layout: Layout, store: Store, level: str, *, cancelled: Callable[[], bool]) -> None:
        self._layout = layout
        self._store = store
        self._level = level
        self._cancelled = cancelled
        self._run = f"rebuild-{os.getpid()}"
        self._executor: LocalExecutor | None = None
        self._opening = threading.Lock()

    def __call__(self, key: str) -> Remade:
        """Execute the action and compare what comes out with its first trace.

        Its inputs must be in the store. Raises StoreError for a record or bytes that are gone, UsageError for a
        secret that is not set, Unmade if it fails.
        """
        recorded = self._store.records.action(key)
        trace = next(iter(self._store.records.traces(key)), None)
        if recorded is None or trace is None:
            raise StoreError(Problem(f"the record of action {key[:12]} is gone or damaged"))
        order = self._order(recorded.recipe, trace)
        with self._opening:
            self._executor = self._executor or self._executor_for()
        ran = self._executor.execute(order, self._cancelled)
        try:
            if ran.failure is not None:
                why = ran.failure.cause or ran.failure.text
                raise Unmade(f"stage `{trace.stage}` failed: {why}", "\n".join(log.tail(order.log)))
            captured = capture(ran.folder, order)
            is_same = dict(captured.outputs) == dict(trace.outputs)
            if is_same:
                batch = self._store.batch()
                try:
                    captured.put(batch)
                    again = trace._replace(
                        level=self._level_of(order.stage, trace),
                        wall_seconds=round(ran.wall_seconds, 4),
                        cpu_seconds=round(ran.cpu_seconds, 4),
                        peak_memory_bytes=ran.peak_memory_bytes,
                        numerics={**environment.numerics(), "cpus": recorded.recipe["cpus"]},
                        recorded=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                        vouched=False,
                    )
                    self._store.records.put(batch, recorded, again)
                    batch.commit()
                finally:
                    batch.discard()
            difference = None if is_same else self._difference(captured, trace)
            return Remade(captured.outputs, is_same, ran.wall_seconds, difference)
        except Uncaptured as uncaptured:
            raise Unmade(
                f"stage `{trace.stage}` failed: {uncaptured.text}", "\n".join(log.tail(order.log))
            ) from uncaptured
        finally:
            ran.folder.remove()
            remove(os.fspath(self._layout.scratch / key))

    def _difference(self, captured: Captured, trace: Trace) -> "Difference | None":
        from .formats.difference import between

        for name, produced in captured.outputs.items():
            was = trace.outputs.get(name)
            if was is not None and was.artifact != produced.artifact:
                try:
                    self._store.check(was.artifact)
                    return between(self._store.places(was.artifact), captured.files(name), produced.path)
                except (KeyError, Damaged, OSError):
                    return None
        return None

    def close(self) -> None:
        if self._executor is not None:
            self._executor.close()
        remove(os.fspath(self._layout.runs / self._run))

    def _executor_for(self) -> LocalExecutor:
        state = State(self._layout.state)
        try:
            return LocalExecutor(
                self._layout, self._store, self._level, state, unwatched=lambda: "nobody asks for it"
            )
        finally:
            state.close()

    def _order(self, recipe: Recipe, trace: Trace) -> Order:
        stage = stage_of(recipe, trace)
        secrets = _secrets(recipe, trace)
        inputs: dict[str, Artifact | str] = {}
        for entry in recipe["inputs"].values():
            files = entry.get("files") or {entry["path"]: [entry["kind"], entry["digest"]]}
            inputs |= {path: Artifact(kind, name, 0) for path, (kind, name) in files.items()}
        inputs = {**self._observed(trace), **inputs}
        if not stage.name.strip(".") or {"/", "\0"} & set(stage.name):
            raise StoreError(Problem(f"a record is of a stage called {stage.name!r}: nothing was run"))
        for path in (
            *inputs,
            *trace.imported,
            *(o.path for o in stage.outputs),
            *(p for _, p in stage.scratch),
        ):
            _refuse_escape(path)
        self._store.pin.hold(trace.key, (a for a in inputs.values() if isinstance(a, Artifact)))
        for path, artifact in inputs.items():
            assert isinstance(artifact, Artifact)
            self._check(artifact, f"input `{path}` of stage `{trace.stage}`")
        for path, name in trace.imported.items():
            self._check(Artifact("file", name, 0), f"source `{path}` of stage `{trace.stage}`")
        cpus = machine.processors()
        os.makedirs(self._layout.runs / self._run, exist_ok=True)
        return Order(
            stage=stage,
            key=trace.key,
            recipe=recipe,
            inputs=inputs,
            source=trace.imported,
            roots=trace.roots,
            modules=tuple(
                sorted({re.split(r"[.:]", u, maxsplit=1)[0] for u in recipe["code"] if "/" not in u})
            ),
            parameters=None,
            preload=(),
            secrets=secrets,
            processors=tuple(cpus[: stage.resources.cpus]) if stage.resources.cpus <= len(cpus) else (),
            gpus=tuple(machine.gpus()[: stage.resources.gpus]),
            log=os.fspath(self._layout.log(self._run, stage.name)),
            params_path=trace.params_path or "params.yaml",
            keeps_scratch=False,
        )

    def _level_of(self, stage: Stage, trace: Trace) -> str:
        # It was given what it had observed; its declaration alone would not have been enough.
        loose = "warn" if trace.observed else stage.sandbox
        return self._level if loose == "strict" else loose

    def _observed(self, trace: Trace) -> dict[str, Artifact]:
        if not trace.observed:
            return {}
        try:
            found = as_inputs(trace.observed, self._store.objects.read)
        except (KeyError, Damaged, ValueError, TypeError, AttributeError) as error:
            raise StoreError(
                Problem(f"what stage `{trace.stage}` listed undeclared is gone: {error}")
            ) from error
        batch = self._store.batch()
        try:
            for data in (b"", *NO_FILES.manifests.values()):
                batch.put_bytes(data)
            batch.commit()
        finally:
            batch.discard()
        return {path: a for path, a in found.items() if path not in trace.imported}

    def _check(self, artifact: Artifact, what: str) -> None:
        try:
            self._store.check(artifact)
        except (KeyError, Damaged) as error:
            raise StoreError(
                Problem(f"{what} is gone: the store does not hold {artifact.digest[:12]}")
            ) from error


def stage_of(recipe: Recipe, trace: Trace) -> Stage:
    """Return the stage as it must have been declared, for this action."""
    cmd: Any = recipe.get("cmd")
    inputs = []
    for name, entry in recipe["inputs"].items():
        inputs.append(Input(name, entry["path"], is_glob="files" in entry))
    return Stage(
        name=trace.stage,
        base=trace.stage.partition("@")[0],
        run=recipe.get("run"),
        cmd=tuple(cmd) if isinstance(cmd, list | tuple) else cmd,
        inputs=tuple(inputs),
        outputs=tuple(Output(name, entry["path"]) for name, entry in recipe["outputs"].items()),
        params=recipe["params"],
        params_file=recipe.get("params_file"),
        secrets=tuple(sorted(recipe["secrets"])),
        scratch=tuple(sorted(recipe["scratch"].items())),
        network=recipe["network"],
        # What it saw of the project under `warn` is given to it as inputs: the working tree does not matter.
        sandbox="off" if trace.level == "off" and not trace.vouched else "strict",
        resources=Resources(recipe["cpus"], None, recipe["gpus"]),
        tools=tuple(recipe["tools"]),
    )


def _secrets(recipe: Recipe, trace: Trace) -> dict[str, str]:
    values = {}
    for name, was_set in recipe["secrets"].items():
        if not was_set:
            continue
        if name.startswith("~/"):
            is_there = os.path.exists(os.path.expanduser(name))
        else:
            is_there = name in os.environ
            values[name] = os.environ.get(name, "")
        if not is_there:
            text = f"stage `{trace.stage}` needs the secret `{name}`, which is not there"
            raise usage(text, help="set it, or make the file, and try again")
    return values


def _refuse_escape(path: str) -> None:
    # A record may come from elsewhere.
    parts = path.split("/")
    if (
        path.startswith("/")
        or ".." in parts
        or "\0" in path
        or (path != "." and ("" in parts or "." in parts))
    ):
        raise StoreError(
            Problem(f"a record names the path {path!r}, which leaves the project: nothing was run")
        )
