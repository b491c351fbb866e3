"""The code that stages reached, with the lines that it has in its files: each piece once in a page."""

from collections.abc import Mapping, Sequence

from ..render.words import count
from . import highlight
from .excerpt import Piece, reached
from .markup import Child, Html, element
from .shelf import Shelf
from .subject import Told

_CODE_BYTES = 1_200_000
_MOST_LINES = 500


class Listings:
    """Writes listings in the order of the stages. Code that an earlier one has shown is linked to."""

    def __init__(self, links: Mapping[str, str], shelf: Shelf) -> None:
        self._links = links
        self._shelf = shelf
        self._shown: dict[tuple[str, tuple[Piece, ...]], str] = {}
        self._bytes = 0
        self.left_out: list[str] = []

    def of(self, instances: Sequence[Told]) -> Html | None:
        """Return the code of a stage, or of all its instances; None for what no record has."""
        base = instances[0].base
        found: dict[tuple[str, str, str], Child] = {}
        for told in instances:
            for path, (source, imported) in told.source.items():
                if (path, source, imported) not in found:
                    found[path, source, imported] = self._file(base, path, source, imported)
        bodies = [body for body in found.values() if body]
        return element("div", {"class": "code"}, element("h4", None, "Code"), bodies) if bodies else None

    def _file(self, base: str, path: str, source: str, imported: str) -> Child:
        full = self._shelf.text(source)
        if full is None:
            return None
        pieces = tuple(reached(full, self._shelf.text(imported) if imported else None))
        if not any(len(piece.lines) > 1 or piece.lines[0].strip(" '\"") for piece in pieces):
            return None  # an empty __init__.py
        before = self._shown.setdefault((path, pieces), base)
        if before != base:
            link = element("a", {"href": f"#{self._links[before]}"}, before)
            return element("p", {"class": "note"}, element("code", None, path), ": as under ", link)
        lines = sum(len(piece.lines) for piece in pieces)
        weight = sum(len(line) for piece in pieces for line in piece.lines) * 2 + lines * 30
        if self._bytes + weight > _CODE_BYTES:
            self.left_out.append(f"the code in {path} ({count(lines, 'line')})")
            return None
        self._bytes += weight
        said = element("small", None, f" {count(lines, 'line')} reached")
        summary = element("summary", None, element("code", None, path), said)
        return element("details", {"class": "exhibit"}, summary, _listing(path, full, pieces))


def _listing(path: str, full: str, pieces: Sequence[Piece]) -> Html:
    """Write pieces of a file with their line numbers; a gap says that something is left out."""
    coloured = highlight.lines(full, path)
    rows: list[Html] = []
    room = _MOST_LINES
    for piece in pieces:
        if rows:
            rows.append(element("span", {"class": "gap", "aria-hidden": "true"}, "⋯\n"))
        for number in range(piece.first, piece.first + len(piece.lines))[:room]:
            text = coloured[number - 1] if number <= len(coloured) else None
            rows.append(element("span", {"class": "line", "data-l": number}, text, "\n"))
        room = max(0, room - len(piece.lines))
    if not room:
        rows.append(element("span", {"class": "gap"}, "the rest is left out\n"))
    attributes = {"class": "source", "tabindex": 0, "role": "region", "aria-label": path}
    return element("pre", attributes, element("code", None, rows))
