"""From what is reached of a module to its units: their names, digests and places. Knows no names' meaning."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .. import digest as digests
from .facts import Piece
from .graph import Node
from .resolve import Target
from .values import Parts

MODULE = "<module>"
"""What a module runs when it is imported; tracebacks call it so, too."""
FILE = "<file>"


class Selection:
    """What is reached of one module or script."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.pieces: set[int] = set()
        self.taken: dict[int, set[str]] = {}
        """Number of an import statement -> names that are asked for."""
        self.is_raw = node.is_whole or node.facts.error is not None


class Counted(NamedTuple):
    digests: dict[str, str]
    places: dict[str, tuple[str, int]]


def unit_of(piece: Piece) -> str | None:
    """Return the name under which a statement is a unit; None if it belongs to what the module runs."""
    return piece.names[0] if piece.kind in ("def", "class", "const") and not piece.is_main else None


def of_selection(selection: Selection) -> Counted:
    """Return a module's units. Code that stands in a command has none."""
    node = selection.node
    if not node.path:
        return Counted({}, {})
    if selection.is_raw:
        whole = node.facts.digest or node.digest
        unit = f"{node.name}:{FILE}"
        return Counted({unit: digests.of_bytes(f"{node.path}\n{whole}".encode())}, {unit: (node.path, 1)})
    named: dict[str, list[str]] = {}
    places: dict[str, tuple[str, int]] = {}
    run: list[str] = []
    for number in sorted(selection.pieces):
        piece = node.facts.pieces[number]
        name = unit_of(piece)
        if name is not None:
            named.setdefault(name, []).append(piece.digest)
            places.setdefault(f"{node.name}:{name}", (node.path, piece.span[0]))
            if not piece.floats:
                run.append(f"here {name}{_late(piece)}")
        elif piece.kind == "import":
            run.append(_import(selection, number, piece))
        else:
            run.append(piece.digest + _late(piece))
    # A module can read `__file__`, so that its place counts.
    module = f"{node.name}:{MODULE}"
    found = {module: digests.of_bytes("\n".join([node.path, *run]).encode())}
    for name, parts in named.items():
        found[f"{node.name}:{name}"] = (
            parts[0] if len(parts) == 1 else digests.of_bytes("\n".join(parts).encode())
        )
    return Counted(found, {module: (node.path, 1), **places})


def _late(piece: Piece) -> str:
    return f" before {' '.join(piece.late)}" if piece.late else ""


def _import(selection: Selection, number: int, piece: Piece) -> str:
    """Write an import statement with what is taken by it, so that the names that nobody asks for do not count."""
    taken = selection.taken.get(number, set())
    first = piece.aliases[0]
    if first.item is None or first.item == "":
        return piece.digest
    if first.item == "*":
        return f"from {'.' * first.level}{first.module} import * {' '.join(sorted(taken))}"
    listed = [f"{alias.item} as {alias.name}" for alias in piece.aliases if alias.name in taken]
    return f"from {'.' * first.level}{first.module} import {', '.join(listed)}"


def parts_by_path(selections: Iterable[Selection]) -> dict[str, Parts | None]:
    """Return what of each file is in the key; a file may be a script and a module."""
    found: dict[str, Parts | None] = {}
    for selection in selections:
        path = selection.node.path
        if path:
            part = None if selection.is_raw else _parts(selection)
            found[path] = both(found[path], part) if path in found else part
    return found


def _parts(selection: Selection) -> Parts:
    taken: dict[int, tuple[str, ...]] = {}
    for number in sorted(selection.pieces):
        piece = selection.node.facts.pieces[number]
        if piece.kind == "import" and piece.aliases[0].item:
            taken[number] = tuple(sorted(selection.taken.get(number, ())))
    return Parts(tuple(sorted(selection.pieces)), taken)


def both(one: Parts | None, other: Parts | None) -> Parts | None:
    """Return what two uses of a file need together."""
    if one is None or other is None:
        return None
    taken = dict(one.taken)
    for number, names in other.taken.items():
        taken[number] = tuple(sorted({*taken.get(number, ()), *names}))
    return Parts(tuple(sorted({*one.pieces, *other.pieces})), taken)


def parents(
    via: Mapping[Target, Target | None], selections: Mapping[str, Selection], counted: Mapping[str, str]
) -> dict[str, str | None]:
    """Return by unit the unit through which it was reached first; `via` is in the order of reaching."""
    found: dict[str, str | None] = {}
    for target in via:
        unit = _unit(target, selections)
        if unit is None or unit in found:
            continue
        above = via[target]
        while above is not None and _unit(above, selections) in (None, unit):
            above = via[above]
        found[unit] = _unit(above, selections) if above is not None else None
    return {unit: found.get(unit) for unit in counted}


def _unit(target: Target, selections: Mapping[str, Selection]) -> str | None:
    selection = selections.get(target.module)
    if selection is None or not selection.node.path:
        return None
    if selection.is_raw:
        return f"{selection.node.name}:{FILE}"
    name = unit_of(selection.node.facts.pieces[target.number]) if target.kind == "piece" else None
    return f"{selection.node.name}:{name or MODULE}"
