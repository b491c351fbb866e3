"""Differences of folders: what is new, gone and changed, and each changed file by its own kind. Knows no kind."""

import os
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .raw import first_byte
from .result import Difference, Tolerance, bounded, count, cut

Files: TypeAlias = Mapping[str, tuple[str, str]]
"""By path inside the result: a kind of `tree.Leaf`, and the path of a file's bytes or the text of a link."""

OfFiles: TypeAlias = Callable[[str, str, str, Tolerance | None], Difference]
_FILES = frozenset({"file", "exec"})
_MOST_FILES = 100
"""So many changed files are looked into; of the others it is said that they differ."""


def difference_of_folders(
    expected: Files, actual: Files, of_files: OfFiles, tolerance: Tolerance | None
) -> Difference:
    """Compare file by file. It is within the tolerance if each file that differs is."""
    found: dict[str, Difference] = {}
    # The empty path stands for a folder without anything in it, which is what the rest says.
    gone = sorted(path for path in expected if path and path not in actual)
    new = sorted(path for path in actual if path and path not in expected)
    unlooked: list[str] = []
    for path in sorted(expected.keys() & actual.keys()):
        one, other = expected[path], actual[path]
        if len(found) >= _MOST_FILES and tolerance is None:  # with a tolerance every file decides
            if not _are_same(one, other):
                unlooked.append(path)
            continue
        each = difference_of_entries(one, other, path, of_files, tolerance)
        if each is not None:
            found[path] = each
    return _told(gone, new, found, unlooked)


def difference_of_entries(
    expected: tuple[str, str],
    actual: tuple[str, str],
    name: str,
    of_files: OfFiles,
    tolerance: Tolerance | None,
) -> Difference | None:
    """Compare what lies at one path; None if it is the same."""
    if _are_same(expected, actual):
        return None
    if not {expected[0], actual[0]} <= _FILES:
        return Difference(False, f"{_named(expected)} -> {_named(actual)}", facts={"kind": "type"})
    if expected[0] == actual[0]:
        return of_files(expected[1], actual[1], name, tolerance)
    bit = f"its executable bit is {'new' if actual[0] == 'exec' else 'gone'}"
    if _are_same(("file", expected[1]), ("file", actual[1])):
        return Difference(False, bit, facts={"kind": "executable"})
    found = of_files(expected[1], actual[1], name, tolerance)
    return found._replace(within=False, text=f"{bit}; {found.text}")


def _told(gone: list[str], new: list[str], found: dict[str, Difference], unlooked: list[str]) -> Difference:
    changed = len(found) + len(unlooked)
    within = bool(found) and not gone and not new and not unlooked and all(d.within for d in found.values())
    numbers = ((len(new), "new"), (len(gone), "gone"), (changed, "changed"))
    counted = ", ".join(f"{number:,} {word}" for number, word in numbers if number)
    # What is out of bounds comes first, then what stands first.
    first = next((path for path, each in found.items() if not each.within), next(iter(found), None))
    if first is not None:
        text = f"{first}: {found[first].text}"
    elif gone or new:
        text = f"{(gone or new)[0]}: {'gone' if gone else 'new'}"
    else:
        text = "the same files"
    if changed + len(gone) + len(new) > 1:
        text = f"{text}; of its files, {counted}"
    lines = [f"{path}: gone" for path in gone[:_MOST_FILES]] + [f"{path}: new" for path in new[:_MOST_FILES]]
    for path, each in found.items():
        lines += [f"{path}: {each.text}", *(f"  {line}" for line in each.lines[:8])]
    if unlooked:
        lines.append(f"and {count(len(unlooked), 'more file')} with other bytes, from {cut(unlooked[0])} on")
    facts: dict[str, Any] = {
        "kind": "folder",
        "added": new[:_MOST_FILES],
        "removed": gone[:_MOST_FILES],
        "changed": {path: {"text": each.text, **each.facts} for path, each in found.items()},
        "counts": {"added": len(new), "removed": len(gone), "changed": changed},
    }
    return Difference(within, text, bounded(lines), facts)


def _named(entry: tuple[str, str]) -> str:
    names = {"exec": "an executable file", "file": "a file", "folder": "an empty folder"}
    return names.get(entry[0]) or f"a link to {cut(entry[1])}"


def _are_same(one: tuple[str, str], other: tuple[str, str]) -> bool:
    if one[0] != other[0] or one[0] not in _FILES:
        return one[0] == other[0] and (one[0] == "folder" or one[1] == other[1])
    if os.stat(one[1]).st_size != os.stat(other[1]).st_size:
        return False
    with open(one[1], "rb") as first, open(other[1], "rb") as second:
        return first_byte(first, second) is None
