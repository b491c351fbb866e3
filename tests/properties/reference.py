"""What a world's stages make when each runs once, in order, in an empty folder. Knows no cache and no `pipe`."""

import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.project import tree
from tests.properties import world as worlds
from tests.properties.world import Read, Step, World

Bytes = tuple[bytes, bool]


@lru_cache(maxsize=256)
def build(world: World) -> Mapping[str, Bytes]:
    """Return the bytes and the executable bit of every file that the stages write."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        worlds.put(world, root)
        with importable(root), variables({}):
            for step in world.steps:
                for value in step.instances:
                    _perform(world, step, value, root)
        return tree(root, worlds.written(world))


@contextmanager
def variables(wanted: Mapping[str, str | None]) -> Iterator[None]:
    """Set the variables that stages may read to exactly these."""
    before = {name: os.environ.pop(name, None) for name in worlds.VARIABLES}
    os.environ.update({name: value for name, value in wanted.items() if value is not None})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def importable(root: Path) -> Iterator[None]:
    """Let the modules of a folder be imported, and forget them afterwards."""
    old, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.path.insert(0, os.fspath(root))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(os.fspath(root))
        sys.dont_write_bytecode = old
        for name in [n for n in sys.modules if n.split(".")[0] in ("lib", "steps", "scripts")]:
            del sys.modules[name]


def paths_of(read: Read, root: Path) -> list[str]:
    """Return what a read finds: the path itself, or what its glob matches, sorted by bytes."""
    if not read.is_glob:
        return [read.path]
    found = [file.relative_to(root).as_posix() for file in root.glob(read.path) if file.is_file()]
    return sorted((path for path in found if "/." not in f"/{path}"), key=os.fsencode)


def params_of(world: World, step: Step, value: Any) -> dict[str, Any]:
    """Return an instance's parameters as it gets them: the order of a mapping's keys is nothing that it may see."""
    known = {dotted: json.dumps(json.loads(text), sort_keys=True) for dotted, text in world.params}
    # A mapping's keys come sorted: their order is nothing that a stage may depend on.
    ordered = {name: json.dumps(json.loads(text), sort_keys=True) for name, text in known.items()}
    found = {f"p{n}": json.loads(ordered[dotted]) for n, dotted in enumerate(step.params)}
    return found | ({"m": value} if step.matrix else {})


def _perform(world: World, step: Step, value: Any, root: Path) -> None:
    made = {name: root / path for name, path in worlds.outputs(step, value).items()}
    for path in made.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    params = params_of(world, step, value)
    declared = {name: v for name, v in world.environment.items() if name in step.env}
    found = {f"i{n}": paths_of(read, root) for n, read in enumerate(step.reads)}
    if step.form in ("path", "return"):
        given = {f"i{n}": _loaded(read, found[f"i{n}"], root) for n, read in enumerate(step.reads)}
        go = importlib.import_module(f"steps.s{step.ident}").go
        taken = {**given, **params, **(made if step.form == "path" else {})}
        with variables(declared):
            result = go(**taken)
        if step.form == "return":
            texts = {"o0": result} if step.files == 1 else result
            for name, text in texts.items():
                made[name].write_text(text)
    elif step.form == "script":
        main = importlib.import_module(f"scripts.s{step.ident}").main
        arguments = [v if isinstance(v, str) else json.dumps(v, sort_keys=True) for v in params.values()]
        paths = [*made.values(), *(root / path for all_ in found.values() for path in all_)]
        with variables(declared):
            main([*arguments, "--", *map(os.fspath, paths)])
    else:
        texts = {
            "params": {name: worlds.quoted(v) for name, v in params.items()},
            "outputs": {name: worlds.quoted(path) for name, path in worlds.outputs(step, value).items()},
            "inputs": {name: " ".join(map(worlds.quoted, all_)) for name, all_ in found.items()},
        }
        command = worlds.command_of(step, lambda space, name: texts[space][name])
        own = {name: v for name, v in declared.items() if v is not None}
        subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=root,
            env={"PATH": os.environ["PATH"], **own},
            check=True,
        )


def _loaded(read: Read, paths: list[str], root: Path) -> Any:
    kind = read.how.removeprefix("dict[str, ").removesuffix("]")
    loaders = {"Path": lambda p: p, "str": Path.read_text, "bytes": Path.read_bytes}
    if read.is_glob:
        return {path: loaders[kind](root / path) for path in paths}
    return loaders[kind](root / paths[0])


def content(world: World, step: Step, value: Any) -> object:
    """Return everything that an instance's result is a function of, by content: equal means that it need not run again.

    Computed from the world and the reference build alone: no key of the engine's is in it.
    """
    everything = {path: (data, executable) for path, data, executable in world.files} | dict(build(world))
    inputs = []
    for read in step.reads:
        if read.is_glob:
            lying = {p: b for p, b in everything.items() if _matches(read.path, p)}
        else:
            lying = {p: b for p, b in everything.items() if p == read.path or p.startswith(read.path + "/")}
        inputs.append((read, tuple(sorted(lying.items()))))
    below = () if step.helper is None else tuple(h.constant for h in world.helpers[step.helper :])
    chain = () if step.helper is None else (step.helper, len(world.helpers))
    params = tuple((name, json.dumps(v)) for name, v in params_of(world, step, value).items())
    env = tuple((name, world.environment[name]) for name in step.env)
    return (
        step._replace(name="", comment="", params=(), matrix=()),
        value,
        below,
        chain,
        params,
        env,
        tuple(inputs),
    )


def _matches(glob: str, path: str) -> bool:
    """Say whether a glob of the strategies (`a/*.txt`) matches: one star in the last segment."""
    folder, _, last = glob.rpartition("/")
    above, _, name = path.rpartition("/")
    before, after = last.split("*")
    return (
        folder == above
        and not (name.startswith(".") and not before)
        and len(name) >= len(before) + len(after)
        and name.startswith(before)
        and name.endswith(after)
    )
