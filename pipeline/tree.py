"""The manifest that gives a folder its digest. Pure: knows the form, not the folder."""

import json
import os
from collections.abc import Iterable
from typing import NamedTuple

from . import digest

SCHEMA = 1
_KINDS = ("exec", "file", "link", "tree")


class Entry(NamedTuple):
    """One name in a folder. `digest` is the target's text for a "link"; `size_bytes` of a "tree" is of all in it."""

    name: str
    kind: str
    digest: str
    size_bytes: int


class Leaf(NamedTuple):
    """One thing inside a folder by its relative path: a kind of `Entry`, or "folder" for one that is empty."""

    path: str
    kind: str
    digest: str
    size_bytes: int


class Built(NamedTuple):
    """A folder's digest and size, and every manifest in it by digest."""

    digest: str
    size_bytes: int
    manifests: dict[str, bytes]


def build(leaves: Iterable[Leaf]) -> Built:
    """Nest the leaves into folders, the deepest first. A "tree" leaf is a folder known by its digest alone."""
    folders: dict[str, dict[str, Entry]] = {"": {}}
    for path, kind, name, size in leaves:
        parent, _, last = path.rpartition("/")
        above = path if kind == "folder" else parent
        while above not in folders:
            folders[above] = {}
            above = above.rpartition("/")[0]
        if kind != "folder":
            folders[parent][last] = Entry(last, kind, name, size)
    manifests: dict[str, bytes] = {}
    # A folder comes before the one that holds it: deeper paths first, the outermost ("") last.
    for folder in sorted(folders, key=lambda path: (path != "", path.count("/")), reverse=True):
        entries = list(folders[folder].values())
        data = encode(entries)
        name = digest.of_bytes(data)
        size = sum(entry.size_bytes for entry in entries)
        manifests[name] = data
        if folder == "":
            return Built(name, size, manifests)
        parent, _, last = folder.rpartition("/")
        folders[parent][last] = Entry(last, "tree", name, size)
    raise AssertionError("the outermost folder comes last")


def encode(entries: list[Entry]) -> bytes:
    """Write the manifest: entries sorted by the bytes of their names, one a line. Described in docs/format.md."""
    ordered = sorted(entries, key=lambda entry: os.fsencode(entry.name))
    lines = [json.dumps(entry, separators=(",", ":")) for entry in ordered]
    return (f'{{"tree":{SCHEMA},"entries":[' + ",".join("\n" + line for line in lines) + "\n]}\n").encode(
        "ascii"
    )


def decode(data: bytes) -> list[Entry]:
    """Read a manifest. Raises ValueError unless it is one that `encode` writes: it may come from elsewhere."""
    try:
        plain = json.loads(data)
        entries = [Entry(*entry) for entry in plain["entries"]]
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"not a manifest: {error}") from error
    if plain.get("tree") != SCHEMA:
        raise ValueError("a manifest of an unknown form")
    for entry in entries:
        _check(entry)
    if encode(entries) != data:
        raise ValueError("a manifest that is not in its one form")
    if len({entry.name for entry in entries}) != len(entries):
        raise ValueError("a manifest with a name twice")
    return entries


def _check(entry: Entry) -> None:
    name = entry.name
    if type(name) is not str or name in ("", ".", "..") or "/" in name or "\0" in name:
        raise ValueError(f"a name that leaves its folder: {name!r}")
    if entry.kind not in _KINDS or type(entry.digest) is not str or type(entry.size_bytes) is not int:
        raise ValueError(f"an entry that is not well formed: {name!r}")
    if entry.kind != "link":
        if not digest.is_digest(entry.digest):
            raise ValueError(f"an entry without a digest: {name!r}")
    elif entry.digest.startswith("/") or "\0" in entry.digest:
        raise ValueError(f"a link that leaves its folder: {name!r}")
