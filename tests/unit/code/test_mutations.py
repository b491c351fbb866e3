"""Random projects really executed: what changes a result changes a unit, and what is imported suffices.

`PIPE_MUTATIONS=5000` tries so many, at random places; by default the same few hundred each time.
"""

import os
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pipeline import digest
from pipeline.code import CodeError, Sources, edges, of_callable, pieces, pruned, resolve
from pipeline.code.quiet import Quiet
from tests.unit.code.generated import mutants, project

MOST = int(os.environ.get("PIPE_MUTATIONS", "0"))
WANTED = MOST or 320
FIRST = 0 if not MOST else random.SystemRandom().randrange(10**9)


class Nothing:
    def get(self, key):
        return None

    def put(self, key, value):
        pass


def _reader(sources, code):
    by_digest = {digest: path for path, digest in code.files.items()}
    return lambda name: sources.read(by_digest[name])


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def look(root: Path):
    def digest_of(path):
        place = root / path
        return digest.of_file(place) if place.is_file() else None

    sources = Sources(root, digest_of=digest_of, excluded=lambda path: False)
    code = of_callable("main:go", ["."], sources, Nothing())
    return code, pruned(code, sources, Nothing(), read=_reader(sources, code))


def executed(files: Mapping[str, str | bytes]) -> str:
    """Import a project by Python itself, in a fork: its answer, or the name of its error."""
    read, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write_end, _answer(files).encode()[:60000])
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read, "rb") as stream:
        answer = stream.read().decode()
    os.waitpid(child, 0)
    return answer


def _answer(files: Mapping[str, str | bytes]) -> str:
    import sys
    import types

    class Finder:
        def find_spec(self, name, path=None, target=None):
            import importlib.util

            base = name.replace(".", "/")
            for candidate, is_package in ((f"{base}/__init__.py", True), (f"{base}.py", False)):
                if candidate in files:
                    return importlib.util.spec_from_loader(name, Loader(candidate), is_package=is_package)
            if any(path.startswith(f"{base}/") for path in files):
                return importlib.util.spec_from_loader(name, Loader(""), is_package=True)
            return None

    class Loader:
        def __init__(self, path):
            self.path = path

        def create_module(self, spec):
            return None

        def exec_module(self, module: types.ModuleType) -> None:
            exec(compile(files.get(self.path, ""), self.path, "exec"), module.__dict__)

    sys.meta_path.insert(0, Finder())  # type: ignore[arg-type]
    try:
        import main

        return repr(main.go())
    except Exception as error:
        return f"{type(error).__name__}: {error}"


class Tally:
    def __init__(self) -> None:
        self.stale: list[str] = []
        self.other: list[str] = []
        self.mutations = self.changed = self.needless = self.needless_by_module = self.projects = 0


def tally(root: Path, wanted: int, *, first: int, stops: bool = False) -> Tally:
    found = Tally()
    seed = first
    while found.mutations < wanted and found.projects < wanted:
        seed += 1
        files = project(seed)
        before = executed(files)
        if "Error" in before:
            continue  # nothing is recorded of what fails
        folder = root / str(seed)
        write(folder, files)
        code, snapshot = look(folder)
        found.projects += 1
        if executed(snapshot) != before:
            found.other.append(
                f"seed {seed}: {before} from the source, {executed(snapshot)} from the snapshot"
            )
        chance = random.Random(seed)
        for path in sorted(files):
            for text in mutants(files[path], chance, 2):
                found.mutations += 1
                judge(found, folder, files, path, text, before, code, f"seed {seed}: {path}")
        if stops and (found.stale or found.other):
            break
    return found


def judge(found, folder, files, path, text, before, code, where):
    after = executed({**files, path: text})
    (folder / path).write_text(text)
    try:
        now, snapshot = look(folder)
    except CodeError:
        return
    finally:
        (folder / path).write_text(files[path])
    is_changed = now.units != code.units
    same = executed(snapshot)
    if not is_changed and same != before:
        found.stale.append(f"{where}: one key, but {before} became {same}")
    if "Error" in after:
        return  # nothing is recorded of what fails; what is left out cannot fail
    if after != before:
        found.changed += 1
        if not is_changed:
            found.stale.append(f"{where}: {before} became {after}")
    else:
        found.needless += is_changed
        found.needless_by_module += path in code.files
    if same != after:
        found.other.append(f"{where}: {after} from the source, {same} from the snapshot")


def test_no_edit_that_changes_a_result_goes_unseen_and_the_snapshot_does_the_same(tmp_path, capsys):
    found = tally(tmp_path, WANTED, first=FIRST)
    with capsys.disabled():
        print(
            f"\n{found.projects} projects, {found.mutations} edits, {found.changed} change the result;"
            f" {len(found.stale)} unseen; needless {found.needless}, by whole modules {found.needless_by_module}"
        )
    assert not found.stale, "\n".join(found.stale[:5])
    assert not found.other, "\n".join(found.other[:5])
    assert found.mutations >= 300
    assert found.changed > found.mutations / 10
    assert found.needless < 0.4 * found.needless_by_module


def without_decorators(monkeypatch):
    monkeypatch.setattr(Quiet, "_decorator", lambda self, node, *, is_method: True)


def without_stars(monkeypatch):
    monkeypatch.setattr(resolve.Resolver, "stars", lambda self, node: [])


def without_init(monkeypatch):
    real = edges.Steps._of_load

    def of_load(self, node) -> Iterator:
        if not node.path.endswith("__init__.py"):
            yield from real(self, node)

    monkeypatch.setattr(edges.Steps, "_of_load", of_load)


def without_defaults(monkeypatch):
    real = pieces.references.of_statements

    def of_statements(statements, file, unused):
        import ast
        import copy

        plain = copy.deepcopy(list(statements))
        for node in [n for s in plain for n in ast.walk(s)]:
            if isinstance(node, ast.arguments):
                node.defaults, node.kw_defaults = [], [None for _ in node.kw_defaults]
        return real(plain, file, unused)

    monkeypatch.setattr(pieces.references, "of_statements", of_statements)


@pytest.mark.parametrize("wrong", [without_decorators, without_stars, without_init, without_defaults])
def test_an_analysis_that_leaves_something_out_is_caught(wrong, tmp_path, monkeypatch):
    wrong(monkeypatch)
    found = tally(tmp_path, 1500, first=0, stops=True)
    assert found.stale or found.other
