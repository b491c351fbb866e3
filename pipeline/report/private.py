"""Takes out of foreign text where on which machine it was written. Knows text, not what it says."""

import os
import re
import socket
from collections.abc import Callable

_ABSOLUTE = re.compile(r"(?<![\w:/.~@-])/(?:[\w.+@=-]+/)+(?P<rest>[\w.+@=-]*)")
_SYSTEM = ("/dev/", "/proc/", "/etc/")
_PACKAGES = re.compile(r"^.*/(?:site|dist)-packages/")


def mask(root: str) -> Callable[[str], str]:
    """Return what makes a text fit for anybody: the project's paths relative, others without their folders."""
    host = socket.gethostname()
    tops = sorted({os.path.realpath(root), os.path.abspath(root)}, key=len, reverse=True)
    named = re.compile(rf"\b{re.escape(host)}\b") if len(host) > 3 and host != "localhost" else None

    def shown(text: str) -> str:
        for top in tops:
            if len(top) > 1:
                text = re.sub(rf"{re.escape(top)}(?:/|(?![\w.-]))", "", text)
        if "/" in text:
            text = _ABSOLUTE.sub(_shortened, text)
        return named.sub("HOST", text) if named is not None else text

    return shown


def _shortened(found: re.Match[str]) -> str:
    path = found.group()
    if path.startswith(_SYSTEM):
        return path
    inside, of_package = _PACKAGES.subn("", path)
    if of_package:
        return f"…/{inside}"
    if "/project/" in path:  # where a stage saw the project
        return path.rpartition("/project/")[2]
    return f"…/{found['rest']}" if found["rest"] else "…/"
