"""The value that a stage returned -> its output's file. Knows the writers, and nothing of stages."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from . import arrays, csv, figures, objects, tables, text, yaml
from .errors import FormatError
from .kinds import writer_for

Writer: TypeAlias = Callable[[Any, Path, str], None]
"""Takes the value, the file, and how a message shows it."""

SAVERS: dict[str, Writer] = {
    "parquet": tables.save_parquet,
    "ipc": tables.save_ipc,
    "csv": csv.save_csv,
    "json": text.save_json,
    "yaml": yaml.save_yaml,
    "jsonl": text.save_jsonl,
    "npy": arrays.save_npy,
    "npz": arrays.save_npz,
    "text": text.save_text,
    "joblib": objects.save_joblib,
    "pickle": objects.save_pickle,
    "figure": figures.save_figure,
    "raw": text.save_raw,
}
"""By the names of `kinds.writer_for`."""


def save(value: Any, path: Path, *, shown: str = "") -> None:
    """Write a value so that an equal value always becomes the same bytes.

    `bytes` and `bytearray` are the file, whatever the suffix. The folder is made where it is missing. `shown`
    is the output's project-relative path, for messages; empty means `path` itself.

    Raises:
        FormatError: The suffix cannot hold such a value. The file may have been begun.
    """
    name = f"`{shown or os.fspath(path)}`"
    if value is None:
        raise FormatError(
            f"nothing was returned for {name}",
            "return its value, or take the output as a parameter annotated `Path` and write it in the stage",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(value, bytes | bytearray):
        path.write_bytes(value)
    else:
        SAVERS[writer_for(os.fspath(path))](value, path, name)
