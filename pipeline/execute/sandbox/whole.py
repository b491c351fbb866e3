"""Shows a stage the whole project, with what it declares lying over it. Knows paths, not why a stage may see it.

Where namespaces are allowed this is an overlay, and what the stage writes stays in its folder. Elsewhere, or where
the disk can carry no overlay, the folder is filled with links: folders are made, files are linked to.
"""

import filecmp
import os
import stat
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from . import kernel

_OWN = ".pipe"
_ENVIRONMENT = "pyvenv.cfg"


class Shown(NamedTuple):
    """What of the project is shown and where it lies."""

    root: str
    hidden: tuple[str, ...]
    """Paths that are the stage's to write: what lies there is of an earlier run."""
    mounts: tuple[str, ...]
    """Absolute paths in the project where another file system begins."""


def of(root: str, hidden: Sequence[str]) -> Shown:
    """Look at what is mounted in the project."""
    mounts = []
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                path = line.split(" ")[1].replace("\\040", " ")
                if path.startswith(root + "/"):
                    mounts.append(path)
    except OSError:
        pass
    return Shown(root, tuple(hidden), tuple(sorted(set(mounts))))


def lie_outside(root: str) -> list[str]:
    """Return what the project's links lead to outside of it, links resolved."""
    found = set()
    for folder, entries in _folders(root):
        for entry in entries:
            if entry.is_symlink():
                target = os.path.realpath(f"{folder}/{entry.name}")
                if not target.startswith(root + "/") and target != root and os.path.exists(target):
                    found.add(target)
    return sorted(found)


def is_overlaid(old: str, folder: str, shown: Shown) -> bool:
    """Lay the folder's `project` over the project, in a mount namespace of its own; False where that cannot be.

    `old` is where the machine's root lies. `folder` has a `project`, which takes what is written.
    """
    own = f"{folder}/project"
    for path in (*shown.hidden, _OWN):
        _hide(shown.root, own, path)
    work = f"{folder}/overlay"
    os.mkdir(work)
    layers = (("lowerdir", old + shown.root), ("upperdir", old + own), ("workdir", old + work))
    options = ",".join(f"{name}={_escaped(path)}" for name, path in layers)
    try:
        kernel.mount("overlay", own, "overlay", kernel.MS_NODEV | kernel.MS_NOSUID, f"{options},userxattr")
    except OSError:
        _take_marks_away(own, shown.hidden)
        return False
    for path in shown.mounts:
        kernel.bind(old + path, own + path[len(shown.root) :], read_only=True)
    return True


def link(root: str, own: str, hidden: Collection[str]) -> None:
    """Fill the folder `own` with links to the project's files; what lies there already stays."""
    above = {os.path.dirname(path) for path in hidden}
    while parents := {os.path.dirname(path) for path in above} - above:
        above |= parents
    for folder, entries in _folders(root):
        inside = folder[len(root) + 1 :]
        for entry in entries:
            path = f"{inside}/{entry.name}" if inside else entry.name
            target = f"{own}/{path}"
            if path in hidden or path == _OWN or _is_inside(path, hidden) or os.path.lexists(target):
                continue
            if _is_entered(entry) or path in above:
                os.makedirs(target, exist_ok=True)
            else:
                os.makedirs(os.path.dirname(target), exist_ok=True)
                os.symlink(f"{root}/{path}", target)


def clear(root: str, own: str, kept: Collection[str]) -> None:
    """Take away what showing the project left in the folder `own`: marks, links, unchanged copies.

    Paths in `kept` were given or declared, and are left but for marks.
    """
    if os.path.isdir(f"{os.path.dirname(own)}/overlay"):
        _remove_overlay(f"{os.path.dirname(own)}/overlay")
    _take_marks_away(own, kept)
    todo = [""]
    while todo:
        folder = todo.pop()
        with os.scandir(f"{own}/{folder}") as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if path in kept:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    todo.append(path)
                elif _is_unchanged(entry, f"{root}/{path}"):
                    os.unlink(entry.path)


def is_removal(path: str) -> bool:
    """Say whether a file stands for one of the project's that the stage does not see, or removed from its view."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def _folders(root: str) -> Iterator[tuple[str, list["os.DirEntry[str]"]]]:
    """Yield each folder of the project with its entries, but for hidden ones and environments."""
    todo = [root]
    while todo:
        folder = todo.pop()
        try:
            with os.scandir(folder) as found:
                entries = list(found)
        except OSError:
            continue
        yield folder, entries
        todo += [f"{folder}/{entry.name}" for entry in entries if _is_entered(entry)]


def _is_entered(entry: "os.DirEntry[str]") -> bool:
    return (
        entry.is_dir(follow_symlinks=False)
        and not entry.name.startswith(".")
        and not os.path.exists(f"{entry.path}/{_ENVIRONMENT}")
    )


def _is_inside(path: str, folders: Collection[str]) -> bool:
    return any(path.startswith(folder + "/") for folder in folders)


def _hide(root: str, own: str, path: str) -> None:
    """Make the mark by which an overlay takes a path for removed; scratch that was kept needs none."""
    if os.path.lexists(f"{root}/{path}") and not os.path.lexists(f"{own}/{path}"):
        os.makedirs(os.path.dirname(f"{own}/{path}"), exist_ok=True)
        os.mknod(f"{own}/{path}", stat.S_IFCHR, 0)  # the one device that any user may make


def _take_marks_away(own: str, hidden: Collection[str]) -> None:
    for path in (*hidden, _OWN):
        if is_removal(f"{own}/{path}"):
            os.unlink(f"{own}/{path}")


def _is_unchanged(entry: "os.DirEntry[str]", original: str) -> bool:
    """Say whether this is a link to the project's file, or a copy that the kernel made when it was opened."""
    if entry.is_symlink():
        return os.readlink(entry.path) == original
    try:
        return (
            entry.is_file() and os.path.isfile(original) and filecmp.cmp(entry.path, original, shallow=False)
        )
    except OSError:
        return False


def _escaped(path: str) -> str:
    for mark in "\\,:":
        path = path.replace(mark, "\\" + mark)
    return path


def _remove_overlay(folder: str) -> None:
    inside = f"{folder}/work"
    try:
        os.chmod(inside, 0o700)  # the kernel made it with no rights at all
        for name in os.listdir(inside):
            os.unlink(f"{inside}/{name}")
        os.rmdir(inside)
        os.rmdir(folder)
    except OSError:
        pass  # whoever removes the stage's folder removes it
