"""Where bytes of the store may be had besides: what lies in the workspace, and what the present code gives.

Whatever is found counts only if it has exactly the digest that was looked for. Executes nothing.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping

from .. import digest
from .. import status as statuses
from ..check import target_scope
from ..errors import PipeError
from ..inputs import MissingInput
from ..layout import Layout
from ..ledger import Ledger, Place, known_trees
from ..observed import Observer, written_by
from ..opened import OpenProject
from ..store import Damaged, Store
from ..walk import Walk
from ..workspace import Scanned, UnfitFile, Workspace


class Spares:
    """`opened` is the project as it is declared today; None where that cannot be read."""

    def __init__(
        self, layout: Layout, store: Store, workspace: Workspace, ledger: Ledger, opened: OpenProject | None
    ) -> None:
        self._root = os.fspath(layout.root)
        self._runs = layout.runs
        self._store = store
        self._workspace = workspace
        self._ledger = ledger
        self._opened = opened
        self._declared: tuple[Mapping[str, bytes], Mapping[str, bytes], Mapping[str, str]] | None = None

    def fill(self, wanted: set[str]) -> dict[str, str]:
        """Put into the store what can be found; returns for each object from where."""
        found: dict[str, str] = {}
        for name, path in self._files(wanted):
            if name not in found and self._take_file(name, path):
                found[name] = path
        for name, data, where in self._texts(wanted - found.keys()):
            if name not in found and self._take_bytes(name, data):
                found[name] = where
        for path in self._folders() if wanted - found.keys() else ():
            for scanned in self._scanned(path):
                self._take_folder(path, scanned, wanted, found)
        return found

    def actions(self) -> Mapping[str, bytes]:
        """Return the canonical form of the actions that the stages have today, by key."""
        return self._today()[0]

    def _files(self, wanted: set[str]) -> Iterator[tuple[str, str]]:
        """Yield paths at which a file of a digest may lie."""
        places: dict[str, Place] = {**self._ledger.raw_inputs(), **self._ledger.sources()}
        for name in wanted & places.keys():
            yield name, places[name][0]
        for _, (path, artifact) in self._ledger.outputs():
            if artifact.digest in wanted:
                yield artifact.digest, path
        for path, name in self._today()[2].items():
            if name in wanted:
                yield name, path
        logs = {
            name: place[0] for name, place in places.items() if name in wanted and place[0].endswith(".log")
        }
        for name, log in logs.items():
            for run in sorted(self._runs.glob("*/")):
                yield name, os.path.relpath(run / log, self._root)

    def _texts(self, wanted: set[str]) -> Iterator[tuple[str, bytes, str]]:
        for name in wanted & self._today()[1].keys():
            yield name, self._today()[1][name], "the present code"
        if self._opened is not None:
            yield from self._listings(wanted, self._opened)

    def _listings(self, wanted: set[str], opened: OpenProject) -> Iterator[tuple[str, bytes, str]]:
        """Yield the names in folders that a stage listed undeclared, as they are now."""
        observer = Observer(self._root, opened.stats)
        for trace in (trace for traces in self._ledger.traces.values() for trace in traces):
            stage = opened.project.stages.get(trace.stage)
            for path, name in trace.observed.items() if stage is not None else ():
                if stage is not None and name in wanted and path.endswith("/") and _is_inside(path):
                    data = observer.listing(path, written_by(stage))
                    if data is not None:
                        yield str(name), data, path

    def _folders(self) -> Iterable[str]:
        places = [place for _, place in self._ledger.outputs() if place[1].kind == "tree"]
        trees = known_trees(self._ledger)
        raw = [place for name, place in self._ledger.raw_inputs().items() if name in trees]
        return sorted({path for path, _ in (*places, *raw)})

    def _scanned(self, path: str) -> Iterator[Scanned]:
        for look in (self._workspace.output_scanned, self._workspace.source):
            try:
                scanned = look(path) if _is_inside(path) else None
            except UnfitFile:
                continue
            if scanned is not None and scanned.built is not None:
                yield scanned

    def _take_folder(self, path: str, scanned: Scanned, wanted: set[str], found: dict[str, str]) -> None:
        assert scanned.built is not None
        for name, data in scanned.built.manifests.items():
            if name in wanted and name not in found and self._take_bytes(name, data):
                found[name] = path
        for leaf in scanned.leaves:
            is_wanted = leaf.kind in ("file", "exec") and leaf.digest in wanted and leaf.digest not in found
            if is_wanted and self._take_file(leaf.digest, f"{path}/{leaf.path}"):
                found[leaf.digest] = f"{path}/{leaf.path}"

    def _take_file(self, name: str, path: str) -> bool:
        absolute = os.path.join(self._root, path)
        batch = self._store.batch()
        try:
            # A record may come from elsewhere: it does not say which files of this machine are read.
            if not _is_inside(path) or not stat.S_ISREG(os.stat(absolute).st_mode):
                return False
            batch.put_file(absolute, name)
            batch.commit()
        except (OSError, ValueError):
            return False
        finally:
            batch.discard()
        return True

    def _take_bytes(self, name: str, data: bytes) -> bool:
        if digest.of_bytes(data) != name:
            return False
        batch = self._store.batch()
        try:
            batch.put_bytes(data)
            batch.commit()
        finally:
            batch.discard()
        return True

    def _today(self) -> tuple[Mapping[str, bytes], Mapping[str, bytes], Mapping[str, str]]:
        """Return what the project's stages are today: actions by key, texts by digest, source by path."""
        if self._declared is None:
            self._declared = ({}, {}, {}) if self._opened is None else _today(self._opened)
        return self._declared


def _today(opened: OpenProject) -> tuple[dict[str, bytes], dict[str, bytes], dict[str, str]]:
    actions: dict[str, bytes] = {}
    texts: dict[str, bytes] = {}
    source: dict[str, str] = {}
    walk = Walk(opened, statuses.settings_of())
    for name in target_scope(opened, frozenset(opened.project.stages)):
        try:
            outputs = walk.outputs_of(name, walk.decide(name))
            if outputs is not None:
                walk.settle(name, outputs)
            stage = opened.project.stages[name]
            surveyed = walk.fixed[name].surveyed if name in walk.fixed else opened.survey.of(stage)
            code = surveyed.code
            source |= code.files
            by_digest = {d: path for path, d in code.files.items()}

            def read(wanted: str, by_digest: Mapping[str, str] = by_digest) -> bytes:
                with open(os.path.join(opened.layout.root, by_digest[wanted]), "rb") as file:
                    return file.read()

            for data in opened.survey.snapshot(surveyed, read=read).values():
                texts[digest.of_bytes(data)] = data
        except (PipeError, MissingInput, KeyError, Damaged, OSError, ValueError):
            continue  # what can be known of the others still helps
    for fixed in walk.fixed.values():
        actions[fixed.action.key] = fixed.action.canonical
        for found in fixed.found.values():
            texts |= found.manifests
    return actions, texts, source


def _is_inside(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/")
