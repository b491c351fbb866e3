"""What is compared: a recorded run, or the workspace as a run would find it. Compares nothing itself."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from .. import metrics, run_record, status
from .. import restore as restoring
from ..action import Recipe
from ..code_diff import Version, recorded, today
from ..dotted import leaves
from ..errors import UsageError
from ..history import RunRecord
from ..metrics import Direction
from ..model import Artifact, Produced
from ..opened import OpenProject
from ..walk import Walk

WORKSPACE = "workspace"


class Given(NamedTuple):
    """What a stage was given, as far as that is known: `unknown` are inputs whose bytes are not."""

    recipe: Recipe
    unknown: frozenset[str] = frozenset()
    places: Mapping[str, tuple[str, int]] = {}


class Side:
    """One of the two things that are compared."""

    name: str
    params: Mapping[str, Any]
    stage_params: Mapping[str, Mapping[str, Any]]
    """By stage, by dotted name, what it was given."""
    metrics: Mapping[str, Any]
    better: Mapping[str, Direction]
    outputs: Mapping[str, Produced]
    """By path."""
    metric_paths: frozenset[str]
    """Of outputs whose content stands in `metrics`."""
    is_whole: bool
    """It has all stages of its project, not those of some targets alone."""

    def key(self, stage: str) -> str | None:
        """Return the key of a stage's action; None if there is none, or it is not known yet."""
        raise NotImplementedError

    def given(self, stage: str, other: Recipe | None) -> Given | None:
        """Return what a stage was given; what is not known yet is taken from `other`. None if no record says it."""
        raise NotImplementedError

    def version(self, stage: str) -> Version:
        """Return the source as a stage had it."""
        raise NotImplementedError

    def seconds(self, stage: str) -> float | None:
        """Return what the action took when it was executed, whether in this run or in another one."""
        raise NotImplementedError


class OfRun(Side):
    """A recorded run."""

    def __init__(self, opened: OpenProject, record: RunRecord) -> None:
        self._opened = opened
        self._record = record
        self.name = record.run
        self.params = record.parameters
        self.stage_params = {name: leaves(stage.params) for name, stage in record.stages.items()}
        self.metrics = metrics.of_record(record)
        self.better = metrics.directions([record])
        self.outputs = {produced.path: produced for _, produced in restoring.outputs_of(opened, record)}
        self.metric_paths = frozenset(
            str(stage.outputs[output]["path"])
            for stage in record.stages.values()
            for output in stage.metrics
            if output in stage.outputs
        )
        self.is_whole = not record.targets

    def key(self, stage: str) -> str | None:
        return self._record.stages[stage].key

    def given(self, stage: str, other: Recipe | None) -> Given | None:
        key = self.key(stage)
        action = self._opened.store.records.action(key) if key else None
        return Given(action.recipe, places=self.version(stage).places) if action is not None else None

    def version(self, stage: str) -> Version:
        key = self.key(stage)
        traces = self._opened.store.records.traces(key) if key else []
        return recorded(self._opened.store, traces[0] if traces else None, self.name)

    def seconds(self, stage: str) -> float | None:
        key = self.key(stage)
        traces = self._opened.store.records.traces(key) if key else []
        return traces[0].wall_seconds if traces else None


class OfWorkspace(Side):
    """The working tree: what would be executed, and what lies there now. Raises UsageError as `status` does."""

    def __init__(self, opened: OpenProject) -> None:
        if opened.problems:
            raise UsageError(*opened.problems)
        self._opened = opened
        self._walk = Walk(opened, status.settings_of())
        for name in opened.graph.order:
            outputs = self._walk.outputs_of(name, self._walk.decide(name))
            if outputs is not None:
                self._walk.settle(name, outputs)
        stages = opened.project.stages
        self.name = WORKSPACE
        self.params = leaves(opened.project.params)
        self.stage_params = {name: leaves(stage.params) for name, stage in stages.items()}
        found: dict[str, Produced] = {}
        values: dict[str, Any] = {}
        better: dict[str, Direction] = {}
        seen: set[str] = set()
        for name in opened.graph.order:
            lying = self._lying(name)
            found.update({produced.path: produced for produced in lying.values()})
            held = run_record.metrics_of(opened, name, lying)
            seen.update(lying[output].path for output in held)
            values.update({f"{name}.{key}": value for key, value in leaves(held).items()})
            for key, direction in run_record.better_of(opened, name).items():
                better[f"{name}.{key}"] = "lower" if direction == "lower" else "higher"
        self.outputs, self.metrics, self.better = found, values, better
        self.metric_paths = frozenset(seen)
        self.is_whole = True

    def _lying(self, name: str) -> dict[str, Produced]:
        found = {}
        for output in self._opened.project.stages[name].outputs:
            artifact: Artifact | None = self._opened.workspace.output(output.path)
            if artifact is not None:
                found[output.name] = Produced(output.path, artifact)
        return found

    def key(self, stage: str) -> str | None:
        fixed = self._walk.fixed.get(stage)
        return fixed.action.key if fixed is not None else None

    def given(self, stage: str, other: Recipe | None) -> Given | None:
        if self._opened.project.stages[stage].frozen:
            return None
        fixed = self._walk.fixed.get(stage)
        if fixed is not None:
            return Given(fixed.action.recipe, places=fixed.action.places)
        built, unknown = self._walk.outline(stage, other)
        return Given(built.recipe, unknown, built.places)

    def version(self, stage: str) -> Version:
        fixed = self._walk.fixed.get(stage)
        declared = self._opened.project.stages[stage]
        found = fixed.surveyed if fixed is not None else self._opened.survey.of(declared)
        return today(self._opened, found.code)

    def seconds(self, stage: str) -> float | None:
        return None
