"""Differences of zip and tar: members and what is in them, times, modes, owners, order. Extracts no path of theirs."""

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b
from typing import Any, NamedTuple, TypeAlias

from ..errors import FormatError
from . import inside
from .result import Difference, Tolerance, bounded, count, cut

_MOST_MEMBERS = 200_000
_WRONG = (OSError, EOFError, lzma.LZMAError, zlib.error, ValueError, RuntimeError, NotImplementedError)


class _Member(NamedTuple):
    """One member: `content` is equal for equal contents, `notes` is all else that is said of it."""

    name: str
    content: tuple[Any, ...]
    notes: Mapping[str, str]


_Open: TypeAlias = Callable[[int], AbstractContextManager[Any]]
"""Opens the contents of a member by its number."""


def zip(expected: str, actual: str, tolerance: Tolerance | None) -> Difference:  # noqa: A001, ARG001 - the name of the kind
    """Compare two zip files."""
    try:
        with zipfile.ZipFile(expected) as first, zipfile.ZipFile(actual) as second:
            budget = inside.Budget(expected, actual)
            sides = [_zip_members(archive, budget) for archive in (first, second)]
            opens = [_zip_open(archive) for archive in (first, second)]
            whole = [("comment", first.comment, second.comment)] if first.comment != second.comment else []
            return _compared("zip", sides, opens, [f"{what} {a!r} -> {b!r}" for what, a, b in whole])
    except (zipfile.BadZipFile, *_WRONG) as error:
        raise FormatError(f"it cannot be read as a zip file: {error}") from error


def tar(expected: str, actual: str, tolerance: Tolerance | None) -> Difference:  # noqa: ARG001 - as all kinds have it
    """Compare two tar files, packed or not."""
    try:
        budget = inside.Budget(expected, actual)
        sides = [_tar_members(path, budget) for path in (expected, actual)]
        opens: list[_Open] = [partial(_tar_member, path) for path in (expected, actual)]
        return _compared("tar", sides, opens, [])
    except (tarfile.TarError, *_WRONG) as error:
        raise FormatError(f"it cannot be read as a tar file: {error}") from error


def _zip_members(archive: zipfile.ZipFile, budget: inside.Budget) -> list[_Member]:
    found = []
    budget.check(sum(info.file_size for info in archive.infolist()))
    for info in archive.infolist()[:_MOST_MEMBERS]:
        notes = {
            "time": "{}-{:02}-{:02} {:02}:{:02}:{:02}".format(*info.date_time),
            "mode": stat.filemode(info.external_attr >> 16) if info.external_attr >> 16 else "none",
            "packing": zipfile.compressor_names.get(info.compress_type, str(info.compress_type)),  # type: ignore[attr-defined]
            "system": str(info.create_system),
            "extra": info.extra.hex(),
            "comment": info.comment.decode("utf-8", "replace"),
        }
        if info.flag_bits & 1:
            content: tuple[Any, ...] = ("encrypted", info.CRC, info.file_size)
        else:
            content = ("file", _digest(archive.open(info), budget))
        found.append(_Member(info.filename, content, notes))
    return found


def _zip_open(archive: zipfile.ZipFile) -> _Open:
    members = archive.infolist()
    return lambda at: archive.open(members[at])


def _tar_members(path: str, budget: inside.Budget) -> list[_Member]:
    found = []
    with tarfile.open(path, "r:*") as archive:
        for info in _infos(archive):
            notes = {
                "time": datetime.fromtimestamp(min(max(info.mtime, 0), 1 << 36), UTC).strftime(
                    "%Y-%m-%d %H:%M:%S"
                ),
                "mode": stat.filemode(info.mode),
                "owner": f"{info.uname or info.uid}:{info.gname or info.gid} ({info.uid}:{info.gid})",
                "headers": " ".join(sorted(f"{k}={v}" for k, v in info.pax_headers.items())),
            }
            if info.isreg():
                content: tuple[Any, ...] = ("file", _digest(archive.extractfile(info), budget))
            else:
                content = (info.type, info.linkname)
            found.append(_Member(info.name, content, notes))
    return found


def _infos(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for _ in range(_MOST_MEMBERS):
        info = archive.next()
        if info is None:
            return
        yield info
        archive.members = []  # type: ignore[attr-defined] # else each header stays in memory


@contextmanager
def _tar_member(path: str, number: int) -> Iterator[Any]:
    with tarfile.open(path, "r:*") as archive:
        for at, info in enumerate(_infos(archive)):
            if at == number:
                yield archive.extractfile(info)
                return
    raise FormatError("a member is gone")


def _digest(file: Any, budget: inside.Budget) -> bytes:
    digest = blake2b(digest_size=32)
    with file:
        while piece := file.read(1 << 20):
            budget.take(len(piece))
            digest.update(piece)
    return digest.digest()


def _compared(kind: str, sides: list[list[_Member]], opens: list[_Open], whole: list[str]) -> Difference:
    one, other = (_numbered(side) for side in sides)
    gone = [key for key in one if key not in other]
    new = [key for key in other if key not in one]
    common = [key for key in one if key in other]
    changed = [key for key in common if sides[0][one[key]].content != sides[1][other[key]].content]
    notes = [
        (key, what, sides[0][one[key]].notes[what], sides[1][other[key]].notes[what])
        for key in common
        for what in sides[0][one[key]].notes
        if sides[0][one[key]].notes[what] != sides[1][other[key]].notes[what]
    ]
    found = {
        key[0]: _looked_into(key[0], [opens[0], opens[1]], one[key], other[key], sides)
        for key in changed[: inside.MOST_MEMBERS]
    }
    is_reordered = common != [key for key in other if key in one]
    parts = _parts(gone, new, changed, found)
    if not parts and (notes or whole or is_reordered):
        parts.append("the same contents")
    parts += ["the members come in another order"] if is_reordered else []
    parts += [_noted(notes, what) for what in dict.fromkeys(what for _, what, _, _ in notes)]
    parts += whole
    lines = [f"{cut(key[0])}: gone" for key in gone] + [f"{cut(key[0])}: new" for key in new]
    for name, each in found.items():
        lines += [f"{cut(name)}: {each.text}", *(f"  {line}" for line in each.lines[:8])]
    lines += [f"{cut(key[0])}: {what} {cut(a)} -> {cut(b)}" for key, what, a, b in notes]
    facts = {
        "kind": kind,
        "added": [key[0] for key in new[:100]],
        "removed": [key[0] for key in gone[:100]],
        "changed": {name: {"text": each.text, **each.facts} for name, each in found.items()},
        "counts": {"added": len(new), "removed": len(gone), "changed": len(changed)},
        "notes": sorted({what for _, what, _, _ in notes}),
        "reordered": is_reordered,
    }
    text = "; ".join(parts) or "the same members, packed otherwise (another level or program)"
    return Difference(False, text, bounded(lines), facts)


def _parts(
    gone: list[tuple[str, int]],
    new: list[tuple[str, int]],
    changed: list[tuple[str, int]],
    found: Mapping[str, Difference],
) -> list[str]:
    if not gone and not new and not changed:
        return []
    if found:
        name, first = next(iter(found.items()))
        parts = [f"member {cut(name)}: {first.text}"]
    else:
        parts = [f"member {cut((gone or new)[0][0])} is {'gone' if gone else 'new'}"]
    numbers = ((len(new), "new"), (len(gone), "gone"), (len(changed), "changed"))
    if len(gone) + len(new) + len(changed) > 1:
        parts.append(
            "of the members, " + ", ".join(f"{number:,} {word}" for number, word in numbers if number)
        )
    return parts


def _noted(notes: list[tuple[tuple[str, int], str, str, str]], what: str) -> str:
    """Write that members have other times, or whatever it is, and show the first."""
    with_it = [note for note in notes if note[1] == what]
    key, _, old, new = with_it[0]
    head = f"{count(len(with_it), 'member')} with another {what}"
    return f"{head} ({cut(key[0])}: {cut(old) or 'none'} -> {cut(new) or 'none'})"


def _numbered(members: list[_Member]) -> dict[tuple[str, int], int]:
    """Return the place of each name, and of each repetition of it."""
    found: dict[tuple[str, int], int] = {}
    seen: dict[str, int] = {}
    for index, member in enumerate(members):
        found[member.name, seen.get(member.name, 0)] = index
        seen[member.name] = seen.get(member.name, 0) + 1
    return found


def _looked_into(
    name: str, opens: list[_Open], one: int, other: int, sides: list[list[_Member]]
) -> Difference:
    kinds = sides[0][one].content[0], sides[1][other].content[0]
    if kinds != ("file", "file"):
        return Difference(
            False, "its link, its kind or its encrypted contents differ", facts={"kind": "member"}
        )

    def write(first: Any, second: Any) -> bool:
        with opens[0](one) as there, opens[1](other) as here:
            return bool(first.fill(there)) and bool(second.fill(here))

    with inside.unpacked(write) as pair:
        if pair is None:
            return Difference(
                False, "other bytes; it is too large to be looked into", facts={"kind": "member"}
            )
        return pair.compared(name)
