"""Everything that was ever made is made again from the records, and its history is exactly what it came from."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import Phase, given, settings

from pipeline import rebuild as rebuilds
from pipeline.errors import PipeError
from pipeline.events import Silent
from pipeline.lineage import ancestry, open_records, resolve
from pipeline.remake import Remaker
from pipeline.state import State
from tests.project import SETTINGS, tree
from tests.properties import reference
from tests.properties import world as worlds
from tests.properties.engine import Engine, WarmExecutor
from tests.properties.strategies import Story, stories
from tests.properties.test_stories import scaled

TEN = stories(most=10, least=10, disturbances=())


class Fact(NamedTuple):
    """One stage of one generation, as the lock file had it."""

    key: str
    inputs: dict[str, str]
    outputs: dict[str, str]


class WarmRemaker(Remaker):
    def _executor_for(self):
        state = State(self._layout.state)
        try:
            return WarmExecutor(self._layout, self._store, self._level, state, unwatched="nobody asks for it")
        finally:
            state.close()


class ReadsWorkingTree(WarmRemaker):
    """Takes today's source where there is one."""

    def _order(self, recipe, trace):
        order = super()._order(recipe, trace)
        batch = self._store.batch()
        source = dict(order.source)
        for path in source:
            today = self._layout.root / path
            if today.is_file():
                source[path] = batch.put_bytes(today.read_bytes())
        batch.commit()
        return order._replace(source=source)


class Generations:
    """A project taken through a story. `made` holds the bytes of everything that was ever made."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.made: dict[tuple[str, str], dict[str, tuple[bytes, bool]]] = {}
        self.facts: list[list[Fact]] = []

    def live(self, story: Story) -> None:
        self.root.mkdir()
        for world in (story.world, *(change.world for change in story.changes)):
            worlds.put(world, self.root)
            with reference.variables(world.environment):
                assert Engine().run(self.root).ok
            lock = json.loads((self.root / "pipeline.lock").read_text())["stages"]
            self.facts.append([fact_of(entry) for entry in lock.values()])
            for fact in self.facts[-1]:
                for path, digest in fact.outputs.items():
                    self.made.setdefault((path, digest), tree(self.root, [path]))

    def lose(self, *, working_tree: bool) -> None:
        """Delete every derived object, and with `working_tree` all that is not a record."""
        kept = {digest for facts in self.facts for fact in facts for digest in fact.inputs.values()}
        objects = self.root / ".pipe" / "store" / "objects"
        records = open_records(self.root)
        kept |= {name for made in records.made.made for name in sources_of(records, made.key)}
        derived = {name for _, digest in self.made for name in names_in(records.store, digest)} - raw(
            self, kept
        )
        records.close()
        for name in derived:
            (objects / name[:2] / name[2:]).unlink(missing_ok=True)
        if working_tree:
            for path in self.root.iterdir():
                if path.name != ".pipe":
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


def raw(generations: Generations, kept: set[str]) -> set[str]:
    outputs = {digest for _, digest in generations.made}
    return {name for name in kept if name not in outputs}


def names_in(store, digest) -> Iterator[str]:
    yield digest
    try:
        entries = store.tree(digest)
    except Exception:
        return
    for entry in entries:
        if entry.kind != "link":
            yield from names_in(store, entry.digest) if entry.kind == "tree" else [entry.digest]


def sources_of(records, key):
    return [name for trace in records.store.records.traces(key) for name in trace.imported.values()]


def fact_of(entry) -> Fact:
    inputs = {path: artifact["digest"] for path, artifact in entry["inputs"].items()}
    return Fact(entry["key"], inputs, {o["path"]: o["digest"] for o in entry["outputs"].values()})


def expected_ancestors(facts: list[list[Fact]], path: str, digest: str) -> set[str]:
    """Return the keys of all actions above, found in the lock files alone."""
    keys: set[str] = set()
    seen = {(path, digest)}
    todo = [(path, digest)]
    while todo:
        place = todo.pop()
        makers = [f for generation in facts for f in generation if f.outputs.get(place[0]) == place[1]]
        keys |= {fact.key for fact in makers}
        above = [item for fact in makers for item in fact.inputs.items()]
        if not makers:
            for generation in facts:
                if any(f.inputs.get(place[0]) == place[1] for f in generation):
                    above += [o for f in generation for o in f.outputs.items() if nest(o[0], place[0])]
        for other in above:
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return keys


def nest(one: str, other: str) -> bool:
    return one.startswith(other + "/") or other.startswith(one + "/")


def tell(story: Story, remaker: type[Remaker], *, working_tree: bool, from_scratch: bool) -> list[str]:
    """Live through a story, lose what can be made again, make it again; returns what did not come out the same."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder, reference.variables({}):
        before = {name: os.environ.pop(name) for name in SETTINGS if name in os.environ}
        try:
            generations = Generations(Path(folder, "project"))
            generations.live(story)
            generations.lose(working_tree=working_tree)
            records = open_records(generations.root)
            for number, ((path, digest), expected) in enumerate(sorted(generations.made.items())):
                target = (path, resolve(records, digest)[1])
                found = {
                    n.key for n in ancestry(records.made, target, records.store).nodes if n.kind == "action"
                }
                if found != expected_ancestors(generations.facts, path, digest):
                    wrong.append(f"the history of {path}")
                into = Path(folder, f"again-{number}")
                try:
                    done = rebuilds.of_place(
                        records, target, Silent(), into=into, from_scratch=from_scratch, remaker=remaker
                    )
                except PipeError as error:
                    wrong.append(f"{path}: {error}")
                    continue
                again = {p.replace(into.name, path, 1): b for p, b in tree(into.parent, [into.name]).items()}
                if not done.ok or again != expected:
                    wrong.append(f"the bytes of {path}: {done.first_difference}")
            records.close()
        finally:
            os.environ.update(before)
    return wrong


@pytest.mark.parametrize(("working_tree", "from_scratch"), [(False, False), (True, False), (True, True)])
def test_everything_ever_made_is_made_again_from_the_records(working_tree, from_scratch):
    @settings(max_examples=scaled(2))
    @given(TEN)
    def holds(story):
        assert tell(story, WarmRemaker, working_tree=working_tree, from_scratch=from_scratch) == []

    holds()


def test_a_rebuild_that_reads_the_working_tree_is_noticed():
    @settings(max_examples=60, database=None, derandomize=True, phases=[Phase.generate])
    @given(TEN)
    def look(story):
        assert tell(story, ReadsWorkingTree, working_tree=False, from_scratch=False) == []

    with pytest.raises(AssertionError):
        look()
