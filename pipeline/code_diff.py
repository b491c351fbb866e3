"""What changed of one unit of code between two versions of the source, as a unified diff. Knows no other cause."""

import difflib
import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

from .code import Code
from .opened import OpenProject
from .store import Damaged, Store
from .trace import Trace


class Version(NamedTuple):
    """The source as a stage had it. `label` is said beside a file's name."""

    label: str
    files: Mapping[str, str]
    """Digest by path."""
    places: Mapping[str, tuple[str, int]]
    """Unit -> file and line."""
    text: Callable[[str], str]
    """Gives a file's text by its path; empty if that cannot be had."""


def recorded(store: Store, trace: Trace | None, label: str = "recorded") -> Version:
    """Return the source that a trace names; without a trace there is none of it."""
    files = dict(trace.source) if trace else {}

    def text(path: str) -> str:
        try:
            return store.objects.read(files[path]).decode("utf-8", "replace")
        except (OSError, KeyError, Damaged):
            return ""

    return Version(label, files, dict(trace.spans) if trace else {}, text)


def today(opened: OpenProject, found: Code) -> Version:
    """Return the source that lies in the workspace."""

    def text(path: str) -> str:
        try:
            with open(os.path.join(opened.layout.root, path), encoding="utf-8", errors="replace") as file:
                return file.read() if path in found.files else ""
        except OSError:
            return ""

    return Version("", found.files, found.places, text)


def of_unit(opened: OpenProject, found: Code, key: str, unit: str) -> str | None:
    """Compare a unit with the one that was recorded under an action key; None if there is nothing to compare."""
    known = opened.store.records.traces(key)
    before = recorded(opened.store, known[0] if known else None)
    return between(before, today(opened, found), unit, opened.project.pythonpath)


def between(old: Version, new: Version, unit: str, roots: tuple[str, ...]) -> str | None:
    """Compare a unit in two versions of the source; None if neither has it, or it is the same."""
    path = _path_of(unit, old, new, roots)
    if path is None:
        return None
    before, after = old.text(path), new.text(path)
    is_whole = unit.endswith(">") or ":" not in unit
    old_lines, old_from = (before, 1) if is_whole else _definition(before, old.places.get(unit))
    new_lines, new_from = (after, 1) if is_whole else _definition(after, new.places.get(unit))
    lines = list(
        difflib.unified_diff(
            old_lines.splitlines(), new_lines.splitlines(), _named(path, old), _named(path, new), lineterm=""
        )
    )
    return "\n".join(_shifted(line, old_from - 1, new_from - 1) for line in lines) or None


def _named(path: str, version: Version) -> str:
    return f"{path} ({version.label})" if version.label else path


def _shifted(line: str, old: int, new: int) -> str:
    """Make the line numbers of a hunk those of the whole files."""
    if not line.startswith("@@ -"):
        return line
    _, before, after, *rest = line.split(" ")
    return " ".join(["@@", f"-{_moved(before[1:], old)}", f"+{_moved(after[1:], new)}", *rest])


def _moved(span: str, by: int) -> str:
    start, comma, count = span.partition(",")
    return f"{int(start) + by}{comma}{count}"


def _definition(text: str, place: tuple[str, int] | None) -> tuple[str, int]:
    """Return the lines of the definition that begins at a place, and its first line; empty for none."""
    if place is None:
        return "", 1
    import ast

    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return text, 1
    for node in body:
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(item.lineno for item in decorators)])
        if first <= place[1] <= (node.end_lineno or first):
            return "\n".join(text.splitlines()[first - 1 : node.end_lineno]), first
    return "", 1


def _path_of(unit: str, old: Version, new: Version, roots: tuple[str, ...]) -> str | None:
    for version in (new, old):
        if unit in version.places:
            return version.places[unit][0]
    # A trace of an older `pipe` knows modules alone.
    paths = {*new.files, *old.files}
    module = unit.partition(":")[0]
    if module in paths:
        return module
    inside = module.replace(".", "/")
    for root in roots:
        prefix = "" if root == "." else f"{root}/"
        for candidate in (f"{prefix}{inside}.py", f"{prefix}{inside}/__init__.py"):
            if candidate in paths:
                return candidate
    return None
