"""A stage with everything fixed. Its canonical form is what is hashed, stored and compared. Reads no file."""

import json
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from . import digest
from .model import Artifact, Cause, Input, Reason, Stage

SCHEMA = 1
"""Changes only when a key was unsound: every recorded result is lost to it."""

Recipe: TypeAlias = Mapping[str, Any]
"""The plain value whose canonical form is the action; described in docs/format.md."""


class Resolved(NamedTuple):
    """One input with its bytes: `artifact` of a file or folder, `files` by path of a glob."""

    declared: Input
    loader: str
    artifact: Artifact | None = None
    files: Mapping[str, Artifact] = {}


class Surroundings(NamedTuple):
    """All that an action depends on besides what pipeline.yaml says of it."""

    units: Mapping[str, str]
    platform: Mapping[str, str]
    packages: Mapping[str, str]
    variables: Mapping[str, str | None]
    secrets: Mapping[str, bool]
    tools: Mapping[str, str]
    writers: Mapping[str, str]
    """Output name -> the writer that makes a file of the returned value, or "path"."""
    places: Mapping[str, tuple[str, int]] = {}
    """Unit of code -> file and line. Not in the key."""


class Action(NamedTuple):
    recipe: Recipe
    canonical: bytes
    key: str
    places: Mapping[str, tuple[str, int]] = {}
    """Where the units of its code stand today; of an action that was read back nothing is known."""


def build(stage: Stage, inputs: tuple[Resolved, ...], around: Surroundings) -> Action:
    """Fix a stage. Raises ValueError for a parameter that has no canonical form."""
    recipe: dict[str, Any] = {
        "action": SCHEMA,
        "code": dict(around.units),
        "cpus": stage.resources.cpus,
        "environment": {"packages": dict(around.packages), "platform": dict(around.platform)},
        "gpus": stage.resources.gpus,
        "inputs": {resolved.declared.name: _of_input(resolved) for resolved in inputs},
        "network": stage.network,
        "outputs": {
            o.name: {"path": o.path, "writer": around.writers.get(o.name, "path")} for o in stage.outputs
        },
        "params": stage.params,
        "scratch": dict(stage.scratch),
        "secrets": dict(around.secrets),
        "tools": dict(around.tools),
        "variables": dict(around.variables),
    }
    if stage.run is not None:
        recipe["run"] = stage.run
    else:
        recipe["cmd"] = stage.cmd
        recipe["params_file"] = stage.params_file
    return of_recipe(recipe)._replace(places=around.places)


def of_recipe(recipe: Recipe) -> Action:
    """Name a recipe. Only what a user wrote can have keys that are not text: the rest need not be looked through."""
    free = {name: digest.framed(recipe[name]) for name in ("params", "params_file") if recipe.get(name)}
    canonical = digest.written({**recipe, **free})
    return Action(recipe, canonical, digest.of_bytes(canonical))


def of_canonical(canonical: bytes) -> Action:
    """Read an action back from its stored form. Raises ValueError if that is none."""
    recipe = digest.plain(json.loads(canonical))
    if not isinstance(recipe, dict) or not isinstance(recipe.get("action"), int):
        raise ValueError("not the canonical form of an action")
    return Action(recipe, canonical, digest.of_bytes(canonical))


def portable(recipe: Recipe) -> str:
    """Return the digest of the recipe without the machine's environment, for the lock file."""
    return digest.of_value({name: value for name, value in recipe.items() if name != "environment"})


def _of_input(resolved: Resolved) -> dict[str, Any]:
    recipe: dict[str, Any] = {"path": resolved.declared.path, "loader": resolved.loader}
    if resolved.artifact is not None:
        recipe |= {"kind": resolved.artifact.kind, "digest": resolved.artifact.digest}
    else:
        recipe["files"] = {path: [a.kind, a.digest] for path, a in resolved.files.items()}
    return recipe


def differences(
    old: Recipe,
    new: Recipe,
    *,
    unknown: frozenset[str] = frozenset(),
    places: Mapping[str, tuple[str, int]] = MappingProxyType({}),
) -> tuple[Reason, ...]:
    """Say what changed from one recipe to another, in the order in which people look for it.

    `unknown` names inputs of `new` whose bytes are not known yet: they are not compared. `places` says where
    the units of `new` stand.
    """
    return tuple(_differences(old, new, unknown, places))


def differences_from_lock(
    params: Mapping[str, Any],
    inputs: Mapping[str, Artifact],
    portable_digest: str,
    new: Recipe,
    *,
    unknown: frozenset[str] = frozenset(),
) -> tuple[Reason, ...]:
    """Say what changed since the lock file was written, where its recipe is in no store.

    The lock file names parameters and inputs; of the rest it knows only whether it is the same.
    """
    return tuple(_differences_from_lock(params, inputs, portable_digest, new, unknown))


def _differences_from_lock(
    params: Mapping[str, Any],
    inputs: Mapping[str, Artifact],
    portable_digest: str,
    new: Recipe,
    unknown: frozenset[str],
) -> Iterator[Reason]:
    explained = bool(unknown)
    for name, was, now in _changed(params, new["params"]):
        explained = True
        yield _reason("param", name, f"param {name}", was, now, known=(name in params, name in new["params"]))
    here = {path: artifact.digest for path, artifact in kind_and_artifacts(new, without=unknown)}
    for path in sorted(inputs.keys() | here.keys()):
        was, now = inputs.get(path), here.get(path)
        if (was and was.digest) == now or (now is None and unknown):
            continue
        explained = True
        what = "changed" if was and now else "added" if now else "removed"
        yield Reason("input", path, f"input {path} {what}", was and was.digest, now)
    if explained:
        return
    if portable(new) == portable_digest:
        yield Reason("environment", "", "packages or platform differ from those in the lock file")
    else:
        yield Reason("code", "", "code or declaration differs from the lock file")


def _differences(
    old: Recipe, new: Recipe, unknown: frozenset[str], places: Mapping[str, tuple[str, int]]
) -> Iterator[Reason]:
    for unit, was, now in _changed(old["code"], new["code"]):
        what = "changed" if was and now else "added" if now else "no longer used"
        yield Reason("code", unit, f"code {what}: {named_unit(unit, places.get(unit))}", was, now)
    for form in ("run", "cmd"):
        # As it is hashed: a command that was read back is a list where it was a tuple.
        if digest.canonical(old.get(form)) != digest.canonical(new.get(form)):
            yield _reason("command", form, "command", old.get(form), new.get(form))
    params = list(_changed(old["params"], new["params"]))
    for name, was, now in params:
        yield _reason(
            "param", name, f"param {name}", was, now, known=(name in old["params"], name in new["params"])
        )
    if not params and old.get("params_file") != new.get("params_file"):
        yield Reason("param", "params", "the parameters' file changed")
    yield from _input_differences(old["inputs"], new["inputs"], unknown)
    yield from _environment_differences(old, new)
    for name in ("network", "cpus", "gpus", "scratch"):
        if old[name] != new[name]:
            yield _reason("declaration", name, name, old[name], new[name])
    for name, was, now in _changed(old["outputs"], new["outputs"]):
        what = "changed" if was and now else "added" if now else "removed"
        path = (now or was)["path"]
        yield Reason(
            "declaration", name, f"output {name} {what}: {path}", was and was["path"], now and now["path"]
        )


def named_unit(unit: str, place: tuple[str, int] | None) -> str:
    """Write a unit of code for people: `clean.normalise (stages/clean.py:41)`."""
    module, _, name = unit.partition(":")
    is_script = "/" in module or module.endswith(".py")
    short = module if is_script or not name else module.rpartition(".")[2]
    if name == "<module>":
        short += ", what it runs at import" if not is_script else ", what it runs"
    elif name and name != "<file>":
        short += f".{name}" if not is_script else f": {name}"
    return f"{short} ({place[0]}:{place[1]})" if place and place[0] != short else short


def _input_differences(old: Recipe, new: Recipe, unknown: frozenset[str]) -> Iterator[Reason]:
    for name, was, now in _changed(old, new):
        if was is None or now is None:
            what = "added" if was is None else "removed"
            yield Reason("declaration", name, f"input {name} {what}: {(now or was)['path']}")
        elif was["path"] != now["path"] or was["loader"] != now["loader"]:
            field = "path" if was["path"] != now["path"] else "loader"
            yield _reason("declaration", name, f"input {name}", was[field], now[field])
        elif name not in unknown:
            yield from _bytes_differences(was, now)


def _bytes_differences(was: Recipe, now: Recipe) -> Iterator[Reason]:
    if "files" in was and "files" in now:
        for path, old, new in _changed(was["files"], now["files"]):
            what = "changed" if old and new else "added" if new else "removed"
            yield Reason("input", path, f"input {path} {what}", old and old[1], new and new[1])
        return
    what = "changed"
    if was.get("digest") == now.get("digest"):
        what = f"changed from {was.get('kind')} to {now.get('kind')}"
    yield Reason("input", now["path"], f"input {now['path']} {what}", was.get("digest"), now.get("digest"))


def _environment_differences(old: Recipe, new: Recipe) -> Iterator[Reason]:
    groups: tuple[tuple[str, Any, Any], ...] = (
        ("", old["environment"]["platform"], new["environment"]["platform"]),
        ("package ", old["environment"]["packages"], new["environment"]["packages"]),
        ("variable ", old["variables"], new["variables"]),
        ("tool ", old["tools"], new["tools"]),
        ("secret ", old["secrets"], new["secrets"]),
    )
    cause: Cause = "environment"
    for label, before, after in groups:
        for name, was, now in _changed(before, after):
            yield _reason(cause, name, f"{label}{name}", was, now, known=(name in before, name in after))


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name), new.get(name)
        # Compared as they are hashed: 1, 1.0 and true are different to a stage, the order of keys is not.
        if (name in old) != (name in new) or (
            was is not now and digest.canonical(was) != digest.canonical(now)
        ):
            yield name, was, now


def _reason(
    cause: Cause, subject: str, label: str, was: Any, now: Any, *, known: tuple[bool, bool] = (True, True)
) -> Reason:
    old = _shown(was) if known[0] else "none"
    new = _shown(now) if known[1] else "none"
    return Reason(cause, subject, f"{label}: {old} -> {new}", old, new)


def _shown(value: Any) -> str:
    if value is None:
        return "unset"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    first, _, rest = text.partition("\n")
    return first if not rest and len(first) <= 80 else first[:77] + "..."


def kind_and_artifacts(recipe: Recipe, *, without: Collection[str] = ()) -> Iterator[tuple[str, Artifact]]:
    """Yield every input artifact of a recipe with its path. Sizes are not recorded there: 0."""
    for declared, entry in recipe["inputs"].items():
        if declared not in without:
            yield from artifacts_of(entry)


def artifacts_of(entry: Mapping[str, Any]) -> Iterator[tuple[str, Artifact]]:
    """Yield the artifacts of one input of a recipe."""
    if "files" in entry:
        for path, (kind, name) in entry["files"].items():
            yield path, Artifact(kind, name, 0)
    else:
        yield entry["path"], Artifact(entry["kind"], entry["digest"], 0)
