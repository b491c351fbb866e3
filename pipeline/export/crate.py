"""Writes a crate: a folder or .zip that holds an artifact and what it takes to make it. Knows no term of RO-Crate."""

import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from .. import durable
from ..errors import Problem, StoreError
from ..lineage import Made, Place, Records, open_records, resolve
from ..lineage.plan import plan
from ..store import Damaged
from .contents import FOLDERS, TEXTS, Contents, Missing, contents
from .evidence import Evidence, gather, sha256_of
from .names import clean
from .ro_crate import metadata

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold: the same records give the same bytes."""

_WORD = re.compile(r"[A-Za-z0-9_./-]+")
_OWN = ("README.md", "ro-crate-metadata.json", *TEXTS, *FOLDERS)

_GUIDE = """\
# {path}, and what it takes to make it again

    unzip CRATE.zip -d somewhere && cd somewhere     # if it is still packed
    pipe rebuild {word} -o again

`pipe` checks every file here against `records/crate.json`, executes the recorded code on the recorded inputs, and is
content only if what comes out has the recorded digest (BLAKE3): {digest}.
With `--from-scratch` all steps are executed, with `--environment recorded` in the packages of `requirements.txt`.
{missing}
That executes the commands in `records/actions/` and the code in `imported/`, which is what the steps reach of
`sources/`: read them first if you do not know where this comes from. Nothing here is signed.

`artifacts/` has inputs and outputs by their paths, `ro-crate-metadata.json` says what is what: add authors and a
licence there before you publish it. It and this page are the only files that may be edited.
"""


class Crate(NamedTuple):
    """`rebuilds` says whether what it holds is enough; `from_scratch` whether that goes for all steps."""

    path: str
    target: Place
    files: int
    size_bytes: int
    missing: tuple[Missing, ...]
    rebuilds: bool
    from_scratch: bool


def crate(root: Path, target: str, into: Path) -> Crate:
    """Write a crate of the artifact that `target` names, as a .zip if `into` ends so, else as a folder.

    Nothing may be at `into`. Raises UsageError and StoreError as `resolve` does, and StoreError for a target that
    no recorded action made.
    """
    records = open_records(root)
    try:
        place = resolve(records, target)
        evidence = gather(records, place, _one_of(records, place))
        found = contents(evidence)
        made = _write(evidence, found, into)
        rebuilds, from_scratch = (_has_plan(records, place, from_scratch=whole) for whole in (False, True))
        return made._replace(rebuilds=rebuilds, from_scratch=from_scratch)
    finally:
        records.close()


def _one_of(records: Records, target: Place) -> Callable[[list[Made]], list[Made]]:
    """Choose of several actions that gave the same bytes the one that `rebuild` would take."""
    actions = plan(records.made, target, lambda _: True, from_scratch=True).actions
    planned = {(made.key, made.recorded) for made in actions}
    return lambda makers: [m for m in makers if (m.key, m.recorded) in planned][:1] or makers[:1]


def _has_plan(records: Records, target: Place, *, from_scratch: bool) -> bool:
    held = records.store.holds
    return not plan(records.made, target, lambda place: held(place[1]), from_scratch=from_scratch).missing


def _write(evidence: Evidence, found: Contents, into: Path) -> Crate:
    sums = {name: sha256_of(_held(evidence, name)) for name in set(found.objects.values())}
    about = json.dumps(clean(metadata(evidence, found, sums)), indent=1, ensure_ascii=False)
    texts = {
        "ro-crate-metadata.json": about.encode() + b"\n",
        "README.md": _guide(evidence, found).encode(),
        **found.texts,
    }
    temporary = durable.temporary_beside(os.path.abspath(into))
    try:
        writer = _zipped if into.name.lower().endswith(".zip") else _unpacked
        size_bytes = writer(evidence, found, texts, temporary)
        os.rename(temporary, into)
    except OSError as error:
        raise durable.disk_refused(error, os.fspath(into)) from error
    finally:
        durable.remove(temporary)
    files = len(found.objects) + len(texts)
    return Crate(
        os.fspath(into), evidence.target, files, size_bytes, found.missing, rebuilds=False, from_scratch=False
    )


def _zipped(evidence: Evidence, found: Contents, texts: dict[str, bytes], path: str) -> int:
    """Write the members in the order of their names, with one time, and as they are.

    What a compressor gives differs from version to version of it, so nothing is compressed.
    """
    size_bytes = 0
    with zipfile.ZipFile(path, "x", zipfile.ZIP_STORED) as archive:
        for name in sorted([*found.objects, *texts, *(f"{folder}/" for folder in found.folders)]):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.create_system = 3  # Unix, so that the mode counts
            member.external_attr = (0o40755 << 16 | 0x10) if name.endswith("/") else 0o100644 << 16
            if name.endswith("/"):
                archive.writestr(member, b"")
            elif name in texts:
                archive.writestr(member, texts[name])
                size_bytes += len(texts[name])
            else:
                with open(_held(evidence, found.objects[name]), "rb") as source:
                    member.file_size = os.fstat(source.fileno()).st_size
                    size_bytes += member.file_size
                    with archive.open(member, "w") as target:
                        shutil.copyfileobj(source, target, 1 << 20)
    return size_bytes


def _unpacked(evidence: Evidence, found: Contents, texts: dict[str, bytes], path: str) -> int:
    size_bytes = 0
    os.mkdir(path)
    for folder in found.folders:
        os.makedirs(f"{path}/{folder}", exist_ok=True)
    for name, source in _sources(evidence, found):
        os.makedirs(os.path.dirname(f"{path}/{name}"), exist_ok=True)
        with open(source, "rb") as reading, open(f"{path}/{name}", "xb") as writing:
            size_bytes += _copied(reading, writing)
    for name, data in texts.items():
        os.makedirs(os.path.dirname(f"{path}/{name}"), exist_ok=True)
        with open(f"{path}/{name}", "xb") as writing:
            size_bytes += writing.write(data)
    return size_bytes


def _sources(evidence: Evidence, found: Contents) -> Iterator[tuple[str, str]]:
    return ((name, _held(evidence, digest)) for name, digest in sorted(found.objects.items()))


def _copied(reading: BinaryIO, writing: BinaryIO) -> int:
    shutil.copyfileobj(reading, writing, 1 << 20)
    return writing.tell()


def _held(evidence: Evidence, name: str) -> str:
    """Return where the store has an object that it had a moment ago."""
    try:
        return evidence.store.objects.checked(name)
    except (KeyError, Damaged) as error:
        raise StoreError(
            Problem(
                f"the store does not hold {name[:12]} any more",
                help="`pipe fsck` looks for damage; try again",
            )
        ) from error


def _guide(evidence: Evidence, found: Contents) -> str:
    path, artifact = evidence.target
    is_ours = path.partition("/")[0] in _OWN  # such a word would name what lies in the crate itself
    word = path if _WORD.fullmatch(path) and not is_ours else artifact.digest[:12]
    listed = "\n".join(f"- {clean(m.path)!r}: {m.why}" for m in found.missing)
    missing = f"\nNot in it:\n\n{listed}\n" if listed else ""
    shown = path if path.isprintable() else repr(clean(path))
    return _GUIDE.format(path=shown, word=word, digest=artifact.digest, missing=missing)
