"""Random projects whose stages write down all that they can see, and random edits of everything but code.

Files, their names, suffixes and bits; parameters and matrix values; outputs that nobody declares any more;
variables; packages, with versions and commits; the network. A setting is a plain value.
"""

import json
import os
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

VARIABLES = ("SHADE", "FLAVOUR", "NOISE")
"""The last one is declared by nobody."""

CODE = """
import importlib.metadata
import os
import socket
from pathlib import Path


def look(value):
    if isinstance(value, dict):
        return [[name, look(item)] for name, item in value.items()]
    if not isinstance(value, Path):
        return [type(value).__name__, repr(value)]
    if value.is_file():
        return [value.name, os.access(value, os.X_OK), value.read_bytes().hex()]
    return [value.name, *(look(item) for item in sorted(value.iterdir()))]


def by_name(files: dict[str, Path]):
    return look(files)


def whole(folder: Path):
    return look(folder)


def loaded(thing):
    return look(thing)


def cell(m, p):
    return look({"m": m, "p": p})


def variables():
    return sorted(os.environ.items() & {n: os.environ.get(n) for n in ("SHADE", "FLAVOUR", "NOISE")}.items())


def packages():
    import shelf

    return [shelf.VALUE, shelf.below(), importlib.metadata.version("shelf")]


def interfaces():
    return sorted(name for _, name in socket.if_nameindex())


def write(made: Path):
    made.write_text("made")
"""


class Setting(NamedTuple):
    """What a user can change without touching code. Every mapping is replaced, never changed."""

    files: Mapping[str, tuple[bytes, bool]]
    thing: str
    """The path that stage `loaded` reads."""
    cells: tuple[Any, ...]
    """Matrix values of stage `cell`."""
    param: Any
    env: Mapping[str, str]
    versions: Mapping[str, str]
    commits: Mapping[str, str]
    made: str
    """What stage `write` writes, and stage `made` reads by a glob."""
    network: bool = False
    cpus: int = 1
    doc: str = ""
    folders: tuple[str, ...] = ()
    touched: int = 0


def setting(seed: int) -> Setting:
    chance = random.Random(seed)
    names = chance.sample(["a", "b", "c", "ab", "z"], 3)
    files = {f"data/{name}.txt": (_bytes(chance), chance.random() < 0.3) for name in names}
    files |= {f"tree/{name}": (_bytes(chance), chance.random() < 0.3) for name in ("x", "y/z")}
    thing = f"one/thing{chance.choice(SUFFIXES)}"
    return Setting(
        {**files, thing: (b"1\n", False)},
        thing,
        tuple(chance.sample(CELLS, 2)),
        chance.choice(PARAMS),
        {name: chance.choice("rgb") for name in VARIABLES if chance.random() < 0.7},
        {"shelf": "1.0", "board": "1.0", "unrelated": "1.0"},
        {"shelf": "aaa"} if chance.random() < 0.5 else {},
        f"wood/{chance.choice('pq')}.txt",
    )


SUFFIXES = (".txt", ".json", ".yaml", ".md", ".jsonl", ".bin")
CELLS = (1, 2, 1.5, True, "a", "b", "no")
PARAMS = (
    1,
    1.0,
    True,
    "1",
    None,
    [1, 2],
    [2, 1],
    {"a": 1, "b": 2},
    {"b": 2, "a": 1},
    {"a": {"b": 1}},
    "",
    [],
)


def _bytes(chance: random.Random) -> bytes:
    return bytes(chance.choices(b"xyz\n", k=chance.randint(0, 4)))


def stages(now: Setting) -> dict[str, Any]:
    """Return what stands in pipeline.yaml."""
    listing = (
        'for f in ${inputs.files}; do echo "$f"; cat "$f"; [ -x "$f" ] && echo x; done > ${outputs.o} || true'
    )
    return {
        "glob": {"run": "see:by_name", "inputs": {"files": "data/*.txt"}, "outputs": {"o": "out/glob.json"}},
        "folder": {"run": "see:whole", "inputs": {"folder": "tree"}, "outputs": {"o": "out/folder.json"}},
        "loaded": {"run": "see:loaded", "inputs": {"thing": now.thing}, "outputs": {"o": "out/loaded.json"}},
        "listing": {"cmd": listing, "inputs": {"files": "data/*.txt"}, "outputs": {"o": "out/listing.txt"}},
        "cell": {
            "run": "see:cell",
            "matrix": {"m": list(now.cells)},
            "params": {"m": "${matrix.m}", "p": "${p}"},
            "outputs": {"o": "out/cell-${matrix.m}.json"},
        },
        "variables": {
            "run": "see:variables",
            "env": ["SHADE", "FLAVOUR"],
            "outputs": {"o": "out/variables.json"},
        },
        "packages": {"run": "see:packages", "outputs": {"o": "out/packages.json"}},
        "interfaces": {
            "run": "see:interfaces",
            "network": now.network,
            "resources": {"cpus": now.cpus},
            "doc": now.doc,
            "outputs": {"o": "out/interfaces.json"},
        },
        "write": {"run": "see:write", "outputs": {"made": now.made}},
        "made": {"run": "see:by_name", "inputs": {"files": "wood/*.txt"}, "outputs": {"o": "out/made.json"}},
    }


FAMILIES: Mapping[str, tuple[str, ...]] = {
    "files": ("glob", "folder", "listing"),
    "loading": ("loaded", "cell", "variables"),
    "leftovers": ("write", "made", "interfaces"),
    "packages": ("packages", "variables"),
}
"""So many stages are built together: the whole pipeline for each edit would take its time."""


def put(now: Setting, family: str, root: Path, site: Path) -> None:
    """Bring a setting onto the disk: the project's files, and the packages of its interpreter."""
    wanted = dict(now.files)
    wanted["see.py"] = (CODE.encode(), False)
    chosen = {name: stage for name, stage in stages(now).items() if name in FAMILIES[family]}
    whole = {"version": 1, "params": {"p": now.param}, "stages": chosen}
    wanted["pipeline.yaml"] = (json.dumps(whole).encode(), False)
    for top in ("data", "tree", "one"):
        for path in sorted((root / top).rglob("*"), reverse=True):
            if path.is_dir():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path.relative_to(root).as_posix() not in wanted:
                path.unlink()
    for path, (data, executable) in wanted.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != data:
            target.write_bytes(data)
        target.chmod(0o755 if executable else 0o644)
        if now.touched:
            os.utime(target, (now.touched, now.touched))
    for folder in now.folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
    _install(now, site)


def _install(now: Setting, site: Path) -> None:
    """Write packages `shelf`, which requires `board`, and one that nobody imports."""
    for path in site.glob("*.dist-info/*"):
        path.unlink()
    for folder in site.glob("*.dist-info"):
        folder.rmdir()
    for name, version in now.versions.items():
        commit = now.commits.get(name)
        body = f"VALUE = {f'{version} {commit}'!r}\n"
        if name == "shelf":
            body += "def below():\n    import board\n    return board.VALUE\n"
        (site / f"{name}.py").write_text(body)
        info = site / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        requires = "Requires-Dist: board\n" if name == "shelf" else ""
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}")
        (info / "RECORD").write_text(f"{name}.py,,\n{info.name}/METADATA,,\n")
        if commit:
            url = {"url": "https://example.org", "vcs_info": {"vcs": "git", "commit_id": commit}}
            (info / "direct_url.json").write_text(json.dumps(url))


# Edits: each returns another setting, or the same where there is nothing to change.


def _renamed(now: Setting, chance: random.Random) -> Setting:
    path = chance.choice([p for p in now.files if p != now.thing])
    to = os.path.join(os.path.dirname(path), chance.choice("mnk") + os.path.splitext(path)[1])
    return now._replace(files={(to if p == path else p): v for p, v in now.files.items()})


def _added(now: Setting, chance: random.Random, name: str = "") -> Setting:
    folder = chance.choice(("data", "tree", "tree/y"))
    path = f"{folder}/{name or chance.choice('uvw') + '.txt'}"
    return now._replace(files={**now.files, path: (_bytes(chance), False)})


def _removed(now: Setting, chance: random.Random) -> Setting:
    path = chance.choice([p for p in now.files if p not in (now.thing, "tree/x")])
    left = {p: v for p, v in now.files.items() if p != path}
    return now._replace(files=left)


def _other_bytes(now: Setting, chance: random.Random) -> Setting:
    path = chance.choice(list(now.files))
    data, executable = now.files[path]
    new = b"2\n" if path == now.thing else data + b"more"
    return now._replace(files={**now.files, path: (new, executable)})


def _other_bit(now: Setting, chance: random.Random) -> Setting:
    path = chance.choice([p for p in now.files if p != now.thing])
    data, executable = now.files[path]
    return now._replace(files={**now.files, path: (data, not executable)})


def _swapped(now: Setting, chance: random.Random) -> Setting:
    one, other = chance.sample([p for p in now.files if p.startswith("data/")], 2)
    return now._replace(files={**now.files, one: now.files[other], other: now.files[one]})


def _suffix(now: Setting, chance: random.Random) -> Setting:
    suffix = chance.choice([s for s in SUFFIXES if not now.thing.endswith(s)])
    thing = f"one/thing{suffix}"
    files = {p: v for p, v in now.files.items() if p != now.thing}
    return now._replace(thing=thing, files={**files, thing: now.files[now.thing]})


def _stem(now: Setting, chance: random.Random) -> Setting:
    thing = now.thing.replace("thing", "item")
    files = {p: v for p, v in now.files.items() if p != now.thing}
    return now._replace(thing=thing, files={**files, thing: now.files[now.thing]})


def _cell(now: Setting, chance: random.Random) -> Setting:
    new = chance.choice([c for c in CELLS if str(c) not in map(str, now.cells)])
    return now._replace(cells=(new, *now.cells[1:]))


def _param(now: Setting, chance: random.Random) -> Setting:
    return now._replace(param=chance.choice(PARAMS))


def _variable(now: Setting, chance: random.Random) -> Setting:
    name = chance.choice(VARIABLES[:2])
    env = {n: v for n, v in now.env.items() if n != name}
    value = chance.choice((None, "", "r", "other"))
    return now._replace(env=env if value is None else {**env, name: value})


def _noise(now: Setting, chance: random.Random) -> Setting:
    return now._replace(env={**now.env, "NOISE": chance.choice("xyz")})


def _version(*names: str) -> Callable[[Setting, random.Random], Setting]:
    def change(now: Setting, chance: random.Random) -> Setting:
        return now._replace(versions={**now.versions, chance.choice(names): chance.choice(("1.1", "2.0"))})

    return change


def _commit(now: Setting, chance: random.Random) -> Setting:
    return now._replace(
        commits={**now.commits, chance.choice(("shelf", "board")): chance.choice(("bbb", "ccc"))}
    )


def _made(now: Setting, chance: random.Random) -> Setting:
    return now._replace(made=f"wood/{chance.choice('stu')}.txt")


KINDS: Mapping[str, tuple[str, Callable[[Setting, random.Random], Setting]]] = {
    "a file's name": ("files", _renamed),
    "a file more": ("files", _added),
    "a file less": ("files", _removed),
    "a file's bytes": ("files", _other_bytes),
    "a file's executable bit": ("files", _other_bit),
    "two files that change names": ("files", _swapped),
    "a hidden file": ("files", lambda now, chance: _added(now, chance, ".hidden.txt")),
    "a file that is never part of a folder": ("files", lambda now, chance: _added(now, chance, ".DS_Store")),
    "an empty folder": (
        "files",
        lambda now, chance: now._replace(folders=(chance.choice(("tree/e", "data/e")),)),
    ),
    "the times of files": ("files", lambda now, chance: now._replace(touched=chance.randint(10**8, 10**9))),
    "an input's suffix": ("loading", _suffix),
    "an input's stem": ("loading", _stem),
    "a matrix value": ("loading", _cell),
    "the order of matrix values": ("loading", lambda now, chance: now._replace(cells=now.cells[::-1])),
    "a parameter's value or type": ("loading", _param),
    "a declared variable": ("loading", _variable),
    "an undeclared variable": (
        "loading",
        lambda now, chance: now._replace(env={**now.env, "NOISE": chance.choice("xyz")}),
    ),
    "an output's path, with a leftover": ("leftovers", _made),
    "the network": ("leftovers", lambda now, chance: now._replace(network=not now.network)),
    "the number of cpus": ("leftovers", lambda now, chance: now._replace(cpus=2)),
    "doc": ("leftovers", lambda now, chance: now._replace(doc=chance.choice("xyz"))),
    "a package's version": ("packages", _version("shelf")),
    "the version of a required package": ("packages", _version("board")),
    "a package's commit": ("packages", _commit),
    "the version of a package that nobody imports": ("packages", _version("unrelated")),
}
"""Kind of edit -> the stages that are built for it, and the edit."""
