"""Random worlds, and what people do to them."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from hypothesis import strategies as st

from tests.properties import world as worlds
from tests.properties.world import Helper, Read, Step, World

BYTES = st.sampled_from([b"", b"a\n", b"b\n", b"ab\n", b"1\n2\n"])
VALUES = st.sampled_from(
    [0, 1, 1.0, True, None, "", "a b", "1", "it's $x", [1, "a"], {"b": 1, "a": 2}, -3, 0.5]
).map(json.dumps)
VARIABLES = st.sampled_from(["", "sweet", "sour"])
FILES = ("data/g/a.txt", "data/g/b.txt", "data/g/c.txt", "data/g/.hidden.txt", "data/one.txt", "data/bin.dat")
TREE = ("data/tree/x.txt", "data/tree/sub/y.txt", "data/tree/sub/z.sh")
PARAMS = ("a", "n.b", "n.c.d")
MATRICES = st.sampled_from([(), (), (), (1, 2), ("u", 1), ("x", "y", "z")])


class Change(NamedTuple):
    """One thing that was done: what it is called, the world afterwards, and how the disk got there."""

    label: str
    world: World
    disturb: str = ""
    """What happens to the disk besides: see `story.disturb`."""
    at: int = 0


class Story(NamedTuple):
    world: World
    changes: tuple[Change, ...]


FORMS = ("path", "path", "return", "cmd", "script")
RAW = ("data/g/*.txt", "data/one.txt", "data/bin.dat", "data/tree", "data/tree/sub/y.txt", "data/tree/*.txt")


@st.composite
def worlds_(
    draw: Any,
    most: int = 8,
    *,
    gather: bool = False,
    forms: Sequence[str] = FORMS,
    raw: Sequence[str] = RAW,
) -> World:
    """Return a world. With `gather` the last step reads the folder into which others write."""
    files = [(path, draw(BYTES), draw(st.booleans())) for path in (*FILES, *TREE)]
    params = tuple((dotted, draw(VALUES)) for dotted in PARAMS)
    env = tuple((name, draw(VARIABLES)) for name in worlds.VARIABLES if draw(st.booleans()))
    helpers = tuple(Helper(draw(st.integers(0, 3))) for _ in range(draw(st.integers(0, 3))))
    whole = World(tuple(files), params, env, helpers, ())
    count = draw(st.integers(1, most))
    for ident in range(count):
        last = ident == count - 1 and (gather or draw(st.booleans()))
        step = draw(steps(whole, ident, last=last, forms=forms, raw=raw))
        whole = whole._replace(steps=(*whole.steps, step._replace(shared=not last) if gather else step))
    if gather and count > 1:
        path = draw(st.sampled_from(["build/shared", "build/shared/*.txt"]))
        reads = (*[read for read in step.reads if read.path != path], draw(annotated(path)))
        whole = whole._replace(steps=(*whole.steps[:-1], step._replace(reads=reads)))
    return whole


@st.composite
def steps(
    draw: Any,
    before: World,
    ident: int,
    *,
    last: bool = False,
    forms: Sequence[str] = FORMS,
    raw: Sequence[str] = RAW,
) -> Step:
    """Return a new step that reads sources and what the steps of `before` write."""
    form = draw(st.sampled_from(forms))
    there = readable(before, raw, last=last)
    reads = draw(st.lists(st.sampled_from(there), min_size=1, max_size=3, unique=True))
    return Step(
        ident=ident,
        name=f"stage-{ident}",
        form=form,
        reads=tuple(draw(annotated(path)) for path in reads),
        files=draw(st.integers(1, 2)),
        folder=form == "path" and draw(st.booleans()),
        shared=not last and draw(st.booleans()),
        last=last,
        constant=draw(st.integers(0, 3)),
        coarse=draw(st.booleans()),
        helper=draw(st.none() | st.integers(0, len(before.helpers) - 1))
        if before.helpers and form != "cmd"
        else None,
        params=tuple(draw(st.lists(st.sampled_from(PARAMS), max_size=2, unique=True))),
        env=tuple(draw(st.lists(st.sampled_from(worlds.VARIABLES), max_size=1))),
        matrix=draw(MATRICES),
    )


def readable(world: World, raw: Sequence[str], *, last: bool) -> list[str]:
    """Return what a step may read: half of it is what others write, so that graphs are deep."""
    made: list[str] = []
    for step in world.steps:
        for value in step.instances:
            for name, path in worlds.outputs(step, value).items():
                made.append(path)
                if name == "tree":
                    made += [f"{path}/part.txt", f"{path}/sub", f"{path}/*.txt"]
        if step.matrix and not step.shared:
            made.append(f"build/s{step.ident}-0-*.txt")
    if last and any(step.shared for step in world.steps):
        made += ["build/shared", "build/shared/*.txt", "build/shared"]
    return [*raw, *made, *made]


@st.composite
def annotated(draw: Any, path: str) -> Read:
    is_glob = "*" in path
    is_folder = (
        path in ("data/tree", "build/shared") or path.endswith("/sub") or path.rpartition("/")[2][:1] == "d"
    )
    is_folder = is_folder and "." not in path.rpartition("/")[2]
    how = "Path" if is_folder else draw(st.sampled_from(["Path", "str", "bytes"]))
    return Read(path, f"dict[str, {how}]" if is_glob else how, is_glob)


def is_valid(world: World) -> bool:
    """Say whether every step finds what it reads, by what is declared."""
    there = [path for path, _, _ in world.files]
    seen: list[str] = [*there]
    for step in world.steps:
        for read in step.reads:
            wanted = read.path.rpartition("/")[0] if read.is_glob else read.path
            if read.is_glob:
                folder = [p for p in seen if p == wanted or p.startswith(wanted + "/")]
                folder += [p for p in seen if wanted.startswith(p + "/")]
                if not any(p == wanted or "/." not in p[len(wanted) :] for p in folder):
                    return False
                if not any(_could_match(read.path, p) for p in seen):
                    return False
            elif not any(
                p == wanted or p.startswith(wanted + "/") or wanted.startswith(p + "/") for p in seen
            ):
                return False
        seen += [p for value in step.instances for p in worlds.outputs(step, value).values()]
    return True


def _could_match(glob: str, path: str) -> bool:
    folder, _, last = glob.rpartition("/")
    if path == folder:
        return True  # an output that is a folder
    above, _, name = path.rpartition("/")
    return above == folder and name.startswith(last.partition("*")[0]) and not name.startswith(".")


# What people do.


def _step(draw: Any, world: World, change: Callable[[Step], Step | None]) -> World | None:
    at = draw(st.integers(0, len(world.steps) - 1))
    changed = change(world.steps[at])
    if changed is None:
        return None
    return world._replace(steps=(*world.steps[:at], changed, *world.steps[at + 1 :]))


def change_constant(draw: Any, world: World) -> World | None:
    constant = draw(st.integers(0, 3))
    return _step(draw, world, lambda step: step._replace(constant=constant))


def change_code(draw: Any, world: World) -> World | None:
    return _step(draw, world, lambda step: step._replace(coarse=not step.coarse))


def change_helper(draw: Any, world: World) -> World | None:
    if not world.helpers:
        return None
    at = draw(st.integers(0, len(world.helpers) - 1))
    changed = world.helpers[at]._replace(constant=draw(st.integers(0, 3)))
    return world._replace(helpers=(*world.helpers[:at], changed, *world.helpers[at + 1 :]))


def comment_only(draw: Any, world: World) -> World | None:
    text = draw(st.sampled_from(["", "why", "see below"]))
    if world.helpers and draw(st.booleans()):
        return world._replace(helpers=tuple(h._replace(comment=text) for h in world.helpers))
    return _step(draw, world, lambda step: step._replace(comment=text))


def change_parameter(draw: Any, world: World) -> World | None:
    dotted = draw(st.sampled_from(PARAMS))
    value = draw(VALUES)
    return world._replace(params=tuple((d, value if d == dotted else v) for d, v in world.params))


def change_file(draw: Any, world: World) -> World | None:
    at = draw(st.integers(0, len(world.files) - 1))
    path, _, executable = world.files[at]
    return _with_file(world, at, (path, draw(BYTES), executable))


def change_bit(draw: Any, world: World) -> World | None:
    at = draw(st.integers(0, len(world.files) - 1))
    path, data, executable = world.files[at]
    return _with_file(world, at, (path, data, not executable))


def rename_file(draw: Any, world: World) -> World | None:
    at = draw(st.sampled_from([n for n, f in enumerate(world.files) if f[0].startswith("data/g/")]))
    path = f"data/g/{draw(st.sampled_from(['a', 'b', 'c', 'd', 'e']))}.txt"
    if any(path == other for other, _, _ in world.files):
        return None
    return _with_file(world, at, (path, *world.files[at][1:]))


def _with_file(world: World, at: int, file: tuple[str, bytes, bool]) -> World:
    return world._replace(files=(*world.files[:at], file, *world.files[at + 1 :]))


def change_variable(draw: Any, world: World) -> World | None:
    name = draw(st.sampled_from(worlds.VARIABLES))
    value = draw(st.none() | VARIABLES)
    others = tuple((n, v) for n, v in world.env if n != name)
    return world._replace(env=others if value is None else tuple(sorted((*others, (name, value)))))


def rename_stage(draw: Any, world: World) -> World | None:
    name = f"other-{draw(st.integers(0, 9))}"
    if any(step.name == name for step in world.steps):
        return None
    return _step(draw, world, lambda step: step._replace(name=name))


def remove_stage(draw: Any, world: World) -> World | None:
    at = draw(st.integers(0, len(world.steps) - 1))
    left = world._replace(steps=(*world.steps[:at], *world.steps[at + 1 :]))
    return left if left.steps and is_valid(left) else None


def add_stage(draw: Any, world: World) -> World | None:
    ident = 1 + max(step.ident for step in world.steps)
    end = len(world.steps) - sum(step.last for step in world.steps)
    before = world._replace(steps=world.steps[:end])
    added = draw(steps(before, ident))
    return world._replace(steps=(*before.steps, added, *world.steps[end:]))


EDITS = (
    change_constant,
    change_code,
    change_helper,
    comment_only,
    change_parameter,
    change_file,
    change_bit,
    rename_file,
    change_variable,
    rename_stage,
    remove_stage,
    add_stage,
)

Edit: TypeAlias = Callable[[Any, World], World | None]

DISTURBANCES = (
    "touch",
    "delete output",
    "edit output",
    "chmod output",
    "delete build",
    "delete state",
    "keep times",
)


@st.composite
def stories(
    draw: Any,
    most: int = 4,
    *,
    least: int = 1,
    edits: Sequence[Edit] = EDITS,
    disturbances: Sequence[str] = DISTURBANCES,
    gather: bool = False,
    size: int = 6,
    forms: Sequence[str] = FORMS,
    raw: Sequence[str] = RAW,
) -> Story:
    """Return a world and what becomes of it: edits, reverted edits, and damage to what `pipe` wrote."""
    first = draw(worlds_(size, gather=gather, forms=forms, raw=raw))
    told = [first]
    changes = []
    for _ in range(draw(st.integers(least, most))):
        kind = draw(st.sampled_from(["edit", "edit", "edit", "disturb", "revert"]))
        now, label, disturb = told[-1], kind, ""
        if kind == "edit":
            edit = draw(st.sampled_from(edits))
            changed = edit(draw, now)
            now, label = (
                (changed, edit.__name__) if changed is not None and is_valid(changed) else (now, "nothing")
            )
        elif kind == "revert":
            now = draw(st.sampled_from(told))
        if kind == "disturb" or (disturbances and draw(st.integers(0, 4)) > 2):
            disturb = draw(st.sampled_from(disturbances)) if disturbances else ""
        told.append(now)
        changes.append(Change(label, now, disturb, draw(st.integers(0, 20))))
    return Story(first, tuple(changes))


FAMILIES = {
    "all": stories(),
    "code": stories(edits=(change_constant, change_code, change_helper, comment_only), disturbances=()),
    "values": stories(edits=(change_parameter, change_variable), disturbances=()),
    "files": stories(edits=(change_file, change_bit, rename_file), disturbances=("touch", "keep times")),
    "bits": stories(edits=(change_bit,), disturbances=()),
    "names": stories(edits=(rename_file,), disturbances=()),
    "touched": stories(edits=(comment_only,), disturbances=("touch",)),
    "times": stories(edits=(change_file, change_constant, change_parameter), disturbances=("keep times",)),
    "stages": stories(edits=(rename_stage, remove_stage, add_stage), disturbances=(), gather=True),
    "outputs": stories(edits=(change_file,), disturbances=DISTURBANCES),
}
"""Stories of all kinds, and of few: what is rare among all is looked for there."""

_NARROW = {"least": 3, "most": 5, "size": 3}

TELLING = {
    "names": stories(edits=(rename_file,), disturbances=(), forms=("path", "return"), raw=RAW[:1], **_NARROW),
    "commands": stories(edits=(change_constant, change_code), disturbances=(), forms=("cmd",), **_NARROW),
    "values": stories(edits=(change_parameter, change_variable), disturbances=(), **_NARROW),
    "times": stories(edits=(change_constant, change_parameter), disturbances=("keep times",), **_NARROW),
    "leftovers": stories(edits=(rename_stage, remove_stage), disturbances=(), gather=True, **_NARROW),
    "outputs": stories(edits=(change_file,), disturbances=("edit output",), **_NARROW),
}
"""Stories in which a fault of one kind soon shows: small worlds and many edits."""
