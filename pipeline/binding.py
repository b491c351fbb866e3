"""Which argument of a stage's callable gets what. Pure: knows signatures, not functions."""

import difflib
from collections.abc import Collection, Sequence
from typing import NamedTuple

PATHS = frozenset(("pathlib.Path", "Path", "pathlib.PurePath", "os.PathLike"))


class Parameter(NamedTuple):
    """One parameter of a callable. `annotation` is a dotted name, or None."""

    name: str
    kind: str
    """"positional-only", "plain", "keyword-only", "*" or "**"."""
    has_default: bool
    annotation: str | None


class BindingFault(NamedTuple):
    """A name that does not fit. `where` leads to it in the stage's declaration."""

    where: tuple[str, ...]
    text: str
    help: str


class Binding(NamedTuple):
    inputs: tuple[str, ...]
    """Names of inputs that are passed; so for parameters, and for outputs passed as a path."""
    params: tuple[str, ...]
    paths: tuple[str, ...]
    returned: tuple[str, ...]
    """Outputs that the return value covers."""
    positional: tuple[str, ...]
    """Names that must be passed by position, in order."""
    faults: tuple[BindingFault, ...]


def bind(
    parameters: Sequence[Parameter],
    inputs: Collection[str],
    params: Collection[str],
    outputs: Collection[str],
) -> Binding:
    """Match what a stage declares with what its callable takes."""
    taken = {p.name: p for p in parameters if p.kind not in ("*", "**")}
    takes_all = any(p.kind == "**" for p in parameters)
    faults: list[BindingFault] = []
    for group, names in (("inputs", inputs), ("params", params)):
        for name in names:
            if name not in taken and not takes_all:
                faults.append(_not_taken(group, name, taken, [*inputs, *params]))
    paths = []
    for parameter in taken.values():
        name = parameter.name
        if name in inputs or name in params:
            continue
        if name in outputs:
            paths.append(name)
            if parameter.annotation is not None and parameter.annotation not in PATHS:
                text = f"the callable takes output `{name}` as `{parameter.annotation}`"
                faults.append(BindingFault(("outputs", name), text, f"annotate `{name}` as `Path`"))
        elif not parameter.has_default:
            text = f"the callable needs `{name}`, which is no input, parameter or output of the stage"
            faults.append(BindingFault(("run",), text, _missing_help(name, [*inputs, *params, *outputs])))
    return Binding(
        tuple(n for n in inputs if n in taken or takes_all),
        tuple(n for n in params if n in taken or takes_all),
        tuple(paths),
        tuple(n for n in outputs if n not in paths),
        tuple(p.name for p in parameters if p.kind == "positional-only"),
        tuple(faults),
    )


def _not_taken(group: str, name: str, taken: Collection[str], declared: Collection[str]) -> BindingFault:
    what = "input" if group == "inputs" else "parameter"
    free = [n for n in taken if n not in declared]
    near = difflib.get_close_matches(name, free, 1)
    help_text = f"did you mean `{near[0]}`?" if near else f"add `{name}` to its parameters, or remove it here"
    return BindingFault((group, name), f"the callable does not take the {what} `{name}`", help_text)


def _missing_help(name: str, declared: Collection[str]) -> str:
    near = difflib.get_close_matches(name, declared, 1)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"declare `{name}` under inputs or params, or give it a default"
