"""What lies where in a crate. Knows names and bytes, no metadata, and writes nothing.

artifacts/PATH       inputs and outputs, as the project had them
sources/PATH         the code
versions/DIGEST/     what has a path that something else has, or that not every system can have
records/             actions, traces, and what only `pipe` reads
"""

import json
import os
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from .. import action as actions
from .. import digest
from .. import trace as traces
from ..layout import CRATE as INDEX
from ..model import Artifact
from ..observed import FOLDER, UNSURE
from .evidence import Act, Evidence

FORM = 1
"""The form of what `INDEX` holds."""

FOLDERS = ("artifacts", "sources", "imported", "versions", "records")
TEXTS = ("requirements.txt", "workflow.json")
"""What the index tells of: all but itself, the metadata and README.md."""

_LONGEST_NAME = 200


class Missing(NamedTuple):
    """An artifact whose bytes the store does not have."""

    path: str
    digest: str
    why: str


class Contents(NamedTuple):
    """`objects` are files of the store and `texts` are files made here, each by its place in the crate."""

    objects: Mapping[str, str]
    """Place -> digest."""
    texts: Mapping[str, bytes]
    folders: tuple[str, ...]
    at: Mapping[tuple[str, str], str]
    """Path and digest of an artifact or a source -> place; a folder's without a slash at its end."""
    renamed: Mapping[str, str]
    """Place of a file in a folder -> the path inside the folder that it really has, and not every system can have."""
    missing: tuple[Missing, ...]


def contents(evidence: Evidence) -> Contents:
    """Arrange what it takes to make the target again, and what was made on the way, as far as the store has it."""
    arranged = _Arrangement(evidence)
    for place in (evidence.target, *evidence.artifacts):
        arranged.add_artifact(*place)
    for act in evidence.acts:
        for path, name in sorted(act.trace.source.items()):
            arranged.add_file("sources", path, name)
        for path, name in sorted(act.trace.imported.items()):
            arranged.add_file(f"imported/{act.trace.stage}", path, name)
    for act in evidence.acts:
        arranged.add_records(act)
    arranged.add_texts()
    return arranged.whole()


class _Arrangement:
    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._objects: dict[str, str] = {}
        self._known: set[str] = set()
        self._texts: dict[str, bytes] = {}
        self._folders: dict[str, str] = {}
        self._renamed: dict[str, str] = {}
        self._at: dict[tuple[str, str], str] = {}
        self._missing: dict[tuple[str, str], Missing] = {}
        self._taken: dict[str, str] = {}
        """`_seen` of a place -> digest, or "/" for a folder."""
        self._unstored = {path for act in evidence.acts for path in act.trace.unstored}

    def whole(self) -> Contents:
        missing = tuple(sorted(self._missing.values()))
        folders = tuple(sorted(self._folders))
        return Contents(self._objects, self._texts, folders, self._at, self._renamed, missing)

    def add_artifact(self, path: str, artifact: Artifact) -> None:
        if (path, artifact.digest) in self._at or (path, artifact.digest) in self._missing:
            return
        if not self._evidence.store.holds(artifact):
            why = "kept out of the store (`store: false`)" if path in self._unstored else "not in the store"
            self._missing[path, artifact.digest] = Missing(path, artifact.digest, why)
        elif artifact.kind == "tree":
            self._add_tree(path, artifact)
        else:
            self.add_file("artifacts", path, artifact.digest)

    def add_file(self, top: str, path: str, name: str) -> None:
        """Take a file of the store along, under its own path if that is free."""
        if self._evidence.path_of(name) is None:
            self._missing.setdefault((path, name), Missing(path, name, "not in the store"))
            return
        at = f"{top}/{path}"
        if not _is_plain(at) or not self._is_free({at: name}):
            known = path if _is_plain(path) else f"file{_suffix(path)}"
            at = f"versions/{digest.of_value([top, path, name])[:16]}/{known}"
        self._take({at: name})
        if not top.startswith("imported/"):
            self._at[path, name] = at

    def _add_tree(self, path: str, artifact: Artifact) -> None:
        inside: dict[str, str] = {}
        others: dict[str, str] = {}
        seen: set[str] = set()
        for inner, file in self._evidence.files_of(artifact):
            known = inner
            if not _is_plain(inner) or _seen(inner) in seen:
                known = f"unnamed-{file.digest[:16]}{_suffix(inner)}"
                others[known] = inner
            seen.add(_seen(inner))
            inside[known] = file.digest
        at = f"artifacts/{path}"
        is_free = self._folders.get(at, artifact.digest) == artifact.digest and self._is_free(
            {f"{at}/{inner}": name for inner, name in inside.items()}, at
        )
        if not _is_plain(path) or not is_free:
            at = f"versions/{digest.of_value([path, artifact.digest])[:16]}/{path if _is_plain(path) else 'folder'}"
        self._take({f"{at}/{inner}": name for inner, name in inside.items()})
        self._taken[_seen(at)] = "/"
        self._folders[at] = artifact.digest
        self._renamed.update({f"{at}/{known}": inner for known, inner in others.items()})
        self._at[path, artifact.digest] = at
        self._keep(self._manifests(artifact.digest))

    def _is_free(self, files: Mapping[str, str], folder: str = "") -> bool:
        if folder and self._taken.get(_seen(folder), "/") != "/":
            return False
        for place, name in files.items():
            exact = self._objects.get(place) == name
            if not exact and _seen(place) in self._taken:
                return False
            if any(self._taken.get(_seen(above), "/") != "/" for above in _above(place)):
                return False
        return True

    def _take(self, files: Mapping[str, str]) -> None:
        for place, name in files.items():
            self._objects[place] = name
            self._known.add(name)
            self._taken[_seen(place)] = name
            self._taken.update({_seen(above): "/" for above in _above(place)})

    def _manifests(self, name: str) -> Iterable[str]:
        yield name
        for entry in self._evidence.store.tree(name):
            if entry.kind == "tree":
                yield from self._manifests(entry.digest)

    def add_records(self, act: Act) -> None:
        """Take along what `pipe` needs to execute an action again, and nothing that a stage may have said."""
        trace = act.trace
        self._texts[f"records/actions/{trace.key}.json"] = actions.of_recipe(act.recipe).canonical
        self._texts[f"records/traces/{trace.key}-{act.id[:16]}.json"] = traces.to_bytes(trace)
        self._keep(name for name in trace.observed.values() if name not in (None, FOLDER, UNSURE))

    def _keep(self, names: Iterable[str | None]) -> None:
        for name in names:
            if name is not None and name not in self._known and self._evidence.path_of(name) is not None:
                self._objects[f"records/objects/{name}"] = name
                self._known.add(name)

    def add_texts(self) -> None:
        self._texts["workflow.json"] = _json(workflow(self._evidence))
        self._texts["requirements.txt"] = requirements(self._evidence.acts).encode()
        path, artifact = self._evidence.target
        index = {
            "crate": FORM,
            "target": {"path": path, **artifact._asdict()},
            "missing": [missing._asdict() for missing in sorted(self._missing.values())],
            "files": {
                **self._objects,
                **{place: digest.of_bytes(data) for place, data in self._texts.items()},
            },
        }
        self._texts[INDEX] = _json(index)


def workflow(evidence: Evidence) -> dict[str, Any]:
    """Return the steps as people and programs can read them; `pipe` itself reads the records."""
    path, artifact = evidence.target
    return {
        "target": {"path": path, "digest": artifact.digest},
        "steps": [
            {
                "stage": act.trace.stage,
                "run" if "run" in act.recipe else "cmd": act.recipe.get("run", act.recipe.get("cmd")),
                "inputs": [{"name": u.name, "path": u.path, "digest": u.artifact.digest} for u in act.inputs],
                "outputs": [
                    {"name": o.name, "path": o.path, "digest": o.artifact.digest} for o in act.outputs
                ],
                "params": act.recipe["params"],
                "variables": act.recipe["variables"],
                "action": act.trace.key,
            }
            for act in evidence.acts
        ],
    }


def requirements(acts: Iterable[Act]) -> str:
    """Write the packages as pip reads them; what pip cannot have by its version is a comment."""
    packages = sorted({pair for act in acts for pair in act.recipe["environment"]["packages"].items()})
    pythons = sorted({str(act.recipe["environment"]["platform"].get("python")) for act in acts})
    lines = [f"# The packages that the steps were executed with, under Python {' and '.join(pythons)}."]
    named: set[str] = set()
    for name, version in packages:
        is_published = "@" not in version and not name.startswith("file:")
        comment = "" if is_published and name not in named else "# "
        named.add(name)
        lines.append(f"{comment}{name}=={version}")
    return "\n".join(line for line in lines if "\n" not in line) + "\n"


def _is_plain(path: str) -> bool:
    """Say whether every file system, and every program that unpacks, takes a path as it is."""
    names = path.split("/")
    return (
        all(
            name not in ("", ".", "..")
            and name == name.strip()
            and len(name.encode("utf-8", "replace")) < _LONGEST_NAME
            for name in names
        )
        and path.isprintable()
        and not set(path) & set('\\:*?"<>|')
    )


def _suffix(path: str) -> str:
    found = os.path.splitext(path)[1]
    return found if found[1:].isascii() and found[1:].isalnum() else ""


def _seen(place: str) -> str:
    """Return a place as a system has it that tells neither capitals nor two ways to write an accent apart."""
    return unicodedata.normalize("NFC", place).casefold()


def _above(place: str) -> Iterable[str]:
    names = place.split("/")
    return ("/".join(names[:depth]) for depth in range(1, len(names)))


def _json(plain: Any) -> bytes:
    return json.dumps(plain, indent=1, sort_keys=True, default=str).encode() + b"\n"
