"""Reads all distributions of one folder of the import path. Knows no memo; used only for a changed folder."""

import ast
import json
import os
import re
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from .. import digest
from . import metadata
from .installed import Distribution
from .metadata import Row

_MAPPING = re.compile(r"^(?:MAPPING|NAMESPACES)[^=\n]*=\s*(\{.*?\})\s*$", re.MULTILINE)


def scan(folder: str) -> list[Distribution]:
    """Return the distributions whose metadata lies in a folder, sorted by name; no half removed ones."""
    found = []
    for name in sorted(os.listdir(folder)):
        if name.endswith((".dist-info", ".egg-info")):
            item = _distribution(folder, os.path.join(folder, name))
            if item is not None:
                found.append(item)
    return sorted(found)


def _distribution(folder: str, place: str) -> Distribution | None:
    said = metadata.read(place)
    if said is None:
        return None
    rows = metadata.record(place)
    direct = _direct_url(place)
    source = _local(direct)
    name = metadata.normalise(said.name)
    folders, places = _editable(folder, rows or ())
    if place.endswith(".egg-info") and os.path.basename(folder) not in ("site-packages", "dist-packages"):
        folders, source = (folder,), folder  # `setup.py develop`: the folder of the sources is on the path
    if folders or places:
        return Distribution(name, said.version, (), said.requires, source, folders, places)
    return Distribution(
        name,
        said.version + _which_bytes(direct, rows),
        _provides(folder, place, said.name, rows),
        said.requires,
        source,
    )


def _direct_url(place: str) -> dict[str, object]:
    try:
        value = json.loads(metadata.text(os.path.join(place, "direct_url.json")) or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _local(direct: dict[str, object]) -> str:
    url = urlsplit(str(direct.get("url", "")))
    return os.path.normpath(unquote(url.path)) if url.scheme == "file" else ""


def _which_bytes(direct: dict[str, object], rows: Sequence[Row] | None) -> str:
    """Return what tells apart two installs of one version: a commit, an archive's hash, the files."""
    if not direct:
        return ""
    vcs, archive = direct.get("vcs_info"), direct.get("archive_info")
    if isinstance(vcs, dict) and vcs.get("commit_id"):
        return f"@{vcs['commit_id']}"
    if isinstance(archive, dict):
        hashes = archive.get("hashes")
        if isinstance(hashes, dict) and hashes:
            kind = min(hashes)
            return f"@{kind}={hashes[kind]}"
        if archive.get("hash"):
            return f"@{archive['hash']}"
    files = [[row.path, row.digest] for row in rows or () if metadata.is_own(row.path)]
    return f"@{digest.of_value(files)}" if files else ""


def _editable(folder: str, rows: Sequence[Row]) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Return the folders and the modules that an editable install adds, by its `.pth` and its finder."""
    folders: list[str] = []
    places: dict[str, str] = {}
    for row in rows:
        if "/" in row.path:
            continue
        if row.path.endswith(".pth"):
            for line in (metadata.text(os.path.join(folder, row.path)) or "").splitlines():
                place = os.path.normpath(os.path.join(folder, line.strip()))
                if line.strip() and not line.startswith(("import ", "#")) and os.path.isdir(place):
                    folders.append(place)
        elif row.path.startswith("__editable__") and row.path.endswith(".py"):
            places.update(_finder(metadata.text(os.path.join(folder, row.path)) or ""))
    return tuple(folders), tuple(sorted(places.items()))


def _finder(content: str) -> dict[str, str]:
    places: dict[str, str] = {}
    for match in _MAPPING.finditer(content):
        try:
            value = ast.literal_eval(match.group(1))
        except (ValueError, SyntaxError):
            continue
        for name, place in value.items():
            first = place[0] if isinstance(place, list) and place else place
            if isinstance(first, str):
                places[str(name)] = first
    return places


def _provides(folder: str, place: str, name: str, rows: Sequence[Row] | None) -> tuple[str, ...]:
    """Return what a distribution provides: by RECORD, else by top_level.txt, else what has its name."""
    if rows is not None:
        found = metadata.provides(row.path for row in rows)
        if found:
            return found
    listed = (metadata.text(os.path.join(place, "top_level.txt")) or "").split()
    if listed:
        return tuple(sorted({line.replace("/", ".") for line in listed}))
    guess = name.replace("-", "_").replace(".", "_")
    tries = dict.fromkeys((guess, guess.lower()))
    return tuple(
        item
        for item in tries
        if os.path.isdir(os.path.join(folder, item)) or os.path.isfile(os.path.join(folder, item + ".py"))
    )
