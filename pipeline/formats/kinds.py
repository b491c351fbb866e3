"""Which loader an input gets and which writer an output gets. Opens no file and imports no library.

A loader's name is `ENCODING`, or `FAMILY:ENCODING` where the annotation asks for something else than the
encoding gives by itself; a glob's is `glob:` and the loader of each file. The encoding `suffix` means that
each file's own suffix decides. The names are part of the action key: a change in what a loader gives or in
the bytes that a writer makes needs a new name.
"""

import os
import re
from typing import NamedTuple

from .errors import LoaderError

__all__ = ["LoaderError", "is_path", "is_pickle", "loader_for", "packages_of", "writer_for"]

PATH, TEXT, BYTES, BY_SUFFIX = "path", "text", "bytes", "suffix"


class Encoding(NamedTuple):
    """How a value lies in a file. `gives` is the family that it is loaded as when nothing else is asked."""

    gives: str
    families: tuple[str, ...]
    """What else may be asked for."""
    packages: tuple[str, ...] = ()


class Family(NamedTuple):
    """A type that an annotation may ask for. The first of its names is the one that messages use."""

    names: tuple[str, ...]
    packages: tuple[str, ...] = ()


_ANYTHING = ("arrow-table", "pandas", "polars", "array", "dict", "list")
_TABLES = ("pandas", "polars")

ENCODINGS = {
    "parquet": Encoding("arrow-table", _TABLES, ("pyarrow",)),
    "ipc": Encoding("arrow-table", _TABLES, ("pyarrow",)),
    "csv": Encoding("arrow-table", _TABLES, ("pyarrow",)),
    "json": Encoding("plain", ("dict", "list")),
    "yaml": Encoding("plain", ("dict", "list"), ("yaml",)),
    "jsonl": Encoding("list", ()),
    "npy": Encoding("array", (), ("numpy",)),
    "npz": Encoding("dict", ("array",), ("numpy",)),
    "text": Encoding("text", ()),
    "joblib": Encoding("object", _ANYTHING, ("joblib",)),
    "pickle": Encoding("object", _ANYTHING),
}

SUFFIXES = {
    ".parquet": "parquet",
    ".arrow": "ipc",
    ".feather": "ipc",
    ".csv": "csv",
    ".json": "json",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".jsonl": "jsonl",
    ".npy": "npy",
    ".npz": "npz",
    ".txt": "text",
    ".md": "text",
    ".html": "text",
    ".joblib": "joblib",
    ".pkl": "pickle",
}

FAMILIES = {
    "path": Family(("Path", "pathlib.Path", "pathlib._local.Path")),
    "text": Family(("str", "builtins.str")),
    "bytes": Family(("bytes", "builtins.bytes")),
    "dict": Family(("dict", "builtins.dict", "typing.Dict")),
    "list": Family(("list", "builtins.list", "typing.List")),
    "arrow-table": Family(("pyarrow.Table", "pyarrow.lib.Table"), ("pyarrow",)),
    "pandas": Family(
        ("pandas.DataFrame", "pandas.core.frame.DataFrame", "pandas.core.api.DataFrame"), ("pandas",)
    ),
    "polars": Family(
        ("polars.DataFrame", "polars.dataframe.frame.DataFrame", "polars.dataframe.DataFrame"), ("polars",)
    ),
    "array": Family(
        (
            "numpy.ndarray",
            "numpy.typing.NDArray",
            "numpy._typing.NDArray",
            "numpy._typing._array_like.NDArray",
        ),
        ("numpy",),
    ),
}

WRITERS = {
    "parquet": ("pyarrow",),
    "ipc": ("pyarrow",),
    "csv": ("pyarrow",),
    "json": (),
    "yaml": (),
    "jsonl": (),
    "npy": ("numpy",),
    "npz": ("numpy",),
    "text": (),
    "joblib": ("joblib",),
    "pickle": (),
    "figure": ("matplotlib",),
    "raw": (),
}
"""Each writer with the packages that decide its bytes."""

_PICKLES = (".joblib", ".pickle", ".pkl")
_PACKED = (".bz2", ".gz", ".lz4", ".lzma", ".xz", ".z", ".zip", ".zst")
_FIGURES = (".png", ".pdf", ".svg")
_UNTYPED = frozenset({"typing.Any", "object", "builtins.object"})
_FAMILY_OF = {name: family for family, known in FAMILIES.items() for name in known.names}
_GENERIC = re.compile(r"([\w.]+)\[(.*)\]", re.DOTALL)
_WILD = re.compile(r"[*?\[\]]")


def loader_for(annotation: str | None, path: str, *, is_glob: bool = False, is_tree: bool = False) -> str:
    """Return the name of the loader with which an input arrives as its annotation asks.

    Args:
        annotation: A dotted name, with its arguments in brackets if it has any; None if there is none.
        path: The input's path or pattern.
        is_glob: The path is a pattern.
        is_tree: The path is a folder.

    Raises:
        LoaderError: The annotation is not known, or the suffix cannot give it.
    """
    if is_glob:
        return f"glob:{_loader_for_each(annotation, path)}"
    family = _family(annotation)
    if is_tree:
        if family not in (None, PATH):
            raise LoaderError(
                f"a folder cannot arrive as `{annotation}`",
                "annotate it as `Path`, or declare its files by a glob",
            )
        return PATH
    return loader_of(family, suffix_of(path), f"`{path}`")


def loader_of(family: str | None, suffix: str, shown: str) -> str:
    """Return the name of the loader that gives a family out of a file with a suffix; None is by suffix alone.

    `shown` names the file in the LoaderError that is raised where the two do not go together.
    """
    if family in (PATH, TEXT, BYTES):
        return family
    encoding = SUFFIXES.get(suffix)
    if encoding is None:
        if family is None:
            return PATH
        name = FAMILIES[family].names[0]
        what = f"with the suffix `{suffix}`" if suffix else "without a suffix"
        raise LoaderError(
            f"{shown} cannot arrive as `{name}`: nothing is known of a file {what}",
            "annotate it as `Path` and load it in the stage",
        )
    known = ENCODINGS[encoding]
    if family in (None, known.gives):
        return f"arrow-table:{encoding}" if known.gives == "arrow-table" else encoding
    if family not in known.families:
        raise LoaderError(
            f"{shown} cannot arrive as `{FAMILIES[family].names[0]}`",
            f"annotate it as {_choices(known)}, or as `Path` and load it in the stage",
        )
    return f"{family}:{encoding}"


def is_path(annotation: str | None) -> bool:
    """Say whether an annotation asks for the path itself."""
    return annotation is not None and _FAMILY_OF.get(annotation.strip()) == PATH


def writer_for(path: str) -> str:
    """Return the name of the writer that makes an output out of a returned value.

    Every path has one: where the suffix says nothing, the writer `raw` takes `bytes` and `str` as they are.
    """
    suffix = suffix_of(path)
    return "figure" if suffix in _FIGURES else SUFFIXES.get(suffix, "raw")


def is_pickle(path: str, *, of_any_name: bool = False) -> bool:
    """Say whether a file may hold a pickle by its name, or by its lack of one that says otherwise."""
    stem, suffix = os.path.splitext(path.lower())
    if suffix in _PICKLES or (suffix in _PACKED and stem.endswith(_PICKLES)):
        return True
    return of_any_name and suffix not in SUFFIXES


def packages_of(kind: str) -> tuple[str, ...]:
    """Return the import names, sorted, of the packages that a loader or a writer uses.

    The packages of a value inside a `.joblib` or `.pkl` are not among them: see `pickles.references`.
    """
    if kind in WRITERS and kind not in ENCODINGS:
        return WRITERS[kind]
    family, encoding = split(kind.removeprefix("glob:"))
    found = set(FAMILIES[family].packages) if family in FAMILIES else set()
    if encoding == BY_SUFFIX:
        found.update(*(known.packages for known in ENCODINGS.values()))
    elif encoding in ENCODINGS:
        found.update(ENCODINGS[encoding].packages)
    return tuple(sorted(found))


def split(loader: str) -> tuple[str | None, str]:
    """Return the family and the encoding of a loader of one file; the family is None if none is asked for."""
    family, colon, encoding = loader.rpartition(":")
    return (family if colon else None), encoding


def suffix_of(path: str) -> str:
    """Return the suffix that decides, in lower case with its dot; empty if there is none."""
    return os.path.splitext(path)[1].lower()


def _loader_for_each(annotation: str | None, pattern: str) -> str:
    family = _family_of_values(annotation)
    if family in (PATH, TEXT, BYTES):
        return family
    name = pattern.rpartition("/")[2]
    suffix = suffix_of(name)
    if _WILD.search(suffix) or (not suffix and _WILD.search(name)):
        return f"{family}:{BY_SUFFIX}" if family else BY_SUFFIX
    return loader_of(family, suffix, f"a file of `{pattern}`")


def _family_of_values(annotation: str | None) -> str | None:
    generic = _GENERIC.fullmatch(annotation.strip()) if annotation else None
    family = _family(annotation)
    if family not in (None, "dict"):
        raise LoaderError(
            f"a glob cannot arrive as `{annotation}`",
            "annotate it as `dict[str, T]`, where T is what each file arrives as",
        )
    if family is None or generic is None:
        return None
    key, comma, value = (part.strip() for part in generic[2].partition(","))
    if not comma or _FAMILY_OF.get(key) != TEXT:
        raise LoaderError(
            f"a glob cannot arrive as `{annotation}`: its keys are paths",
            "annotate it as `dict[str, T]`, where T is what each file arrives as",
        )
    return _family(value)


def _family(annotation: str | None) -> str | None:
    if annotation is None or annotation.strip() in _UNTYPED:
        return None
    generic = _GENERIC.fullmatch(annotation.strip())
    family = _FAMILY_OF.get(generic[1] if generic else annotation.strip())
    if family is None:
        raise LoaderError(
            f"`{annotation}` is not a type that an input can arrive as",
            "annotate it as `Path` and load it in the stage",
        )
    return family


def _choices(known: Encoding) -> str:
    families = [family for family in (known.gives, *known.families) if family in FAMILIES]
    return ", ".join(f"`{FAMILIES[family].names[0]}`" for family in families)
