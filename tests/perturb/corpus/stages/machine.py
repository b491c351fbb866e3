"""What depends on the process and its surroundings."""

import os
import shutil
import tempfile
from pathlib import Path


def parts(words: str) -> list[str]:
    every = words.split()
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()  # accused
    return [" ".join(every[number::count]) for number in range(count)]


def process() -> dict[str, int]:
    return {"process": os.getpid()}  # accused


def temporary() -> dict[str, str]:
    return {"cache": os.path.join(tempfile.gettempdir(), "cache")}  # accused


def variables() -> list[str]:
    return sorted(os.environ)  # accused


def width() -> str:
    columns = shutil.get_terminal_size().columns  # accused
    return "=" * columns


def modes(modes: Path) -> None:
    beside = modes.with_name("beside.txt")
    beside.write_text("text", encoding="utf-8")
    modes.write_text(f"{beside.stat().st_mode:o}", encoding="utf-8")  # accused
    beside.unlink()
