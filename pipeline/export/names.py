"""Names and times as the standards want them. Knows no record and no format.

`pipe` has no address on the web, so what must be a URI is a URN, and claims no host.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from .. import __version__
from ..trace import Trace

URN = "urn:pipe-lineage"
PRODUCER = f"{URN}:{__version__}"
"""Who wrote an export; the trace does not say which `pipe` executed."""

_MEDIA_TYPES = {
    "arrow": "application/vnd.apache.arrow.file",
    "csv": "text/csv",
    "feather": "application/vnd.apache.arrow.file",
    "html": "text/html",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "log": "text/plain",
    "md": "text/markdown",
    "parquet": "application/vnd.apache.parquet",
    "pdf": "application/pdf",
    "png": "image/png",
    "py": "text/x-python",
    "sh": "application/x-sh",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "yaml": "application/yaml",
    "yml": "application/yaml",
}


def media_type(path: str) -> str:
    """Say what kind of bytes a file has, by its name: the same on every machine."""
    return _MEDIA_TYPES.get(path.rpartition(".")[2].lower(), "application/octet-stream")


def ended(trace: Trace) -> datetime | None:
    """Return when an action was recorded, to the second; None for a trace that does not say it."""
    try:
        found = datetime.fromisoformat(trace.recorded)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo is not None else None


def began(trace: Trace) -> datetime | None:
    """Return when an action began: as long before it was recorded as it took."""
    end = ended(trace)
    try:
        return None if end is None else end - timedelta(milliseconds=round(trace.wall_seconds * 1000))
    except (OverflowError, ValueError):
        return None


def instant(when: datetime) -> str:
    """Write a time as RFC 3339 has it, in UTC; milliseconds only where there are any."""
    text = when.isoformat(timespec="milliseconds" if when.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def text_of(name: str) -> str:
    """Return a name that is valid Unicode: bytes of a file's name that are none are written out."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def clean(value: Any) -> Any:
    """Return a plain value all of whose texts are valid Unicode, and whose keys are texts."""
    if isinstance(value, str):
        return value if value.isascii() else _unicode(value)
    if isinstance(value, Mapping):
        return {clean(str(key)): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return value


def _unicode(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text
