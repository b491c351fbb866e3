"""What changed of one unit of code, as a unified diff against the recorded source. Knows no other cause."""

import difflib
import os

from .code import Code
from .opened import OpenProject
from .store import Damaged
from .trace import Trace


def of_unit(opened: OpenProject, found: Code, key: str, unit: str) -> str | None:
    """Compare a unit with the one that was recorded under an action key; None if there is nothing to compare."""
    recorded = opened.store.records.traces(key)
    before = recorded[0] if recorded else None
    path = _path_of(unit, found, before, opened.project.pythonpath)
    if path is None:
        return None
    was = before.source.get(path) if before else None
    old = _text(opened, was, None)
    new = _text(opened, None, path if path in found.files else None)
    is_whole = unit.endswith(">") or ":" not in unit
    old_lines, old_from = (
        (old, 1) if is_whole else _definition(old, before.spans.get(unit) if before else None)
    )
    new_lines, new_from = (new, 1) if is_whole else _definition(new, found.places.get(unit))
    lines = list(
        difflib.unified_diff(
            old_lines.splitlines(), new_lines.splitlines(), f"{path} (recorded)", path, lineterm=""
        )
    )
    return "\n".join(_shifted(line, old_from - 1, new_from - 1) for line in lines) or None


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


def _path_of(unit: str, found: Code, before: Trace | None, roots: tuple[str, ...]) -> str | None:
    if unit in found.places:
        return found.places[unit][0]
    if before is not None and unit in before.spans:
        return before.spans[unit][0]
    # A trace of an older `pipe` knows modules alone.
    paths = {*found.files, *(before.source if before else ())}
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


def _text(opened: OpenProject, name: str | None, path: str | None) -> str:
    try:
        if name is not None:
            return opened.store.objects.read(name).decode("utf-8", "replace")
        if path is not None:
            with open(os.path.join(opened.layout.root, path), encoding="utf-8", errors="replace") as file:
                return file.read()
    except (OSError, KeyError, Damaged):
        pass
    return ""
