"""Draws: a program of its own, so nobody seeds its generator."""

import random
import sys

with open(sys.argv[1], "w", encoding="utf-8") as file:
    file.write(f"{random.random()}\n")  # accused
