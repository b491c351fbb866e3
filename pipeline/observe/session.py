"""Runs the stages one after the other in one shadow of the project. Runs in a process of its own; decides no patch."""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .. import command, pattern
from ..binding import Parameter
from ..durable import remove
from ..execute import constants, processes
from ..execute.child import RUN_FRESH
from ..formats import kinds
from ..model import Input, Stage
from . import attempt as attempts
from . import observation, variables
from . import shadow as shadows
from .attempt import Attempt, Event, Start
from .infer import Seen
from .shadow import Lying

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_MOST_TRIES = 3


class Plan(NamedTuple):
    """One stage, with what is known of it without running it."""

    stage: Stage
    code: tuple[str, ...]
    """Files that pipe follows by itself."""
    modules: tuple[str, ...]
    parameters: tuple[Parameter, ...] | None
    annotations: Mapping[str, str | None]


class Setting(NamedTuple):
    """What the stages share."""

    root: str
    folder: str
    """Empty, outside of the project, and removed by who made it."""
    import_roots: tuple[str, ...]
    python_folder: str
    params_path: str
    unwatched: str
    """Why the kernel cannot watch; empty if it can."""
    wants_overlay: bool


class Ended(NamedTuple):
    """The last attempt of one stage. `seen` is None if it failed, and `why` says how."""

    name: str
    seen: Seen | None
    why: str
    wall_seconds: float
    tail: tuple[str, ...]


class Session:
    """`tell` hears the name of each stage that begins."""

    def __init__(self, setting: Setting, plans: Sequence[Plan], tell: Callable[[str], None]) -> None:
        self._setting = setting
        self._plans = {plan.stage.name: plan for plan in plans}
        self._tell = tell
        processes.adopt_orphans()
        os.makedirs(f"{setting.folder}/shadow")
        self.shadow = shadows.enter(
            setting.root, f"{setting.folder}/shadow", wants_overlay=setting.wants_overlay
        )
        self._original = shadows.look(self.shadow.root)
        self._clock = 0
        self._asked: dict[str, tuple[int, frozenset[str], frozenset[str]]] = {}
        """By stage: when it ran last, what it did not find, and which folders it listed."""
        self._tries: dict[str, int] = {}
        self._written: dict[str, tuple[int, str]] = {}
        os.mkdir(f"{setting.folder}/hook")
        with open(os.path.join(PACKAGE, "observe", "hook.py"), "rb") as hook:
            data = hook.read()
        with open(f"{setting.folder}/hook/sitecustomize.py", "wb") as file:
            file.write(data)

    def run(self) -> dict[str, Ended]:
        """Run every stage; one that failed, or did not find what another wrote later, again after the others."""
        ended: dict[str, Ended] = {}
        todo = list(self._plans)
        while todo:
            for name in todo:
                ended.pop(name, None)  # the last attempt stands in the place where it ran
                ended[name] = self._run(self._plans[name])
            is_progress = any(ended[name].seen is not None for name in todo)
            again = [name for name in self._plans if self._may_see_more(ended[name], is_progress=is_progress)]
            todo = [name for name in again if self._tries[name] < _MOST_TRIES + len(self._plans)]
        return ended

    def notes(self) -> list[str]:
        """Return what this machine does not let be seen."""
        notes = []
        if self._setting.unwatched:
            notes.append(
                f"the kernel cannot watch ({self._setting.unwatched}): only what Python itself opens was seen, and "
                "what changed in the folder; the strict run names what is still missing"
            )
        if not self.shadow.is_overlay:
            notes.append(
                f"the stages ran in a copy of the project, and absolute paths lead past it ({self.shadow.why})"
            )
        return notes

    def _may_see_more(self, ended: Ended, *, is_progress: bool) -> bool:
        """Say whether a stage asked for something that was not there, and that another one wrote afterwards."""
        if ended.seen is None and self._setting.unwatched:
            return is_progress  # what it asked for is hardly known
        if ended.seen is not None and self._tries[ended.name] >= _MOST_TRIES:
            return False
        ran, missed, listed = self._asked[ended.name]
        return any(
            when > ran
            and who != ended.name
            and (os.path.dirname(path) in listed or not missed.isdisjoint(_with_above(path)))
            for path, (when, who) in self._written.items()
        )

    def _run(self, plan: Plan) -> Ended:
        stage = plan.stage
        self._tell(stage.name)
        self._clock += 1
        self._tries[stage.name] = self._tries.get(stage.name, 0) + 1
        self._forget(stage)
        folder = f"{self._setting.folder}/{self._clock}"
        for part in (folder, f"{folder}/tmp"):
            os.mkdir(part)
        before = shadows.look(self.shadow.root)
        text = stage.cmd if isinstance(stage.cmd, str) else " ".join(stage.cmd or ())
        start = self._start(plan, folder, before)
        done = attempts.attempt(start, self.shadow, wants_watch=not self._setting.unwatched)
        after = shadows.look(self.shadow.root)
        why = _failure(stage, done, folder)
        self._look_behind_links(done, before, after)
        own = [self._setting.folder, PACKAGE]
        seen = observation.of(
            self._with_targets(done.events),
            before,
            after,
            self.shadow,
            own=own,
            code=plan.code,
            is_watched=done.is_watched,
        )
        modules = [path for path in {*plan.code, *seen.read} if path.endswith(".py")]
        searched = {".", *self._setting.import_roots, *(os.path.dirname(path) or "." for path in modules)}
        self._asked[stage.name] = (self._clock, seen.missed, seen.listed - searched)
        written = dict.fromkeys(seen.written, (self._clock, stage.name))
        if why:
            for path in sorted(set(after) - set(before), key=len, reverse=True):
                remove(os.path.join(self.shadow.root, path))
            tail = tuple(variables.without_secrets(line, stage.secrets) for line in done.tail)
            why = variables.without_secrets(why, stage.secrets)
            return Ended(stage.name, None, why, done.wall_seconds, tail)
        self._written |= written
        texts = [text, *(t for path in {*plan.code, *seen.read} if (t := self._shell_script(path)))]
        asked = variables.wanted(seen.asked, PACKAGE)
        asked |= {
            n for t in texts for n in variables.in_script(t) if n in os.environ and not variables.is_usual(n)
        }
        found = Seen(
            stage, seen, frozenset(asked), text, done.is_watched, frozenset(searched), self._absolute(plan)
        )
        return Ended(stage.name, found, "", done.wall_seconds, ())

    def _with_targets(self, events: Iterable[Event]) -> Iterator[Event]:
        """Yield the events, and for what is written behind a link of the project the place where it comes to lie."""
        for event in events:
            yield event
            if event.kind == "write":
                target = os.path.realpath(event.path)
                if target != event.path and self.shadow.inside(target) is not None:
                    yield event._replace(path=target)

    def _look_behind_links(self, done: Attempt, before: dict[str, Lying], after: dict[str, Lying]) -> None:
        """Add what was asked for behind links that lead out of the project: nobody lists all that lies there."""
        links = tuple(f"{name}/" for _, name in self.shadow.names if name != ".")
        written: set[str] = set()
        for event in done.events:
            path = self.shadow.inside(event.path) if links else None
            if path is None or not path.startswith(links):
                continue
            lying = shadows.lying(os.path.join(self.shadow.root, path))
            if event.kind == "write":
                written.add(path)
            if lying is not None:
                after[path] = lying
                if path not in written:
                    before[path] = lying

    def _forget(self, stage: Stage) -> None:
        """Take away what a strict stage would not find: its outputs, and what an earlier attempt left."""
        left = [
            path
            for path, (_, who) in self._written.items()
            if who == stage.name and path not in self._original
        ]
        for path in [*left, *(output.path for output in stage.outputs)]:
            remove(os.path.join(self.shadow.root, path))
            self._written.pop(path, None)
        for path in [*(o.path for o in stage.outputs), *(p for _, p in stage.scratch)]:
            os.makedirs(os.path.join(self.shadow.root, os.path.dirname(path)), exist_ok=True)

    def _start(self, plan: Plan, folder: str, before: Mapping[str, Lying]) -> Start:
        stage, setting = plan.stage, self._setting
        values = self._values(stage, before)
        told = f"{folder}/told"
        with open(told, "w", encoding="utf-8"):
            pass
        own = {n: command.for_text(v, values) for n, v in stage.env if v is not None}
        roots = [f"{setting.folder}/hook"]
        roots += [os.path.normpath(os.path.join(self.shadow.root, root)) for root in setting.import_roots]
        environment = variables.given(
            own | {"PIPE_OBSERVED": told, "PIPE_CONTEXT": f"{folder}/context.json"},
            cpus=stage.resources.cpus,
            python_folder=setting.python_folder,
            temporary=f"{folder}/tmp",
            roots=roots,
        )
        if setting.unwatched:
            environment["PIPE_OBSERVED_FILES"] = "1"
        _write_json(f"{folder}/context.json", {n: _listed(v) for n, v in values.items()})
        if stage.cmd is None:
            _write_json(f"{folder}/request.json", self._request(plan, folder, before))
            arguments = [sys.executable, "-s", "-P", "-c", RUN_FRESH, PACKAGE, f"{folder}/request.json"]
        elif isinstance(stage.cmd, str):
            arguments = ["bash", "-euo", "pipefail", "-c", command.for_bash(stage.cmd, values)]
        else:
            arguments = command.for_program(stage.cmd, values)
        return Start(
            arguments, environment, f"{folder}/log", told, attempts.ignored([setting.folder, PACKAGE])
        )

    def _values(self, stage: Stage, before: Mapping[str, Lying]) -> dict[str, dict[str, Any]]:
        """Return what `${...}` of a command stands for."""
        inputs = {d.name: tuple(_matching(d, before)) if d.is_glob else d.path for d in stage.inputs}
        return {
            "inputs": inputs,
            "outputs": {output.name: output.path for output in stage.outputs},
            "params": dict(stage.params),
            "scratch": dict(stage.scratch),
        }

    def _request(self, plan: Plan, folder: str, before: Mapping[str, Lying]) -> dict[str, Any]:
        """Return what the child needs to call a stage's function."""
        stage = plan.stage
        inputs: dict[str, dict[str, Any]] = {}
        for declared in stage.inputs:
            lying = before.get(declared.path)
            is_tree = os.path.isdir(os.path.join(self.shadow.root, declared.path)) if lying else False
            entry: dict[str, Any] = {
                "path": declared.path,
                "kind": "tree" if is_tree else "file",
                "loader": "auto",
            }
            if plan.parameters is not None:
                entry["loader"] = kinds.loader_for(
                    plan.annotations.get(declared.name),
                    declared.path,
                    is_glob=declared.is_glob,
                    is_tree=is_tree,
                )
            if declared.is_glob:
                entry["files"] = {path: [] for path in _matching(declared, before)}
            inputs[declared.name] = entry
        return {
            "kind": "run",
            "target": stage.run,
            "folder": folder,
            "project": self.shadow.root,
            "roots": self._setting.import_roots,
            "modules": plan.modules,
            "python_path": constants.python_path(self._setting.root),
            "scattered": 0,
            "parameters": plan.parameters,
            "inputs": inputs,
            "params": dict(stage.params),
            "outputs": {output.name: {"path": output.path} for output in stage.outputs},
            "audited": {"roots": [], "ignored": []},  # it is heard from outside, or by PIPE_OBSERVED_FILES
        }

    def _absolute(self, plan: Plan) -> tuple[tuple[str, str], ...]:
        """Return where a stage's code has an absolute path of the project."""
        roots = {self._setting.root, os.path.realpath(self._setting.root)}
        found = []
        pattern_of_root = re.compile(
            "(?:" + "|".join(re.escape(root) for root in roots) + r")(?:/[^\s'\"`;|&)]*)?"
        )
        for path in plan.code:
            for number, line in enumerate(self._read(path).splitlines(), 1):
                for match in pattern_of_root.finditer(line):
                    found.append((f"{path}:{number}", match[0]))
        return tuple(found)

    def _shell_script(self, path: str) -> str:
        """Return the text of a file if it is a script for the shell."""
        if path.endswith((".sh", ".bash")):
            return self._read(path)
        try:
            with open(os.path.join(self.shadow.root, path), "rb") as file:
                first = file.readline(200)
        except OSError:
            return ""
        return self._read(path) if first.startswith(b"#!") and first.rstrip().endswith(b"sh") else ""

    def _read(self, path: str) -> str:
        try:
            with open(os.path.join(self.shadow.root, path), encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""


def _with_above(path: str) -> list[str]:
    """Return a path and the folders that it lies in."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _matching(declared: Input, there: Mapping[str, Lying]) -> list[str]:
    matched = (
        path for path, lying in there.items() if not lying.is_folder and pattern.matches(declared.path, path)
    )
    return sorted(matched)


def _failure(stage: Stage, done: Attempt, folder: str) -> str:
    """Say how an attempt failed; empty if it did not."""
    import json

    told: dict[str, Any] = {}
    if stage.run is not None:
        try:
            with open(f"{folder}/result.json", encoding="utf-8") as file:
                told = json.load(file)
        except (OSError, ValueError):
            told = {}
        failure = told.get("failure")
        if isinstance(failure, dict):
            return str(failure.get("cause") or failure.get("text") or "failed")
    if done.status < 0:
        return f"was killed by signal {-done.status}"
    if done.status:
        return f"exited with status {done.status}"
    if stage.run is not None and not told.get("done"):
        return "ended its own process before it returned"
    return ""


def _listed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _write_json(path: str, value: Any) -> None:
    import json

    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file)
