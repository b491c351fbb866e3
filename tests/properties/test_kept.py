"""After any edits and any gc: what the lock file names is there, and what went can be made again, byte for byte."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings

import pipeline.gc as collecting
from pipeline.events import Silent
from pipeline.fsck import fsck
from pipeline.gc import GcOptions, gc
from pipeline.lineage import open_records
from pipeline.rebuild import of_place
from tests.project import tree
from tests.properties import reference
from tests.properties import world as worlds
from tests.properties.engine import Engine
from tests.properties.story import kinds
from tests.properties.strategies import Story, stories
from tests.properties.test_generations import WarmRemaker
from tests.properties.test_stories import scaled
from tests.properties.world import World

STORIES = stories(most=3, least=2, disturbances=())


class Lost(AssertionError):
    """Something that should be there is not."""


def run(world: World, root: Path, *, force: bool = False) -> dict[str, str]:
    worlds.put(world, root)
    result = Engine().run(root, force=force)
    assert result.ok
    if tree(root, worlds.written(world)) != dict(reference.build(world)):
        raise Lost("a wrong result")
    return kinds(result)


def collect(root: Path, **options: bool) -> int:
    """Collect, and check that the dry run had said so; returns how many objects went."""
    before = objects(root)
    said = gc(root, GcOptions(dry_run=True, **options))
    assert objects(root) == before
    assert gc(root, GcOptions(**options)) == said
    found = fsck(root).problems
    if found:
        raise Lost(found)
    return len(before) - len(objects(root))


def objects(root: Path) -> set[Path]:
    return set((root / ".pipe/store/objects").glob("*/*"))


def restores_all(world: World, root: Path) -> None:
    """Without the files in the workspace, the store gives all of them."""
    for path in worlds.written(world):
        target = root / path
        shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
    outcomes = run(world, root)
    if set(outcomes.values()) - {"restored", "fresh"}:
        raise Lost(outcomes)


def live(story: Story, root: Path) -> int:
    """Go through a story, collecting after each edit; returns how many objects went in all."""
    told = [story.world, *(change.world for change in story.changes)]
    gone = 0
    for number, world in enumerate(told):
        with reference.variables(world.environment):
            run(world, root)
            if number % 2:
                run(world, root, force=True)
            gone += collect(root, unproven=number == len(told) - 1)
            restores_all(world, root)
    for world in told:
        with reference.variables(world.environment):
            run(world, root)
    (root / "pipeline.lock").unlink()
    gone += collect(root, unproven=True)
    makes_all(root)
    return gone


def makes_all(root: Path) -> None:
    """With no lock file nothing is needed, so all that can be made again went: it is made again, from records alone."""
    records = open_records(root)
    try:
        for made in records.made.made:
            for place in made.outputs.items():
                rebuilt = of_place(records, place, Silent(), remaker=WarmRemaker)
                if not rebuilt.ok:
                    raise Lost(rebuilt.first_difference)
    finally:
        records.close()


def test_what_is_needed_stays_and_what_went_is_made_again():
    gone = 0

    @settings(max_examples=scaled(6))
    @given(STORIES)
    def holds(story):
        nonlocal gone
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder, "project")
            root.mkdir()
            gone += live(story, root)

    holds()
    assert gone > 10


def test_a_gc_that_forgets_the_lock_file_is_noticed(monkeypatch):
    monkeypatch.setattr(collecting, "needed", lambda *_: set())

    @settings(max_examples=scaled(6), phases=[Phase.generate])
    @given(STORIES)
    def holds(story):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder, "project")
            root.mkdir()
            live(story, root)

    with pytest.raises(Lost):
        holds()
