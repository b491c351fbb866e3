"""The folder that one attempt runs in: a mirror of the project holding what the stage may see. Decides nothing."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import durable, owned
from ..durable import remove
from ..layout import Layout
from ..model import Artifact, Stage
from ..workspace import Placer
from .world import AS_USUAL, World


class WorkFolder:
    """`project` mirrors the project, `home` and `tmp` are the stage's own, the rest is between `pipe` and its child."""

    def __init__(self, path: str, lock: int = -1, world: World = AS_USUAL) -> None:
        self.path = path
        self._lock = lock
        self.project = f"{path}/{world.project}"
        self.home = f"{path}/{world.home}"
        self.tmp = f"{path}/{world.tmp}"
        self.request = f"{path}/request.json"
        self.context = f"{path}/context.json"
        self.online = f"{path}/online"

    @classmethod
    def make(cls, base: str, key: str, world: World = AS_USUAL) -> "WorkFolder":
        """Make a fresh folder, named after the action: what a stage sees of its place does not vary by run."""
        try:
            os.makedirs(base, mode=0o700, exist_ok=True)
            for number in range(1000):
                path = f"{base}/{key[:16]}" + (f".{number}" if number else "")
                lock = owned.claim(path)
                if lock is not None:
                    folder = cls(path, lock, world)
                    for part in (folder.project, folder.home, folder.tmp):
                        os.mkdir(part)
                    if world.online:
                        Path(folder.online).write_text(f"{world.online}\n", encoding="ascii")
                    return folder
        except OSError as error:
            raise durable.disk_refused(error, f"{base}/x") from error
        raise AssertionError("a thousand folders of one action at once")

    def fill(
        self,
        stage: Stage,
        placer: Placer,
        inputs: Mapping[str, Artifact | str],
        source: Mapping[str, str],
        scratch: Path,
        *,
        unstored: str,
    ) -> None:
        """Put inputs and source snapshot in place, make the folders of outputs, bring back what scratch was kept.

        `inputs` gives by path an artifact, or for one that is not stored the absolute path where it lies: with
        `unstored` "link" it is linked to, with "place" only a place is made, where it will be mounted.
        """
        try:
            for path in sorted(inputs, key=lambda p: (p.count("/"), p)):
                self._put(path, inputs[path], placer, unstored)
            for path, name in source.items():
                target = f"{self.project}/{path}"
                if not os.path.lexists(target):
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    # A command may name a script as its program; whether it could in the project is in no key.
                    placer.place_input(Artifact("exec", name, 0), target)
            for output in stage.outputs:
                os.makedirs(os.path.dirname(f"{self.project}/{output.path}"), exist_ok=True)
            for _, path in stage.scratch:
                self._bring_scratch(path, scratch)
        except OSError as error:
            raise durable.disk_refused(error, f"{self.path}/x") from error

    def write(self, path: str, value: Any) -> None:
        """Write a JSON file for the child."""
        try:
            with open(path, "w", encoding="utf-8") as file:
                json.dump(value, file)
        except OSError as error:
            raise durable.disk_refused(error, path) from error

    def result(self) -> Mapping[str, Any]:
        """Return what the child left word of; empty if it ended without."""
        try:
            with open(f"{self.path}/result.json", encoding="utf-8") as file:
                found = json.load(file)
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def keep_scratch(self, stage: Stage, scratch: Path) -> None:
        """Save what the scratch paths hold for the next attempt of the same action."""
        for _, path in stage.scratch:
            source = f"{self.project}/{path}"
            if os.path.lexists(source):
                target = scratch / path
                remove(os.fspath(target))
                target.parent.mkdir(parents=True, exist_ok=True)
                move(source, os.fspath(target))

    def keep(self, target: Path) -> None:
        """Keep what the stage saw and wrote, in place of an earlier folder."""
        for own in (self.request, f"{self.path}/result.json"):
            durable.discard(own)  # between `pipe` and its child; the values of secrets may stand there
        remove(os.fspath(target))
        target.parent.mkdir(parents=True, exist_ok=True)
        move(self.path, os.fspath(target))
        self._release()

    def remove(self) -> None:
        owned.give_up(self.path)
        self._release()

    def _release(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _put(self, path: str, what: Artifact | str, placer: Placer, unstored: str) -> None:
        target = f"{self.project}/{path}" if path != "." else self.project
        if path == ".":
            os.rmdir(target)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.lexists(target):
            return  # a folder input holds it already
        if isinstance(what, str) and unstored == "link":
            os.symlink(what, target)
        elif isinstance(what, str) and os.path.isdir(what):
            os.mkdir(target)
        elif isinstance(what, str):
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o444))
        else:
            placer.place_input(what, target)

    def _bring_scratch(self, path: str, scratch: Path) -> None:
        target = f"{self.project}/{path}"
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.lexists(scratch / path):
            move(os.fspath(scratch / path), target)
        # A scratch path may be a file or a folder: the stage makes it.


def base_for(layout: Layout) -> str:
    """Return where work folders lie: outside the project, for tools that look upwards, if the disk is the same."""
    if layout.work is not None:
        return os.fspath(layout.work)
    there = next(path for path in (layout.store, layout.pipe, layout.root) if path.exists())
    device = os.stat(there).st_dev
    for parent in (tempfile.gettempdir(), os.path.expanduser("~/.cache")):
        base = os.path.join(parent, f"pipe-{os.getuid()}")
        try:
            inside = os.path.realpath(base).startswith(os.path.realpath(layout.root) + "/")
            if not inside and os.stat(parent).st_dev == device and _is_own(base):
                return os.path.realpath(base)
        except OSError:
            continue
    return os.fspath(layout.pipe / "work")


def move(source: str, target: str) -> None:
    """Move a file or folder, copying it where the target is on another file system."""
    try:
        os.rename(source, target)
    except OSError:
        import shutil

        shutil.copytree(source, target, symlinks=True) if os.path.isdir(source) else shutil.copy2(
            source, target
        )
        remove(source)


def _is_own(base: str) -> bool:
    os.makedirs(base, mode=0o700, exist_ok=True)
    status = os.lstat(base)
    return status.st_uid == os.getuid() and not os.path.islink(base)
