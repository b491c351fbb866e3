"""A file -> the value that a stage is given. Knows loaders by name, not how they were chosen."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from . import arrays, csv, objects, tables, text, yaml
from .errors import FormatError, LoaderError
from .kinds import BY_SUFFIX, BYTES, FAMILIES, PATH, TEXT, loader_of, split, suffix_of
from .plain import type_name

Reader: TypeAlias = Callable[[Path, str], Any]
"""Takes the file, and how a message shows it."""

READERS: dict[str, Reader] = {
    TEXT: text.load_text,
    BYTES: text.load_bytes,
    "json": text.load_json,
    "jsonl": text.load_jsonl,
    "yaml": yaml.load_yaml,
    "npy": arrays.load_npy,
    "npz": arrays.load_npz,
    "array:npz": arrays.load_single,
    "joblib": objects.load_joblib,
    "pickle": objects.load_pickle,
    "arrow-table:parquet": tables.load_parquet,
    "arrow-table:ipc": tables.load_ipc,
    "arrow-table:csv": csv.load_csv,
    "pandas:parquet": lambda path, shown: tables.to_pandas(tables.load_parquet(path, shown)),
    "pandas:ipc": lambda path, shown: tables.to_pandas(tables.load_ipc(path, shown)),
    "pandas:csv": csv.load_csv_by_pandas,
    "polars:parquet": lambda path, shown: tables.to_polars(tables.load_parquet(path, shown)),
    "polars:ipc": lambda path, shown: tables.to_polars(tables.load_ipc(path, shown)),
    "polars:csv": csv.load_csv_by_polars,
}
"""Each loader that gives its type by itself; any other `FAMILY:ENCODING` is the encoding's, checked."""


def load(loader: str, path: Path | dict[str, Path], *, shown: str = "") -> Any:
    """Return the value that an input arrives as.

    Args:
        loader: A name that `kinds.loader_for` returned.
        path: The file or folder; for a glob each file by its project-relative path.
        shown: The input's project-relative path, for messages; empty means the file's own path.

    Raises:
        FormatError: A file does not hold what the loader gives.
    """
    if isinstance(path, dict):
        each = loader.removeprefix("glob:")
        return {name: _load_file(_of_suffix(each, name), path[name], name) for name in sorted(path)}
    return _load_file(loader, path, shown or os.fspath(path))


def _load_file(loader: str, path: Path, shown: str) -> Any:
    if loader == PATH:
        return path
    if reader := READERS.get(loader):
        return reader(path, f"`{shown}`")
    family, encoding = split(loader)
    assert family is not None, loader  # `loader_for` gives no other name
    value = READERS[encoding](path, f"`{shown}`")
    name = FAMILIES[family].names[0]
    if not _is_a(value, family):
        raise FormatError(
            f"`{shown}` cannot arrive as `{name}`: it holds a `{type_name(value)}`",
            "correct the annotation, or leave it out to get what the file holds",
        )
    return value


def _of_suffix(loader: str, name: str) -> str:
    family, encoding = split(loader)
    if encoding != BY_SUFFIX:
        return loader
    try:
        return loader_of(family, suffix_of(name), f"`{name}`")
    except LoaderError as error:
        raise FormatError(error.text, error.help) from None


def _is_a(value: Any, family: str) -> bool:
    if family in ("dict", "list"):
        return isinstance(value, dict if family == "dict" else list)
    # By name along the bases, so that a package that the value has not brought with it is not imported.
    names = {f"{base.__module__}.{base.__qualname__}" for base in type(value).__mro__}
    return not names.isdisjoint(FAMILIES[family].names)
