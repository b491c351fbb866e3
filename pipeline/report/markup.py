"""HTML and SVG as values: text becomes markup in one place alone, and is escaped there. Knows no page."""

import html
import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_VOID = frozenset({"br", "img", "input", "meta", "path", "rect", "circle", "line", "polyline"})


class Html(str):
    """Text that is markup. Only this module makes it of other text, and what else is known to be harmless."""

    __slots__ = ()


Child: TypeAlias = str | Iterable["Child"] | None
Attributes: TypeAlias = Mapping[str, object]


def text(value: str) -> Html:
    """Escape a text, such that all of it can be seen."""
    return Html(html.escape(visible(value), quote=True))


def visible(value: str) -> str:
    """Write out what has no shape, and what turns the reading direction round: it could hide what is there."""
    return _UNSEEN.sub(_named, value)


def element(tag: str, attributes: Attributes | None = None, *children: Child) -> Html:
    """Write an element. An attribute that is None or False is left out, True is written without a value."""
    written = "".join(_attribute(name, value) for name, value in (attributes or {}).items())
    if tag in _VOID:
        return Html(f"<{tag}{written}>" if tag in ("br", "img", "input", "meta") else f"<{tag}{written}/>")
    return Html(f"<{tag}{written}>{joined(children)}</{tag}>")


def joined(children: Child) -> Html:
    """Write one after the other; what is no markup is escaped."""
    if children is None:
        return Html()
    if isinstance(children, Html):
        return children
    if isinstance(children, str):
        return text(children)
    return Html("".join(joined(child) for child in children))


def prose(value: str) -> Html:
    """Escape a message; what stands in backticks is code."""
    parts = value.split("`")
    if len(parts) % 2 == 0:
        return text(value)
    return joined([element("code", None, part) if number % 2 else part for number, part in enumerate(parts)])


def breakable(name: str) -> Html:
    """Escape a name so that a long one is broken where its words end."""
    return Html(text(name).replace("_", "_<wbr>"))


def tight(phrase: str) -> str:
    """Keep the words of a short phrase on one line."""
    return phrase.replace(" ", "\N{NO-BREAK SPACE}")


def fixed(number: float) -> str:
    """Write a length of a drawing, as short as a tenth of a pixel allows."""
    short = f"{number:.1f}".removesuffix(".0")
    return "0" if short == "-0" else short


def _attribute(name: str, value: object) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    return f' {name}="{text(fixed(value) if isinstance(value, float) else str(value))}"'


def _named(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"
