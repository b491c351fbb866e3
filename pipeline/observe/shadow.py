"""A second face of the project, in which stages write as they like while the user's own stays as it is.

Where the kernel allows it, an overlay is mounted at the project's own place, in a namespace of the observing process:
absolute paths lead into it, nothing is copied, and it ends with that process. Elsewhere it is a copy at another place.
"""

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..execute.sandbox import kernel, landlock
from ..workspace.ignore import is_always_left_out

COPIED_BYTES = 64 << 20
"""A larger file is shown by a link, where there is no overlay."""


class Shadow(NamedTuple):
    """Where stages find the project, and under which other names paths of it are met."""

    root: str
    is_overlay: bool
    names: tuple[tuple[str, str], ...]
    """Prefixes of absolute paths with what they are in the project, the longest ones first."""
    writable: tuple[str, ...] = ()
    """Of a copy: the folders outside of the project, so that nothing in it is written."""
    why: str = ""
    """Why it is no overlay."""

    def inside(self, path: str) -> str | None:
        """Return the project's name for an absolute path: "." is the project itself, None is elsewhere."""
        for prefix, name in self.names:
            if path == prefix:
                return name
            if path.startswith(prefix + "/"):
                rest = os.path.normpath(path[len(prefix) + 1 :])
                return rest if name == "." else f"{name}/{rest}"
        return None


class Lying(NamedTuple):
    """What is seen of a file or folder without reading it."""

    is_folder: bool
    size_bytes: int
    mtime_ns: int


def enter(project: str, folder: str, *, wants_overlay: bool) -> Shadow:
    """Make the shadow of a project for this process, which must have one thread, and all that it starts.

    `folder` is empty and outside of the project; what is written goes there.
    """
    real = os.path.realpath(project)
    names = {project: ".", real: ".", **_outside_links(real)}
    why = "namespaces are not allowed, or not wanted"
    if wants_overlay and sys.platform == "linux":
        why = _mount_overlay(real, folder)
        if not why:
            return Shadow(real, True, _longest_first(names))
    copy = f"{folder}/project"
    _copy(real, copy)
    names[copy] = "."
    return Shadow(copy, False, _longest_first(names), tuple(_beside(real)), why)


def protect(shadow: Shadow) -> None:
    """Let this process write nothing in the user's project, where it is not an overlay that it sees."""
    if shadow.is_overlay or sys.platform != "linux" or kernel.landlock_version() < 1:
        return
    landlock.restrict(readable=["/"], writable=shadow.writable, devices=[], files=[], allow_tcp=True)


def look(root: str) -> dict[str, Lying]:
    """Return by path what lies in a project: no tool's own folders, no virtual environments, links as they are."""
    found: dict[str, Lying] = {}
    todo = [""]
    while todo:
        above = todo.pop()
        try:
            with os.scandir(os.path.join(root, above)) as listed:
                entries = list(listed)
        except OSError:
            continue
        if above and any(entry.name == "pyvenv.cfg" for entry in entries):
            continue
        for entry in entries:
            path = f"{above}/{entry.name}" if above else entry.name
            if is_left_out(path):
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            is_folder = stat.S_ISDIR(status.st_mode)
            found[path] = Lying(is_folder, 0 if is_folder else status.st_size, status.st_mtime_ns)
            if is_folder:
                todo.append(path)
    return found


def lying(path: str) -> Lying | None:
    """Return what lies at an absolute path, links followed; None if nothing does."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    is_folder = stat.S_ISDIR(status.st_mode)
    return Lying(is_folder, 0 if is_folder else status.st_size, status.st_mtime_ns)


def is_left_out(path: str) -> bool:
    """Say whether a path is none that a stage could declare: the folders of tools, and what lies in them."""
    return any(
        is_always_left_out(part) or part.endswith((".egg-info", ".dist-info")) for part in path.split("/")
    )


def _longest_first(names: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(names.items(), key=lambda item: -len(item[0])))


def _outside_links(root: str) -> dict[str, str]:
    """Return what links of the project lead to outside of it: paths there count as the project's."""
    found = {}
    for path, lying in look(root).items():
        if not lying.is_folder and os.path.islink(os.path.join(root, path)):
            target = os.path.realpath(os.path.join(root, path))
            if (
                target != "/"
                and not f"{root}/".startswith(f"{target}/")
                and not target.startswith(f"{root}/")
            ):
                found[target] = path
    return found


def _mount_overlay(root: str, folder: str) -> str:
    """Show an overlay in the place of the project; returns why that is not possible, empty if it was done."""
    upper, work, lower = f"{folder}/upper", f"{folder}/work", f"{folder}/lower"
    for path in (upper, work, lower):
        os.mkdir(path)
    user, group = os.geteuid(), os.getegid()
    try:
        try:
            kernel.unshare(kernel.NEW_NS)
            options = ""
        except OSError:
            kernel.unshare(kernel.NEW_USER | kernel.NEW_NS)
            options = ",userxattr"
            for name, text in (
                ("setgroups", "deny"),
                ("uid_map", f"{user} {user} 1"),
                ("gid_map", f"{group} {group} 1"),
            ):
                with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                    file.write(text)
        kernel.mount("", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
        inner = list(_mounts_in(root))
        kernel.bind(root, lower, read_only=False)
        os.chdir(lower)
        kernel.mount("overlay", root, "overlay", 0, f"lowerdir=.,upperdir={upper},workdir={work}{options}")
        for path in inner:
            # An overlay does not show what is mounted in it.
            kernel.bind(f"{lower}/{path}", f"{root}/{path}", read_only=True)
        os.chdir(root)
        _try_to_write(root)
    except OSError as error:
        os.chdir("/")
        return f"overlay: {error}"
    return ""


def _try_to_write(root: str) -> None:
    probe = f"{root}/.pipe-observes"
    with open(probe, "x", encoding="ascii"):
        pass
    os.unlink(probe)


def _mounts_in(root: str) -> Iterator[str]:
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            path = line.split()[4].replace("\\040", " ")
            if path.startswith(root + "/"):
                yield path[len(root) + 1 :]


def _copy(root: str, target: str) -> None:
    shutil.copytree(root, target, symlinks=True, ignore=_not_copied(root), copy_function=_copy_file)
    for path in _environments(root):
        os.makedirs(os.path.dirname(f"{target}/{path}"), exist_ok=True)
        os.symlink(f"{root}/{path}", f"{target}/{path}")


def _copy_file(source: str, target: str) -> None:
    if os.stat(source, follow_symlinks=False).st_size > COPIED_BYTES:
        os.symlink(source, target)
    else:
        shutil.copy2(source, target, follow_symlinks=False)


def _not_copied(root: str) -> Callable[[str, list[str]], set[str]]:
    environments = {f"{root}/{path}" for path in _environments(root)}

    def ignored(folder: str, entries: list[str]) -> set[str]:
        return {
            name
            for name in entries
            if is_always_left_out(name)
            or f"{folder}/{name}" in environments
            or stat.S_ISSOCK(mode := os.lstat(f"{folder}/{name}").st_mode)
            or stat.S_ISFIFO(mode)
        }

    return ignored


def _environments(root: str) -> Iterator[str]:
    """Yield the virtual environments that lie in a project, at most one folder deep."""
    for pattern in (root, *(entry.path for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False))):
        if pattern != root and os.path.exists(f"{pattern}/pyvenv.cfg"):
            yield os.path.relpath(pattern, root)


def _beside(root: str) -> Iterator[str]:
    """Yield folders and files that together are all of the machine but the folder `root` and those it lies in."""
    above = root
    while above != "/":
        below, above = above, os.path.dirname(above)
        try:
            names = os.listdir(above)
        except OSError:
            continue
        for path in (os.path.join(above, name) for name in names):
            # What a link leads to would be granted, and that may be the project.
            if path != below and not os.path.islink(path):
                yield path
