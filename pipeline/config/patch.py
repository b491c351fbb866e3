"""Adds to the stages of a pipeline.yaml what they lack, and takes away what they do not use. Reads and writes no file.

Each change is one edit of the text; the values that come of it are held against the values that were meant.
"""

import difflib
import keyword
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import UsageError, usage
from . import edit, names, paths, source
from .edit import Text
from .syntax import Broken


class Change(NamedTuple):
    """What one stage lacks, by its name in pipeline.yaml. Paths are as they are to stand there."""

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    scratch: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    network: bool = False
    unused: tuple[tuple[str, int], ...] = ()
    """Entries of `inputs`, each by its name and its place among them."""


_ORDER = (
    ("doc", "run", "cmd", "matrix", "inputs", "params", "outputs", "metrics", "scratch"),
    ("after", "env", "secrets", "network"),
)
_PLACES = {key: place for place, key in enumerate(key for group in _ORDER for key in group)}
_NAMED = ("inputs", "outputs", "scratch")
_LISTED = ("env", "secrets")
_RESERVED = frozenset((*keyword.kwlist, "self", "cls"))


def patched(text: str, changes: Mapping[str, Change]) -> str:
    """Return the text of pipeline.yaml with the changes in it. Raises UsageError where it cannot be edited."""
    for base, change in changes.items():
        old = Text(text).tree.value
        try:
            changed = _changed(text, base, change)
            is_right = _is_meant(old, Text(changed).tree.value, base, change)
        except Broken:
            is_right = False
        if not is_right:
            raise _by_hand(base, change)
        text = changed
    return text


def difference(old: str, new: str, name: str = source.PIPELINE) -> str:
    """Return the unified diff that `git apply` and `patch -p1` take; empty if there is none."""
    lines = difflib.unified_diff(_lines(old), _lines(new), f"a/{name}", f"b/{name}", n=3, lineterm="\n")
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def called(path: str, taken: Collection[str]) -> str:
    """Return a name for a path: its stem, in words that a parameter could have, unlike those that are taken."""
    fixed = [part for part in path.split("/") if not paths.is_glob(part) and "${" not in part]
    own = path.rsplit("/", 1)[-1]
    words = names.stem(own) if fixed and fixed[-1] == own else (fixed[-1] if fixed else "files")
    if "${" in own and not paths.is_glob(own):
        words = re.sub(r"\$\{[^}]*\}", "", names.stem(own)).strip("-_. ") or words
    parts = [_word(words)]
    above = [part for part in fixed if part != own][::-1]
    while ("_".join(parts) in taken or "_".join(parts) in _RESERVED) and above:
        parts.insert(0, _word(above.pop(0)))
    name = "_".join(parts)
    number = 2
    while name in taken or name in _RESERVED:
        name, number = f"{'_'.join(parts)}_{number}", number + 1
    return name


def _word(text: str) -> str:
    word = "".join(c if c.isalnum() or c == "_" else "_" for c in text).strip("_")
    return f"_{word}" if word[:1].isdigit() else word or "data"


def _lines(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=\n)", text) if part]


def _changed(text: str, base: str, change: Change) -> str:
    for name, place in sorted(change.unused, key=lambda entry: -entry[1]):
        is_list = isinstance(Text(text).at(("stages", base, "inputs")), list)
        text = _without(text, base, place if is_list else name)
    for key in _NAMED:
        for path in getattr(change, key):
            text = _with_path(text, base, key, path)
    for key in _LISTED:
        for name in getattr(change, key):
            text = _with_name(text, base, key, name)
    return _with_network(text, base) if change.network else text


def _with_path(text: str, base: str, key: str, path: str) -> str:
    document = Text(text)
    held = _held(document, base, key)
    if isinstance(held, list) or (held is None and _prefers_lists(document, base)):
        return _with_entry(document, base, key, None, path)
    return _with_entry(document, base, key, called(path, _taken(document, base, key)), path)


def _with_name(text: str, base: str, key: str, name: str) -> str:
    document = Text(text)
    if isinstance(_held(document, base, key), dict):
        return _with_entry(document, base, key, name, None)
    return _with_entry(document, base, key, None, name)


def _with_network(text: str, base: str) -> str:
    document = Text(text)
    steps = ("stages", base, "network")
    if document.place(steps) is not None:
        return document.with_value(steps, "true")
    return _with_key(document, base, "network", "true")


def _with_entry(document: Text, base: str, key: str, name: str | None, item: str | None) -> str:
    """Add one entry under a key of a stage: with a name to a mapping, without one to a list."""
    steps = ("stages", base, key)
    place = document.place(steps)
    written = edit.value(item)
    one = written if name is None else f"{edit.scalar(name)}: {written}"
    brackets = "[%s]" if name is None else "{%s}"
    inherited = _inherited(document, base, key, is_list=name is None)
    if place is None:
        items = [*(edit.value(i) for i in inherited), one] if name is None else [*inherited, one]
        return _with_key(document, base, key, brackets % ", ".join(items), items if key in _NAMED else ())
    kind = document.kind(place)
    if kind in ("{", "["):
        return document.with_item(steps, one)
    own = document.own(steps)
    if kind == "block" and own:
        column = own[0][1][0].column if name is not None else place[2].column
        line = f"{' ' * column}{one if name is not None else f'- {one}'}"
        return document.with_lines_after(document.last_line(place, document.at(steps)), [line])
    if kind == "" and key in _NAMED and document.kind(_stage(document, base)) == "block":
        column = place[0].column + _step(document, base)
        line = f"{' ' * column}{one if name is not None else f'- {one}'}"
        return document.with_lines_after(place[2].line, [line])
    held = document.at(steps)
    if kind == "*":
        alias = document.text[document.offset(place[2]) : document.offset(place[3])]
        items = [edit.value(i) for i in held] if isinstance(held, list) else [f"<<: {alias}"]
        return document.with_value(steps, brackets % ", ".join([*items, one]))
    return document.with_value(steps, brackets % one)


def _with_key(document: Text, base: str, key: str, written: str, items: Sequence[str] = ()) -> str:
    """Add a key to a stage, after those that usually stand before it. `items` may stand on lines of their own."""
    stage = _stage(document, base)
    steps = ("stages", base)
    kind = document.kind(stage)
    if kind == "*":
        alias = document.text[document.offset(stage[2]) : document.offset(stage[3])]
        return document.with_value(steps, f"{{<<: {alias}, {key}: {written}}}")
    if kind == "{":
        return document.with_item(steps, f"{key}: {written}")
    own = document.own(steps)
    column = own[0][1][0].column if own else stage[0].column + 2
    before = [item for item in own if _PLACES.get(item[0], -1) < _PLACES[key]] or own
    after_line = stage[0].line
    if before:
        last = max(before, key=lambda item: (_PLACES.get(item[0], -1), item[1][0].line))
        after_line = document.last_line(last[1], document.at((*steps, last[0])))
    line = f"{' ' * column}{key}: {written}"
    if not items or (_prefers_brackets(document, base) and len(line) <= edit.WIDTH):
        return document.with_lines_after(after_line, [line])
    below = " " * (column + _step(document, base))
    dash = "- " if written.startswith("[") else ""
    lines = [f"{' ' * column}{key}:", *(f"{below}{dash}{item}" for item in items)]
    return document.with_lines_after(after_line, lines)


def _without(text: str, base: str, key: str | int) -> str:
    """Take one entry out of the inputs, and `inputs` with the last one."""
    document = Text(text)
    steps = ("stages", base, "inputs")
    place = document.place(steps)
    if place is None or document.place((*steps, key)) is None:
        return text  # an alias or `<<` brings it: others may use it
    if len(document.own(steps)) == 1 and len(document.at(steps)) == 1:
        return _without_inputs(document, base)
    if document.kind(place) in ("{", "["):
        return document.without_item(steps, key)
    inner = document.place((*steps, key))
    assert inner is not None
    return document.without_lines(inner[0].line, document.last_line(inner, document.at((*steps, key))))


def _without_inputs(document: Text, base: str) -> str:
    steps = ("stages", base)
    if document.kind(_stage(document, base)) == "{":
        return document.without_item(steps, "inputs")
    place = document.place((*steps, "inputs"))
    assert place is not None
    return document.without_lines(place[0].line, document.last_line(place, document.at((*steps, "inputs"))))


def _stage(document: Text, base: str) -> Any:
    place = document.place(("stages", base))
    assert place is not None, f"no stage {base}"
    return place


def _held(document: Text, base: str, key: str) -> Any:
    """Return what a stage has under a key, what `defaults` give it there included."""
    own = document.at(("stages", base, key))
    return own if own is not None else document.at(("defaults", key))


def _inherited(document: Text, base: str, key: str, *, is_list: bool) -> list[Any]:
    """Return what a stage would lose by a key of its own: a list of `defaults`, what `<<` brings."""
    merged = document.at(("stages", base, key))
    if isinstance(merged, dict):
        return [f"{edit.value(k)}: {edit.value(v)}" for k, v in merged.items()]
    # `env` of the defaults is merged by name, whatever form it has.
    of_defaults = document.at(("defaults", key)) if key != "env" else None
    found = merged if merged is not None else of_defaults
    return list(found) if is_list and isinstance(found, list) else []


def _taken(document: Text, base: str, key: str) -> set[str]:
    """Return the names that a new entry may not have: those beside it, and what a callable gets besides."""
    others = {"inputs": ("inputs", "params"), "outputs": ("outputs", "metrics"), "scratch": ("scratch",)}[key]
    if key != "scratch" and document.at(("stages", base, "run")) is not None:
        others = ("inputs", "params", "outputs", "metrics")
    taken: set[str] = set()
    for other in others:
        held = document.at(("stages", base, other))
        if isinstance(held, dict):
            taken |= {str(name) for name in held}
        elif isinstance(held, list):
            taken |= {names.stem(str(i.get("path") if isinstance(i, dict) else i)) for i in held}
    return taken


def _prefers_lists(document: Text, base: str) -> bool:
    siblings = [document.at(("stages", base, key)) for key in ("inputs", "outputs", "metrics")]
    held = [sibling for sibling in siblings if sibling]
    return bool(held) and all(isinstance(sibling, list) for sibling in held)


def _prefers_brackets(document: Text, base: str) -> bool:
    siblings = [
        document.place(("stages", base, k)) for k in ("inputs", "outputs", "metrics", "params", "scratch")
    ]
    kinds = {document.kind(place) for place in siblings if place is not None}
    return bool(kinds & {"{", "["}) and "block" not in kinds


def _step(document: Text, base: str) -> int:
    own = document.own(("stages", base))
    step: int = own[0][1][0].column - _stage(document, base)[0].column if own else 2
    return max(step, 1)


def _is_meant(old: Any, new: Any, base: str, change: Change) -> bool:
    """Say whether nothing but the change has come over the values of pipeline.yaml."""
    if not isinstance(new, dict) or not isinstance(new.get("stages"), dict):
        return False
    before, after = dict(old["stages"][base]), dict(new["stages"].get(base) or {})
    for key in (*_NAMED, *_LISTED):
        dropped = {part for entry in change.unused for part in entry} if key == "inputs" else ()
        was, now = _flat(before.pop(key, None), dropped), _flat(after.pop(key, None))
        added = list(getattr(change, key))
        inherited = _flat((old.get("defaults") or {}).get(key)) if added else []
        rest = [item for item in now if item not in was and item not in inherited]
        if [item for item in was if item not in now] or [_said(item) for item in rest] != added:
            return False
    if change.network and (before.pop("network", False), after.pop("network", None))[1] is not True:
        return False
    others = {**new, "stages": {**new["stages"], base: before}}
    return before == after and others == old | {"stages": {**old["stages"], base: before}}


def _flat(entries: Any, dropped: Collection[str | int] = ()) -> list[tuple[Any, Any]]:
    """Return a mapping's entries, and a list's items as if each were its own name, without those that are dropped."""
    if isinstance(entries, list):
        return [(item, item) for index, item in enumerate(entries) if index not in dropped]
    held = entries if isinstance(entries, dict) else {}
    return [item for item in held.items() if item[0] not in dropped]


def _said(item: tuple[Any, Any]) -> Any:
    return item[0] if item[1] is None else item[1]


def _by_hand(base: str, change: Change) -> UsageError:
    wanted = [
        f"{key}: {edit.value(list(getattr(change, key)))}"
        for key in (*_NAMED, *_LISTED)
        if getattr(change, key)
    ]
    wanted += ["network: true"] if change.network else []
    return usage(
        f"stage `{base}` is written in a way that cannot be added to",
        help=f"write it in plain blocks, or add by hand: {'; '.join(wanted)}",
    )
