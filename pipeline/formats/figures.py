"""matplotlib's figures -> `.png`, `.pdf` and `.svg`, without time or version. Reads none of them."""

import sys
from pathlib import Path
from typing import Any

from .errors import FormatError
from .plain import type_name

_SALT = "pipe"  # what matplotlib makes an SVG's ids from; by default a random number
_METADATA: dict[str, dict[str, None]] = {
    ".png": {"Software": None},
    ".pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    ".svg": {"Creator": None, "Date": None},
}


def save_figure(value: Any, path: Path, shown: str) -> None:
    """Draw a figure as it is, in the size and resolution that it has itself."""
    if not _is_figure(value):
        raise FormatError(
            f"a `{type_name(value)}` cannot be written to {shown}",
            "it takes a `matplotlib.figure.Figure`, or `bytes`; from an axes, return its `.figure`",
        )
    import matplotlib

    suffix = path.suffix.lower()
    with matplotlib.rc_context({"svg.hashsalt": _SALT, "savefig.dpi": "figure"}):
        value.savefig(path, format=suffix.removeprefix("."), metadata=_METADATA[suffix])


def _is_figure(value: Any) -> bool:
    module = sys.modules.get("matplotlib.figure")  # a figure can be here only if somebody imported it
    return module is not None and isinstance(value, module.Figure)
