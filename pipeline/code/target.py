"""From `module:callable` to the code that it reaches and its signature. Runs and imports nothing."""

import re
import sys
from collections.abc import Sequence

from . import reach
from .graph import Graph, Node, graph, raise_if_broken
from .sources import Sources
from .values import Code, CodeError, Memo, Parameter, Signature, Unpickled

_DOTTED = re.compile(r"\.*[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_MOST_HOPS = 16


def of_callable(
    target: str, roots: Sequence[str], sources: Sources, memo: Memo, unpickled: Unpickled = reach.NO_PICKLES
) -> Code:
    """Return what the callable `package.module:name` (or `module:Class.method`) reaches.

    Raises CodeError if there is no such module or callable, or if a module that it reaches is no Python.
    """
    module, _, name = target.partition(":")
    if not module or not all(part.isidentifier() for part in [*module.split("."), *name.split(".")]):
        raise CodeError(
            f"`{target}` is not of the form `module:callable`", hint="write `package.module:function`"
        )
    modules = graph(roots, sources, memo)
    node = modules.node(module)
    if node is None:
        return _of_other(target, modules, unpickled)
    raise_if_broken(node)
    _check_name(node, name)
    found = reach.of_definition(modules, node, name.partition(".")[0], unpickled)
    return reach.code([found], _signature(modules, node, name))


def _of_other(target: str, modules: Graph, unpickled: Unpickled) -> Code:
    """A callable of a package or of the standard library reaches nothing of the project by its own name."""
    module, _, _ = target.partition(":")
    top = module.partition(".")[0]
    if modules.places.find(top) is None:
        if top in sys.stdlib_module_names:
            return _with_import(modules, top, unpickled)
        if modules.sources.installed(module):
            return _with_import(modules, module, unpickled)
    if modules.places.find(module) is not None:
        raise CodeError(
            f"`{module}` is a folder, not a module",
            hint=f"name a module in it, or add `{module}/__init__.py`",
        )
    if modules.places.is_shared(module) and modules.sources.installed(module):
        raise CodeError(
            f"`{module}` is a module of an installed package, which hides the project's folder `{top}`",
            hint=f"add `{top}/__init__.py`, so that the project's comes first",
        )
    raise CodeError(f"there is no module `{module}`", hint=_near(module, modules.places.everything()))


def _with_import(modules: Graph, name: str, unpickled: Unpickled) -> Code:
    found = reach.code([reach.of_starts(modules, [], unpickled=unpickled)])
    return found._replace(imports=tuple(sorted({*found.imports, name})))


def _check_name(node: Node, name: str) -> None:
    first = name.partition(".")[0]
    if first in node.facts.names or node.facts.is_open:
        return
    functions = [known for known in node.facts.defs if "." not in known]
    hint = _near(name, functions) or _near(name, node.facts.names)
    raise CodeError(f"module `{node.name}` has no `{name}`", hint=hint or f"define `{name}` in {node.path}")


def _near(name: str, candidates: Sequence[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, candidates, n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else ""


def _signature(modules: Graph, node: Node, name: str) -> Signature | None:
    """Return the signature of a plain `def`, followed through re-exports; None if it is not sure."""
    for _ in range(_MOST_HOPS):
        row = node.facts.defs.get(name)
        if row is not None:
            line, is_sure, rows = row
            if not is_sure:
                return None
            parameters = (
                Parameter(
                    str(parameter),
                    str(kind),
                    bool(default),
                    None if text is None else _through_project(str(text), modules, node),
                )
                for parameter, kind, default, text in rows
            )
            return Signature(tuple(parameters), line, node.path)
        first, _, rest = name.partition(".")
        origin = node.facts.aliases.get(first)
        if origin is None or node.facts.names.count(first) != 1:
            return None
        split = _split(_absolute(origin, node), modules)
        if split is None:
            return None
        node, name = split
        name = f"{name}.{rest}" if rest else name
    return None


def _through_project(text: str, modules: Graph, node: Node) -> str:
    """Replace names that come from the project's own modules by what they stand for there."""
    return _DOTTED.sub(lambda match: _origin(match.group(), modules, node), text)


def _origin(name: str, modules: Graph, node: Node) -> str:
    dotted = _absolute(name, node)
    for _ in range(_MOST_HOPS):
        split = _split(dotted, modules)
        if split is None:
            break
        inner, rest = split
        first, _, attributes = rest.partition(".")
        origin = inner.facts.aliases.get(first)
        if origin is None:
            break
        resolved = _absolute(origin, inner) + (f".{attributes}" if attributes else "")
        if resolved == dotted:
            break
        dotted = resolved
    return dotted


def _absolute(origin: str, node: Node) -> str:
    """Make a relative dotted name absolute, seen from a module."""
    level = len(origin) - len(origin.lstrip("."))
    if level == 0:
        return origin
    parts = node.package.split(".") if node.package else []
    return ".".join([*parts[: len(parts) - level + 1], origin[level:]])


def _split(dotted: str, modules: Graph) -> tuple[Node, str] | None:
    """Part a dotted name into the project's module and what is in it; None if it is none of the project."""
    parts = dotted.split(".")
    for count in range(len(parts) - 1, 0, -1):
        node = modules.node(".".join(parts[:count]))
        if node is not None:
            return node, ".".join(parts[count:])
    return None
