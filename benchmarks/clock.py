"""Runs programs and measures them: in rounds, interleaved, as ratios. Knows no tool.

The machine is shared and its speed drifts, so a time says little and a ratio of two runs that follow one another
says more. Peak memory is that of the largest process below the one started; the kernel counts at least what the
measuring process itself holds (about 15 MB), so that smaller programs cannot be told apart.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple


class Sample(NamedTuple):
    seconds: float
    peak_bytes: int


class Failed(Exception):
    """A program that is measured ended badly: its time would mean nothing."""


def measure(command: Sequence[str], folder: str, log: str) -> Sample:
    """Run a program in a folder and wait for its end. Raises Failed with what it printed."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        try:
            os.chdir(folder)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
            os.execv(command[0], command)
        finally:
            os._exit(127)
    _, status, used = os.wait4(child, 0)
    seconds = time.perf_counter() - started
    os.close(descriptor)
    if status != 0:
        with open(log, encoding="utf-8", errors="replace") as file:
            printed = file.read()[-2000:]
        raise Failed(f"{' '.join(command)}: exit {os.waitstatus_to_exitcode(status)}\n{printed}")
    return Sample(seconds, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024))


Samples = Mapping[str, list[Sample]]


def interleaved(measures: Mapping[str, Callable[[], Sample]], rounds: int) -> Samples:
    """Measure A B C A B C …, after one round that does not count."""
    samples: dict[str, list[Sample]] = {name: [] for name in measures}
    for number in range(rounds + 1):
        for name, once in measures.items():
            sample = once()
            if number:
                samples[name].append(sample)
    return samples


def seconds(samples: Sequence[Sample]) -> float:
    return statistics.median(sample.seconds for sample in samples)


def peak_bytes(samples: Sequence[Sample]) -> float:
    return statistics.median(sample.peak_bytes for sample in samples)


def ratio(of: Sequence[float], to: Sequence[float]) -> float:
    """Return the median of the rounds' ratios: what disturbs one round disturbs both its numbers."""
    return statistics.median(a / b for a, b in zip(of, to, strict=True))
