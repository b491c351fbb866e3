"""Which kind of content a file has, by its name or else by how it begins. Compares nothing."""

from collections.abc import Mapping
from functools import partial
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
    ".pkl": "pickled.difference",
    ".pickle": "pickled.difference",
    ".joblib": "pickled.difference",
    ".zip": "archives.zip",
    ".whl": "archives.zip",
    ".skops": "skops.difference",
    ".keras": "archives.zip",
    ".xlsx": "archives.zip",
    ".docx": "archives.zip",
    ".tar": "archives.tar",
    ".tgz": "archives.tar",
    ".txt": "text.difference",
    ".md": "text.difference",
    ".html": "text.difference",
    ".svg": "text.difference",
}
"""The function that compares, as `module.name`; each module is loaded when it is wanted."""

BY_START: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "tables.parquet"),
    (b"ARROW1", "tables.ipc"),
    (b"\x93NUMPY", "arrays.npy"),
    (b"PK\x03\x04", "archives.zip"),
    (b"\x89PNG\r\n\x1a\n", "images.png"),
    (b"\xff\xd8\xff", "images.jpeg"),
    (b"GIF8", "images.other"),
    (b"II*\x00", "images.other"),
    (b"MM\x00*", "images.other"),
    (b"RIFF", "images.other"),
    (b"%PDF-", "pdf.difference"),
    (b"SQLite format 3\x00", "databases.sqlite"),
    *((bytes((0x80, protocol)), "pickled.difference") for protocol in range(2, 6)),
)
"""For files whose name says nothing, or nothing certain: a picture is what it begins with."""

PACKED = (".gz", ".bz2", ".xz")
NESTING = frozenset({"archives.zip", "archives.tar", "packed.difference", "arrays.npz", "skops.difference"})
"""Kinds that hold files: inside one another they are compared as bytes, or a small file would cost hours."""


def kind_of(expected: str, actual: str, name: str, *, is_inside: bool = False) -> Compare:
    """Return what compares two files of this name. `is_inside` if they lie in an archive."""
    suffix = suffix_of(name)
    known = BY_SUFFIX.get(suffix, "")
    if suffix in PACKED:
        inner = name[: -len(suffix)]
        known = "archives.tar" if suffix_of(inner) == ".tar" else "packed.difference"
    known = known or _by_start(expected, actual)
    if is_inside and known in NESTING:
        known = "raw.difference"
    module, _, function = known.partition(".")
    compare: Compare = getattr(import_module(f".{module}", __package__), function)
    return partial(compare, name=inner) if known == "packed.difference" else compare  # type: ignore[call-arg]


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
