"""What a stage needs of the machine outside of its project, and what its author can do about it. Pure."""

import os
import tempfile

from .observation import Observation

SECRET_FILES = (
    ".aws/config",
    ".aws/credentials",
    ".cache/huggingface/token",
    ".config/gcloud/application_default_credentials.json",
    ".kaggle/kaggle.json",
    ".netrc",
    ".pgpass",
    ".pypirc",
    ".s3cfg",
)
"""Files of the home folder that `secrets` is for."""

_MOST = 3


def notes_on_the_outside(seen: Observation, home: str) -> list[str]:
    """Return what a strict stage would not find, and what it may not write."""
    notes = []
    read = sorted(path for path in seen.outside - seen.outside_written if not _is_usual(path, home))
    for path in read[:_MOST]:
        inside = f"data/{os.path.basename(path)}"
        notes.append(
            f"it reads `{path}`, which lies outside of the project: "
            f"`mkdir -p data && ln -s {path} {inside}`, and read `{inside}`"
        )
    written = sorted(path for path in seen.outside_written if not _is_passing(path, home))
    notes += [
        f"it writes `{path}`, which lies outside of the project: write it in the project, or below `TMPDIR`"
        for path in written[:_MOST]
    ]
    left = len(read[_MOST:]) + len(written[_MOST:])
    return [*notes, f"and {left} more files outside of the project"] if left else notes


def _is_usual(path: str, home: str) -> bool:
    """Say whether a file is one that programs look at by themselves: settings and caches of the home folder."""
    return path.startswith(f"{home}/.")


def _is_passing(path: str, home: str) -> bool:
    places = {tempfile.gettempdir(), os.path.realpath(tempfile.gettempdir()), "/tmp", "/var/tmp", "/dev/shm"}
    return _is_usual(path, home) or path.startswith(tuple(f"{place}/" for place in places))
