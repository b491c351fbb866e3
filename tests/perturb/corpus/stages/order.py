"""What comes in an order that nobody chose: sets, addresses, folders, threads."""

import os
from concurrent import futures
from pathlib import Path


class Point:
    def __init__(self, number: int) -> None:
        self.number = number


def printed(words: str) -> str:
    found = {word for word in words.split() if len(word) > 3}
    return "\n".join(found)  # accused


def common(words: str) -> list[str]:
    first, *_, last = words.splitlines()
    return [word.upper() for word in shared(first, last)]  # accused


def shared(one: str, other: str) -> set[str]:
    return set(one.split()) & set(other.split())


def pickled(words: str) -> object:
    return {"vocabulary": set(words.split()), "lines": 4}  # accused


def buckets(words: str) -> dict[str, int]:
    return {word: hash(word) % 16 for word in sorted(set(words.split()))}  # accused


def objects() -> list[int]:
    points = {Point(number) for number in range(40)}
    return [point.number for point in points]  # accused


def address() -> str:
    point = Point(3)
    return f"the best is {point}"  # accused


def by_id() -> list[int]:
    points = [Point(number) for number in range(12)]
    return [id(point) for point in points]  # accused


def race() -> list[int]:
    with futures.ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(pow, number, 2) for number in range(60)]
        return [done.result() for done in futures.as_completed(asked)]  # accused


def listed(letters: Path) -> list[str]:
    return [name.removesuffix(".txt") for name in os.listdir(letters)]  # accused


def joined(letters: Path) -> str:
    parts = []
    for path in letters.glob("*.txt"):  # accused
        parts.append(path.read_text(encoding="utf-8"))
    return "".join(parts)
