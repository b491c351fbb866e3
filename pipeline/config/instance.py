"""Builds one stage from its declaration. Knows no file and no other stage."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from ..model import Input, Output, Resources, Stage
from . import names, paths, references
from .messages import troubles_of
from .parameters import projection
from .references import BROKEN, Scope, env_by_name
from .schema import StageEntry, check_variable
from .wrong import Index, Trouble, Wrong, kind_of

_BY_ENTRY = frozenset(
    {"inputs", "outputs", "metrics", "params", "after", "secrets", "scratch", "tools", "resources"}
)
"""Keys of which one wrong entry does not spoil the others."""


class Context(NamedTuple):
    """What the stages of one file share. `root` is absolute and normalised."""

    root: str
    params_path: str | None


def build(
    name: str, base: str, declared: Mapping[str, Any], scope: Scope, context: Context, troubles: list[Trouble]
) -> Stage | None:
    """Return one instance, built from those of its parts that are right; None if it has nothing to run."""
    own: list[Trouble] = []
    entry = _validated(_resolved(declared, scope, own), context, own)
    stage = _stage(name, base, entry, scope, own)
    if entry.cmd is not None and entry.run is not None:
        own.append(Trouble(("cmd",), "`run` and `cmd` are both there", "remove one of them", at_key=True))
    elif stage.run is None and stage.cmd is None and not {"run", "cmd"} & _wrong_keys(own):
        advice = "add `run: MODULE:FUNCTION`, or `cmd:` with a shell command"
        own.append(Trouble((), "there is neither `run` nor `cmd`", advice, at_key=True))
    troubles += own
    return None if stage.run is None and stage.cmd is None else stage


def _resolved(declared: Mapping[str, Any], scope: Scope, troubles: list[Trouble]) -> dict[str, Any]:
    result = {}
    for key, value in declared.items():
        steps = (key,)
        if value is None or key == "matrix":
            continue
        if key == "cmd":
            place: references.Place = "program" if isinstance(value, list) else "cmd"
            found = references.resolve(value, scope, place, steps, troubles)
        elif key == "env":
            found = _resolved_env(value, scope, troubles)
        elif key in _BY_ENTRY and not (key == "resources" and isinstance(value, list)):
            found = references.resolve_entries(value, scope, "value", steps, troubles)
        else:
            found = references.resolve(value, scope, "value", steps, troubles)
        if found is not BROKEN and found is not None:
            result[key] = found
    return result


def _resolved_env(value: Any, scope: Scope, troubles: list[Trouble]) -> Any:
    if not isinstance(value, str):
        return references.resolve_entries(env_by_name(value), scope, "env", ("env",), troubles)
    found = env_by_name(references.resolve(value, scope, "value", ("env",), troubles))
    if not isinstance(found, dict):
        return found
    # What a parameter holds is text: a `${` in it names nothing when the stage runs.
    return {k: v.replace("${", "$${") if isinstance(v, str) else v for k, v in found.items()}


def _validated(values: dict[str, Any], context: Context, troubles: list[Trouble]) -> StageEntry:
    """Return what is right of the values; the rest is left out and said."""
    known = {"root": context.root, "params_path": context.params_path}
    while True:
        try:
            return StageEntry.model_validate(values, context=known)
        except ValidationError as error:
            found = list(troubles_of(error, "stage"))
            troubles += found
            values = _pruned(values, found)


def _pruned(values: dict[str, Any], found: list[Trouble]) -> dict[str, Any]:
    assert all(trouble.steps for trouble in found), "no key of a stage is required by its model"
    result = dict(values)
    for trouble in found:
        key = trouble.steps[0]
        held = result.get(str(key))
        if len(trouble.steps) > 1 and isinstance(held, dict) and trouble.steps[1] in held:
            result[str(key)] = {k: v for k, v in held.items() if k != trouble.steps[1]}
        else:
            # A key of another type than text is dropped by itself, not by how it is written.
            result = {k: v for k, v in result.items() if k != key and str(k) != str(key)}
    return result


def _stage(name: str, base: str, entry: StageEntry, scope: Scope, troubles: list[Trouble]) -> Stage:
    inputs = _inputs(entry, troubles)
    outputs = _outputs(entry, troubles)
    params, params_file = _params(entry, scope, troubles)
    scratch = _scratch(entry, troubles)
    _check_clashes(inputs, params, entry, troubles)
    stage = Stage(
        name=name,
        base=base,
        run=entry.run,
        cmd=entry.cmd if entry.run is None else None,
        inputs=inputs,
        outputs=outputs,
        params=params,
        params_file=params_file,
        after=tuple(entry.after.values()),
        env=_env(entry, troubles),
        secrets=tuple(dict.fromkeys(entry.secrets.values())),
        scratch=scratch,
        network=entry.network,
        sandbox=entry.sandbox,
        resources=Resources(entry.resources.cpus, entry.resources.memory, entry.resources.gpus),
        timeout_seconds=entry.timeout,
        retries=entry.retries,
        tools=tuple(entry.tools.values()),
        always=entry.always,
        frozen=entry.frozen,
        doc=entry.doc or "",
        matrix={axis: found.value for axis, found in (scope.matrix or {}).items()},
    )
    _check_references(stage, troubles)
    return stage


def _inputs(entry: StageEntry, troubles: list[Trouble]) -> tuple[Input, ...]:
    called = names.of_entries("inputs", {k: item.path for k, item in entry.inputs.items()}, (), troubles)
    result = []
    for key, name in called.items():
        item = entry.inputs[key]
        glob = paths.is_glob(item.path)
        if glob and item.digest is not None:
            text = f"input `{name}`: a pattern has no digest of its own"
            troubles.append(Trouble(("inputs", key, "digest"), text, "name the file itself"))
        result.append(Input(name, item.path, glob, item.store, item.digest))
    return tuple(result)


def _outputs(entry: StageEntry, troubles: list[Trouble]) -> tuple[Output, ...]:
    declared: dict[str, Mapping[Any, Any]] = {"outputs": entry.outputs, "metrics": entry.metrics}
    result: list[Output] = []
    for group, other in (("outputs", "metrics"), ("metrics", "outputs")):
        others = [names.stem(i.path) if isinstance(k, Index) else k for k, i in declared[other].items()]
        by_key = {key: item.path for key, item in declared[group].items()}
        for key, name in names.of_entries(group, by_key, others, troubles).items():
            if any(output.name == name for output in result):
                text = f"`{name}` is both an output and a metric"
                troubles.append(
                    Trouble((group, key), text, "a metric is an output already: remove one", at_key=True)
                )
                continue
            item = declared[group][key]
            if item.better and group != "metrics":
                text = f"output `{name}`: `better` is for metrics"
                troubles.append(Trouble((group, key, "better"), text, f"move `{name}` under `metrics`"))
            result.append(Output(name, item.path, group == "metrics", item.compare, item.better))
    return tuple(result)


def _params(
    entry: StageEntry, scope: Scope, troubles: list[Trouble]
) -> tuple[dict[str, Any], Mapping[str, Any] | None]:
    params: dict[str, Any] = {}
    listed: dict[str, Any] = {}
    for key, value in entry.params.items():
        steps = ("params", key)
        try:
            if not isinstance(key, Index):
                names.check(key)
                params[key] = value
                continue
            if not isinstance(value, str):
                raise Wrong(
                    f"expected the dotted name of a parameter, got {kind_of(value)}",
                    "write `{NAME: value}` for values",
                )
            last = value.rsplit(".", 1)[-1]
            if last in params:
                first = next(dotted for dotted in listed if dotted.rsplit(".", 1)[-1] == last)
                raise Wrong(
                    f"`{first}` and `{value}` are both named `{last}`",
                    "write a mapping, with a name for each",
                )
            params[last] = listed[value] = scope.parameters.find(value)
        except Wrong as wrong:
            troubles.append(
                Trouble(steps, f"`params`: {wrong.text}", wrong.help, at_key=not isinstance(key, Index))
            )
    is_list = entry.cmd is not None and any(isinstance(key, Index) for key in entry.params)
    return params, projection(listed) if is_list else None


def _scratch(entry: StageEntry, troubles: list[Trouble]) -> tuple[tuple[str, str], ...]:
    called = names.of_entries("scratch", entry.scratch, (), troubles)
    return tuple((name, entry.scratch[key]) for key, name in called.items())


def _env(entry: StageEntry, troubles: list[Trouble]) -> tuple[tuple[str, str | None], ...]:
    result = []
    for name, value in entry.env.items():
        try:
            check_variable(value if isinstance(name, Index) else name, secret_allowed=False)
            if name in entry.secrets.values():
                raise Wrong(f"`{name}` stands under `secrets` too", "remove it from `env`")
            if value is not None and "\0" in value:
                raise Wrong(f"`{name}` has a NUL character", "remove the character")
        except Wrong as wrong:
            troubles.append(Trouble(("env", name), f"`env`: {wrong.text}", wrong.help, at_key=True))
            continue
        result.append((str(name), value))
    return tuple(sorted(result, key=lambda pair: pair[0]))


def _check_clashes(
    inputs: tuple[Input, ...], params: Mapping[str, Any], entry: StageEntry, troubles: list[Trouble]
) -> None:
    for item in inputs:
        if item.name in params:
            listed = (
                k
                for k, v in entry.params.items()
                if isinstance(k, Index) and v.rsplit(".", 1)[-1] == item.name
            )
            key = next(listed, item.name)
            text = f"`{item.name}` is both an input and a parameter"
            troubles.append(Trouble(("params", key), text, "rename one of them", at_key=True))


def _check_references(stage: Stage, troubles: list[Trouble]) -> None:
    wrong = _wrong_keys(troubles)
    outputs = None if wrong & {"outputs", "metrics"} else [output.name for output in stage.outputs]
    known = {
        "inputs": None if "inputs" in wrong else [item.name for item in stage.inputs],
        "outputs": outputs,
        "params": None if "params" in wrong else list(stage.params),
        "scratch": None if "scratch" in wrong else [name for name, _ in stage.scratch],
    }
    if isinstance(stage.cmd, str):
        references.check(stage.cmd, known, ("cmd",), troubles)
    for index, word in enumerate(stage.cmd if isinstance(stage.cmd, tuple) else ()):
        references.check(word, known, ("cmd", index), troubles)
    for name, value in stage.env:
        references.check(value or "", known, ("env", name), troubles)


def _wrong_keys(troubles: list[Trouble]) -> set[str]:
    return {str(trouble.steps[0]) for trouble in troubles if trouble.steps}
