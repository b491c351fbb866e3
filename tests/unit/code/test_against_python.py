"""What Python itself loads, for random projects, is in what was found; and the snapshot alone suffices."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import digest
from pipeline.code import Sources, of_callable, pruned

ROOTS = ["src", "."]
FILES = [
    "src/a/__init__.py",
    "src/a/x.py",
    "src/a/b/__init__.py",
    "src/a/b/y.py",
    "src/n/one.py",
    "src/queue.py",
    "n/two.py",
    "n/sub/three.py",
    "a/z.py",
    "c.py",
    "src/c.py",
    "c/__init__.py",
    "c/w.py",
    "json/__init__.py",
    "textwrap/free.py",
]
MODULES = [
    "a",
    "a.x",
    "a.b",
    "a.b.y",
    "n",
    "n.one",
    "n.two",
    "n.sub.three",
    "a.z",
    "c",
    "c.w",
    "queue",
    "json",
    "textwrap",
]
NAMES = ["x", "b", "y", "one", "two", "sub", "three", "z", "w", "VALUE", "*"]

plain = st.sampled_from(MODULES).map(lambda m: f"import {m}")
froms = st.tuples(st.sampled_from([*MODULES, ".", "..", ".b", ".x", "..x"]), st.sampled_from(NAMES)).map(
    lambda t: f"from {t[0]} import {t[1]}"
)
literal = st.sampled_from(MODULES).map(lambda m: f"importlib.import_module({m!r})")
lines = st.one_of(plain, froms, froms, literal)


@st.composite
def projects(draw):
    files = {}
    for path in FILES:
        if draw(st.integers(0, 3)):
            body = ["import importlib", "VALUE = 1"]
            if path.endswith("__init__.py") and draw(st.booleans()):
                body.append(f"__all__ = {draw(st.lists(st.sampled_from(NAMES[:-1]), max_size=3))}")
            for line in draw(st.lists(lines, max_size=4)):
                body.append(f"try:\n    {line}\nexcept (ImportError, AttributeError):\n    pass")
            files[path] = "\n".join(body) + "\n"
    tries = draw(st.lists(lines, min_size=1, max_size=4))
    body = [f"try:\n    {line}\nexcept (ImportError, AttributeError):\n    pass" for line in tries]
    files["main.py"] = "\n".join(["import importlib", *body, "def go(): return 1", ""])
    return files


ORACLE = """
import json, os, sys
root = os.getcwd()
sys.path[:0] = [os.path.join(root, "src"), root]
before = set(sys.modules)
import main
loaded = set()
for name in set(sys.modules) - before:
    file = getattr(sys.modules[name], "__file__", None)
    if file and file.startswith(root + os.sep):
        loaded.add(os.path.relpath(file, root))
os.write(1, ("\\n".join(sorted(loaded))).encode())
"""


def _reader(sources, code):
    by_digest = {digest: path for path, digest in code.files.items()}
    return lambda name: sources.read(by_digest[name])


def write(root, files):
    for name, text in files.items():
        path = Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def loaded_by_python(root):
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", ORACLE], cwd=root, stdout=subprocess.PIPE, check=True
    )
    return set(ran.stdout.decode().split("\n")) - {""}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(projects())
def test_what_python_loads_is_reached_and_the_snapshot_suffices(files):
    with tempfile.TemporaryDirectory() as folder:
        root = os.path.realpath(os.path.join(folder, "project"))
        snapshot = os.path.realpath(os.path.join(folder, "snapshot"))
        write(root, files)

        def digest_of(path):
            place = os.path.join(root, path)
            return digest.of_file(place) if os.path.isfile(place) else None

        class Nothing:
            def get(self, key):
                return None

            def put(self, key, value):
                json.loads(value)

        sources = Sources(Path(root), digest_of=digest_of, excluded=lambda path: False)
        code = of_callable("main:go", ROOTS, sources, Nothing())
        assert all(w.reaches.startswith("all definitions of `") for w in code.widened)
        loaded = loaded_by_python(root)
        assert "main.py" in loaded
        assert loaded <= set(code.files)
        write(snapshot, pruned(code, sources, Nothing(), read=_reader(sources, code)))
        assert loaded_by_python(snapshot) == loaded
