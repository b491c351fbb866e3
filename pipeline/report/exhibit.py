"""Shows what is in an output: an image, a table, a document, a text, the names in a folder. Knows no stage.

What it shows costs room, so each kind has so much for the whole page; what did not fit is told at its end.
"""

import base64
import os.path
import posixpath
import struct
from collections.abc import Mapping
from itertools import pairwise

from ..formats import preview
from ..formats.errors import FormatError
from ..formats.preview import Column, Preview
from ..render.words import count, size
from . import document, trend, vector
from .markup import Html, element, joined
from .shelf import Shelf
from .subject import Made

_IMAGE_BYTES, _IMAGES_BYTES = 2 << 20, 8 << 20
_DOCUMENT_BYTES, _TEXT_BYTES = 200_000, 64 << 10
_TEXT_LINES, _FOLDER_NAMES = 24, 30
_TABLES, _TEXTS = 120, 200
_FEW_ROWS, _FIRST_ROWS, _CURVES = 20, 6, 6
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")
_TEXT = (
    ".txt",
    ".json",
    ".jsonl",
    ".yaml",
    ".yml",
    ".toml",
    ".log",
    ".ini",
    ".csv",
    ".tsv",
    ".xml",
    ".tex",
    ".sql",
)


class Exhibits:
    """Shows outputs, each once. `left_out` collects what the page had no room for."""

    def __init__(self, shelf: Shelf, outputs: Mapping[str, Made]) -> None:
        """`outputs` are all of the run, by path: a document may show images of other stages."""
        self._shelf = shelf
        self._outputs = outputs
        self._bytes = 0
        self._tables = 0
        self._texts = 0
        self._images: dict[str, Html] = {}
        self.left_out: list[str] = []

    def of(self, made: Made) -> Html | None:
        """Return what can be seen of an output; None if that is nothing."""
        suffix = os.path.splitext(made.path)[1].lower()
        if made.kind == "tree":
            return self._folder(made)
        if suffix in _IMAGES:
            image = self._image(made, made.path)
            return None if image is None else element("figure", None, image)
        if preview.is_table(made.path):
            return self._table(made)
        if suffix == ".md":
            return self._document(made)
        return self._text(made) if suffix in _TEXT else None

    def has_image(self, digest: str) -> bool:
        """Say whether an image is in the page already."""
        return digest in self._images

    def _image(self, made: Made, label: str) -> Html | None:
        if made.digest in self._images:
            return self._images[made.digest]
        if made.size_bytes > _IMAGE_BYTES or self._bytes + made.size_bytes > _IMAGES_BYTES:
            self.left_out.append(f"the image {made.path} ({size(made.size_bytes)})")
            return None
        data = self._shelf.data(made.digest, _IMAGE_BYTES)
        kind = None if data is None else _kind_of(data)
        if data is None or kind is None:
            return None
        if kind == "image/svg+xml":
            cleaned = vector.harmless(data)
            if cleaned is None:
                return None
            data = cleaned
        self._bytes += len(data)
        wide, high = struct.unpack(">II", data[16:24]) if kind == "image/png" else (None, None)
        source = f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
        image = element("img", {"src": source, "alt": label, "width": wide, "height": high})
        self._images[made.digest] = image
        return image

    def _document(self, made: Made) -> Html | None:
        data = self._shelf.data(made.digest, _DOCUMENT_BYTES)
        if data is None:
            return None

        def image(target: str, label: str) -> Html:
            path = posixpath.normpath(posixpath.join(posixpath.dirname(made.path), target))
            other = self._outputs.get(path)
            found = self._image(other, label or path) if other is not None else None
            return found if found is not None else element("em", None, f"[image: {label or target}]")

        body = document.render(data.decode("utf-8", "replace"), image)
        return element("div", {"class": "document"}, body)

    def plots(self, made: Made) -> Html | None:
        """Return the columns of a table of metrics as lines, or the table where there is no line to draw."""
        found = self._preview(made)
        return None if found is None else _curves(found, by_row=True) or table(found)

    def _table(self, made: Made) -> Html | None:
        found = self._preview(made)
        return None if found is None else table(found)

    def _preview(self, made: Made) -> Preview | None:
        if self._tables >= _TABLES:
            self.left_out.append(f"the rows of {made.path}")
            return None
        file = self._shelf.file(made.digest)
        if file is None:
            return None
        try:
            found = preview.preview(file, made.path, rows=_FEW_ROWS)
        except (FormatError, ImportError):
            return None
        self._tables += 1
        return found

    def _text(self, made: Made) -> Html | None:
        if self._texts >= _TEXTS:
            return None
        data = self._shelf.data(made.digest, _TEXT_BYTES)
        if data is None or b"\0" in data:
            return None
        self._texts += 1
        lines = data.decode("utf-8", "replace").rstrip("\n").split("\n")
        kept = [line if len(line) <= 400 else line[:399] + "…" for line in lines[:_TEXT_LINES]]
        more = len(lines) - len(kept)
        note = element("p", {"class": "note"}, f"and {count(more, 'more line')}") if more else None
        return joined([element("pre", {"class": "text", "tabindex": 0}, "\n".join(kept)), note])

    def _folder(self, made: Made) -> Html | None:
        entries = self._shelf.entries(made.digest)
        if entries is None:
            return None
        rows = [
            element(
                "li",
                None,
                element("code", None, e.name + ("/" if e.kind == "tree" else "")),
                f" {size(e.size_bytes)}",
            )
            for e in entries[:_FOLDER_NAMES]
        ]
        more = len(entries) - len(rows)
        rest = element("li", None, f"and {more:,} more") if more else None
        return element("ul", {"class": "names"}, rows, rest)


def table(found: Preview) -> Html:
    """Write a table's first rows under the kinds and distributions of its columns."""
    shown = found.first if found.rows is not None and found.rows <= _FEW_ROWS else found.first[:_FIRST_ROWS]
    rows = "rows not counted" if found.rows is None else count(found.rows, "row")
    said = f"{rows}, {count(len(found.columns) + found.left_out, 'column')}"
    if found.rows is None or len(shown) < found.rows:
        said += f"; the first {len(shown)} rows"
    if found.left_out:
        said += f" of the first {len(found.columns)} columns"
    is_short = found.rows is not None and found.rows <= _FEW_ROWS
    number = [column.low is not None for column in found.columns]
    heads = [
        _head(column, is_plain=is_short, is_number=n) for column, n in zip(found.columns, number, strict=True)
    ]
    body = [
        element(
            "tr",
            None,
            [
                element("td", {"class": "number" if n else None}, cell)
                for n, cell in zip(number, row, strict=True)
            ],
        )
        for row in shown
    ]
    grid = element(
        "table",
        {"class": "rows"},
        element("thead", None, element("tr", None, heads)),
        element("tbody", None, body),
    )
    frame = element("div", {"class": "scroll", "tabindex": 0, "role": "region", "aria-label": said}, grid)
    return joined([_curves(found), element("p", {"class": "note"}, said), frame])


def _head(column: Column, *, is_plain: bool, is_number: bool) -> Html:
    bars = None
    if column.bars and not is_plain and column.low is not None and column.high is not None:
        bars = trend.histogram(column.bars, f"from {column.low:.4g} to {column.high:.4g}")
    kind = column.kind + (f", {column.missing:,} missing" if column.missing else "")
    return element(
        "th",
        {"scope": "col", "class": "number" if is_number else None},
        column.name,
        element("small", None, kind),
        bars,
    )


def _curves(found: Preview, *, by_row: bool = False) -> Html | None:
    """Draw each column of numbers of a short table over the first one if that is a scale; else `by_row`, or not."""
    numbers = [c for c in found.columns if len(c.values) == found.rows and c.low is not None]
    if not 0 < len(numbers) <= _CURVES or len(numbers[0].values) < 4:
        return None
    first, *others = numbers
    xs = [value for value in first.values if value is not None]
    is_scale = len(xs) == len(first.values) and xs[0] < xs[-1] and all(a <= b for a, b in pairwise(xs))
    if is_scale and others and first is found.columns[0]:
        return element("div", {"class": "plots"}, [_plot(first.name, xs, column) for column in others])
    if not by_row:
        return None
    rows = [float(number) for number in range(1, len(first.values) + 1)]
    return element("div", {"class": "plots"}, [_plot("rows", rows, column) for column in numbers])


def _plot(over: str, xs: list[float], column: Column) -> Html:
    said = f"{column.low:.4g} to {column.high:.4g}"
    drawn = trend.curve(xs, column.values, f"{column.name} over {over}: {said}")
    between = f"over {over}, {xs[0]:.4g} to {xs[-1]:.4g}"
    small = element("small", None, f"{said}, {between}")
    return element("figure", {"class": "plot"}, element("figcaption", None, column.name, small), drawn)


def _kind_of(data: bytes) -> str | None:
    """Return what an image is by its first bytes, whatever its name says."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) > 24:
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return "image/svg+xml" if b"<svg" in data[:4096] else None
