"""Numbers, lists and foreign text as people read them. Knows no stage and no terminal."""

import re
from collections.abc import Sequence

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def duration(seconds: float) -> str:
    """Write a duration: `0.4 s`, `42 s`, `4 min 12 s`, `1 h 5 min`."""
    if seconds < 0.005:
        return "<0.01 s"
    if seconds < 0.095:
        return f"{seconds:.2f} s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    minutes = round(seconds / 60)
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")


def about(seconds: float) -> str:
    """Write an estimate, with no more digits than it deserves: `about 4 min`, `under 1 s`."""
    if seconds < 1:
        return "under 1 s"
    if seconds < 60:
        return f"about {round(seconds)} s"
    if seconds < 3600:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.1f} h"


def size(size_bytes: int) -> str:
    """Write a size: `200 B`, `48 KiB`, `1.2 GiB`."""
    if size_bytes < 1024:
        return f"{size_bytes} B"
    value = float(size_bytes)
    for unit in ("KiB", "MiB", "GiB"):
        value /= 1024
        if value < 1023.5:
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
    return f"{value / 1024:.1f} TiB"


def count(number: int, noun: str) -> str:
    """Write a number of things: `1 stage`, `1,000 stages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def some(names: Sequence[str], most: int) -> str:
    """Write the first names, and how many more there are."""
    if len(names) <= most:
        return " ".join(names)
    return " ".join(names[:most]) + f" and {len(names) - most:,} more"


def either(names: Sequence[str]) -> str:
    """Join alternatives: `a`, `a or b`, `a, b or c`."""
    return " or ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def possessive(name: str) -> str:
    """Write whose it is: `clean's`, `features'`."""
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def figure(value: object) -> str:
    """Write a parameter or a metric: six digits of a fraction, anything else as JSON has it, cut where it is long."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str):
        return printable(value)[:80]
    import json

    return printable(json.dumps(value, ensure_ascii=False, default=str))[:80]


def printable(text: str) -> str:
    """Return one line of foreign text such that it can neither break lines nor command a terminal."""
    text = text.replace("\t", " ")
    if text.isascii() and text.isprintable():
        return text
    text = _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", text)
    return text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates: file names that are no text


def printable_lines(text: str) -> str:
    """Return foreign text of several lines, each made printable."""
    return "\n".join(printable(line) for line in text.split("\n"))


def width(text: str) -> int:
    """Return how many columns of a terminal a printable text takes."""
    if text.isascii():
        return len(text)
    import unicodedata

    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) != 0 for character in text)


def pad(text: str, columns: int) -> str:
    """Fill a text with spaces to a width."""
    return text + " " * (columns - width(text))
