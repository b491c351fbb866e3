"""Reads every record of a store and everything else that is no object. Fills a ledger; changes nothing."""

import fcntl
import json
import os
import stat
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from .. import action as actions
from .. import digest, owned
from .. import evidence as evidences
from .. import trace as traces
from ..ledger import Ledger
from ..store import layout
from ..store.files import File
from ..store.objects import bytes_of
from .damage import Damage

_MOST_BYTES = 64 << 20
_FRESH_SECONDS = 60
"""A temporary file beside what it is for is another pipe's that is just writing it, up to this age."""


def check(files: Iterable[File], ledger: Ledger) -> list[Damage]:
    """Return what is wrong with the files of a store that are no objects, and add what is right to the ledger."""
    return [damage for file in files if (damage := _CHECKS[file.kind](file, ledger)) is not None]


def missing_folders(root: str) -> list[Damage]:
    """Return which folders of a store are not there."""
    found = []
    for name in layout.FOLDERS:
        if name not in ("pins", "tmp") and not os.path.lexists(
            f"{root}/{name}"
        ):  # those are made when needed
            found.append(Damage("folder", "", f"the store's folder {name} is missing", f"{root}/{name}"))
    return found


def _action(file: File, ledger: Ledger) -> Damage | None:
    label = f"action {file.name[:12]}"
    data = _read(file)
    if data is None:
        return _not_a_file(file, label)
    if digest.of_bytes(data) != file.name:
        return Damage("action-changed", file.name, f"{label} does not have the bytes of its key", file.path)
    try:
        ledger.add_action(file.name, actions.of_canonical(data).recipe)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Damage("action-malformed", file.name, f"{label} is no action", file.path)
    return None


def _trace(file: File, ledger: Ledger) -> Damage | None:
    label = f"trace of {file.name[:12]}"
    data = _read(file)
    if data is None:
        return _not_a_file(file, label)
    try:
        trace = traces.of_bytes(data)
    except (ValueError, RecursionError) as error:
        kind, why = _why_not_a_trace(data, error)
        return Damage(kind, file.name, f"{label}: {why}", file.path)
    if not data.endswith(b"}\n"):
        return Damage("trace-changed", file.name, f"{label}: its end is not as it was written", file.path)
    if trace.key != file.name:
        text = f"{label} is the one of {trace.key[:12]}"
        return Damage("trace-misplaced", file.name, text, file.path)
    ledger.add_trace(trace)
    return None


def _evidence(file: File, _: Ledger) -> Damage | None:
    label = f"evidence about {file.name[:12]}"
    data = _read(file)
    if data is None:
        return _not_a_file(file, label)
    try:
        found = evidences.of_bytes(data)
    except evidences.Malformed as malformed:
        return Damage(f"evidence-{malformed.kind}", file.name, f"{label}: {malformed}", file.path)
    if found.key != file.name or found.identity != os.path.basename(file.path):
        text = f"{label} is about another result"
        return Damage("evidence-misplaced", file.name, text, file.path)
    return None


def _why_not_a_trace(data: bytes, error: Exception) -> tuple[str, str]:
    try:
        plain = json.loads(data)
        form = plain.get("trace") if isinstance(plain, dict) else None
    except (ValueError, RecursionError):
        return "trace-malformed", "it is no JSON"
    if type(form) is int and form > traces.SCHEMA:
        return "trace-newer", f"it has form {form}; this pipe knows form {traces.SCHEMA}"
    return ("trace-changed" if "changed" in str(error) else "trace-malformed"), str(error)


def _root(file: File, _: Ledger) -> Damage | None:
    data = _read(file)
    project = None if data is None or not data.endswith(b"\n") else Path(os.fsdecode(data[:-1]))
    if project is None or layout.mark_of(project) != file.name:
        return Damage("root-changed", "", f"roots/{file.name} does not name the project it is of", file.path)
    return None


def _lease(file: File, _: Ledger) -> Damage | None:
    return _dead(file, f"the lease of {file.name[:12]}")


def _pin(file: File, _: Ledger) -> Damage | None:
    return _dead(file, f"the pin {file.name}")


def _dead(file: File, label: str) -> Damage | None:
    if file.is_file and is_held(file.path):
        return None
    return Damage("temporary", "", f"{label} was left by a pipe that was killed", file.path)


def is_held(path: str) -> bool:
    """Say whether a living process has locked a file; True if that cannot be found out."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return True  # it has just been released
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _temporary(file: File, _: Ledger) -> Damage | None:
    owner = f"{file.path}/{owned.OWNER}"
    if os.path.lexists(owner):
        if is_held(owner):
            return None
    elif time.time() - file.status.st_mtime < _FRESH_SECONDS:
        return None  # somebody is just making it
    return Damage("temporary", "", f"{file.name} was left by a pipe that was killed", file.path)


def _format(file: File, _: Ledger) -> Damage | None:
    if _read(file) == layout.FORMAT_TEXT.encode():
        return None
    return Damage("format-changed", "", "the store's format file does not say what this is", file.path)


def _folder(file: File, _: Ledger) -> Damage:
    return Damage("folder", "", f"where the store's folder {file.name} should be there is none", file.path)


def _stranger(file: File, _: Ledger) -> Damage:
    return Damage("stranger", "", f"{file.name} is no part of a store", file.path)


def _aside(file: File, _: Ledger) -> Damage:
    name = file.name if digest.is_digest(file.name) else ""
    text = f"object {name[:12]} was damaged and was put aside, and nothing has replaced it"
    return Damage("aside", name, text, file.path)


_CHECKS: dict[str, Callable[[File, Ledger], Damage | None]] = {
    "action": _action,
    "trace": _trace,
    "evidence": _evidence,
    "root": _root,
    "lease": _lease,
    "pin": _pin,
    "temporary": _temporary,
    "format": _format,
    "folder": _folder,
    "stranger": _stranger,
    "aside": _aside,
}


def _not_a_file(file: File, label: str) -> Damage:
    if file.is_file:
        return Damage("record-not-a-file", file.name, f"{label} cannot be read", file.path)
    what = "a folder" if stat.S_ISDIR(file.status.st_mode) else "a link or special file"
    return Damage("record-not-a-file", file.name, f"{label}: {what} stands where it should be", file.path)


def _read(file: File) -> bytes | None:
    """Return a record's bytes; None if it is no file, or too large for a record."""
    if not file.is_file or file.status.st_size > _MOST_BYTES:
        return None
    try:
        return bytes_of(file.path)
    except OSError:
        return None
