"""Any object <-> `.joblib` and `.pkl`. Knows nothing of what the objects are."""

import pickle
from pathlib import Path
from typing import Any

from .errors import FormatError
from .plain import type_name

PROTOCOL = 5  # fixed: Python's default changes with its version, which would change every file


def load_pickle(path: Path, shown: str) -> Any:
    """Return the object. What its own code raises while it is made, a missing module too, passes."""
    _check_protocol(path, shown)
    with path.open("rb") as file:
        try:
            return pickle.load(file)  # noqa: S301 - the user declared this file as the stage's input
        except (pickle.UnpicklingError, EOFError) as error:
            raise FormatError(
                f"{shown} cannot be read as a pickle: {error}", "write the file again"
            ) from error


def load_joblib(path: Path, shown: str) -> Any:
    """Return the object, as `load_pickle` does."""
    import joblib

    _check_protocol(path, shown)
    try:
        return joblib.load(path)
    except (pickle.UnpicklingError, EOFError) as error:
        raise FormatError(f"{shown} cannot be read by joblib: {error}", "write the file again") from error


def save_pickle(value: Any, path: Path, shown: str) -> None:
    """Write a pickle of protocol 5."""
    with path.open("wb") as file:
        try:
            pickle.dump(value, file, protocol=PROTOCOL)
        except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
            raise _refused(value, shown, error) from error


def save_joblib(value: Any, path: Path, shown: str) -> None:
    """Write a joblib file, not compressed: its arrays can be mapped, and equal parts stay equal bytes."""
    import joblib

    try:
        joblib.dump(value, path, compress=0, protocol=PROTOCOL)
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
        raise _refused(value, shown, error) from error


def _check_protocol(path: Path, shown: str) -> None:
    with path.open("rb") as file:
        start = file.read(2)
    if start[:1] == pickle.PROTO and start[1:] and start[1] > pickle.HIGHEST_PROTOCOL:
        raise FormatError(
            f"{shown} is a pickle of protocol {start[1]}, which this Python does not know",
            "write the file again with this Python, or load it in a stage that takes its `Path`",
        )


def _refused(value: Any, shown: str, error: Exception) -> FormatError:
    return FormatError(
        f"a `{type_name(value)}` cannot be written to {shown}: {error}",
        "return only what can be pickled: no lambda, no function or class inside another, no open file",
    )
