"""From what stages were seen to do to what their declarations lack. Pure: knows observations, no processes."""

import posixpath
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from .. import pattern
from ..model import Input, Stage
from . import choose
from .observation import Observation
from .outside import SECRET_FILES, notes_on_the_outside


class Seen(NamedTuple):
    """One stage that ran, and what it showed."""

    stage: Stage
    observation: Observation
    variables: frozenset[str]
    """Of the user's environment, asked for and set."""
    text: str
    """The commands of the stage, in which an input may be named."""
    is_watched: bool
    searched: frozenset[str]
    """Folders in which modules are looked for: that they are listed says nothing."""
    places: tuple[tuple[str, str], ...] = ()
    """Where its code has an absolute path of the project: place and path."""


class Missing(NamedTuple):
    """What a declaration lacks; all sorted."""

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    scratch: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    network: bool = False


class Inferred(NamedTuple):
    missing: Missing
    unused: tuple[str, ...]
    """Names of inputs that nothing was asked of."""
    notes: tuple[str, ...]
    """What no declaration can put right, each with what can."""


def infer(
    seen: Mapping[str, Seen],
    *,
    ignored: Callable[[str], bool],
    is_secret: Callable[[str], bool],
    params_path: str,
    home: str,
) -> dict[str, Inferred]:
    """Say what each stage lacks.

    Args:
        seen: In the order in which the stages ran last.
        ignored: Says whether a file is never part of a folder or a pattern.
        is_secret: Says whether a variable's name looks like a secret's.
        params_path: The parameters' file.
        home: The user's home folder.
    """
    world = _World(seen, ignored)
    found = {}
    for name, one in seen.items():
        notes = [*world.notes[name], *notes_on_the_outside(one.observation, home)]
        secrets = {f"~/{path}" for path in SECRET_FILES if f"{home}/{path}" in one.observation.outside}
        inputs = world.inputs(name, params_path)
        variables = one.variables - {n for n, _ in one.stage.env} - set(one.stage.secrets)
        for place, path in one.places:
            notes.append(
                f"{place} names `{path}`, which no strict stage sees: write a path relative to the project"
            )
        for path in one.observation.read:
            if posixpath.basename(path).startswith(".env"):
                notes.append(
                    f"`{path}` may hold secrets, and inputs are kept in the store: set them as variables"
                )
        if one.stage.run is not None and (inputs or world.outputs[name]):
            new = _listed([*inputs, *world.outputs[name]])
            notes.append(
                f"let `{one.stage.run}` take {new} as parameters, by the names in pipeline.yaml: "
                "an input that a function does not take is an error"
            )
        if one.observation.changed - world.shared:
            shown = _listed(one.observation.changed - world.shared)
            notes.append(f"it reads {shown} and then changes it: let it write the result to another path")
        missing = Missing(
            inputs=tuple(inputs),
            outputs=tuple(world.outputs[name]),
            scratch=tuple(world.scratch[name]),
            env=tuple(sorted(v for v in variables if not is_secret(v))),
            secrets=tuple(
                sorted({v for v in variables if is_secret(v)} | (secrets - set(one.stage.secrets)))
            ),
            network=bool(one.observation.addresses) and not one.stage.network,
        )
        found[name] = Inferred(missing, _unused(one), tuple(dict.fromkeys(notes)))
    return found


class _World:
    """What all stages together wrote and read: whose a file is shows only there."""

    def __init__(self, seen: Mapping[str, Seen], ignored: Callable[[str], bool]) -> None:
        self._seen = seen
        self._ignored = ignored
        self.notes: dict[str, list[str]] = defaultdict(list)
        self._last = {
            p for one in seen.values() for p, lying in one.observation.after.items() if not lying.is_folder
        }
        self._owner, self.shared = self._owners()
        self.outputs: dict[str, list[str]] = {}
        self.scratch: dict[str, list[str]] = {}
        for name in seen:
            self.outputs[name], self.scratch[name] = self._written(name)

    def _owners(self) -> tuple[dict[str, str], set[str]]:
        """Return who writes each file, and the files of several stages that no other reads: scratch of each."""
        writers: dict[str, list[str]] = defaultdict(list)
        readers: dict[str, set[str]] = defaultdict(set)
        for name, one in self._seen.items():
            for path in one.observation.written:
                writers[path].append(name)
            for path in one.observation.read:
                readers[path].add(name)
        declared = {o.path: name for name, one in self._seen.items() for o in one.stage.outputs}
        owner, shared = {}, set()
        for path, names in sorted(writers.items()):
            first = declared.get(path, names[0])
            owner[path] = first
            if len(names) == 1:
                continue
            if path not in declared and not readers[path] - set(names):
                shared.add(path)
                continue
            for other in names:
                if other != first:
                    self.notes[other].append(
                        f"`{path}` is written by `{first}` too: let each write a file of its own"
                    )
        return owner, shared

    def _written(self, name: str) -> tuple[list[str], list[str]]:
        """Return what a stage's outputs and scratch lack."""
        stage, seen = self._seen[name].stage, self._seen[name].observation
        declared = [output.path for output in stage.outputs]
        loose = [path for _, path in stage.scratch]
        results, passing = set(), set()
        for path in seen.written:
            if _is_in(path, [*declared, *loose]):
                continue
            folder = choose.temporary(path)
            is_read = any(path in other.observation.read for n, other in self._seen.items() if n != name)
            if path in self.shared:
                passing.add(path)
            elif self._owner[path] != name or path in seen.changed:
                continue
            elif folder is not None and not is_read:
                passing.add(folder)
            elif choose.escaped(path) != path or not path.isprintable():
                self.notes[name].append(f"no output can be named `{path}`: let it have a plainer name")
            else:
                results.add(path)
        for output in stage.outputs:
            is_there = any(_is_in(path, [output.path]) for path in {*seen.after, *seen.touched})
            if not is_there:
                self.notes[name].append(f"it did not write `{output.path}`, which it declares: take it out")
        outputs = choose.outputs(results, self._last)
        for path in outputs:
            if choose.has_random_name(path):
                self.notes[name].append(f"`{path}` may have another name each time: let it have a fixed one")
        before, after = seen.before, seen.after
        gone = {path for path in seen.gone if not _is_in(path, [*declared, *loose])}
        passing |= set(choose.scratch(gone, before, after, [*declared, *outputs]))
        passing |= {f for f in seen.folders if not _is_in(f, [*declared, *loose, *outputs])}
        return outputs, [path for path in sorted(passing) if not _is_in(path, passing - {path})]

    def inputs(self, name: str, params_path: str) -> list[str]:
        """Return what a stage's inputs lack."""
        stage, seen = self._seen[name].stage, self._seen[name].observation
        own = [*self.outputs[name], *self.scratch[name], *(o.path for o in stage.outputs)]
        own += [path for _, path in stage.scratch]
        read = {path for path in seen.read | seen.changed if not _is_in(path, own)}
        read = {path for path in read if not any(_covers(declared, path) for declared in stage.inputs)}
        if stage.params_file is not None:
            read.discard(params_path)
        others = {
            n: [*self.outputs[n], *(o.path for o in s.stage.outputs)]
            for n, s in self._seen.items()
            if n != name
        }
        made = [path for paths in others.values() for path in paths]
        foreign = {path for path in self._last if _is_in(path, [*made, *own]) and path not in seen.read}
        there = {p for p, lying in seen.before.items() if not lying.is_folder and not self._ignored(p)}
        folders = [path for path in made if path in seen.after and seen.after[path].is_folder]
        listed = {
            folder
            for folder in seen.listed - self._seen[name].searched
            if not any(_covers(declared, f"{folder}/x") for declared in stage.inputs)
        }
        return choose.inputs(read, listed, there, foreign, folders)


def _unused(one: Seen) -> tuple[str, ...]:
    """Return the inputs of which nothing was asked. What cannot be known is not said."""
    if not one.is_watched or one.stage.run is not None:
        return ()
    touched = one.observation.touched
    return tuple(d.name for d in one.stage.inputs if not any(_covers(d, path) for path in touched))


def _covers(declared: Input, path: str) -> bool:
    if declared.is_glob:
        return pattern.matches(declared.path, path)
    return declared.path in (".", path) or path.startswith(f"{declared.path}/")


def _is_in(path: str, places: Iterable[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def _listed(paths: Collection[str]) -> str:
    shown = [f"`{path}`" for path in sorted(paths)]
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")
