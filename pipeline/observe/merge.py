"""From what single stages lack to the changes of pipeline.yaml, where all instances of a stage are one. Pure."""

from collections.abc import Mapping
from typing import Any

from ..config import patch, scalars
from ..config.patch import Change
from ..errors import UsageError
from ..model import Stage
from . import choose
from .infer import Inferred, Missing


def changes(
    stages: Mapping[str, Stage], inferred: Mapping[str, Inferred], texts: Mapping[str, str]
) -> tuple[dict[str, Change], dict[str, list[str]]]:
    """Return by name in pipeline.yaml what its stages lack, and notes on what instances do not have in common.

    `texts` has for each stage the text in which an input may be named: such a one is not taken out.
    """
    by_base: dict[str, list[str]] = {}
    for name in inferred:
        by_base.setdefault(stages[name].base, []).append(name)
    found: dict[str, Change] = {}
    notes: dict[str, list[str]] = {}
    for base in dict.fromkeys(stage.base for stage in stages.values()):
        if base not in by_base:
            continue
        change, differing = _merged({name: inferred[name] for name in by_base[base]}, stages)
        if differing:
            notes[base] = [
                f"its instances have different {key}, which no `${{matrix.…}}` tells apart: all are listed"
                for key in differing
            ]
        found[base] = change._replace(unused=_removable(by_base[base], stages, inferred, texts))
    return {base: change for base, change in found.items() if change != Change()}, notes


def _merged(inferred: Mapping[str, Inferred], stages: Mapping[str, Stage]) -> tuple[Change, list[str]]:
    axes = {name: _axes(stages[name]) for name in inferred}
    lines: dict[str, tuple[str, ...]] = {}
    differing = []
    for key in ("inputs", "outputs", "scratch"):
        by_instance = {
            name: [path.replace("${", "$${") for path in getattr(one.missing, key)]
            for name, one in inferred.items()
        }
        merged, fits = choose.templates(by_instance, axes)
        lines[key] = tuple(merged)
        if not fits:
            differing.append(key)
    env = sorted({name for one in inferred.values() for name in one.missing.env})
    secrets = sorted({name for one in inferred.values() for name in one.missing.secrets})
    network = any(one.missing.network for one in inferred.values())
    change = Change(lines["inputs"], lines["outputs"], lines["scratch"], tuple(env), tuple(secrets), network)
    return change, differing


def _axes(stage: Stage) -> dict[str, str]:
    """Return the text of an instance's value on each axis, as it stands inside a path."""
    return {
        axis: scalars.write(value)
        for axis, value in stage.matrix.items()
        if not isinstance(value, dict | list)
    }


def _removable(
    names: list[str],
    stages: Mapping[str, Stage],
    inferred: Mapping[str, Inferred],
    texts: Mapping[str, str],
) -> tuple[tuple[str, int], ...]:
    common = set.intersection(*(set(inferred[name].unused) for name in names))
    declared = [item.name for item in stages[names[0]].inputs]
    text = " ".join(texts[name] for name in names)
    return tuple(
        (name, place)
        for place, name in enumerate(declared)
        if name in common and f"${{inputs.{name}}}" not in text
    )


def patched(text: str, wanted: Mapping[str, Change]) -> tuple[str, str, list[str]]:
    """Return pipeline.yaml with the changes, the difference, and notes on what must be written by hand."""
    new, notes = text, []
    for base, one in wanted.items():
        try:
            new = patch.patched(new, {base: one})
        except UsageError as error:
            notes += [f"{problem.text}: {problem.help}" for problem in error.problems]
    return new, patch.difference(text, new), notes


def plain(inferred: Inferred) -> dict[str, Any]:
    """Return what one stage lacks as plain values."""
    missing = inferred.missing
    return {
        "missing": {
            "inputs": list(missing.inputs),
            "outputs": list(missing.outputs),
            "scratch": list(missing.scratch),
            "env": list(missing.env),
            "secrets": list(missing.secrets),
            "network": missing.network,
        },
        "unused": list(inferred.unused),
    }


def change(plain_change: Mapping[str, Any]) -> Change:
    """Return a change that was written as plain values."""
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in plain_change.items()}
    values["unused"] = tuple((str(name), int(place)) for name, place in values["unused"])
    return Change(**values)


NOTHING = plain(Inferred(Missing(), (), ()))
"""Of a stage that failed: nothing can be said of it."""
