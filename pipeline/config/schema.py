"""What pipeline.yaml may hold, as models. Knows no position, no reference and no other stage.

Lists of entries arrive as mappings by `Index` (see `references.entries`), so that one model fits both forms
and the place of an error is the place in the file.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from . import paths, quantities, scalars
from .references import entries, env_by_name, without_notes
from .wrong import Wrong, kind_of, short

_NAME = r"[^\W\d]\w*"
_CALLABLE = re.compile(rf"{_NAME}(\.{_NAME})*:{_NAME}(\.{_NAME})*")
_DOTTED = re.compile(rf"({_NAME}(?:\.{_NAME})*)\.({_NAME})")
_SCRIPT = re.compile(r"(?:\./)?([\w./-]+)\.py:([\w.]+)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET_WORDS = frozenset({"TOKEN", "SECRET", "PASSWORD", "PASSWD", "KEY"})
_HEX = re.compile(r"[0-9a-fA-F]{64}")


def _text(value: Any) -> Any:
    """Take a scalar as the text that it is written as: `cmd: true` is the program of that name."""
    return scalars.write(value) if isinstance(value, bool | int | float) else value


def _root(info: ValidationInfo) -> str:
    return str((info.context or {}).get("root", "/"))


def _input_path(text: str, info: ValidationInfo) -> str:
    return paths.of_input(text, _root(info))


def _output_path(text: str, info: ValidationInfo) -> str:
    return paths.of_output(text, _root(info), (info.context or {}).get("params_path"))


def _folder(text: str, info: ValidationInfo) -> str:
    return paths.of_folder(text, _root(info))


def _path_entry(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else without_notes(value)


def _digest(text: str) -> str:
    if not _HEX.fullmatch(text):
        raise Wrong("expected a digest of 64 hex digits", "write what `b3sum FILE` prints")
    return text.lower()


def _compare(value: Any) -> Any:
    if value is None or value == "consumers":
        return value
    tolerances = without_notes(value)
    if not isinstance(tolerances, dict):
        raise Wrong(
            f"expected tolerances or `consumers`, got {kind_of(value)}", "write `{rtol: 1e-6, atol: 0}`"
        )
    for name, number in tolerances.items():
        if name not in ("rtol", "atol"):
            raise Wrong(f"unknown key `{scalars.write(name)}`", "the keys are `rtol` and `atol`")
        if isinstance(number, bool) or not isinstance(number, int | float) or number < 0:
            raise Wrong(
                f"`{name}`: expected a number from 0, got {kind_of(number)}", "write `{rtol: 1e-6, atol: 0}`"
            )
    return {"rtol": 0.0, "atol": 0.0} | {name: float(number) for name, number in tolerances.items()}


def _better(value: Any) -> Any:
    found = without_notes(value)
    if not isinstance(found, dict):
        raise Wrong(f"expected a mapping, got {kind_of(found)}", "write `{auc: higher, loss: lower}`")
    for name, direction in found.items():
        if not isinstance(name, str) or direction not in ("higher", "lower"):
            raise Wrong(
                f"`{scalars.write(name)}`: expected `higher` or `lower`", "write `{auc: higher, loss: lower}`"
            )
    return found


def _callable(text: str) -> str:
    if _CALLABLE.fullmatch(text):
        return text
    if re.search(r"\s", text.strip()):
        advice = f"write `cmd: {short(text.strip())}`"
    elif script := _SCRIPT.fullmatch(text):
        advice = f"write `{script[1].replace('/', '.')}:{script[2]}`"
    elif text.endswith((".py", ".sh", ".ipynb")):
        advice = f"write `cmd: {'bash' if text.endswith('.sh') else 'python'} {text}`"
    elif dotted := _DOTTED.fullmatch(text):
        advice = f"write `{dotted[1]}:{dotted[2]}`"
    else:
        advice = "write `run: MODULE:FUNCTION`, or a shell command under `cmd`"
    raise Wrong(f"`{short(text)}` is not of the form `module:callable`", advice)


def _command(value: Any) -> str | tuple[str, ...]:
    if isinstance(value, dict) or value is None:
        raise Wrong(f"expected a shell command or a list, got {kind_of(value)}", "write the command as text")
    if not isinstance(value, list):
        text = str(_text(value))
        if not text.strip():
            raise Wrong("the command is empty", "write the command, or remove the stage")
        return text
    words = [_text(item) for item in value]
    for word in words:
        if not isinstance(word, str):
            raise Wrong(
                f"expected a program and its arguments, got {kind_of(word)} among them", "write each as text"
            )
    if not words or not words[0]:
        raise Wrong("the list names no program", "write the program, then its arguments")
    return tuple(words)


def looks_secret(name: str) -> bool:
    return bool(_SECRET_WORDS & set(name.upper().split("_")))


def check_variable(name: Any, *, secret_allowed: bool) -> None:
    """Raise Wrong for what is no variable's name, or looks like a secret's."""
    if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
        written = short(scalars.write(name))
        left, equals, right = written.partition("=")
        advice = f"write `{{{left}: {right}}}`" if equals else "use letters, digits and `_`"
        raise Wrong(f"`{written}` is no name of a variable", advice)
    if not secret_allowed and looks_secret(name):
        raise Wrong(
            f"`{name}` looks like a secret, whose value would be written down",
            f"write `secrets: [{name}]`, which records only whether it is set",
        )


def _secret(text: str) -> str:
    if not text.startswith("~/"):
        if text.startswith("/"):
            raise Wrong(f"`{short(text)}` is no file of the home folder", "write it as `~/NAME`")
        check_variable(text, secret_allowed=True)
        return text
    segments = [segment for segment in text[2:].split("/") if segment not in ("", ".")]
    if not segments or ".." in segments or any(paths.is_glob(segment) for segment in segments):
        raise Wrong(f"`{short(text)}` is not one file of the home folder", "write it as `~/NAME`")
    return "~/" + "/".join(segments)


def _params(value: Any) -> Any:
    if not isinstance(value, dict):
        raise Wrong(
            f"expected a mapping, or a list of dotted names, got {kind_of(value)}", "write `{NAME: value}`"
        )
    return value


Text = Annotated[str, BeforeValidator(_text)]
EntryPath = Annotated[str, AfterValidator(_output_path)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class InputEntry(_Strict):
    path: Annotated[str, AfterValidator(_input_path)] = Field(
        description="A file, a folder, or a pattern, relative to the project."
    )
    store: bool = Field(True, description="false: its bytes are not kept in the store.")
    digest: Annotated[str, AfterValidator(_digest)] | None = Field(
        None, description="Exactly these bytes, as BLAKE3-256 in hex."
    )


class OutputEntry(_Strict):
    path: EntryPath = Field(description="A file or a folder, relative to the project.")
    compare: Annotated[Any, BeforeValidator(_compare)] = Field(
        None,
        description="When verify may call a result equivalent: tolerances `{rtol: 1e-6, atol: 0}`, or "
        "`consumers`: the stages that read it are judged instead.",
    )
    better: Annotated[Any, BeforeValidator(_better)] = Field(
        {}, description="Of a metric: which of its numbers should be `higher`, which `lower`, by dotted name."
    )


class ResourcesEntry(_Strict):
    cpus: int = Field(1, ge=1, description="Processors; in the key, since thread counts change results.")
    memory: Annotated[int, BeforeValidator(quantities.size_bytes)] | None = Field(
        None, description="Main memory, such as 4GiB."
    )
    gpus: int = Field(
        0, ge=0, description="GPUs, handed out as CUDA_VISIBLE_DEVICES; their number is in the key."
    )


_Input = Annotated[InputEntry, BeforeValidator(_path_entry)]
_Output = Annotated[OutputEntry, BeforeValidator(_path_entry)]
_Names = Annotated[dict[Any, str], BeforeValidator(entries)]


class StageEntry(_Strict):
    """One stage after `defaults`, `matrix` and `${...}`."""

    doc: Text | None = Field(None, description="Text for reports.")
    run: Annotated[str, AfterValidator(_callable)] | None = Field(
        None, description="A Python callable, `module:callable`."
    )
    cmd: Annotated[Any, BeforeValidator(_command)] = Field(
        None, description="A shell command, or a list: a program and its arguments, without a shell."
    )
    inputs: Annotated[dict[Any, _Input], BeforeValidator(entries)] = Field(
        {}, description="What the stage reads: paths or patterns by name, or a list of them."
    )
    outputs: Annotated[dict[Any, _Output], BeforeValidator(entries)] = Field(
        {}, description="What the stage writes: paths by name, or a list of them. Without any it is a check."
    )
    metrics: Annotated[dict[Any, _Output], BeforeValidator(entries)] = Field(
        {}, description="Outputs whose contents `pipe diff` and `pipe runs` compare."
    )
    params: Annotated[Any, BeforeValidator(_params)] = Field(
        {}, description="Values by name, or a list of dotted names of parameters."
    )
    after: _Names = Field({}, description="Stages that must have succeeded though they hand over no file.")
    env: Annotated[dict[Any, Text | None], BeforeValidator(env_by_name)] = Field(
        {},
        description="Variables: `[NAME]` passes one, `{NAME: null, OTHER: value}` passes or sets.",
    )
    secrets: Annotated[dict[Any, Annotated[str, AfterValidator(_secret)]], BeforeValidator(entries)] = Field(
        {},
        description="Variables, and files of the home folder, whose values are recorded nowhere.",
    )
    scratch: Annotated[dict[Any, EntryPath], BeforeValidator(entries)] = Field(
        {}, description="Paths that may be written and are no result; discarded on success."
    )
    network: bool = Field(
        False, description="true: the stage may use the network; false: its own loopback alone."
    )
    sandbox: Literal["strict", "warn", "off"] = Field(
        "strict", description="What becomes of undeclared reads."
    )
    resources: Annotated[ResourcesEntry, BeforeValidator(without_notes)] = Field(
        ResourcesEntry.model_validate({}), description="Budgets of the schedule and limits of the stage."
    )
    timeout: Annotated[float, BeforeValidator(quantities.seconds)] | None = Field(
        None, description="Ends the stage and its descendants, such as 10m."
    )
    retries: int = Field(0, ge=0, description="Attempts after the first.")
    tools: _Names = Field({}, description="Commands whose output is in the key, such as `g++ --version`.")
    always: bool = Field(False, description="true: run each time.")
    frozen: bool = Field(False, description="true: never executed.")


class FileEntry(_Strict):
    """The top level of pipeline.yaml."""

    version: Literal[1] = Field(1, description="The version of this format.")
    params: Any = Field(
        None, description="The parameters' file (default: params.yaml), or the parameters themselves."
    )
    pythonpath: (
        Annotated[dict[Any, Annotated[str, AfterValidator(_folder)]], BeforeValidator(entries)] | None
    ) = Field(
        None,
        description="Folders of the project's code; default: src if there and no package, then the root.",
    )
    defaults: Annotated[dict[Any, Any], BeforeValidator(without_notes)] = Field(
        {}, description="Stage keys for all stages; a stage's own win, mappings are merged by key."
    )
    stages: Annotated[dict[Any, Any], BeforeValidator(without_notes)] = Field(
        description="The stages by name."
    )


NOT_IN_DEFAULTS = ("run", "cmd", "inputs", "outputs", "matrix")
RESERVED: Mapping[str, tuple[str, ...]] = {
    "file": ("remote", "include", "limits", "plots", "python"),
    "stage": ("plots", "wdir", "each"),
    "inputs": ("url", "sha256"),
    "outputs": ("store",),
    "metrics": ("store",),
}
"""Keys kept for later versions, by what they stand in."""
