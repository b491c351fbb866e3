"""Which kind of content a file has, by its name or else by how it begins. Compares nothing."""

from collections.abc import Mapping
from importlib import import_module

from ..kinds import suffix_of
from .result import Compare

BY_SUFFIX: Mapping[str, str] = {
    ".parquet": "tables.parquet",
    ".arrow": "tables.ipc",
    ".feather": "tables.ipc",
    ".csv": "tables.csv",
    ".tsv": "tables.tsv",
    ".json": "plain.json",
    ".geojson": "plain.json",
    ".ipynb": "plain.json",
    ".yaml": "plain.yaml",
    ".yml": "plain.yaml",
    ".jsonl": "plain.jsonl",
    ".ndjson": "plain.jsonl",
    ".npy": "arrays.npy",
    ".npz": "arrays.npz",
    **dict.fromkeys(
        (".txt", ".md", ".html", ".htm", ".svg", ".xml", ".log", ".toml", ".ini", ".cfg"), "text.difference"
    ),
    **dict.fromkeys((".py", ".r", ".sql", ".sh", ".js", ".css", ".tex", ".rst", ".dot"), "text.difference"),
}
"""The function that compares, as `module.name`; each module is loaded when it is wanted."""

BY_START: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "tables.parquet"),
    (b"ARROW1", "tables.ipc"),
    (b"\x93NUMPY", "arrays.npy"),
)
"""For files whose name says nothing."""


def kind_of(expected: str, actual: str, name: str) -> Compare:
    """Return what compares two files of this name."""
    known = BY_SUFFIX.get(suffix_of(name)) or _by_start(expected, actual)
    module, _, function = known.partition(".")
    compare: Compare = getattr(import_module(f".{module}", __package__), function)
    return compare


def _by_start(expected: str, actual: str) -> str:
    starts = []
    for path in (expected, actual):
        with open(path, "rb") as file:
            starts.append(file.read(1 << 12))
    for start, known in BY_START:
        if all(each.startswith(start) for each in starts):
            return known
    return "text.difference" if all(_is_text(start) for start in starts) else "raw.difference"


def _is_text(start: bytes) -> bool:
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 3:  # else only the last character is cut off
            return False
    return b"\0" not in start
