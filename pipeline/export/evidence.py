"""What the records say of how an artifact was made: the ground of every export. Knows no standard.

Nothing of it is the machine's: no host, no user, no absolute path. Logs may hold any of these, and are only named.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from .. import action as actions
from .. import digest
from ..action import Recipe
from ..errors import Problem, StoreError
from ..lineage import Made, Place, Records
from ..lineage.ancestry import ancestry
from ..model import Artifact
from ..store import Damaged, Store
from ..trace import Trace

_CHUNK_BYTES = 1 << 20


class Used(NamedTuple):
    """An artifact as an action declares it: `name` is that of the input or output."""

    name: str
    path: str
    artifact: Artifact

    @property
    def place(self) -> Place:
        return self.path, self.artifact


class Act(NamedTuple):
    """One action as it was executed once."""

    trace: Trace
    recipe: Recipe
    inputs: tuple[Used, ...]
    """Each file of a glob by itself."""
    outputs: tuple[Used, ...]

    @property
    def id(self) -> str:
        """The digest that names this execution, by what was executed, when, and with which result."""
        made = sorted((o.path, o.artifact.digest) for o in self.outputs)
        return digest.of_value([self.trace.key, self.trace.recorded, made])

    @property
    def is_raw(self) -> bool:
        """It asked the outside world: nothing makes its outputs again."""
        return self.trace.always or bool(self.recipe["network"])

    @property
    def does(self) -> str:
        """The callable or the command, as text."""
        cmd: Any = self.recipe.get("cmd")
        return str(self.recipe["run"]) if cmd is None else cmd if isinstance(cmd, str) else " ".join(cmd)


class Evidence(NamedTuple):
    """`acts` and `artifacts` come in the order in which data flows."""

    target: Place
    acts: tuple[Act, ...]
    artifacts: tuple[Place, ...]
    parts: tuple[tuple[Place, Place], ...]
    """A part, and what no action made as such and was put together of it, or that lies in it."""
    store: Store

    def path_of(self, name: str) -> str | None:
        """Return where the store has the checked bytes of a file; None if it does not."""
        try:
            return self.store.objects.checked(name)
        except (KeyError, Damaged):
            return None

    def size_of(self, artifact: Artifact) -> int | None:
        """Return how many bytes an artifact has; records name inputs without it."""
        if artifact.size_bytes:
            return artifact.size_bytes
        try:
            if artifact.kind == "tree":
                return sum(entry.size_bytes for entry in self.store.tree(artifact.digest))
            return os.lstat(self.store.objects.path_of(artifact.digest)).st_size
        except (KeyError, Damaged, OSError):
            return None

    def files_of(self, artifact: Artifact, inside: str = "") -> Iterator[tuple[str, Artifact]]:
        """Yield the files in a folder, as far as its manifests are there, by the path inside it; no links."""
        try:
            entries = self.store.tree(artifact.digest)
        except (KeyError, Damaged):
            return
        for entry in entries:
            found = Artifact(entry.kind, entry.digest, entry.size_bytes)  # type: ignore[arg-type]
            if entry.kind == "tree":
                yield from self.files_of(found, f"{inside}{entry.name}/")
            elif entry.kind != "link":
                yield inside + entry.name, found

    def made_by(self) -> Mapping[tuple[str, str], tuple[Act, ...]]:
        """Return the executions that made an artifact, by its path and digest."""
        found: dict[tuple[str, str], tuple[Act, ...]] = {}
        for act in self.acts:
            for output in act.outputs:
                at = output.path, output.artifact.digest
                found[at] = (*found.get(at, ()), act)
        return found

    def feeding(self) -> Mapping[str, tuple[Act, ...]]:
        """Return the executions that made what one used, by its id; also where that was put together of parts."""
        parts: dict[tuple[str, str], list[Place]] = {}
        for part, whole in self.parts:
            parts.setdefault(_id(whole), []).append(part)
        made_by = self.made_by()
        found: dict[str, tuple[Act, ...]] = {}
        for act in self.acts:
            places = [used.place for used in act.inputs]
            places += [part for place in places for part in parts.get(_id(place), ())]
            makers = {maker.id: maker for place in places for maker in made_by.get(_id(place), ())}
            found[act.id] = tuple(makers.values())
        return found


def gather(records: Records, target: Place, choose: Callable[[list[Made]], list[Made]]) -> Evidence:
    """Follow the records upwards from an artifact. `choose` says which of its makers count, the last one first.

    Raises StoreError if no recorded action made the target.
    """
    index = records.made
    acts: dict[str, Act] = {}
    places = {_id(target): target}
    parts: list[tuple[Place, Place]] = []
    todo = [target]

    def also(found: Iterable[Place]) -> None:
        for place in found:
            if _id(place) not in places:
                places[_id(place)] = place
                todo.append(place)

    while todo:
        place = todo.pop()
        makers = choose(index.makers(*place))
        for made in makers:
            act = _act(records.store, made)
            acts[act.id] = act
            also(used.place for used in act.inputs)
        inside = index.parts(*place) if not makers else []
        parts += [(part, place) for part in inside]
        also(inside)
    if not acts:
        raise StoreError(
            Problem(
                f"no recorded action made `{target[0]}` ({target[1].digest[:12]}): there is nothing to export",
                help=f"`pipe lineage {target[1].digest[:12]} --down` shows what was made from it",
            )
        )
    for act in acts.values():
        places.update({_id(output.place): output.place for output in act.outputs})
    order = {node.id: number for number, node in enumerate(ancestry(index, target, records.store).nodes)}
    last = len(order)
    return Evidence(
        target,
        tuple(sorted(acts.values(), key=lambda a: (order.get(f"action:{a.trace.key}", last), a.id))),
        tuple(sorted(places.values(), key=lambda p: (order.get(f"{p[1].digest}:{p[0]}", last), p))),
        tuple(parts),
        records.store,
    )


def sha256_of(path: str) -> str:
    """Return the digest that other tools know, in hex."""
    hasher = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_CHUNK_BYTES):
            hasher.update(block)
    return hasher.hexdigest()


def _act(store: Store, made: Made) -> Act:
    action = store.records.action(made.key)
    for trace in store.records.traces(made.key):
        same = dict(trace.outputs.values()) == made.outputs
        if action is not None and same and trace.recorded == made.recorded:
            outputs = tuple(Used(name, *produced) for name, produced in trace.outputs.items())
            return Act(trace, action.recipe, tuple(_inputs(action.recipe)), outputs)
    raise StoreError(Problem(f"the record of stage `{made.stage}` ({made.key[:12]}) is gone or damaged"))


def _inputs(recipe: Recipe) -> Iterator[Used]:
    for name, entry in recipe["inputs"].items():
        for path, artifact in actions.artifacts_of(entry):
            yield Used(name, path, artifact)


def _id(place: Place) -> tuple[str, str]:
    return place[0], place[1].digest
