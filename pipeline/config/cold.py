"""Reads pipeline.yaml and the parameters from their text. Knows no compiled form, no graph and no code."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from ..errors import Problem, usage
from ..model import Project, Stage
from . import instance, matrix, names, parameters, paths, places, references, source
from .document import Document
from .instance import Context
from .messages import keys_of, troubles_of, unknown_key
from .parameters import Parameters
from .references import Scope, without_notes
from .report import Report
from .schema import NOT_IN_DEFAULTS, FileEntry
from .suggest import did_you_mean
from .wrong import Trouble, Wrong, kind_of


class Reading(NamedTuple):
    """What came of the files, and the very bytes that were read.

    `params_source` is the parameters' file that was looked for, there or not; None if none was.
    """

    project: Project
    problems: tuple[Problem, ...]
    complete: bool
    pipeline: bytes
    params_source: str | None
    params: bytes | None


def read(root: Path, overrides: Mapping[str, Any], *, src_is_root: bool) -> Reading:
    """Read the project. `src_is_root` says whether `src` is an import root where the file names none."""
    return _Reader(root, overrides, src_is_root=src_is_root).read()


class _Reader:
    def __init__(self, root: Path, overrides: Mapping[str, Any], *, src_is_root: bool) -> None:
        self._root = root
        self._absolute = os.path.abspath(root)
        self._overrides = overrides
        self._src_is_root = src_is_root
        self._report = Report()
        self._complete = True
        self._pipeline = _pipeline(root)
        self._params: bytes | None = None
        self._document = Document(source.PIPELINE, self._pipeline)

    def read(self) -> Reading:
        report = self._report
        for problem in self._document.problems:
            report.add(problem.text, problem.mark, problem.help)
        entry = self._file_entry()
        values, params_path, params_source = self._parameters(entry.params)
        values, wrongs = parameters.overridden(values, self._overrides)
        for wrong in wrongs:
            report.add(f"-S: {wrong.text}", None, wrong.help)
        place = params_source or source.PIPELINE
        known = Parameters(values, f"`{place}`")
        stages = self._stages(entry, known, Context(self._absolute, params_path))
        stages = self._linked(stages, entry.stages)
        if self._complete and not wrongs:
            self._check_overrides(known)
        roots = (
            tuple(entry.pythonpath.values())
            if entry.pythonpath
            else ("src", ".")
            if self._src_is_root
            else (".",)
        )
        project = Project(self._root, stages, tuple(dict.fromkeys(roots)), values, params_path)
        return Reading(
            project, report.problems(), self._complete, self._pipeline, params_source, self._params
        )

    def _file_entry(self) -> FileEntry:
        value = self._document.value
        if value is None:
            raise usage(
                "`pipeline.yaml` is empty", help="add `stages:`, or begin with `pipe init` in an empty folder"
            )
        if not isinstance(value, dict):
            text = f"`pipeline.yaml` holds {kind_of(value)}, not a mapping"
            raise usage(text, mark=self._document.mark(()), help="write `stages:` and the stages below it")
        values = {k: v for k, v in without_notes(value).items() if v is not None}
        while True:
            try:
                return FileEntry.model_validate(values, context={"root": self._absolute})
            except ValidationError as error:
                for trouble in troubles_of(error, "file"):
                    mark = self._document.mark(trouble.steps, at_key=trouble.at_key)
                    self._report.add(trouble.text, mark, trouble.help)
                    key = trouble.steps[0] if trouble.steps else "stages"
                    values = {k: v for k, v in values.items() if str(k) != str(key)}
                if "stages" not in values:
                    values["stages"] = {}
                    self._complete = False

    def _parameters(self, declared: Any) -> tuple[Mapping[Any, Any], str | None, str | None]:
        """Return the parameters, the file that holds them, and the file that was looked for."""
        if isinstance(declared, dict):
            values = without_notes(declared)
            self._check_reserved(values, self._document, ("params",))
            return values, None, None
        if declared is not None and not isinstance(declared, str):
            text = f"`params`: expected a file's name or a mapping, got {kind_of(declared)}"
            self._report.add(text, self._document.mark(("params",)), "write `params: params.yaml`")
            return {}, None, None
        name = self._params_name(declared)
        try:
            self._params = source.read(self._root, name)
        except (FileNotFoundError, NotADirectoryError):
            if declared is None:
                return {}, None, name
            mark = self._document.mark(("params",))
            raise usage(
                f"the parameters' file `{name}` does not exist",
                mark=mark,
                help=f"create `{name}`, or correct its name",
            ) from None
        document = Document(name, self._params)
        for problem in document.problems:
            self._report.add(problem.text, problem.mark, problem.help)
        values = {} if document.value is None else document.value
        if not isinstance(values, dict):
            text = f"`{name}` holds {kind_of(values)}, not a mapping"
            raise usage(text, mark=document.mark(()), help="write `NAME: value` lines")
        self._check_reserved(values, document, ())
        return values, name, name

    def _params_name(self, declared: str | None) -> str:
        try:
            return paths.of_folder(declared or "params.yaml", self._absolute)
        except Wrong as wrong:
            raise usage(
                f"`params`: {wrong.text}", mark=self._document.mark(("params",)), help=wrong.help
            ) from None

    def _check_reserved(self, values: Mapping[Any, Any], document: Document, steps: tuple[str, ...]) -> None:
        for name in parameters.reserved_in(values):
            text = f"`{name}` cannot be a parameter: in `${{{name}.X}}` the word means something else"
            self._report.add(
                text, document.mark((*steps, name), at_key=True), "give it another name, or put it below one"
            )

    def _stages(self, entry: FileEntry, known: Parameters, context: Context) -> dict[str, Stage]:
        defaults = self._defaults(entry.defaults)
        result: dict[str, Stage] = {}
        for base, declared in entry.stages.items():
            troubles: list[Trouble] = []
            try:
                names.check_stage(base)
            except Wrong as wrong:
                mark = self._document.mark(("stages", base), at_key=True)
                self._report.add(wrong.text, mark, wrong.help)
                self._complete = False
                continue
            if isinstance(declared, dict):
                merged = _merged(defaults, without_notes(declared))
                for stage in _instances(base, merged, known, context, troubles):
                    if stage is None:
                        self._complete = False
                    else:
                        result[stage.name] = stage
            else:
                text = f"expected a mapping, got {kind_of(declared)}"
                troubles.append(Trouble((), text, "write `run:` or `cmd:` below it", at_key=declared is None))
                self._complete = False
            if any(trouble.steps[:1] in (("outputs",), ("metrics",), ("matrix",)) for trouble in troubles):
                self._complete = False
            self._tell(base, troubles)
        return result

    def _tell(self, base: str, troubles: list[Trouble]) -> None:
        for trouble in troubles:
            mark, shared = places.in_stage(self._document, base, trouble.steps, at_key=trouble.at_key)
            prefix = "`defaults`: " if shared else f"stage `{base}`: "
            self._report.add(trouble.text, mark, trouble.help, prefix=prefix)

    def _defaults(self, declared: Mapping[Any, Any]) -> dict[Any, Any]:
        known = keys_of("stage")
        result = {}
        for key, value in declared.items():
            if key in NOT_IN_DEFAULTS:
                mark = self._document.mark(("defaults", key), at_key=True)
                self._report.add(
                    f"`defaults`: `{key}` belongs to one stage", mark, f"move `{key}` into the stages"
                )
            elif key in known:
                result[key] = value
            else:
                trouble = unknown_key((key,), "stage")
                mark = self._document.mark(("defaults", key), at_key=True)
                self._report.add(trouble.text, mark, trouble.help, prefix="`defaults`: ")
        return result

    def _linked(self, stages: dict[str, Stage], declared: Mapping[Any, Any]) -> dict[str, Stage]:
        """Replace base names under `after` by those of all their instances."""
        instances: dict[str, list[str]] = {}
        for stage in stages.values():
            instances.setdefault(stage.base, []).append(stage.name)
        result = {}
        for name, stage in stages.items():
            after = dict.fromkeys(self._after(stage, stages, instances, declared))
            result[name] = stage._replace(after=tuple(after)) if after else stage
        return result

    def _after(
        self,
        stage: Stage,
        stages: Mapping[str, Stage],
        instances: Mapping[str, list[str]],
        declared: Mapping[Any, Any],
    ) -> Iterator[str]:
        for index, other in enumerate(stage.after):
            if other in stages:
                yield other
            elif other in instances:
                yield from instances[other]
            elif other not in declared and (self._complete or other.split("@", 1)[0] not in declared):
                advice = did_you_mean(other, [*instances, *stages], otherwise="name a stage of this file")
                self._tell(
                    stage.base, [Trouble(("after", index), f"`after`: there is no stage `{other}`", advice)]
                )

    def _check_overrides(self, known: Parameters) -> None:
        for dotted in self._overrides:
            if not known.is_used(dotted):
                others = [
                    name for name in known.names() if known.is_used(name) and name not in self._overrides
                ]
                advice = did_you_mean(
                    dotted,
                    others,
                    otherwise=f"remove `-S {dotted}=...`, or name it under `params` of a stage",
                )
                self._report.add(f"-S: no stage uses a parameter `{dotted}`", None, advice)


def _pipeline(root: Path) -> bytes:
    try:
        return source.read(root, source.PIPELINE)
    except (FileNotFoundError, NotADirectoryError):
        raise usage("there is no `pipeline.yaml` here", help="run `pipe init`") from None


def _merged(defaults: Mapping[Any, Any], declared: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return the stage's keys on top of the defaults; where both hold a mapping, merged by key."""
    result = {**defaults, **declared}
    for key in defaults:
        if key in declared:
            below, above = defaults[key], declared[key]
            if key == "env":
                below, above = references.env_by_name(below), references.env_by_name(above)
            if isinstance(below, dict) and isinstance(above, dict):
                result[key] = {**below, **above}
    return result


def _instances(
    base: str, merged: dict[Any, Any], known: Parameters, context: Context, troubles: list[Trouble]
) -> Iterator[Stage | None]:
    if merged.get("matrix") is None:
        yield instance.build(base, base, merged, Scope(known), context, troubles)
        return
    axes = references.resolve(merged["matrix"], Scope(known), "matrix", ("matrix",), troubles)
    found = {} if axes is references.BROKEN else matrix.instances(base, axes, troubles)
    if not found:
        yield None
    told: set[Any] = set()
    for name, values in found.items():
        own: list[Trouble] = []
        yield instance.build(name, base, merged, Scope(known, values), context, own)
        # What is wrong in the declaration is wrong in each instance: the first one tells it.
        troubles += [trouble for trouble in own if trouble.steps not in told]
        told.update(trouble.steps for trouble in own)
