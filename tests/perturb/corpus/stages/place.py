"""What depends on where it is made: time zone, locale, folder, machine, user."""

import getpass
import locale
import os
import socket
import time
from datetime import UTC, datetime
from pathlib import Path


def local_time() -> str:
    return datetime.fromtimestamp(1_700_000_000).isoformat()  # accused


def midnight() -> float:
    noon = time.strptime("2020-06-01 12:00", "%Y-%m-%d %H:%M")
    return time.mktime(noon)  # accused


def zone() -> str:
    there = datetime(2020, 6, 1, 12, tzinfo=UTC)
    return there.astimezone().isoformat()  # accused


def locale_name() -> dict[str, str]:
    return {"locale": locale.setlocale(locale.LC_CTYPE, "")}  # accused


def own_file() -> dict[str, str]:
    return {"made by": __file__}  # accused


def working_folder(words: str) -> dict[str, object]:
    return {"folder": os.getcwd(), "words": len(words.split())}  # accused


def absolute(letters: Path) -> list[str]:
    return sorted(str(path.resolve()) for path in letters.iterdir())  # accused


def host() -> dict[str, str]:
    return {"made on": socket.gethostname()}  # accused


def user() -> dict[str, str]:
    return {"made by": getpass.getuser()}  # accused


def owner() -> dict[str, int]:
    return {"uid": os.getuid()}  # accused


def home() -> dict[str, str]:
    return {"cache": str(Path.home() / ".cache")}  # accused
