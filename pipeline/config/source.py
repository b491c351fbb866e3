"""Reads a file that should be text. Knows no YAML."""

import os
from pathlib import Path

from ..errors import usage

MAX_BYTES = 16 << 20
PIPELINE = "pipeline.yaml"


def read(root: Path, name: str) -> bytes:
    """Return the bytes of a file of the project. Raises UsageError if it cannot be read or is too big.

    A file that does not exist raises FileNotFoundError: what that means depends on who asked for it.
    """
    path = os.path.join(root, name)
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise
    except IsADirectoryError:
        raise usage(f"`{name}` is a folder", help="put a YAML file in its place") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise usage(f"`{name}` cannot be read: {reason}", help=f"check it with `ls -l {name}`") from None
    if len(data) > MAX_BYTES:
        raise usage(
            f"`{name}` is larger than {MAX_BYTES >> 20} MiB",
            help="keep data in files of its own and name them under `inputs`",
        )
    return data
