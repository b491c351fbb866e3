"""Which of the user's variables an observed stage has, and which it asked for. Tells names, never values."""

import os
import re
from collections.abc import Iterable, Mapping

from .. import config
from ..execute import constants

_NAME = re.compile(r"(?<![\\$])\$(?:\{[#!]?)?([A-Za-z_]\w*)")
_ASSIGNED = re.compile(
    r"(?:^|[\s;&|(])(?:export\s+|local\s+|declare\s+(?:-\w+\s+)*)?([A-Za-z_]\w*)\+?=", re.MULTILINE
)
_LOOPED = re.compile(r"\b(?:for|read(?:\s+-\w+)*)\s+([A-Za-z_]\w*)")

OF_PIPE = frozenset(
    ("HOME", "TMPDIR", "PIPE_CONTEXT", "PIPE_OBSERVED", "PIPE_OBSERVED_FILES", "PYTHONPYCACHEPREFIX")
)
"""What every stage has of its own, besides the constants."""

_SESSION = """
BASH BASHPID BASH_VERSION BROWSER COLORTERM COLUMNS COMSPEC DBUS_SESSION_BUS_ADDRESS DISPLAY EDITOR EUID FORCE_COLOR
HISTFILE HOSTNAME IFS INVOCATION_ID LANGUAGE LESS LINES LS_COLORS MAIL MPLCONFIGDIR NO_COLOR OLDPWD OPTARG OPTIND PAGER
PPID PS1 PWD RANDOM SECONDS SHELL SHLVL SSH_AUTH_SOCK SSH_CONNECTION TEMP TERM TERMINFO TMP TTY_COMPATIBLE UID
VIRTUAL_ENV VISUAL WAYLAND_DISPLAY WINDOWID XAUTHORITY
"""
OF_THE_SESSION = frozenset(_SESSION.split())
"""Of terminals, desktops and the shell itself: no result should depend on them."""

_SHORTEST_SECRET = 4
"""A shorter value is part of too many words."""

_PREFIXES = ("XDG_", "LC_", "CONDA_", "PYENV_", "BASH_", "PYTHON", "COV_", "PYTEST_", "GIT_", "PIPE_")


def given(
    own: Mapping[str, str], *, cpus: int, python_folder: str, temporary: str, roots: Iterable[str]
) -> dict[str, str]:
    """Return the environment of an observed stage: the user's own, with what every stage finds over it.

    `own` is what the stage declares. The user's PATH and home folder stay, so that what worked goes on working.
    """
    fixed = constants.constants(cpus, python_folder=python_folder)
    path = [
        python_folder,
        *os.environ.get("PATH", "").split(os.pathsep),
        *fixed.pop("PATH").split(os.pathsep),
    ]
    user = {name: os.environ[name] for name in ("USER", "LOGNAME") if name in os.environ}
    modules = [*roots, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {
        **os.environ,
        **fixed,
        **user,
        "PATH": os.pathsep.join(dict.fromkeys(folder for folder in path if folder)),
        "PYTHONPATH": os.pathsep.join(modules),
        "TMPDIR": temporary,
        "PYTHONPYCACHEPREFIX": f"{temporary}/.pycache",
        **own,
    }


def in_script(text: str) -> set[str]:
    """Return the variables that a shell script takes from outside, as far as its text shows."""
    local = set(_ASSIGNED.findall(text)) | set(_LOOPED.findall(text))
    return set(_NAME.findall(text)) - local


def wanted(asked: Iterable[tuple[str, str]], package: str) -> set[str]:
    """Return which variables the project's code, or a library for it, asked for and found.

    `asked` pairs a name with the file whose code asked; `package` is the folder of pipe itself.
    """
    found = set()
    for name, by in asked:
        if is_usual(name) or name not in os.environ or by.startswith(package):
            continue
        is_library = "/site-packages/" in by or "/dist-packages/" in by
        if not is_library and re.search(r"/lib(?:64)?/python\d", by):
            continue  # the standard library asks for settings of the machine
        found.add(name)
    return found


def without_secrets(text: str, declared: Iterable[str]) -> str:
    """Return a text with the values of secrets blotted out: declared ones, and those that look like it."""
    names = {name for name in os.environ if config.is_secret(name)} | set(declared)
    values = {os.environ[name] for name in names if len(os.environ.get(name, "")) >= _SHORTEST_SECRET}
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, "***")
    return text


def is_usual(name: str) -> bool:
    """Say whether a variable is one that every stage has, or none that a result should depend on."""
    return (
        name in OF_PIPE
        or name in OF_THE_SESSION
        or name.startswith(_PREFIXES)
        or name in constants.NETWORK
        or name in constants.constants(1, python_folder="")
    )
