"""Pieces of memory inside a file: arrays of numbers and long bytes. Reads them where they lie, piece by piece."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from .arrays import Comparing
from .numbers import Numbers
from .raw import place
from .values import Block

_PIECE_BYTES = 4 << 20


class Memory(NamedTuple):
    """Bytes: those in `data`, or if there are none those of a file from an offset on."""

    size_bytes: int
    data: bytes = b""
    path: str = ""
    offset: int = 0

    def pieces(self, width: int = 1) -> Iterator[bytes]:
        """Yield the bytes in pieces, each a multiple of `width`."""
        step = max(1, _PIECE_BYTES // width) * width
        if self.data:
            yield from (self.data[start : start + step] for start in range(0, len(self.data), step))
            return
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            left = self.size_bytes
            while left > 0:
                piece = file.read(min(step, left))
                if not piece:
                    return
                yield piece
                left -= len(piece)


class Bytes(Block):
    """Bytes that are too long to be a value like others."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.shown = f"{memory.size_bytes:,} bytes"

    def compare(self, other: "Bytes", numbers: Numbers, path: str) -> tuple[int, str]:
        if self.memory.size_bytes != other.memory.size_bytes:
            return 1, f"{self.shown} -> {other.shown}"
        at = 0
        for one, two in zip(self.memory.pieces(), other.memory.pieces(), strict=False):
            if one != two:
                return 1, f"{self.shown} that differ from byte {at + place(one, two):,} on"
            at += len(one)
        return 0, ""


class Array(Block):
    """An array of numpy's."""

    def __init__(self, memory: Memory, dtype: Any, shape: tuple[int, ...], *, is_fortran: bool) -> None:
        self.memory = memory
        self.dtype = dtype
        self.shape = shape
        self.is_fortran = is_fortran
        self.shown = f"an array {shape} of {dtype}"

    def compare(self, other: "Array", numbers: Numbers, path: str) -> tuple[int, str]:
        import numpy as np

        if self.shape != other.shape:
            return 1, f"shape {self.shape} -> {other.shape}"
        if self.dtype != other.dtype:
            return 1, f"type {self.dtype} -> {other.dtype}"
        if self.is_fortran != other.is_fortran:
            orders = ["F" if side.is_fortran else "C" for side in (self, other)]
            return 1, f"the order in memory {orders[0]} -> {orders[1]}"
        dtype = self.dtype
        comparing = Comparing(path, self.shape, "F" if self.is_fortran else "C", dtype, numbers)
        at = 0
        pieces = (side.memory.pieces(dtype.itemsize) for side in (self, other))
        for one, two in zip(*pieces, strict=False):
            if one != two and len(one) == len(two) and len(one) % dtype.itemsize == 0:
                comparing.take(np.frombuffer(one, dtype), np.frombuffer(two, dtype), at)
            elif one != two:
                return 1, "it is cut off"
            at += len(one) // dtype.itemsize
        found = comparing.found()
        return found.differing, found.first.removeprefix(path).removeprefix(": ")
