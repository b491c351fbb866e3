"""What a glob matches. Knows no file: it is asked about paths."""

import re
from functools import lru_cache


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str]:
    """Return the expression that matches whole project-relative paths as `pattern` does.

    `*` and `?` stay in one segment and skip a leading dot, `[...]` is a set (`[!...]` its complement), `**`
    as a whole segment crosses any number of segments, none too. A set that is not closed is plain text.
    """
    segments = pattern.split("/")
    text = ""
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        if segment == "**":
            text += r"(?:(?!\.)[^/]+(?:/(?!\.)[^/]+)*)" if last else r"(?:(?!\.)[^/]+/)*"
        else:
            text += _segment(segment) + ("" if last else "/")
    return re.compile(text, re.DOTALL)


def matches(pattern: str, path: str) -> bool:
    """Say whether the whole of `path` is matched."""
    return compiled(pattern).fullmatch(path) is not None


def may_match_below(pattern: str, folder: str) -> bool:
    """Say whether `pattern` could match a file somewhere inside `folder`."""
    return _may_match_below(tuple(pattern.split("/")), tuple(folder.split("/")))


def fixed_folder(pattern: str) -> str:
    """Return the longest folder that every match lies in; "" is the project itself."""
    fixed: list[str] = []
    for segment in pattern.split("/")[:-1]:
        if any(c in segment for c in "*?["):
            break
        fixed.append(segment)
    return "/".join(fixed)


def _may_match_below(pattern: tuple[str, ...], folder: tuple[str, ...]) -> bool:
    if not pattern:
        return False
    if not folder or pattern[0] == "**":
        return True
    return matches(pattern[0], folder[0]) and _may_match_below(pattern[1:], folder[1:])


def _segment(segment: str) -> str:
    text = r"(?!\.)" if segment[:1] in ("*", "?", "[") else ""
    index = 0
    while index < len(segment):
        char = segment[index]
        index += 1
        if char == "*":
            text += "[^/]*"
        elif char == "?":
            text += "[^/]"
        elif char == "[" and (end := segment.find("]", index + 1)) > 0:
            body = segment[index:end].replace("\\", r"\\").replace("[", r"\[")
            text += (
                f"[^/{body[1:]}]"
                if body[0] == "!"
                else f"(?!/)[{body.replace('^', chr(92) + '^', 1) if body[0] == '^' else body}]"
            )
            index = end + 1
        else:
            text += re.escape(char)
    return text
