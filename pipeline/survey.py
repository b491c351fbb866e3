"""What a stage depends on besides its inputs' bytes: code, packages, variables, tools. Runs nothing but `tools`."""

import os
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from . import binding, code, environment
from .action import Surroundings
from .binding import Parameter
from .code import Code, CodeError, Memo, Sources, Unpickled
from .formats import kinds
from .graph import Fault
from .model import Project, Stage

_TOOL_TIMEOUT_SECONDS = 30


class Surveyed(NamedTuple):
    """A stage looked at from outside. With `faults` it cannot be run, and the rest is as good as it got."""

    code: Code
    around: Surroundings
    parameters: tuple[Parameter, ...] | None
    """Of a callable whose signature is known without running it."""
    annotations: Mapping[str, str | None]
    modules: tuple[str, ...]
    """Top-level names of the project's modules that the stage may import."""
    imports: tuple[str, ...]
    """What decides about the packages: the code's imports, and those of loaders and writers."""
    everything: bool
    """All that is installed decides, for the stage reads a pickle that may refer to any of it."""
    unpickles: bool
    """Its code may load pickles from files of any name."""
    preload: tuple[str, ...]
    faults: tuple[Fault, ...]


_NO_PICKLES = Unpickled()
_NO_CODE = Code({}, {}, (), (), ())


class Survey:
    """Looks at the stages of one project, each once. What they share is looked at once for all."""

    def __init__(self, project: Project, sources: Sources, memo: Memo) -> None:
        self._project = project
        self._sources = sources
        self._memo = memo
        self._platform = environment.platform()
        self._codes: dict[object, tuple[Code, CodeError | None]] = {}
        self._installed: environment.Installed | None = None
        self._packages: dict[tuple[tuple[str, ...], bool], Mapping[str, str]] = {}
        self._preloads: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._tools: dict[str, str] = {}
        self._surveyed: dict[tuple[str, Unpickled], Surveyed] = {}

    def of(self, stage: Stage, unpickled: Unpickled = _NO_PICKLES) -> Surveyed:
        """Look at one stage, and at what the pickles that it reads refer to, as far as that is known already.

        What is wrong with it stands in `faults`.
        """
        key = (stage.name, unpickled)
        found = self._surveyed.get(key)
        if found is None:
            found = self._surveyed[key] = self._survey(stage, unpickled)
        return found

    def variant(self, project: Project) -> "Survey":
        """Return a survey of the same stages with other parameters, which shares what does not hang on these."""
        found = Survey(project, self._sources, self._memo)
        found._codes, found._packages, found._preloads = self._codes, self._packages, self._preloads
        found._tools, found._installed = self._tools, self._installed
        return found

    def take_answers(self, other: "Survey") -> None:
        """Let what the tools answered to another survey be what they say: they are asked once, where the user is."""
        self._tools |= other._tools

    def snapshot(self, surveyed: Surveyed, *, read: Callable[[str], bytes]) -> dict[str, bytes]:
        """Return by path what the stage imports; `read` gives the bytes of a source file by its digest."""
        return code.pruned(surveyed.code, self._sources, self._memo, read=read)

    def left_out(self, surveyed: Surveyed) -> dict[str, dict[str, int]]:
        """Return by path the names that the snapshot lacks, with the line where each is defined."""
        return code.left_out(surveyed.code, self._sources, self._memo)

    def changed_package(self, surveyed: Surveyed) -> str | None:
        """Look at the installed packages anew: name one that is not as it was when the stage was looked at."""
        before = surveyed.around.packages
        now = environment.distributions(
            surveyed.imports,
            root=self._project.root,
            roots=self._project.pythonpath,
            memo=self._memo,
            everything=surveyed.everything,
        )
        return next((n for n in sorted({*now, *before}) if now.get(n) != before.get(n)), None)

    def writer(
        self, stage: Stage, parameters: tuple[Parameter, ...] | None
    ) -> tuple[dict[str, str], list[Fault]]:
        """Return the writer of each returned output of a callable, by name."""
        writers: dict[str, str] = {}
        faults: list[Fault] = []
        if stage.run is None or parameters is None:
            return writers, faults
        bound = binding.bind(
            parameters, [i.name for i in stage.inputs], stage.params, [o.name for o in stage.outputs]
        )
        for output in stage.outputs:
            if output.name in bound.returned:
                try:
                    writers[output.name] = kinds.writer_for(output.path)
                except kinds.LoaderError as error:
                    place = ("metrics" if output.is_metric else "outputs", output.name)
                    faults.append(Fault(stage.name, place, error.text, error.help))
        for fault in bound.faults:
            where: tuple[str, ...] = fault.where
            if where[0] == "outputs" and any(o.is_metric and o.name == where[-1] for o in stage.outputs):
                where = ("metrics", *where[1:])
            faults.append(Fault(stage.name, where, fault.text, fault.help))
        return writers, faults

    def loader(self, stage: Stage, name: str, *, is_tree: bool) -> str:
        """Return how an input arrives. Raises LoaderError for an annotation that nobody knows."""
        if stage.run is None:
            return "path"
        surveyed = self.of(stage)
        declared = next(i for i in stage.inputs if i.name == name)
        if surveyed.parameters is None:
            return "auto"
        return kinds.loader_for(
            surveyed.annotations.get(name), declared.path, is_glob=declared.is_glob, is_tree=is_tree
        )

    def _survey(self, stage: Stage, unpickled: Unpickled) -> Surveyed:
        found, error = self._code(stage, unpickled)
        faults = [] if error is None else [_code_fault(stage, error)]
        parameters = None
        if found.signature is not None:
            parameters = tuple(Parameter(*parameter) for parameter in found.signature.parameters)
        writers, more = self.writer(stage, parameters)
        faults += more
        annotations = {p.name: p.annotation for p in parameters or ()}
        imports = self._imports(stage, found, annotations, writers, faults)
        everything = any(widening.construct == code.UNREAD for widening in found.widened)
        unpickles = any(code.unpickles(widening.construct) for widening in found.widened)
        variables, secrets, missing = _variables(stage)
        faults += missing
        tools = {}
        for tool in stage.tools:
            tools[tool] = self._tool(tool, stage, faults)
        around = Surroundings(
            found.units,
            self._platform,
            self._distributions(imports, everything=everything),
            variables,
            secrets,
            tools,
            writers,
            found.places,
        )
        modules = tuple(
            sorted({re.split(r"[.:]", unit, maxsplit=1)[0] for unit in found.units if "/" not in unit})
        )
        # Not for the pickles' modules: each set of packages to load has a server of its own.
        preload = self._preload(self._code(stage, _NO_PICKLES)[0].imports) if stage.run is not None else ()
        return Surveyed(
            found,
            around,
            parameters,
            annotations,
            modules,
            imports,
            everything,
            unpickles,
            preload,
            tuple(faults),
        )

    def _code(self, stage: Stage, unpickled: Unpickled) -> tuple[Code, CodeError | None]:
        target: object = (stage.run if stage.run is not None else stage.cmd, unpickled)
        if target not in self._codes:
            roots = self._project.pythonpath
            try:
                if stage.run is not None:
                    found = code.of_callable(stage.run, roots, self._sources, self._memo, unpickled)
                else:
                    assert stage.cmd is not None
                    found = code.of_command(stage.cmd, roots, self._sources, self._memo, unpickled)
                self._codes[target] = (found, None)
            except CodeError as error:
                self._codes[target] = (_NO_CODE, error)
        return self._codes[target]

    def _imports(
        self,
        stage: Stage,
        found: Code,
        annotations: Mapping[str, str | None],
        writers: Mapping[str, str],
        faults: list[Fault],
    ) -> tuple[str, ...]:
        if stage.run is None:
            return found.imports
        used = set(found.imports)
        for declared in stage.inputs:
            try:
                loader = kinds.loader_for(
                    annotations.get(declared.name), declared.path, is_glob=declared.is_glob
                )
                used.update(kinds.packages_of(loader))
            except kinds.LoaderError as error:
                if found.signature is not None:
                    faults.append(Fault(stage.name, ("inputs", declared.name), error.text, error.help))
        for writer in writers.values():
            used.update(kinds.packages_of(writer))
        if found.signature is None:
            # What the outputs are is known only when it runs: whatever their suffixes need may be used.
            for output in stage.outputs:
                try:
                    used.update(kinds.packages_of(kinds.writer_for(output.path)))
                except kinds.LoaderError:
                    continue
        return tuple(sorted(used))

    def _distributions(self, imports: tuple[str, ...], *, everything: bool) -> Mapping[str, str]:
        key = (imports, everything)
        if key not in self._packages:
            self._installed = self._installed or environment.look(self._memo)
            self._packages[key] = environment.distributions(
                imports,
                root=self._project.root,
                roots=self._project.pythonpath,
                memo=self._memo,
                installed=self._installed,
                everything=everything,
            )
        return self._packages[key]

    def _preload(self, imports: tuple[str, ...]) -> tuple[str, ...]:
        if imports not in self._preloads:
            self._preloads[imports] = environment.modules_to_preload(imports)
        return self._preloads[imports]

    def _tool(self, tool: str, stage: Stage, faults: list[Fault]) -> str:
        if tool not in self._tools:
            import subprocess

            try:
                ran = subprocess.run(
                    ["bash", "-euo", "pipefail", "-c", tool],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    timeout=_TOOL_TIMEOUT_SECONDS,
                    cwd=self._project.root,
                    check=False,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                faults.append(
                    Fault(
                        stage.name,
                        ("tools", stage.tools.index(tool)),
                        f"tool `{tool}` gives no answer: {error}",
                    )
                )
                return ""
            printed = ran.stdout.decode("utf-8", "replace").strip()
            if ran.returncode != 0:
                last = printed.rpartition("\n")[2]
                faults.append(
                    Fault(
                        stage.name,
                        ("tools", stage.tools.index(tool)),
                        f"tool `{tool}` failed: {last}",
                        "install or correct it",
                    )
                )
                return ""
            self._tools[tool] = printed
        return self._tools[tool]


def _variables(stage: Stage) -> tuple[dict[str, str | None], dict[str, bool], list[Fault]]:
    variables: dict[str, str | None] = {}
    for name, value in stage.env:
        variables[name] = os.environ.get(name) if value is None else value
    secrets: dict[str, bool] = {}
    faults: list[Fault] = []
    for name in stage.secrets:
        is_there = os.path.exists(os.path.expanduser(name)) if name.startswith("~/") else name in os.environ
        secrets[name] = is_there
        if not is_there:
            what = (
                f"secret file `{name}` does not exist"
                if name.startswith("~/")
                else f"secret `{name}` is not set"
            )
            help_text = "make it" if name.startswith("~/") else f"set it: `export {name}=...`"
            faults.append(Fault(stage.name, ("secrets", name), what, help_text))
    return variables, secrets, faults


def _code_fault(stage: Stage, error: CodeError) -> Fault:
    where = ("run",) if stage.run is not None else ("cmd",)
    text = error.text
    if error.file:
        text = f"{error.file}:{error.line}: {text}"
    return Fault(stage.name, where, text, error.help)


def secret_values(stage: Stage) -> dict[str, str]:
    """Return the secrets that are variables, with their values: for the child alone."""
    return {n: os.environ[n] for n in stage.secrets if not n.startswith("~/") and n in os.environ}
