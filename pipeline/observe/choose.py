"""From many files to the few lines that a careful person would write: files, a folder, or a pattern. Pure."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from .. import pattern

FEW = 5
"""So many files of one folder are named one by one."""

_NUMBER = re.compile(r"\d+")
_TEMPORARY = frozenset(
    ("tmp", "temp", "scratch", "cache", ".cache", ".tmp", "joblib", "__joblib__", "_tmp", ".joblib")
)
_RANDOM = re.compile(r"(?:^|[._-])tmp[a-z0-9_]{6,}|[0-9a-f]{8}-[0-9a-f]{4}-|[0-9a-f]{16,}")


def inputs(
    read: Collection[str],
    listed: Collection[str],
    there: Collection[str],
    foreign: Collection[str],
    outputs: Iterable[str],
) -> list[str]:
    """Return what to declare so that a stage sees the files that it read.

    Args:
        read: Files, sorted out already: none is declared.
        listed: Folders that the stage listed: what comes into them later should count too.
        there: All files that the stage could have read.
        foreign: Files that a line may not cover: written by the stage itself, or by others and not read here.
        outputs: Folders that other stages write as a whole.
    """
    chosen: set[str] = set()
    rest = set(read)
    for folder in sorted(outputs):
        made = {path for path in rest if path.startswith(f"{folder}/")}
        if len(made) > FEW or (made and folder in listed):
            chosen.add(folder)
            rest -= made
    by_folder: dict[str, set[str]] = defaultdict(set)
    for path in rest:
        by_folder[posixpath.dirname(path)].add(path)
    for folder, files in _joined(by_folder, listed).items():
        line = _one_line(folder, files, there, foreign) if _is_many(folder, files, listed) else None
        chosen |= {line} if line else {escaped(path) for path in files}
    seen = {*read, *chosen}
    for folder in listed:
        # Listed, and nothing of it read: the names are what the stage wanted.
        inside = [path for path in there if path.startswith(f"{folder}/")]
        is_used = any(path == folder or path.startswith(f"{folder}/") for path in seen)
        if folder != "." and inside and not is_used and not any(path in foreign for path in inside):
            chosen.add(folder)
    return sorted(chosen)


def outputs(written: Collection[str], there: Collection[str]) -> list[str]:
    """Return what to declare so that a stage may write the files that it wrote.

    `there` are all files afterwards: a folder is an output as a whole if it holds nothing else.
    """
    by_folder: dict[str, set[str]] = defaultdict(set)
    for path in written:
        by_folder[posixpath.dirname(path)].add(path)
    folders = {folder for folder, files in by_folder.items() if folder and _is_series(files)}
    folders = {folder for folder in folders if _is_own(folder, written, there)}
    for folder in list(folders):
        above = posixpath.dirname(folder)
        beside = {other for other in by_folder if posixpath.dirname(other) == above}
        if above and len(beside) > 1 and _is_own(above, written, there) and above not in by_folder:
            folders.add(above)
    whole = _outermost(folders)
    return sorted([*whole, *(p for p in written if not any(p.startswith(f"{f}/") for f in whole))])


def scratch(
    gone: Collection[str], before: Collection[str], after: Collection[str], written: Collection[str]
) -> list[str]:
    """Return what to declare for files that came and went; what lies beside an output needs nothing."""
    found: set[str] = set()
    beside = {posixpath.dirname(path) for path in written}
    for path in gone:
        folder = posixpath.dirname(path)
        if any(folder == other or folder.startswith(f"{other}/") or not other for other in beside):
            continue
        place = path
        while (above := posixpath.dirname(place)) and above not in before and above not in after:
            place = above
        if place == path and folder and _RANDOM.search(posixpath.basename(path)):
            place = folder
        found.add(place)
    return _outermost(found)


def temporary(path: str) -> str | None:
    """Return the folder for temporary files in which a path lies; None if it lies in none."""
    parts = path.split("/")
    for place, part in enumerate(parts[:-1]):
        if part.lower() in _TEMPORARY:
            return "/".join(parts[: place + 1])
    return None


def has_random_name(path: str) -> bool:
    """Say whether a file's name looks as if it were another one the next time."""
    return _RANDOM.search(posixpath.basename(path)) is not None


def templates(
    by_instance: Mapping[str, Collection[str]], axes: Mapping[str, Mapping[str, str]]
) -> tuple[list[str], bool]:
    """Merge what the instances of one stage need into lines that hold for all of them.

    `axes` has for each instance the text of its value on each axis. Returns the lines, and whether each line
    fits each instance: if not, they are all lines of all instances.
    """
    common = set.intersection(*(set(paths) for paths in by_instance.values())) if by_instance else set()
    written = [
        {_templated(path, axes[name]) for path in paths if path not in common}
        for name, paths in by_instance.items()
    ]
    if all(lines == written[0] for lines in written):
        return sorted(common | (written[0] if written else set())), True
    return sorted({path for paths in by_instance.values() for path in paths}), False


def escaped(path: str) -> str:
    """Return a path as an input has it: what would make a pattern of it stands in brackets."""
    return re.sub(r"[*?\[]", lambda match: f"[{match[0]}]", path)


def _templated(path: str, values: Mapping[str, str]) -> str:
    for axis, value in sorted(values.items(), key=lambda item: -len(item[1])):
        if value:
            parts = re.split(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])", path)
            path = f"${{matrix.{axis}}}".join(parts)
    return path


def _joined(by_folder: Mapping[str, set[str]], listed: Collection[str]) -> dict[str, set[str]]:
    """Put folders of one listed folder together: it was walked through."""
    joined: dict[str, set[str]] = defaultdict(set)
    for folder, files in by_folder.items():
        place = folder
        above = posixpath.dirname(folder)
        while above and above in listed:
            place, above = above, posixpath.dirname(above)
        joined[place if place in listed else folder] |= files
    return joined


def _is_many(folder: str, files: Collection[str], listed: Collection[str]) -> bool:
    return bool(folder) and (len(files) > FEW or folder in listed)


def _one_line(folder: str, files: set[str], there: Collection[str], foreign: Collection[str]) -> str | None:
    """Return the folder, or the pattern that matches these files and no other; None if there is none."""
    inside = {path for path in there if path.startswith(f"{folder}/")}
    if inside == files and not any(path.startswith(f"{folder}/") for path in foreign):
        return folder
    suffixes = {posixpath.splitext(path)[1] for path in files}
    suffix = suffixes.pop() if len(suffixes) == 1 else ""
    start = re.sub(r"\d+$", "", _common_start([posixpath.basename(path) for path in files]))
    deep = "" if all(posixpath.dirname(path) == folder for path in files) else "**/"
    for name in (f"*{suffix}", f"{escaped(start)}*{suffix}"):
        line = f"{escaped(folder)}/{deep}{name}"
        matched = {path for path in inside | set(foreign) if pattern.matches(line, path)}
        if matched == files:
            return line
    return None


def _common_start(names: Collection[str]) -> str:
    first, last = min(names), max(names)
    same = next((place for place, char in enumerate(first) if last[place : place + 1] != char), len(first))
    return first[:same]


def _is_series(files: Collection[str]) -> bool:
    """Say whether files of one folder are one thing: many, or numbered."""
    names = [posixpath.basename(path) for path in files]
    return len(names) > FEW or len({_NUMBER.sub("0", name) for name in names}) < len(names)


def _is_own(folder: str, written: Collection[str], there: Collection[str]) -> bool:
    return all(path in written for path in there if path.startswith(f"{folder}/"))


def _outermost(paths: Iterable[str]) -> list[str]:
    found: list[str] = []
    for path in sorted(paths):
        if not any(path.startswith(f"{other}/") for other in found):
            found.append(path)
    return found
