"""Says why an attempt failed, from its status and what the child left. Knows no project and no store."""

import errno
import signal
from collections.abc import Mapping
from typing import Any, NamedTuple

from .. import durable
from ..model import Stage
from .child import NO_ROOM, NOT_ISOLATED
from .folder import WorkFolder


class ChildFailure(NamedTuple):
    """Why an attempt failed: one line of text or the exception, and where in the project's code."""

    text: str
    cause: str | None = None
    at: str | None = None
    help: str = ""
    interrupted: bool = False
    own: bool = False
    """The stage itself gave up, and was not ended: a file that it could not find may be the reason."""
    late: bool = False
    """It did not end within its timeout."""


def failure_of(
    stage: Stage, folder: WorkFolder, last: Mapping[str, Any], broken: str | None
) -> ChildFailure | None:
    """Return why an attempt failed, None if it did not.

    `last` is the server's answer; `broken` says which limit ended the attempt: "cancelled", "timeout" or none.
    Raises StoreError when the disk is full.
    """
    status: int = last["status"]
    if broken == "cancelled":
        return ChildFailure("was interrupted", interrupted=True)
    if broken == "timeout":
        text = f"did not end within its timeout of {stage.timeout_seconds:g} s"
        help_text = "give it a longer `timeout`, or find what it waits for in its log"
        return ChildFailure(text, help=help_text, late=True)
    if last["over_memory"]:
        return ChildFailure(
            "used more memory than its limit", help="raise `memory` under `resources`, or use less"
        )
    result = folder.result()
    told = result.get("failure")
    if isinstance(told, dict):
        text, cause = str(told.get("text", "failed")), told.get("cause")
        return ChildFailure(text, cause, told.get("at"), str(told.get("help", "")), own=cause is not None)
    if status == NO_ROOM and stage.run is not None and not result:
        raise durable.disk_refused(OSError(errno.ENOSPC, "no room"), folder.request)
    if status == NOT_ISOLATED and not result:
        return ChildFailure("cannot be isolated as this machine promised", help="`pipe doctor` looks again")
    if status < 0:
        return ChildFailure(f"was killed by {_signal_name(-status)}", help=_signal_help(-status))
    if status != 0:
        return ChildFailure(f"exited with status {status}", own=True)
    if stage.run is not None and not result.get("done"):
        return ChildFailure(
            "ended its own process before it returned", help="return from the function instead", own=True
        )
    return None


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _signal_help(number: int) -> str:
    if number == signal.SIGKILL:
        return "nobody but the kernel or a user sends this: look whether the memory was used up"
    return ""
