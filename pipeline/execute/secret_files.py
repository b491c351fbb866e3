"""The secrets of a stage that are files of the user's home. Knows where they lie, never reads them."""

import os

from ..model import Stage


def of(stage: Stage) -> dict[str, str]:
    """Return the secrets that are files: path in the home -> where the file lies, links resolved."""
    return {s[2:]: os.path.realpath(os.path.expanduser(s)) for s in stage.secrets if s.startswith("~/")}


def show(stage: Stage, home: str, *, as_links: bool) -> None:
    """Link to them from a stage's home, or make the places where they will be mounted."""
    for path, source in of(stage).items():
        target = os.path.join(home, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if as_links:
            os.symlink(source, target)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o400))
