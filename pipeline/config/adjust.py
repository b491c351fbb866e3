"""Sets parameters in the text of the file where they stand, and leaves all else as it is written. Reads no file.

Each change is one edit of the text; what comes of it is read, and held against what was meant.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..digest import canonical
from ..dotted import is_below, leaves
from ..errors import usage
from . import edit, scalars
from .edit import Text
from .syntax import Broken


def adjusted(text: str, below: Sequence[str], changes: Mapping[str, Any], name: str) -> str:
    """Return the text with parameters set that are given by dotted name.

    `below` leads to the mapping that holds them, and `name` is the file's. Raises UsageError where that cannot be done.
    """
    changed = text
    try:
        for dotted, value in changes.items():
            changed = _with(changed, below, dotted, value)
        is_right = _is_meant(text, changed, below, changes)
    except (Broken, ValueError):
        is_right = False
    if not is_right:
        written = ", ".join(f"{dotted}: {edit.value(value)}" for dotted, value in changes.items())
        raise usage(
            f"`{name}` is written in a way in which its parameters cannot be set",
            help=f"set them by hand: {written}",
        )
    return changed


def _with(text: str, below: Sequence[str], dotted: str, value: Any) -> str:
    document = Text(text)
    steps, rest = _found(document.at(below), dotted)
    where = (*below, *steps)
    node = document.at(where)
    if rest and (isinstance(node, dict) or node is None):
        return _added(document, where, rest, value)
    for part in reversed(rest):
        value = {part: value}
    return _replaced(document, where, edit.value(value))


def _found(node: Any, dotted: str) -> tuple[list[Any], list[str]]:
    """Return the steps that lead towards a name, as far as there are any, and the parts that are left."""
    steps: list[Any] = []
    parts = dotted.split(".")
    while parts and isinstance(node, dict):
        for count in range(len(parts), 0, -1):  # a key may hold a dot
            wanted = ".".join(parts[:count])
            key = next((key for key in node if scalars.write(key) == wanted), None)
            if key is not None:
                break
        else:
            break
        steps.append(key)
        node, parts = node[key], parts[count:]
    return steps, parts


def _replaced(document: Text, steps: Sequence[Any], written: str) -> str:
    place = document.place(steps)
    if place is None or document.kind(place) == "*":
        raise ValueError("it stands elsewhere too")
    if place[2].line == place[3].line:
        return document.with_value(steps, written)
    start = document.offset(place[2])
    if document.kind(place) in ("{", "["):
        return document.text[:start] + written + document.text[document.offset(place[3]) :]
    end = document.line_start(document.last_line(place, document.at(steps)) + 1)
    kept = document.end_of_line if end > start and document.text[:end].endswith(("\n", "\r")) else ""
    return document.text[:start] + written + kept + document.text[end:]


def _added(document: Text, steps: Sequence[Any], rest: Sequence[str], value: Any) -> str:
    for part in reversed(rest[1:]):
        value = {part: value}
    line = f"{edit.scalar(rest[0])}: {edit.value(value)}"
    place = document.place(steps) if steps else None
    if steps and place is None:
        raise ValueError("it stands elsewhere")
    if place is not None and document.kind(place) == "{":
        return document.with_item(steps, line)
    node = document.at(steps)
    own = document.tree.places.get(id(node), {}) if isinstance(node, dict) else {}
    if not own:
        if place is not None:
            return document.with_value(steps, f"{{{line}}}")
        return (
            document.text + ("" if not document.text or document.text.endswith("\n") else "\n") + line + "\n"
        )
    if not steps and document.text[document.offset(document.tree.start) :][:1] == "{":
        raise ValueError("the whole file is in brackets")
    key, last = max(own.items(), key=lambda item: document.offset(item[1][0]))
    indent = " " * int(min(inner[0].column for inner in own.values()))
    return document.with_lines_after(document.last_line(last, node[key]), [indent + line])


def _is_meant(old: str, new: str, below: Sequence[str], changes: Mapping[str, Any]) -> bool:
    """Say whether the parameters that were to change have, and nothing else."""
    before, after = (leaves(Text(text).at(below) or {}) for text in (old, new))
    meant = {name: v for name, v in before.items() if not any(_touches(name, other) for other in changes)}
    meant |= changes
    return canonical(after) == canonical(meant) and _others(old, below) == _others(new, below)


def _touches(name: str, other: str) -> bool:
    return is_below(name, other) or is_below(other, name)


def _others(text: str, below: Sequence[str]) -> Any:
    """Return what stands in the file besides the parameters."""
    whole = Text(text).tree.value
    return {key: value for key, value in (whole or {}).items() if key != below[0]} if below else None
