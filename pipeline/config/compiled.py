"""Keeps a project that was read, by the digest of all that it was read from. Knows neither YAML nor rules.

The file is two lines of JSON: a head that says what for and what the second line's digest is, and the
project. Whatever is odd about it counts as no file at all: it can always be made again.
"""

import gc
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import __version__
from ..digest import canonical, of_bytes
from ..errors import UsageError
from ..model import Input, Output, Project, Resources, Stage
from . import source

SCHEMA = 2
"""Grows whenever the same files would be read as another project."""

_INPUTS, _OUTPUTS, _RESOURCES = (Stage._fields.index(name) for name in ("inputs", "outputs", "resources"))
_TEXTS = tuple(Stage._fields.index(name) for name in ("after", "secrets", "tools"))
_PAIRS = tuple(Stage._fields.index(name) for name in ("env", "scratch"))
_VALUES = tuple(Stage._fields.index(name) for name in ("params", "params_file", "matrix"))
_CMD = Stage._fields.index("cmd")


def key(
    pipeline: bytes,
    params_source: str | None,
    params: bytes | None,
    overrides: Mapping[str, Any],
    src_is_root: bool,
) -> str:
    """Return the digest of all that goes into a project."""
    parts = [
        of_bytes(pipeline),
        params_source,
        None if params is None else of_bytes(params),
        dict(overrides),
        src_is_root,
    ]
    return of_bytes(canonical([SCHEMA, __version__, list(Stage._fields), *parts]))


def load(path: Path, root: Path, overrides: Mapping[str, Any], *, src_is_root: bool) -> Project | None:
    """Return the project if the file was made of just what is there now."""
    try:
        with open(path, "rb") as file:
            head_line, body = file.read().split(b"\n", 1)
        head = json.loads(head_line)
        name = head["params"]
        params = _bytes_of(root, name) if isinstance(name, str) else None
        wanted = key(source.read(root, source.PIPELINE), name, params, overrides, src_is_root)
        if head["key"] != wanted or head["body"] != of_bytes(body):
            return None
        return _project(json.loads(body), root)
    except (OSError, UsageError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        return None


def store(path: Path, project: Project, key_: str, params_source: str | None) -> None:
    """Keep a project, if that is possible and the JSON reads back as the very same project."""
    try:
        body = json.dumps(_wire(project), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        if not _same(_project(json.loads(body), project.root), project):
            return
        head = json.dumps({"key": key_, "body": of_bytes(body), "params": params_source}).encode()
        _replace(path, head + b"\n" + body)
    except (OSError, ValueError, TypeError, RecursionError):
        return


def _bytes_of(root: Path, name: str) -> bytes | None:
    try:
        return source.read(root, name)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _wire(project: Project) -> dict[str, Any]:
    stages = [
        [_encoded(value) if index in _VALUES else value for index, value in enumerate(stage)]
        for stage in project.stages.values()
    ]
    return {
        "stages": stages,
        "pythonpath": project.pythonpath,
        "params": _encoded(project.params),
        "params_path": project.params_path,
    }


def _project(wire: Mapping[str, Any], root: Path) -> Project:
    # A thousand stages are some ten thousand tuples, none of them garbage.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        stages = {fields[0]: _stage(fields) for fields in wire["stages"]}
    finally:
        if was_enabled:
            gc.enable()
    params = _decoded(wire["params"])
    return Project(root, stages, tuple(wire["pythonpath"]), params, wire["params_path"])


def _stage(fields: list[Any]) -> Stage:
    fields[_INPUTS] = tuple([Input(*item) for item in fields[_INPUTS]])
    fields[_OUTPUTS] = tuple([Output(*item) for item in fields[_OUTPUTS]])
    fields[_RESOURCES] = Resources(*fields[_RESOURCES])
    for index in _TEXTS:
        fields[index] = tuple(fields[index])
    for index in _PAIRS:
        fields[index] = tuple([(name, value) for name, value in fields[index]])
    for index in _VALUES:
        if fields[index]:
            fields[index] = _decoded(fields[index])
    if isinstance(fields[_CMD], list):
        fields[_CMD] = tuple(fields[_CMD])
    return Stage(*fields)


def _encoded(value: Any) -> Any:
    """Write mappings whose keys are not all text as JSON can hold them, as `digest.canonical` does."""
    if isinstance(value, list):
        return [_encoded(item) for item in value]
    if isinstance(value, dict):
        if "!map" not in value and all(type(name) is str for name in value):
            return {name: _encoded(item) for name, item in value.items()}
        return {"!map": [[name, _encoded(item)] for name, item in value.items()]}
    return value


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if isinstance(value, dict):
        if "!map" in value:
            return {name: _decoded(item) for name, item in value["!map"]}
        return {name: _decoded(item) for name, item in value.items()}
    return value


def _same(one: Any, other: Any) -> bool:
    """Compare by value, type and order: equal is not enough, since `1 == 1.0 == True`."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return len(one) == len(other) and all(
            _same(a, b) and _same(one[a], other[b]) for a, b in zip(one, other, strict=True)
        )
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _replace(path: Path, data: bytes) -> None:
    """Write the file as a whole or not at all. Its folder must be there."""
    temporary = f"{path}.{os.getpid()}-{os.urandom(4).hex()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
