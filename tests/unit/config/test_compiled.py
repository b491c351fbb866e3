"""The compiled form: the same project, and never trusted when anything is odd."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import config

TEXT = """\
defaults: {env: [LANG], resources: {memory: 1GiB}}
stages:
  a:
    run: m:f
    matrix: {k: {2020: {e: 1}, de: {e: 2.0}}}
    inputs: [x.csv, {path: y.csv, store: false}]
    outputs: {o: {path: "b/${matrix.k}", compare: {rtol: 1e-6}}}
    params: {v: "${v}", k: "${matrix.k}"}
    secrets: [API_KEY]
    scratch: [s]
  b: {cmd: [x, "${inputs.o}"], inputs: {o: b/de}, params: [v], after: [a], tools: [cc]}
"""
PARAMS = "v: {1: one, '!map': [1, 1.0, true, null], x: {y: 12345678901234567890}}\n"


def seen(project, kept: Path, **options):
    """Read the project from the file at `kept` alone: None if that cannot be trusted."""
    from pipeline.config import compiled

    return compiled.load(
        kept, project.root, options.get("overrides", {}), src_is_root=(project.root / "src").is_dir()
    )


@pytest.fixture
def kept(project, tmp_path):
    path = tmp_path / "compiled.json"
    assert project.load(TEXT, PARAMS, compiled=path).problems == ()
    return path


def test_the_compiled_form_is_the_project_itself(project, kept):
    cold = config.load(project.root).project
    found = seen(project, kept)
    assert found == cold
    assert repr(found) == repr(cold)  # with types, tuples and orders


def test_a_hit_imports_neither_yaml_nor_pydantic(project, kept):
    script = (
        "import sys; from pathlib import Path; from pipeline import config\n"
        f"loaded = config.load(Path({str(project.root)!r}), compiled=Path({str(kept)!r}))\n"
        "assert len(loaded.project.stages) == 3 and loaded.complete\n"
        "print([m for m in ('yaml', 'pydantic', 'difflib', 'dataclasses') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=Path.cwd(), check=True
    )
    assert done.stdout == "[]\n"


def test_what_went_in_decides(project, kept, tmp_path):
    assert seen(project, kept, overrides={"v": 1}) is None
    (tmp_path / "src").mkdir()
    assert seen(project, kept) is None
    (tmp_path / "src").rmdir()
    assert seen(project, kept) is not None
    (tmp_path / "params.yaml").write_text(PARAMS + "\n")
    assert seen(project, kept) is None
    (tmp_path / "params.yaml").write_text(PARAMS)
    (tmp_path / "pipeline.yaml").write_text(TEXT + "\n")
    assert seen(project, kept) is None


def test_parameters_that_appear_later_are_seen(project, tmp_path):
    path = tmp_path / "compiled.json"
    project.load("stages: {}", compiled=path)
    assert seen(project, path) is not None
    assert project.load("stages: {}", "a: 1", compiled=path).project.params == {"a": 1}


def test_overrides_are_kept_apart(project, kept):
    changed = config.load(project.root, overrides={"v": 5}, compiled=kept)
    assert changed.project.stages["b"].params == {"v": 5}
    again = config.load(project.root, overrides={"v": 5}, compiled=kept)
    assert again.project == changed.project
    assert config.load(project.root, compiled=kept).project.params["v"] != 5


def test_a_project_with_a_mistake_is_not_kept(project, tmp_path):
    path = tmp_path / "compiled.json"
    project.load("stages: {a: {run: m:f, retries: x}}", compiled=path)
    assert not path.exists()


def test_a_place_that_cannot_be_written_is_no_mistake(project, tmp_path):
    loaded = project.load(TEXT, PARAMS, compiled=tmp_path / "nowhere" / "compiled.json")
    assert loaded.problems == ()
    assert not (tmp_path / "nowhere").exists()


def test_nothing_else_is_left_beside_the_file(kept, tmp_path):
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "compiled.json",
        "params.yaml",
        "pipeline.yaml",
    ]


@given(at=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_changed_byte_never_changes_the_project(project, kept, at, flip):
    data = bytearray(kept.read_bytes())
    position = int(at * len(data))
    data[position] ^= flip
    damaged = kept.with_name("damaged.json")
    damaged.write_bytes(bytes(data))
    found = seen(project, damaged)
    assert found is None or repr(found) == repr(config.load(project.root).project)


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"[]\n[]", b"{}\n{}", b"5\n5", b"\xff\n\xff", b'{"key":1,"params":5}\nx']
)
def test_another_file_in_its_place_is_passed_over_and_replaced(project, kept, data):
    kept.write_bytes(data)
    assert config.load(project.root, compiled=kept).problems == ()
    assert seen(project, kept) is not None


def test_a_body_of_another_shape_is_passed_over(project, kept):
    from pipeline.digest import of_bytes

    head = json.loads(kept.read_bytes().split(b"\n", 1)[0])
    for body in (b"{}", b"[]", b'{"stages":[[1]]}', b"[" * 10_000):
        kept.write_bytes(json.dumps({**head, "body": of_bytes(body)}).encode() + b"\n" + body)
        assert seen(project, kept) is None
