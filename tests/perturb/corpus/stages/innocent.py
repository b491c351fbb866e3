"""What looks as if it would differ, and is the same each time."""

import gzip
import io
import json
import os
import random
import sys
import tempfile
import time
import uuid
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def sorted_set(words: str) -> str:
    found = {word for word in words.split() if len(word) > 3}
    print("found", len(found), "at", time.time())
    return "\n".join(sorted(found))


def counted(words: str) -> dict[str, int]:
    known = set(words.split())
    counts = Counter(word for word in words.split() if word in known)
    return dict(sorted(counts.items()))


def seeded(seed: int) -> list[int]:
    generator = random.Random(seed)
    return [generator.randrange(100) for _ in range(10)]


def shared_generator() -> list[float]:
    return [round(random.random(), 6) for _ in range(5)]


def listed(letters: Path) -> str:
    names = os.listdir(letters)
    names.sort()
    return "\n".join(names)


def threads(words: str) -> list[int]:
    with ThreadPoolExecutor() as pool:
        return list(pool.map(len, words.split()))


def packed(words: str) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as file:
        file.write(words.encode())
    return buffer.getvalue()


def zipped(words: str, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr(zipfile.ZipInfo("words.txt", (1980, 1, 1, 0, 0, 0)), words)


def named(words: str) -> dict[str, str]:
    return {word: str(uuid.uuid5(uuid.NAMESPACE_URL, word)) for word in sorted(set(words.split()))}


def beside(words: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "words.json")
        path.write_text(json.dumps(words.split()), encoding="utf-8")
        return path.read_text(encoding="utf-8").upper()


def timed(words: str) -> int:
    start = time.perf_counter()
    count = len(words.split())
    print(f"counted in {time.perf_counter() - start:.3f} s by {os.getpid()}", file=sys.stderr)
    return count


def numbers() -> list[int]:
    primes = {5, 3, 11, 7}
    return [number * number for number in primes]


def debugging(words: str) -> str:
    if os.environ.get("DEBUG_CORPUS"):
        return "debugging"
    return words.upper()
