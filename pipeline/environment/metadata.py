"""Reads what one installed distribution says of itself. Knows no other one. Used only for a changed one."""

import os
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_NAME = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_MODULE_SUFFIXES = (".py", ".so", ".pyd")


class Metadata(NamedTuple):
    name: str
    version: str
    requires: tuple[str, ...]
    """Normalised names of what it requires here, under whatever extra."""


class Row(NamedTuple):
    """One line of RECORD."""

    path: str
    digest: str


def normalise(name: str) -> str:
    """Return the one spelling of a distribution's name: `Foo.Bar_baz` is `foo-bar-baz`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def text(path: str) -> str | None:
    """Return a file's text; None if there is no such file."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def read(folder: str) -> Metadata | None:
    """Read a `.dist-info` or `.egg-info`; None if it names no distribution (half removed)."""
    content = text(os.path.join(folder, "METADATA")) or text(os.path.join(folder, "PKG-INFO")) or text(folder)
    if content is None:
        return None
    fields = list(_fields(content))
    name = next((value for field, value in fields if field == "name"), "")
    version = next((value for field, value in fields if field == "version"), "")
    if not name:
        return None
    lines = [value for field, value in fields if field == "requires-dist"]
    lines += _egg_requirements(text(os.path.join(folder, "requires.txt")) or "")
    return Metadata(name, version, tuple(sorted({n for line in lines if (n := requirement(line))})))


def _fields(content: str) -> Iterator[tuple[str, str]]:
    for line in content.splitlines():
        if not line.strip():
            return  # the description follows
        field, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            yield field.lower(), value.strip()


def _egg_requirements(content: str) -> Iterator[str]:
    """Give the lines of an egg's requires.txt, whose sections are `[extra:marker]`."""
    marker = ""
    for line in content.splitlines():
        bare = line.strip()
        if bare.startswith("["):
            marker = bare.strip("[]").partition(":")[2]
        elif bare:
            yield f"{bare} ; {marker}" if marker else bare


def requirement(line: str) -> str | None:
    """Return the normalised name that a requirement asks for; None if it does not hold on this platform.

    One under an extra counts, whichever it is: whether the extra was asked for is recorded nowhere.
    """
    match = _NAME.match(line)
    if not match:
        return None
    _, semicolon, marker = line.partition(" ;" if "@" in line.partition(";")[0] else ";")
    if semicolon and not _holds(marker.strip()):
        return None
    return normalise(match.group(1))


def _holds(marker: str) -> bool:
    from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

    try:
        parsed = Marker(marker)
        return any(parsed.evaluate({"extra": extra}) for extra in ["", *_EXTRA.findall(marker)])
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName):
        return True  # what cannot be judged counts


def record(folder: str) -> list[Row] | None:
    """Return the lines of RECORD; None if there is none."""
    content = text(os.path.join(folder, "RECORD"))
    if content is None:
        return None
    rows = []
    for line in content.splitlines():
        path, _, rest = line[1:].partition('",') if line.startswith('"') else line.partition(",")
        if path:
            rows.append(Row(path.replace("\\", "/"), rest.partition(",")[0]))
    return rows


def is_own(path: str) -> bool:
    """Say whether a line of RECORD is of the package itself: not of its metadata, scripts or byte code."""
    first = path.partition("/")[0]
    return not (
        first in ("..", "")
        or first.endswith((".dist-info", ".egg-info", ".data"))
        or "__pycache__" in path
        or path.endswith(".pyc")
    )


def provides(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the outermost regular packages and modules among files: `google.cloud.storage`, `six`."""
    modules = [path.split("/") for path in paths if is_own(path) and path.endswith(_MODULE_SUFFIXES)]
    packages = {tuple(parts[:-1]) for parts in modules if parts[-1].startswith("__init__.")}
    found = set()
    for *folders, file in modules:
        outermost = next((i for i in range(1, len(folders) + 1) if tuple(folders[:i]) in packages), None)
        dotted = folders[:outermost] if outermost else [*folders, file.partition(".")[0]]
        if all(part.isidentifier() for part in dotted):
            found.add(".".join(dotted))
    return tuple(sorted(found))
