"""A random project as a plain value: what its files hold, what its stages are, and how both come onto a disk.

Everything that a stage sees goes into what it writes, so that a result that is stale in any way is a wrong one.
"""

import json
import os
import random
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.warm import warm

VARIABLES = ("FLAVOUR", "SHADE")

LOOK = '''
"""What a stage can see of the things that it is given."""
import hashlib
import os

def look(value):
    if isinstance(value, dict):
        return [[name, look(item)] for name, item in value.items()]
    if isinstance(value, bytes):
        return ["bytes", value.hex()]
    if isinstance(value, str):
        return ["text", value]
    if value.is_file():
        return [value.name, bool(value.stat().st_mode & 0o100), value.read_bytes().hex()]
    found = []
    for folder, folders, files in os.walk(value):
        folders.sort()
        for name in sorted(files):
            path = type(value)(folder, name)
            found.append([path.relative_to(value).as_posix(), look(path)])
    return sorted(found)

def squeeze(seen, coarse):
    text = hashlib.sha256(repr(seen).encode()).hexdigest()
    return str(int(text, 16) % 2) if coarse else text
'''


class Read(NamedTuple):
    """One input of a step. `path` is a file, a folder or a glob; `how` is the annotation of a callable."""

    path: str
    how: str
    is_glob: bool = False


class Helper(NamedTuple):
    """Module `lib.hN`; each imports the next one, in a way of its own."""

    constant: int
    comment: str = ""


class Step(NamedTuple):
    """One declared stage. `ident` names its code and its outputs, whatever the stage is called."""

    ident: int
    name: str
    form: str
    """`path`, `return`, `cmd` or `script`."""
    reads: tuple[Read, ...]
    files: int = 1
    folder: bool = False
    shared: bool = False
    """Its first file lies in a folder that other stages write into as well."""
    last: bool = False
    """Nobody reads it: it may read what all others write."""
    constant: int = 0
    comment: str = ""
    coarse: bool = False
    helper: int | None = None
    params: tuple[str, ...] = ()
    """Dotted names."""
    env: tuple[str, ...] = ()
    matrix: tuple[Any, ...] = ()

    @property
    def instances(self) -> tuple[Any, ...]:
        return self.matrix or (None,)


class World(NamedTuple):
    files: tuple[tuple[str, bytes, bool], ...]
    params: tuple[tuple[str, str], ...]
    """Dotted name and JSON, which keeps 1, 1.0 and true apart."""
    env: tuple[tuple[str, str], ...]
    helpers: tuple[Helper, ...]
    steps: tuple[Step, ...]
    """A step reads only what earlier ones write."""

    @property
    def environment(self) -> dict[str, str | None]:
        return {name: dict(self.env).get(name) for name in VARIABLES}


def instance_name(step: Step, value: Any) -> str:
    return step.name if value is None else f"{step.name}@{value}"


def outputs(step: Step, value: Any) -> dict[str, str]:
    """Return output name -> path of an instance, files first, then the folder."""
    mark = "" if value is None else f"-{value}"
    top = "final" if step.last else "build"
    found = {}
    for number in range(step.files):
        place = "shared/" if step.shared and not number else ""
        found[f"o{number}"] = f"{top}/{place}s{step.ident}-{number}{mark}.txt"
    if step.folder:
        found["tree"] = f"{top}/d{step.ident}{mark}"
    return found


def written(world: World) -> list[str]:
    return [
        path for step in world.steps for value in step.instances for path in outputs(step, value).values()
    ]


def names(world: World) -> list[str]:
    return [instance_name(step, value) for step in world.steps for value in step.instances]


# What stands in the files.


def module_of(step: Step) -> str:
    return f"steps/s{step.ident}.py" if step.form != "script" else f"scripts/s{step.ident}.py"


def helper_source(world: World, number: int) -> str:
    helper = world.helpers[number]
    lines = [f"# {helper.comment}" if helper.comment else "", f"CONSTANT = {helper.constant}"]
    below = "0"
    if number + 1 < len(world.helpers):
        after = number + 1
        form = ("from lib import h{0}", "import lib.h{0} as h{0}", "from . import h{0}")[number % 3]
        lines.insert(0, form.format(after))
        below = f"h{after}.value()"
    return "\n".join([*lines, "def value():", f"    return [CONSTANT, {below}]", ""])


def _head(step: Step) -> list[str]:
    lines = ["import os", "import sys", "from pathlib import Path", "from lib.look import look, squeeze"]
    if step.helper is not None:
        lines.append(f"from lib import h{step.helper}")
    lines += [f"# {step.comment}" if step.comment else "", f"CONSTANT = {step.constant}"]
    return lines


def _seen(step: Step, given: list[str]) -> str:
    own = ["CONSTANT", *(f"os.environ.get({name!r})" for name in step.env)]
    own += [f"h{step.helper}.value()"] if step.helper is not None else []
    return "[" + ", ".join([*own, *given]) + "]"


def parameter_names(step: Step) -> list[str]:
    return [f"p{n}" for n in range(len(step.params))] + (["m"] if step.matrix else [])


def callable_source(step: Step) -> str:
    given = parameter_names(step)
    taken = [f"i{n}: {read.how}" for n, read in enumerate(step.reads)] + given
    made = [f"o{n}" for n in range(step.files)]
    if step.form == "path":
        taken += [f"{name}: Path" for name in made] + (["tree: Path"] if step.folder else [])
    seen = _seen(step, [*given, *(f"look(i{n})" for n in range(len(step.reads)))])
    lines = [*_head(step), f"def go({', '.join(taken)}):", f"    seen = {seen}"]
    texts = [f"squeeze([seen, {n}], {step.coarse})" for n in range(step.files)]
    if step.form == "return":
        pairs = ", ".join(f"{name!r}: {text}" for name, text in zip(made, texts, strict=True))
        lines.append(f"    return {texts[0] if len(made) == 1 else '{' + pairs + '}'}")
    else:
        lines += [f"    {name}.write_text({text})" for name, text in zip(made, texts, strict=True)]
        if step.folder:
            lines += [
                "    (tree / 'sub').mkdir(parents=True)",
                f"    (tree / 'part.txt').write_text({texts[0]})",
                "    (tree / 'sub' / 'tool').write_text('x')",
                "    (tree / 'sub' / 'tool').chmod(0o755 if CONSTANT % 2 else 0o644)",
            ]
    return "\n".join([*lines, ""])


def script_source(step: Step) -> str:
    lines = [
        *_head(step),
        "def main(arguments):",
        "    cut = arguments.index('--')",
        "    given, paths = arguments[:cut], [Path(a) for a in arguments[cut + 1 :]]",
        f"    made, paths = paths[:{step.files}], paths[{step.files} :]",
        f"    seen = {_seen(step, ['given', '[[p.name, look(p)] for p in paths]'])}",
        "    for number, path in enumerate(made):",
        f"        path.write_text(squeeze([seen, number], {step.coarse}))",
        'if __name__ == "__main__":',
        "    main(sys.argv[1:])",
        "",
    ]
    return "\n".join(lines)


def command_of(step: Step, put: Callable[[str, str], str]) -> str:
    """Return the command; `put` gives the text that stands for a name of a namespace."""
    given = [put("params", name) for name in parameter_names(step)]
    made = [put("outputs", f"o{n}") for n in range(step.files)]
    read = [put("inputs", f"i{n}") for n in range(len(step.reads))]
    if step.form == "script":
        return " ".join(["python", module_of(step), *given, "--", *made, *read])
    variables = [f'"${{{name}-unset}}"' for name in step.env]
    whole = '(cd "$f"; find . -type f | LC_ALL=C sort | xargs cat)'
    show = f'for f in %s; do if [ -d "$f" ]; then {whole}; else cat "$f"; fi; done'
    parts = [f"printf '%s\\n' {' '.join([f'c{step.constant}', *given, *variables])}"]
    parts += [show % text for text in read]
    parts += [f'for f in {text}; do if [ -x "$f" ]; then echo x; fi; done' for text in read]
    squeezed = "wc -c" if step.coarse else "cat"
    lines = [f"{{ {'; '.join(parts)}; echo {n}; }} | {squeezed} > {path}" for n, path in enumerate(made)]
    return "\n".join(lines)


def declaration(step: Step) -> dict[str, Any]:
    """Return what stands in pipeline.yaml."""
    value = "${matrix.m}" if step.matrix else None
    made: dict[str, Any] = {
        "inputs": {f"i{n}": read.path for n, read in enumerate(step.reads)},
        "outputs": outputs(step, value),
        "params": {f"p{n}": f"${{{dotted}}}" for n, dotted in enumerate(step.params)},
        "env": list(step.env),
    }
    if step.matrix:
        made["matrix"] = {"m": list(step.matrix)}
        made["params"]["m"] = "${matrix.m}"
    if step.form in ("path", "return"):
        made["run"] = f"steps.s{step.ident}:go"
    else:
        made["cmd"] = command_of(step, lambda space, name: f"${{{space}.{name}}}")
    return {key: value for key, value in made.items() if value not in ({}, [])}


def nested(params: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for dotted, value in params:
        *above, last = dotted.split(".")
        inner = whole
        for part in above:
            inner = inner.setdefault(part, {})
        inner[last] = json.loads(value)
    return whole


def shuffled(value: Any, rng: random.Random) -> Any:
    """Return the same value with the keys of its mappings in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(item, rng)) for key, item in value.items()]
        rng.shuffle(items)
        return dict(items)
    return value


def sources(world: World, *, order: int = 0) -> Iterator[tuple[str, bytes, bool]]:
    """Yield path, bytes and executable bit of every file of the user's. `order` changes what must not count."""
    yield from world.files
    yield "lib/look.py", LOOK.encode(), False
    for number in range(len(world.helpers)):
        yield f"lib/h{number}.py", helper_source(world, number).encode(), False
    for step in world.steps:
        if step.form in ("path", "return"):
            yield module_of(step), callable_source(step).encode(), False
        elif step.form == "script":
            yield module_of(step), script_source(step).encode(), False
    whole = {"version": 1, "params": "params.yaml", "stages": {s.name: declaration(s) for s in world.steps}}
    params = nested(world.params)
    if order:
        whole, params = shuffled(whole, random.Random(order)), shuffled(params, random.Random(order))
    yield "pipeline.yaml", json.dumps(whole, indent=1).encode(), False
    yield "params.yaml", json.dumps(params, indent=1).encode(), False


def put(world: World, root: Path, *, order: int = 0, keep_times: bool = False) -> None:
    """Bring the user's files onto the disk: only what differs is written, what is no more is removed.

    With `keep_times` a changed file keeps the time of modification that it had.
    """
    warm(root)
    wanted = {path: (data, executable) for path, data, executable in sources(world, order=order)}
    for path, (data, executable) in wanted.items():
        target = root / path
        old = target.stat() if target.is_file() else None
        if old is None or target.read_bytes() != data:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            if keep_times and old is not None:
                os.utime(target, ns=(old.st_atime_ns, old.st_mtime_ns))
        mode = 0o755 if executable else 0o644
        if target.stat().st_mode & 0o777 != mode:
            target.chmod(mode)
    for top in ("data", "lib", "steps", "scripts"):
        for file in sorted((root / top).rglob("*")):
            if (
                file.is_file()
                and "__pycache__" not in file.parts
                and file.relative_to(root).as_posix() not in wanted
            ):
                file.unlink()


def quoted(value: Any) -> str:
    return shlex.quote(value if isinstance(value, str) else json.dumps(value))
