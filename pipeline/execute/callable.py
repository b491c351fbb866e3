"""Calls a stage's function: inputs loaded, outputs written. Runs in the child and trusts nothing it is given back."""

import importlib
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

from .. import binding
from ..binding import Binding, Parameter
from ..digest import plain
from . import imports
from .altered import heap
from .audit import Audit
from .child import fail, leave_word


class _Refused(Exception):
    """What the stage did is not what it declared."""

    def __init__(self, text: str, help_text: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.help = help_text


def run(request: dict[str, Any]) -> NoReturn:
    """Run the request's callable and end the process: 0 if every output is written."""
    imports.find_in(request["project"], request["roots"], request["python_path"], request["modules"])
    for name in request["modules"]:
        sys.modules.pop(name, None)
    sys.argv[:] = sys.orig_argv[:] = [""]  # that of the server names folders of this machine
    if request["scattered"]:
        heap.scatter(request["scattered"])
    imports.seed_generators()
    audit = Audit(**request["audited"])
    audit.begin()
    try:
        _run(request)
        # As the interpreter does at its end: threads that still work are waited for.
        threading._shutdown()  # type: ignore[attr-defined]
    except _Refused as refused:
        _flush()
        fail(request, {"text": refused.text, "help": refused.help}, accesses=audit.accesses())
    except BaseException as error:
        failure = _describe(error, request["project"])
        _print(error)
        _flush()
        fail(request, failure, accesses=audit.accesses())
    import atexit

    atexit._run_exitfuncs()
    _flush()
    leave_word(request, {"done": True, "accesses": audit.accesses()})
    os._exit(0)


def _run(request: dict[str, Any]) -> None:
    function = _find(request["target"])
    bound = _bind(function, request)
    arguments = _arguments(request, bound)
    positional = [arguments.pop(name) for name in bound.positional if name in arguments]
    value = function(*positional, **arguments)
    _save(value, bound, request["outputs"])


def _find(target: str) -> Callable[..., Any]:
    module, _, attributes = target.partition(":")
    found: Any = importlib.import_module(module)
    for name in attributes.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            raise _Refused(f"module `{module}` has no `{attributes}`") from None
    if not callable(found):
        raise _Refused(f"`{target}` is a {type(found).__name__}, which cannot be called")
    checked: Callable[..., Any] = found
    return checked


def _bind(function: Callable[..., Any], request: dict[str, Any]) -> Binding:
    given = request["parameters"]
    parameters = [Parameter(*item) for item in given] if given is not None else _inspect(function)
    bound = binding.bind(parameters, request["inputs"], request["params"], request["outputs"])
    if bound.faults:
        raise _Refused(bound.faults[0].text, bound.faults[0].help)
    if given is None:
        _choose_loaders(parameters, request)
    return bound


def _inspect(function: Callable[..., Any]) -> list[Parameter]:
    import inspect

    kinds = {
        inspect.Parameter.POSITIONAL_ONLY: "positional-only",
        inspect.Parameter.POSITIONAL_OR_KEYWORD: "plain",
        inspect.Parameter.KEYWORD_ONLY: "keyword-only",
        inspect.Parameter.VAR_POSITIONAL: "*",
        inspect.Parameter.VAR_KEYWORD: "**",
    }
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise _Refused(f"its signature cannot be read: {error}", "wrap it in a plain `def`") from error
    empty = inspect.Parameter.empty
    return [
        Parameter(p.name, kinds[p.kind], p.default is not empty, _annotation(p.annotation, empty))
        for p in found
    ]


def _annotation(annotation: Any, empty: Any) -> str | None:
    if annotation is empty:
        return None
    if isinstance(annotation, str):
        return annotation
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        module = annotation.__module__
        return annotation.__qualname__ if module == "builtins" else f"{module}.{annotation.__qualname__}"
    return str(annotation)


def _choose_loaders(parameters: list[Parameter], request: dict[str, Any]) -> None:
    from ..formats.kinds import LoaderError, loader_for

    annotations = {p.name: p.annotation for p in parameters}
    for name, entry in request["inputs"].items():
        try:
            entry["loader"] = loader_for(
                annotations.get(name),
                entry["path"],
                is_glob="files" in entry,
                is_tree=entry.get("kind") == "tree",
            )
        except LoaderError as error:
            raise _Refused(f"input `{name}`: {error.text}", error.help) from error


def _arguments(request: dict[str, Any], bound: Binding) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for name in bound.inputs:
        arguments[name] = _load(name, request["inputs"][name])
    params = plain(request["params"])
    for name in bound.params:
        arguments[name] = params[name]
    for name in bound.paths:
        arguments[name] = Path(request["outputs"][name]["path"])
    return arguments


def _load(name: str, entry: Mapping[str, Any]) -> Any:
    from ..formats.errors import FormatError
    from ..formats.load import load

    where: Any = Path(entry["path"])
    if "files" in entry:
        where = {path: Path(path) for path in entry["files"]}
    try:
        return load(entry["loader"], where)
    except FormatError as error:
        raise _Refused(f"input `{name}`: {error.text}", error.help) from error


def _save(value: Any, bound: Binding, outputs: Mapping[str, Mapping[str, Any]]) -> None:
    from ..formats.errors import FormatError
    from ..formats.save import save

    for name, item in _by_output(value, bound.returned).items():
        try:
            save(item, Path(outputs[name]["path"]))
        except FormatError as error:
            raise _Refused(f"output `{name}`: {error.text}", error.help) from error


def _by_output(value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    if not names:
        if value is not None:
            text = f"it returned {_a(value)}, but no output is left for it"
            raise _Refused(text, "declare an output, or return nothing")
        return {}
    if value is None:
        listed = ", ".join(f"`{name}`" for name in names)
        raise _Refused(
            f"it returned nothing, but should return {listed}", "return it, or take it as a `Path` parameter"
        )
    if len(names) == 1:
        return {names[0]: value}
    given = value._asdict() if hasattr(value, "_asdict") else value
    if not isinstance(given, dict):
        text = f"it returned {_a(value)} for {len(names)} outputs"
        raise _Refused(text, "return a dict by output name: " + ", ".join(names))
    missing = [name for name in names if name not in given]
    unknown = [str(name) for name in given if name not in names]
    if missing or unknown:
        text = "what it returned " + " and ".join(
            ([f"lacks `{missing[0]}`"] if missing else [])
            + ([f"has `{unknown[0]}`, which is no output"] if unknown else [])
        )
        raise _Refused(text, "return a dict with exactly: " + ", ".join(names))
    return {name: given[name] for name in names}


def _a(value: Any) -> str:
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiouAEIOU" else f"a {name}"


def _describe(error: BaseException, project: str) -> dict[str, Any]:
    if isinstance(error, SystemExit):
        text = f"it called sys.exit({error.code!r})"
        return {
            "text": text,
            "at": _place(error.__traceback__, project),
            "help": "return instead, or raise an error",
        }
    name = type(error).__name__
    try:
        message = str(error)
    except Exception:  # the error's own text fails: its name and place are still worth telling
        message = ""
    return {"cause": f"{name}: {message}" if message else name, "at": _place(error.__traceback__, project)}


def _place(trace: TracebackType | None, project: str) -> str | None:
    """Name the innermost frame that is the project's own code."""
    place = None
    for frame in traceback.extract_tb(trace):
        name = frame.filename.removeprefix(project.rstrip("/") + "/")
        # Extension modules name frames by relative paths too, of files that are nowhere.
        if not os.path.isabs(name) and os.path.lexists(os.path.join(project, name)):
            place = f"{name}:{frame.lineno} in {frame.name}"
    return place


def _print(error: BaseException) -> None:
    """Print the traceback from where the project's code begins: what loaded it is nobody's concern."""
    trace = error.__traceback__
    machinery = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    ours = (machinery, os.path.dirname(importlib.__file__), "<frozen importlib")
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(ours):
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
