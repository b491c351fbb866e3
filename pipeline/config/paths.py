"""Which paths a stage may name, and how they are written. Pure: asks no file whether it exists."""

import os.path
import posixpath
import re
import shlex

from .wrong import Wrong, short

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_OURS = frozenset({"pipeline.yaml", "pipeline.lock", ".pipeignore"})


def is_glob(path: str) -> bool:
    """Say whether a path is a pattern."""
    return "*" in path or "?" in path or "[" in path


def of_input(text: str, root: str) -> str:
    """Return the path or pattern of an input, normalised. Raises Wrong."""
    path = _normal(text, root, folder_only=False)
    if path == ".pipe" or path.startswith(".pipe/"):
        raise Wrong(
            f"`{path}` is inside `.pipe`, where pipe keeps its own files", "name the file that a stage writes"
        )
    return path


def of_output(text: str, root: str, params_path: str | None = None) -> str:
    """Return the path of an output or of scratch, normalised. Raises Wrong."""
    if is_glob(text):
        raise Wrong(
            f"`{short(text)}` is a pattern; only inputs can be patterns",
            "name a file, or the folder that holds them",
        )
    path = _normal(text, root, folder_only=True)
    if path == ".":
        raise Wrong("`.` is the whole project", "name a folder of its own, such as `build`")
    first = path.split("/", 1)[0]
    if first in (".pipe", ".git"):
        raise Wrong(
            f"no stage may write `{path}`",
            "name a folder of its own, such as `build`",
        )
    if path in _OURS or path == params_path:
        raise Wrong(f"`{path}` is read by pipe itself, so no stage may write it", "name another file")
    return path


def of_folder(text: str, root: str) -> str:
    """Return an import root, normalised. Raises Wrong."""
    if is_glob(text):
        raise Wrong(f"`{short(text)}` is a pattern", "name each folder")
    return _normal(text, root, folder_only=False)


def _normal(text: str, root: str, *, folder_only: bool) -> str:
    if not text.strip():
        raise Wrong("the path is empty", "name a file or folder of the project")
    if _CONTROL.search(text):
        raise Wrong(f"the path {text[:80]!r} has a control character", "name the file without it")
    if _URL.match(text):
        raise Wrong(
            f"`{short(text)}` is a URL, not a path of the project",
            "fetch it with a stage that has `network: true`",
        )
    if text == "~" or text.startswith(("/", "~/")):
        raise _absolute(text, root, folder_only=folder_only)
    path = posixpath.normpath(text)
    if ".." in text.split("/") and is_glob(text):
        raise Wrong(f"`{short(text)}` has `..` in a pattern", "write the pattern without `..`")
    if path == ".." or path.startswith("../"):
        raise Wrong(
            f"`{short(text)}` leaves the project", _link(posixpath.join(root, text), folder_only=folder_only)
        )
    return path


def _absolute(text: str, root: str, *, folder_only: bool) -> Wrong:
    path = posixpath.normpath(text)
    if path.startswith("//"):
        path = path[1:]
    if path == root or path.startswith(root + "/"):
        return Wrong(f"`{short(text)}` is an absolute path", f"write `{os.path.relpath(path, root)}`")
    what = "a path of the home folder" if text.startswith("~") else "an absolute path"
    return Wrong(f"`{short(text)}` is {what}", _link(path, folder_only=folder_only))


def _link(path: str, *, folder_only: bool) -> str:
    """Return the help that makes an outside path one of the project's."""
    path = posixpath.normpath(path)
    segments = path.split("/")
    fixed = next((i for i, segment in enumerate(segments) if is_glob(segment)), len(segments))
    if folder_only:  # what a stage writes does not exist yet, so its folder is what can be linked
        fixed = min(fixed, len(segments) - 1)
    target = "/".join(segments[:fixed]) or "/"
    name = segments[fixed - 1] if fixed and segments[fixed - 1] not in ("", "~") else "outside"
    inside = "/".join([("" if folder_only else "data/") + name, *segments[fixed:]])
    shown = (
        target if target.startswith("~/") and shlex.quote(target[2:]) == target[2:] else shlex.quote(target)
    )
    link = shlex.quote(("" if folder_only else "data/") + name)
    make = "" if folder_only else "mkdir -p data && "
    return f"run `{make}ln -s {shown} {link}` and write `{inside}`"
