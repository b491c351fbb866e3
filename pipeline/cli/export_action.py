"""What `pipe lineage` does with the formats of standards: exports, writes, says what is missing. Knows no record."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import durable
from ..errors import usage
from .project import records_root_of, target_of
from .skin import Skin


def export_now(values: Mapping[str, Any], skin: Skin) -> int:
    """Export the history of an artifact, to stdout or to where `-o` says."""
    form, into = values["format"], values["into"]
    if values["down"]:
        raise usage(f"`--down` and `--format {form}` contradict each other", help="leave one of them out")
    if values["all"] and form != "slsa":
        raise usage("`--all` is for `--format slsa`", help=f"leave it out: {form} has all of the history")
    if form == "ro-crate" and not into:
        raise usage("a crate is a folder or a file", help="add `-o FOLDER` or `-o FILE.zip`")
    root = records_root_of(values)
    target = target_of(values["target"], root)
    if form == "ro-crate":
        return _crate(root, target, Path(into), skin)
    from ..export import documents

    found = documents(root, target, form, ancestors=values["all"])
    if into:
        durable.write_file(into, (_text(found, form) + "\n").encode(), sync=False)
    plain = {"format": form, "path": into} if into else {"format": form, "documents": found}
    skin.result(lambda: plain, lambda: "" if into else _text(found, form))
    return 0


def _text(found: list[dict[str, Any]], form: str) -> str:
    """Write documents as their consumers take them: events and statements one a line, else one text to read."""
    if form == "prov":
        return json.dumps(found[0], indent=1, ensure_ascii=False)
    return "\n".join(json.dumps(document, ensure_ascii=False) for document in found)


def _crate(root: Path, target: str, into: Path, skin: Skin) -> int:
    from ..export.crate import crate
    from ..render import crate_text

    if os.path.lexists(into):
        raise usage(f"`{into}` exists already", help="name a path at which nothing is")
    made = crate(root, target, into)
    skin.report(lambda: crate_text.as_plain(made), lambda: crate_text.as_text(made))
    for note in crate_text.notes(made):
        skin.say(f"note: {note}")
    return 0
