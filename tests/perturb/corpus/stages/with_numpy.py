"""NumPy: a generator without a seed, a product whose last bits vary; and what is the same each time."""

import numpy as np


def unseeded() -> np.ndarray:
    generator = np.random.default_rng()  # accused
    return generator.normal(size=8)


def product(size: int) -> np.ndarray:
    rng = np.random.default_rng(7)
    left, right = rng.normal(size=(size, size)), rng.normal(size=(size, size))
    return left @ right  # accused


def seeded(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(40, 3))


def several(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 100, size=200)
    return {"values": np.unique(x), "histogram": np.bincount(x)}


def legacy() -> np.ndarray:
    np.random.seed(3)
    return np.sort(np.random.rand(50))


def rounded(size: int) -> np.ndarray:
    return np.round(product(size), 9) + 0.0
