"""What `pipe run --observe` does with its options: watches the stages, prints the patch. Knows no engine."""

import sys
from collections.abc import Mapping
from typing import Any

from ..errors import usage
from .project import overrides_of, root_of, targets_of
from .skin import Skin, write

_OTHERS = ("force", "locked", "debug", "dry_run", "allow_missing")
"""Options that say how a run is to be recorded, or not to be made."""


def observe_now(values: Mapping[str, Any], skin: Skin) -> int:
    """Run the stages in a shadow of the project; the patch goes to stdout, all else to stderr."""
    _check(values)
    from ..observe import observe
    from ..render import observe_text

    root = root_of(values)

    def tell(name: str, number: int, total: int) -> None:
        skin.say(observe_text.started(name, number, total))

    found = observe(root, targets_of(values, root), overrides_of(values), write=values["write"], tell=tell)
    skin.result(
        lambda: observe_text.as_plain(found),
        lambda: "" if found.is_written else found.patch.removesuffix("\n"),
    )
    if not skin.json:
        for text in observe_text.failures(found, skin.err):
            write(sys.stderr, text + "\n")
        for line in observe_text.lines(found, skin.err):
            skin.say(line)
    return 0 if found.ok else 1


def _check(values: Mapping[str, Any]) -> None:
    if not values["observe"]:
        raise usage("`--write` needs `--observe`", help="`pipe run --observe --write`")
    for name in _OTHERS:
        if values[name]:
            option = f"--{name.replace('_', '-')}"
            raise usage(
                f"`--observe` and `{option}` do not go together",
                help="`pipe run --observe` runs each stage once and records nothing: leave the other out",
            )
