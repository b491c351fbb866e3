"""What one run of a stage shows, in paths of the project. Reads nothing: it sorts what was seen."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from .attempt import Event
from .shadow import Lying, Shadow, is_left_out


class Observation(NamedTuple):
    """All paths but those outside are relative to the project."""

    read: frozenset[str]
    """Files that were there before the stage and that it read, ran, or asked for before it wrote them."""
    listed: frozenset[str]
    missed: frozenset[str]
    """What the stage asked for and did not find."""
    written: frozenset[str]
    """Files that are there afterwards and were not before, or with other bytes."""
    changed: frozenset[str]
    """Those of them that the stage had read before."""
    gone: frozenset[str]
    """Files that were written and are not there afterwards, nor were before."""
    folders: frozenset[str]
    """Folders that the stage made and left empty."""
    touched: frozenset[str]
    """Whatever of the project was asked for in any way."""
    outside: frozenset[str]
    """Files elsewhere that were read."""
    outside_written: frozenset[str]
    addresses: frozenset[str]
    asked: frozenset[tuple[str, str]]
    """Variables, each with the file whose code asked for it."""
    before: Mapping[str, Lying]
    after: Mapping[str, Lying]


def of(
    events: Iterable[Event],
    before: Mapping[str, Lying],
    after: Mapping[str, Lying],
    shadow: Shadow,
    *,
    own: Collection[str],
    code: Collection[str],
    is_watched: bool,
) -> Observation:
    """Sort what was seen.

    Args:
        events: In the order in which they came.
        before: What the project held when the stage began.
        after: What it held when the stage had ended.
        shadow: What absolute paths mean.
        own: Folders of pipe's own, of which nothing counts.
        code: Files that pipe follows by itself.
        is_watched: Whether all that the stage opened is among the events: what else changed is not its doing.
    """
    sorting = _Sorting(before)
    for event in events:
        path = shadow.inside(event.path)
        if event.kind == "env":
            sorting.asked.add((event.path, event.by))
        elif event.kind == "connect":
            if not is_local(event.path):
                sorting.addresses.add(event.path.removeprefix("inet:"))
        elif path is None or path.split("/", 1)[0] == "..":
            if not any(event.path == folder or event.path.startswith(f"{folder}/") for folder in own):
                sorting.take_outside(event)
        elif path != "." and is_left_out(path):
            continue
        else:
            sorting.take(event.kind, path)
    return sorting.compared(after, frozenset(code), is_watched=is_watched)


def is_local(address: str) -> bool:
    """Say whether a connection stays on this machine: `unix:…`, `inet:127.…`, `inet:[::1]:…`."""
    return not address.startswith("inet:") or address.startswith(
        ("inet:127.", "inet:[::1]", "inet:0.0.0.0", "inet:localhost", "inet:::1", "inet:[::ffff:127.")
    )


class _Sorting:
    def __init__(self, before: Mapping[str, Lying]) -> None:
        self._before = before
        self._read: set[str] = set()
        self._asked_for: set[str] = set()
        self._listed: set[str] = set()
        self._missed: set[str] = set()
        self._opened: set[str] = set()
        self._touched: set[str] = set()
        self._outside: set[str] = set()
        self._outside_written: set[str] = set()
        self.addresses: set[str] = set()
        self.asked: set[tuple[str, str]] = set()

    def take(self, kind: str, path: str) -> None:
        """Take one access to a path of the project."""
        self._touched.add(path)
        lying = self._before.get(path)
        if kind == "write":
            self._opened.add(path)
        elif path == "." or (lying is not None and lying.is_folder):
            if kind == "list":  # one that is only opened, as databases do, shows nothing of what is in it
                self._listed.add(path)
        elif path in self._opened or kind == "remove":
            return
        elif lying is None:
            self._missed.add(path)
        elif kind in ("read", "execute"):
            self._read.add(path)
        elif not path.endswith(".py"):  # an import asks for many modules
            self._asked_for.add(path)

    def _is_opened(self, path: str) -> bool:
        """Say whether a file, or with its new name a folder that it lies in, was written by the stage."""
        while path:
            if path in self._opened:
                return True
            path = path.rpartition("/")[0]
        return False

    def take_outside(self, event: Event) -> None:
        if event.kind == "write":
            self._outside_written.add(event.path)
        elif event.kind in ("read", "execute"):
            self._outside.add(event.path)

    def compared(self, after: Mapping[str, Lying], code: frozenset[str], *, is_watched: bool) -> Observation:
        """Return what was seen, together with what the stage left."""
        before = self._before
        files = {path for path, lying in after.items() if not lying.is_folder}
        written = {path for path in files if before.get(path) != after[path]}
        if is_watched:
            written = {path for path in written if self._is_opened(path)}
        # Opened for writing, and as it was: a database that is only read is opened like this.
        read = self._read | {p for p in self._opened if p in before and before[p] == after.get(p)}
        read = {p for p in read | (self._asked_for - written) if p in before and not before[p].is_folder}
        made = {path for path, lying in after.items() if lying.is_folder and path not in before}
        return Observation(
            read=frozenset(read - written - code),
            listed=frozenset(self._listed),
            missed=frozenset(self._missed),
            written=frozenset(written),
            changed=frozenset(written & self._read),
            gone=frozenset(p for p in self._opened if p not in after and p not in before),
            folders=frozenset(m for m in made if not any(path.startswith(f"{m}/") for path in after)),
            touched=frozenset(self._touched),
            outside=frozenset(self._outside),
            outside_written=frozenset(self._outside_written),
            addresses=frozenset(self.addresses),
            asked=frozenset(self.asked),
            before=before,
            after=after,
        )
