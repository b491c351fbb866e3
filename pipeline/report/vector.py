"""Takes out of an SVG what acts or fetches, and leaves what is drawn. Knows no page.

A page shows it as an image, where browsers run no script and load nothing; this is for who opens the image alone.
"""

import re
from xml.etree import ElementTree

_SPACE = "http://www.w3.org/2000/svg"
_LINK = "http://www.w3.org/1999/xlink"
_ACTING = frozenset(
    {"script", "foreignObject", "iframe", "object", "embed", "audio", "video", "handler", "listener", "set"}
    | {"animate", "animateMotion", "animateTransform", "a"}
)
_INSIDE = re.compile(r"\s*(?:#|data:image/(?:png|jpeg|gif|webp);base64,)", re.IGNORECASE)
_FETCHES = re.compile(r"@import|url\(\s*['\"]?\s*(?!#)[^)]", re.IGNORECASE)


def harmless(data: bytes) -> bytes | None:
    """Return an SVG that draws the same and does nothing else; None for what is no SVG, or defines entities."""
    if b"<!ENTITY" in data or b"<!ATTLIST" in data:
        return None
    for prefix, space in (("", _SPACE), ("xlink", _LINK)):
        ElementTree.register_namespace(prefix, space)
    try:
        root = ElementTree.fromstring(data)  # noqa: S314 - see above
    except (ElementTree.ParseError, ValueError, LookupError):
        return None
    if root.tag != f"{{{_SPACE}}}svg":
        return None
    _clean(root)
    cleaned: bytes = ElementTree.tostring(root, encoding="utf-8")
    return cleaned


def _clean(root: ElementTree.Element) -> None:
    todo = [root]
    while todo:
        node = todo.pop()
        for child in list(node):
            if _local(child.tag) in _ACTING or (
                _local(child.tag) == "style" and _FETCHES.search(child.text or "")
            ):
                node.remove(child)
            else:
                todo.append(child)
        for name, value in list(node.attrib.items()):
            local = _local(name)
            is_link = local in ("href", "src") and not _INSIDE.match(value)
            if local.lower().startswith("on") or is_link or _FETCHES.search(value):
                del node.attrib[name]


def _local(name: str) -> str:
    return (
        name.rpartition("}")[2] if isinstance(name, str) else "script"
    )  # a comment or an instruction has no name
