"""Markdown of a stage -> markup without anything that acts or fetches. Knows no stage."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from .markup import Html, visible

Image = Callable[[str, str], Html]
"""Gives for an image's target and its text what stands in its place."""


def render(source: str, image: Image) -> Html:
    """Render Markdown with tables. HTML in it is shown as text; headings begin at the third level."""
    parser = _parser()
    tokens = parser.parse(visible(source))
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
        _disarm(token.children or [])
    return Html(parser.renderer.render(tokens, parser.options, {"image": image}))


@lru_cache(1)
def _parser() -> Any:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
    parser.add_render_rule("image", _image)
    return parser


def _image(renderer: Any, tokens: Any, index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    label = renderer.renderInlineAsText(token.children or [], options, env)
    shown: Html = env["image"](str(token.attrGet("src") or ""), label)
    return shown


def _disarm(tokens: list[Any]) -> None:
    """Leave links to the web, and make plain text of all others: what they lead to is not in the page."""
    closing = []
    for token in tokens:
        if token.type == "link_open":
            target = str(token.attrGet("href") or "")
            is_web = target.lower().startswith(("https://", "http://", "mailto:"))
            token.tag = "a" if is_web else "span"
            token.attrs = {"href": target, "rel": "noopener noreferrer"} if is_web else {}
            closing.append(token.tag)
        elif token.type == "link_close":
            token.tag = closing.pop()
