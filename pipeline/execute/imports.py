"""How the child finds the project's modules. Knows the snapshot's folder, not what is in it."""

import importlib.machinery
import random
import sys
from collections.abc import Collection, Sequence
from types import CodeType, ModuleType
from typing import Any


class RelativeLoader(importlib.machinery.SourceFileLoader):
    """Gives code objects project-relative file names: a pickled function and a traceback hold them."""

    folder = ""

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        text = str(path)
        if text.startswith(self.folder):
            text = text[len(self.folder) :]
        code: CodeType = super().source_to_code(data, text, _optimize=_optimize)
        return code


def find_in(project: str, roots: Sequence[str], python_path: Sequence[str], modules: Collection[str]) -> None:
    """Put the import roots of the snapshot first, and compile what lies there under relative names.

    `modules` are top-level names that are the project's, whatever else is installed. Where that is a mere folder, and
    a regular package further down the path has its name, the package is loaded, and the folder gives what it lacks.
    """
    RelativeLoader.folder = project.rstrip("/") + "/"
    own = [project if root == "." else f"{project}/{root}" for root in roots]
    sys.path[:] = [*own, *python_path]
    sys.dont_write_bytecode = True
    details = [
        (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
        (RelativeLoader, importlib.machinery.SOURCE_SUFFIXES),
        (importlib.machinery.SourcelessFileLoader, importlib.machinery.BYTECODE_SUFFIXES),
    ]
    make = importlib.machinery.FileFinder.path_hook(*details)

    def hook(path: str) -> Any:
        if path != project and not path.startswith(RelativeLoader.folder):
            raise ImportError
        return make(path)

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()
    sys.meta_path.insert(0, _ProjectFinder(own, python_path, modules))


class _ProjectFinder:
    """Finds the project's top-level modules under its import roots, before whatever else has their names."""

    def __init__(self, roots: Sequence[str], others: Sequence[str], modules: Collection[str]) -> None:
        self._roots = list(roots)
        self._others = list(others)
        self._modules = frozenset(modules)

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> Any:
        if name not in self._modules:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, self._roots)
        if spec is None or spec.loader is not None:
            return spec
        installed = importlib.machinery.PathFinder.find_spec(name, self._others)
        if installed is None or installed.loader is None or installed.submodule_search_locations is None:
            return spec
        installed.submodule_search_locations += list(spec.submodule_search_locations or ())
        return installed


def seed_generators() -> None:
    """Give `random` and `numpy.random` the seed that they have in every stage, numpy also if it comes later."""
    random.seed(0)
    if "numpy" in sys.modules:
        import numpy

        numpy.random.seed(0)
    else:
        sys.meta_path.insert(0, _SeedNumpy())


class _SeedNumpy:
    """Sees `numpy.random` being imported, lets the others import it, and seeds it."""

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> Any:
        if name != "numpy.random":
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_seed(module: ModuleType) -> None:
            execute(module)
            module.seed(0)

        spec.loader.exec_module = execute_and_seed  # type: ignore[method-assign]
        return spec
