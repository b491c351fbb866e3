"""The shape of the package: who imports whom, and how large things grow. Each rule refuses a bad sample."""

import ast
import statistics
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "pipeline"

ROOMS = (
    # Values: they import nothing but one another.
    ("__init__", "model", "errors", "digest"),
    # Pure: no file, no clock, no process.
    ("pattern", "tree", "graph", "action", "trace", "evidence", "rebuilder", "command", "binding", "events"),
    # The disk and what is read from it.
    (
        "durable",
        "owned",
        "layout",
        "config",
        "code",
        "environment",
        "state",
        "statcache",
        "store",
        "workspace",
    ),
    # Values to files, and the child process.
    ("formats", "execute", "remote"),
    # What a run is made of.
    ("signals", "machine", "scheduler", "progress", "lock", "history", "run_record"),
    ("inputs", "observed", "survey", "pickled", "opened", "check", "walk"),
    ("lineage", "ledger", "ingest", "vouch", "failure", "undeclared", "perform", "remake", "recorded"),
    ("suspects",),  # pure, but for how a shell's words are parted, which is the code room's
    # The verbs: they return data.
    (
        "project_graph",
        "graph_view",
        "status",
        "code_diff",
        "explain",
        "debug",
        "run",
        "observe",
        "verify",
        "shell",
    ),
    ("rebuild", "export", "runs", "show", "init", "schema", "logs", "clean", "doctor", "again", "fsck", "gc"),
    # The skin.
    ("render", "cli"),
)
"""A module imports only what stands before it. One that stands nowhere is refused: decide on it."""

HEAVY = {
    "pydantic": {"config"},
    "yaml": {"config"},
    "pyarrow": {"formats"},
    "pandas": {"formats"},
    "polars": {"formats"},
    "numpy": {"formats", "execute"},  # the child seeds numpy.random
    "joblib": {"formats", "execute"},
    "PIL": {"formats"},
    "networkx": {"lineage"},
    "typer": {"cli", "render"},
    "rich": {"cli", "render"},
}
"""Where a library that costs tens of milliseconds may be imported."""

SKIN = {"render", "cli"}
FILE_LINES = 400
MEDIAN_LINES = 150
FUNCTION_LINES = 70

Sources = Mapping[str, str]
"""Text by path relative to the package, as in `store/objects.py`."""


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


def room_of(path: str) -> str:
    return path.split("/", 1)[0].removesuffix(".py")


def imported_rooms(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and room for each import of ours, wherever it stands; "pipeline" for an absolute one."""
    package = path.split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        elif isinstance(node, ast.ImportFrom):
            inside = package[: len(package) - node.level + 1]
            whole = [*inside, *(node.module.split(".") if node.module else [])]
            for alias in node.names:
                yield node.lineno, whole[0] if whole else of_package(alias.name)
            continue
        else:
            continue
        yield from ((node.lineno, "pipeline") for name in names if name.split(".")[0] == "pipeline")


def of_package(name: str) -> str:
    """`from . import store` is of the room store; `from . import __version__` of the package itself."""
    return "__init__" if name.startswith("__") else name


def wrong_directions(sources: Sources) -> list[str]:
    order = {room: number for number, room in enumerate(room for group in ROOMS for room in group)}
    found = []
    for path, text in sources.items():
        here = room_of(path)
        if here not in order:
            found.append(f"{path}: the room {here} stands nowhere in ROOMS")
            continue
        for line, there in imported_rooms(path, parsed(text)):
            if there == "pipeline":
                found.append(f"{path}:{line}: imports the package by its absolute name")
            elif there not in order:
                found.append(f"{path}:{line}: imports {there}, which stands nowhere in ROOMS")
            elif there != here and order[there] > order[here]:
                found.append(f"{path}:{line}: {here} imports {there}, which stands below it")
    return found


def heavy_imports(sources: Sources) -> list[str]:
    found = []
    for path, text in sources.items():
        for node in ast.walk(parsed(text)):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            else:
                continue
            for name in names:
                allowed = HEAVY.get(name.split(".")[0])
                if allowed is not None and room_of(path) not in allowed:
                    found.append(f"{path}:{node.lineno}: imports {name}, which belongs to {sorted(allowed)}")
    return found


def oversized(sources: Sources) -> list[str]:
    found = []
    sizes = {path: len(text.splitlines()) for path, text in sources.items()}
    found += [f"{path}: {lines} lines" for path, lines in sizes.items() if lines > FILE_LINES]
    for path, text in sources.items():
        for node in ast.walk(parsed(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    found.append(f"{path}:{node.lineno}: {node.name} has {lines} lines")
    median = statistics.median(sizes.values())
    if median >= MEDIAN_LINES:
        found.append(f"the median file has {median:.0f} lines")
    return found


def without_docstring(sources: Sources) -> list[str]:
    return [path for path, text in sources.items() if not ast.get_docstring(parsed(text))]


def printing(sources: Sources) -> list[str]:
    """Find what writes to the terminal. A stage's traceback is not meant: the child writes it to the log."""
    found = []
    for path, text in sources.items():
        if room_of(path) in SKIN:
            continue
        for node in ast.walk(parsed(text)):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in {"print", "pprint", "pprint.pprint"} or called.startswith(
                    ("sys.stdout.write", "sys.stderr.write", "sys.stdout.buffer.", "sys.stderr.buffer.")
                ):
                    found.append(f"{path}:{node.lineno}: calls {called}")
    return found


RULES = {
    "directions": wrong_directions,
    "heavy": heavy_imports,
    "sizes": oversized,
    "docstrings": without_docstring,
    "printing": printing,
}

BAD = {
    "a value imports a verb": ("directions", {"model.py": "from .run import run"}),
    "a room imports the skin": ("directions", {"store/objects.py": "from ..cli import main"}),
    "an import inside a function counts": (
        "directions",
        {"graph.py": "def f():\n    from . import scheduler"},
    ),
    "the package by its own name": ("directions", {"cli/main.py": "from pipeline.errors import usage"}),
    "a module that stands nowhere": ("directions", {"helpers.py": ""}),
    "an import of what stands nowhere": ("directions", {"graph.py": "from .helpers import f"}),
    "pyarrow in a verb": ("heavy", {"status.py": "import pyarrow.parquet as pq"}),
    "pydantic inside a function": ("heavy", {"run.py": "def f():\n    from pydantic import BaseModel"}),
    "a long file": ("sizes", {"graph.py": "\n" * (FILE_LINES + 1), "a.py": "", "b.py": ""}),
    "a long function": ("sizes", {"graph.py": "def f():\n" + "    x = 1\n" * FUNCTION_LINES}),
    "a large median": ("sizes", {"graph.py": "\n" * MEDIAN_LINES}),
    "no docstring": ("docstrings", {"graph.py": "x = 1"}),
    "print in a verb": ("printing", {"status.py": "def f():\n    print(1)"}),
    "writing to stderr": ("printing", {"run.py": "import sys\nsys.stderr.write('x')"}),
}

GOOD = {
    "a verb imports values": {"run.py": '"""Runs."""\nfrom .model import Stage\nfrom . import __version__'},
    "modules of one room": {
        "store/tree.py": '"""Trees."""\nfrom .objects import put\nfrom ..digest import of_file'
    },
    "the skin prints": {"cli/main.py": '"""Skin."""\nimport typer\nprint(1)'},
}


@pytest.fixture(scope="module")
def sources() -> Sources:
    files = sorted(PACKAGE.rglob("*.py"))
    return {path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8") for path in files}


@pytest.mark.parametrize("rule", RULES)
def test_the_package_keeps_the_rule(rule, sources):
    assert len(sources) > 30
    found = RULES[rule](sources)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("sample", BAD)
def test_the_rule_refuses_a_known_bad_sample(sample):
    rule, files = BAD[sample]
    assert RULES[rule](files)


@pytest.mark.parametrize("sample", GOOD)
def test_no_rule_refuses_a_known_good_sample(sample):
    assert not [found for rule in RULES.values() for found in rule(GOOD[sample])]


def test_no_room_stands_twice():
    rooms = [room for group in ROOMS for room in group]
    assert len(rooms) == len(set(rooms))
