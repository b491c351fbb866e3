"""What differs in the other modules, with its remedy."""

import calendar
import os
import tarfile
import time
import zlib
from datetime import UTC, datetime
from pathlib import Path


class Point:
    def __init__(self, number: int) -> None:
        self.number = number

    def __repr__(self) -> str:
        return f"Point({self.number})"


def shown() -> str:
    return f"the best is {Point(3)}"


def buckets(words: str) -> dict[str, int]:
    return {word: zlib.crc32(word.encode()) % 16 for word in sorted(set(words.split()))}


def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime = member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o644
    return member


def tarred(words: str, archive: Path) -> None:
    beside = archive.parent / "words-same.txt"
    beside.write_text(words, encoding="utf-8")
    with tarfile.open(archive, "w") as made:
        made.add(beside, "words.txt", filter=plain)
    beside.unlink()


def zoned() -> str:
    noon = time.strptime("2020-06-01 12:00", "%Y-%m-%d %H:%M")
    return datetime.fromtimestamp(calendar.timegm(noon), tz=UTC).isoformat()


def modes(modes: Path) -> None:
    beside = modes.with_name("beside-same.txt")
    beside.write_text("text", encoding="utf-8")
    beside.chmod(0o644)
    modes.write_text(f"{beside.stat().st_mode:o}", encoding="utf-8")
    beside.unlink()


def region() -> str:
    return os.environ["REGION"]
