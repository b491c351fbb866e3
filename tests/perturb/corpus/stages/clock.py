"""What holds the time at which it was made."""

import gzip
import io
import tarfile
import time
import zipfile
from datetime import date
from datetime import datetime as moment
from pathlib import Path
from time import time as now


def stamped(words: str) -> dict[str, float]:
    return {"words": len(words.split()), "made": now()}  # accused


def dated(words: str) -> str:
    return f"# Report of {date.today():%Y-%m-%d}\n\n{len(words)} characters\n"  # accused


def yearly() -> dict[str, int]:
    year = moment.now().year  # accused
    return {"age": year - 1859}


def measured(words: str) -> dict[str, float]:
    start = time.perf_counter()  # accused
    count = len(words.split())
    return {"words": count, "seconds": time.perf_counter() - start}  # accused


def packed(words: str, packed: Path) -> None:
    with gzip.open(packed, "wt", encoding="utf-8") as file:  # accused
        file.write(words)


def zipped(words: str, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("words.txt", words)  # accused


def tarred(words: str, archive: Path) -> None:
    beside = archive.parent / "words.txt"
    beside.write_text(words, encoding="utf-8")
    with tarfile.open(archive, "w") as made:
        made.add(beside, "words.txt")  # accused
    beside.unlink()


def in_memory(words: str) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb") as file:  # accused
        file.write(words.encode())
    return buffer.getvalue()
