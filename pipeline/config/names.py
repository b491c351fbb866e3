"""How stages, inputs, outputs and parameters are called. Pure."""

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from . import paths, scalars
from .wrong import Index, Trouble, Wrong, kind_of, short

_STAGE = re.compile(r"[^\W_][\w.-]*|_[\w.-]*")
_FORBIDDEN = re.compile(r"[{}\x00-\x1f\x7f]")


def check_stage(name: Any) -> None:
    """Raise Wrong for what cannot be the name of a stage."""
    if not isinstance(name, str):
        raise Wrong(f"the name of a stage is text, not {kind_of(name)}", f'quote it: "{scalars.write(name)}"')
    if not _STAGE.fullmatch(name):
        advice = "use letters, digits, `_`, `-` and `.`, a letter, digit or `_` first"
        raise Wrong(f"`{short(name)}` cannot be the name of a stage", advice)


def check(name: Any) -> None:
    """Raise Wrong for what cannot be the name of an input, output, parameter or scratch path."""
    if not isinstance(name, str):
        raise Wrong(f"a name is text, not {kind_of(name)}", f'quote it: "{scalars.write(name)}"')
    if not name or name != name.strip() or _FORBIDDEN.search(name):
        raise Wrong(f"`{short(name)}` cannot be a name", "use letters, digits, `_`, `-` and `.`")


def of_entries(
    key: str, by_key: Mapping[Any, str], others: Iterable[str], troubles: list[Trouble]
) -> dict[Any, str]:
    """Return the name of each entry: its key, in a list the stem of its path, the path where stems clash.

    Args:
        key: The stage's key that holds the entries, for messages.
        by_key: The entries' paths. An entry without a usable name is left out of the result.
        others: Names with which a stem may not clash either.
        troubles: Gets what is wrong.
    """
    taken = Counter([*others, *(stem(path) for k, path in by_key.items() if isinstance(k, Index))])
    names: dict[Any, str] = {}
    used: set[str] = set()
    for entry, path in by_key.items():
        if isinstance(entry, Index):
            name = path if paths.is_glob(path) or taken[stem(path)] > 1 else stem(path)
            if name in used:
                troubles.append(
                    Trouble((key, entry), f"`{key}`: `{path}` is listed twice", "remove one of them")
                )
                continue
            used.add(name)
            names[entry] = name
            continue
        try:
            check(entry)
        except Wrong as wrong:
            troubles.append(Trouble((key, entry), f"`{key}`: {wrong.text}", wrong.help, at_key=True))
            continue
        names[entry] = entry
    return names


def stem(path: str) -> str:
    """Return a path's last segment without its suffix."""
    return posixpath.splitext(posixpath.basename(path))[0]
