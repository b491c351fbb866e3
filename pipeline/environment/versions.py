"""From imported names to the distributions behind them, with versions. Runs and imports nothing."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..code.sources import is_of_project
from ..code.values import Memo
from .contents import Contents
from .installed import Distribution, Installed, importable, look, module_place

_NOT_BEFORE_A_FORK = frozenset(
    {
        "IPython",
        "distributed",
        "grpc",
        "ipykernel",
        "jax",
        "obstore",
        "pyspark",
        "pytest",
        "ray",
        "tensorflow",
    }
)
"""They start threads, or hold connections, when they are imported: a fork of them may hang."""


def distributions(
    imports: Iterable[str],
    *,
    root: Path,
    roots: Sequence[str],
    memo: Memo,
    installed: Installed | None = None,
    everything: bool = False,
) -> Mapping[str, str]:
    """Return name -> version of all distributions that some imports need, sorted by name; or of `everything`.

    What they require counts at any depth, where it is installed. A module that belongs to no distribution
    stands as `file:NAME` with the digest of its bytes. The project's own distributions are left out: they
    are its code. `installed` saves the look at the import path; without it the path is looked at again.
    """
    around = look(memo) if installed is None else installed
    wanted = [name for name in sorted(set(imports)) if name.partition(".")[0] not in sys.stdlib_module_names]
    project = _Project(str(root), roots)
    contents = Contents(memo)
    versions: dict[str, str] = {}
    names: list[str] = list(around.by_name) if everything else []
    for dotted in wanted:
        owners = around.owners(dotted)
        extended = any(other.startswith(dotted + ".") for other in wanted)
        if not owners and not extended:
            owners = around.below(dotted)
        names += owners
        if not owners and not extended:
            versions.update(_loose(dotted.partition(".")[0], around, project, contents))
    seen: set[str] = set()
    while names:
        item = around.by_name.get(names.pop())
        if item is None or item.name in seen or project.has(item):
            continue
        seen.add(item.name)
        versions[item.name] = _version(item, contents)
        names += item.requires
    return dict(sorted(versions.items()))


def _version(item: Distribution, contents: Contents) -> str:
    if not (item.folders or item.places):
        return item.version
    places = [place for _, place in item.places]
    for folder in item.folders:
        places += importable(folder)
    return f"{item.version}@{contents.digest(places)}"


def _loose(top: str, around: Installed, project: "_Project", contents: Contents) -> dict[str, str]:
    """Return the digest of a module that somebody dropped on the import path; empty if there is none."""
    for folder in around.folders:
        place = module_place(folder, top)
        if place and not is_of_project(place, project.root):
            return {f"file:{top}": contents.digest([place])}
    return {}


class _Project:
    """Tells the project's own distributions from others."""

    def __init__(self, root: str, roots: Sequence[str]) -> None:
        self.root = os.path.realpath(root)
        self._roots = [os.path.join(self.root, item) for item in roots]

    def has(self, item: Distribution) -> bool:
        if item.source and is_of_project(item.source, self.root):
            return True
        tops = {module.partition(".")[0] for module in item.provides}
        return bool(tops) and all(self._shadows(top) for top in tops)

    def _shadows(self, top: str) -> bool:
        """Say whether a module of the project has this name: it comes first on the stage's import path."""
        return any(
            os.path.isfile(os.path.join(folder, top + ".py"))
            or os.path.isfile(os.path.join(folder, top, "__init__.py"))
            for folder in self._roots
        )


def editable_places(memo: Memo, *, root: Path, whole: bool) -> tuple[str, ...]:
    """Return where the modules of editable installs outside the project lie; `whole` gives their folders too."""
    around = look(memo)
    places = around.places()
    if whole:
        places += [folder for item in around.editable for folder in item.folders]
    project = os.path.realpath(root)
    return tuple(place for place in places if not is_of_project(place, project))


def modules_to_preload(imports: Iterable[str], *, path: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return the installed modules among some imports, sorted: what a fork server may import first.

    Left out: the standard library, what is not installed, what starts threads when it is imported, and what
    lies loose outside of `site-packages`. That a module is here does not say that importing it succeeds.
    """
    folders = [entry for entry in (sys.path if path is None else path) if entry.endswith("-packages")]
    chosen = []
    for dotted in sorted(set(imports)):
        top = dotted.partition(".")[0]
        if top in sys.stdlib_module_names or top in _NOT_BEFORE_A_FORK:
            continue
        if any(_is_module(folder, dotted) for folder in folders):
            chosen.append(dotted)
    return tuple(chosen)


def _is_module(folder: str, dotted: str) -> bool:
    *parents, last = dotted.split(".")
    place = module_place(os.path.join(folder, *parents), last)
    if place is None:
        return False
    return not os.path.isdir(place) or any(name.startswith("__init__.") for name in os.listdir(place))
