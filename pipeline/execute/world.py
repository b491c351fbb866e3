"""The world in which an attempt takes place: what no result should depend on. As usual unless somebody varies it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from .altered.rewrite import Altered


class World(NamedTuple):
    """Every field but `variables` is as usual at its default. What a machine cannot do of it, it leaves out."""

    variables: Mapping[str, str] = {}
    """They come over the constants; what a stage declares comes over them."""
    late: Mapping[str, str] = {}
    """The same for those that are not read when an interpreter starts, or a package is loaded."""
    project: str = "project"
    """The names of the folders that a stage finds in its work folder."""
    home: str = "home"
    tmp: str = "tmp"
    umask: int = 0o022
    host: str = ""
    user: int = -1
    """The number that the stage's user seems to have."""
    online: str = ""
    """Which processors the machine seems to have, as in `/sys/devices/system/cpu/online`."""
    first_process: int = 0
    """The number that the stage's process gets, or the next free one."""
    scattered: int = 0
    """Another number, other addresses of Python's objects."""
    fixed: bool = False
    """Programs that are started find their memory at the same addresses each time."""
    altered: Altered = Altered()


AS_USUAL = World()


def altered_of(plain: Any) -> Altered | None:
    """Read what went through JSON; None if nothing is altered."""
    altered = Altered(*plain)
    return None if altered.is_nothing else altered
