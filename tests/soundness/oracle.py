"""Compares what the code room says of an edit with what the edit really does. Chooses no edits itself."""

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pipeline import digest
from pipeline.code import Code, CodeError, Sources, of_callable, pruned
from tests.soundness import mutants
from tests.soundness.generated import project
from tests.soundness.mutants import Mutant
from tests.soundness.shrink import shrink
from tests.soundness.truth import Answer, Interpreter

Files = Mapping[str, str]


class Memory(dict[str, bytes]):
    def put(self, key: str, value: bytes) -> None:
        self[key] = value


class Seen(NamedTuple):
    """What the code room says of a project: None of both for one that it refuses."""

    code: Code | None
    snapshot: Mapping[str, bytes]

    @property
    def units(self) -> Mapping[str, str] | None:
        return self.code.units if self.code is not None else None


class Analysis:
    """The code room over one folder, whose files are changed from question to question."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._memo = Memory()
        self._lying: dict[str, str] = {}
        self._first: tuple[Files, Seen] | None = None

    def look_once(self, files: Files) -> Seen:
        """Look at the project that all edits begin with."""
        if self._first is None or self._first[0] is not files:
            self._first = files, self.look(files)
        return self._first[1]

    def look(self, files: Files) -> Seen:
        self._write(files)
        digests = {path: digest.of_bytes(text.encode()) for path, text in files.items()}
        sources = Sources(self._root, digest_of=digests.get, excluded=lambda path: False)
        try:
            code = of_callable("main:go", ["."], sources, self._memo)
        except CodeError:
            return Seen(None, {})
        by_digest = {name: path for path, name in code.files.items()}
        return Seen(code, pruned(code, sources, self._memo, read=lambda name: sources.read(by_digest[name])))

    def _write(self, files: Files) -> None:
        for path in self._lying.keys() - files.keys():
            (self._root / path).unlink()
            folder = (self._root / path).parent
            while folder != self._root and not any(folder.iterdir()):
                folder.rmdir()
                folder = folder.parent
        for path, text in files.items():
            if self._lying.get(path) != text:
                os.makedirs(self._root / os.path.dirname(path), exist_ok=True)
                (self._root / path).write_text(text)
        self._lying = dict(files)


class Judged(NamedTuple):
    fault: str | None
    """`stale`: one key, two results. `snapshot`: what the child would import does not what the project does."""
    is_changed: bool
    """The result is another one."""
    is_seen: bool
    """The key is another one."""
    in_module: bool
    """A key made of all bytes of all reached modules would be another one."""
    is_refused: bool = False
    """It cannot be executed any more, so that nothing could be recorded of it."""
    symptom: str = ""
    """What tells two faults of one kind apart."""
    told: str = ""


class Oracle:
    """Judges edits of one project after the other."""

    def __init__(self, root: Path, interpreter: Interpreter) -> None:
        self._root = root
        self.interpreter = interpreter
        self._analysis = Analysis(root)

    def turn_to_another_project(self) -> None:
        shutil.rmtree(self._root, ignore_errors=True)
        self._root.mkdir(parents=True)
        self._analysis = Analysis(self._root)

    def is_good(self, files: Files) -> bool:
        """Say whether a project can be executed at all."""
        return self.interpreter.ask(files).is_ok

    def is_same_pruned(self, files: Files) -> bool:
        """Say whether what the child would import gives what the project gives."""
        return self.interpreter.ask(self._analysis.look_once(files).snapshot) == self.interpreter.ask(files)

    def judge(self, before: Files, after: Files) -> Judged:
        """Judge an edit of a project that can be executed."""
        was, now = self._analysis.look_once(before), self._analysis.look(after)
        old, new = self.interpreter.ask(before), self.interpreter.ask(after)
        if now.code is None or was.code is None:
            return Judged(None, not new.is_ok, True, True, is_refused=True)
        is_seen = was.units != now.units
        in_module = was.code.files != now.code.files
        recorded, pruned_says = self.interpreter.ask(was.snapshot), self.interpreter.ask(now.snapshot)
        fault = None
        if not is_seen and (pruned_says != recorded or (new.is_ok and new != old)):
            fault = "stale"
        elif new.is_ok and pruned_says != new:
            fault = "snapshot"
        told = f"{_short(old)} before, {_short(new)} after, {_short(pruned_says)} as pipe runs it"
        symptom = "" if pruned_says.is_ok else pruned_says.said
        return Judged(fault, new != old, is_seen, in_module, not new.is_ok, symptom, told)


def _short(answer: Answer) -> str:
    return answer.said[:120]


class Fault(NamedTuple):
    kind: str
    fault: str
    symptom: str
    where: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    told: str


class Tally:
    """Counts by kind of edit."""

    COLUMNS = ("edits", "changed", "refused", "stale", "needless", "needless_by_module")

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}
        self.faults: list[Fault] = []
        self.projects = 0

    def add(self, kind: str, judged: Judged) -> None:
        counts = self.counts.setdefault(kind, Counter())
        counts["edits"] += 1
        counts["stale"] += judged.fault is not None
        counts["refused"] += judged.is_refused
        if not judged.is_refused:
            counts["changed"] += judged.is_changed
            counts["needless"] += judged.is_seen and not judged.is_changed
            counts["needless_by_module"] += judged.in_module and not judged.is_changed

    def total(self, column: str, kinds: list[str] | None = None) -> int:
        return sum(c[column] for kind, c in self.counts.items() if kinds is None or kind in kinds)


def edits(seed: int, files: Files, every: list[str]) -> Iterator[Mutant]:
    """Give random edits of each kind that the project allows; two of a kind that people make all day."""
    for kind in every:
        for number in range(2 if kind in mutants.ORDINARY else 1):
            found = mutants.mutant(files, kind, random.Random(f"{seed} {number} {kind}"))
            if found is not None:
                yield found


def tally(
    oracle: Oracle, wanted: int, *, first: int, every: list[str] | None = None, stops_at: str = ""
) -> Tally:
    """Judge so many edits of random projects, from one seed on.

    It ends early with a project that shows a fault of kind `stops_at`.
    """
    found = Tally()
    seed = first
    while found.total("edits") < wanted:
        seed += 1
        files = project(seed)
        if not oracle.is_good(files):
            continue  # nothing is recorded of what fails
        oracle.turn_to_another_project()
        found.projects += 1
        if not oracle.is_same_pruned(files):
            found.faults.append(Fault("none", "snapshot", "", f"seed {seed}", files, files, ""))
        for edit in edits(seed, files, every or mutants.kinds()):
            after = edit.of(files)
            judged = oracle.judge(files, after)
            found.add(edit.kind, judged)
            if judged.fault:
                where = f"seed {seed}, {edit.path}"
                found.faults.append(
                    Fault(edit.kind, judged.fault, judged.symptom, where, files, after, judged.told)
                )
        if any(fault.fault == stops_at for fault in found.faults):
            break
    return found


def shrunk(oracle: Oracle, fault: Fault) -> Fault:
    """Return the same fault in a smaller project."""

    def holds(before: Files, after: Files) -> bool:
        if not oracle.interpreter.ask(before).is_ok:
            return False
        judged = oracle.judge(before, after)
        return (judged.fault, judged.symptom) == (fault.fault, fault.symptom)

    before, after = shrink(fault.before, fault.after, holds)
    return fault._replace(before=before, after=after, told=oracle.judge(before, after).told)


def as_text(fault: Fault) -> str:
    """Show a fault so that it can be tried by hand."""
    lines = [f"{fault.fault} after `{fault.kind}` ({fault.where}): {fault.told}"]
    for path in sorted(fault.before.keys() | fault.after.keys()):
        old, new = fault.before.get(path), fault.after.get(path)
        lines += [f"--- {path}", old if old is not None else "(is not there)"]
        lines += [] if old == new else [f"--- {path}, edited", new if new is not None else "(is gone)"]
    return "\n".join(lines)
