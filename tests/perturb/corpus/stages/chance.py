"""What is drawn at random, from generators that nobody seeded."""

import os
import random
import secrets
import sqlite3
import uuid
from random import SystemRandom as Dice

WORDS = ("red", "green", "blue", "white", "black", "grey")


def urandom() -> str:
    return os.urandom(8).hex()  # accused


def identifier(words: str) -> dict[str, object]:
    return {"words": len(words.split()), "id": str(uuid.uuid4())}  # accused


def token() -> str:
    return salted("result")


def salted(text: str) -> str:
    return f"{text}-{secrets.token_hex(4)}"  # accused


def dice() -> list[int]:
    generator = Dice()  # accused
    return [generator.randrange(6) for _ in range(12)]


def reseeded() -> list[str]:
    generator = random.Random()  # accused
    words = list(WORDS) * 3
    generator.shuffle(words)
    return words


def database() -> list[int]:
    with sqlite3.connect(":memory:") as connection:
        rows = connection.execute("SELECT random() FROM (VALUES (1), (2), (3))")  # accused
        return [row[0] for row in rows]
