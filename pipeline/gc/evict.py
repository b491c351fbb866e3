"""In which order outputs are removed, and what that frees. Pure: removes nothing itself.

The cheapest comes first: least seconds to make again for a byte, what is absent above it counted (GreedyDual-Size,
Cao and Irani 1997, with the time to remake as the cost; its ageing needs to know of each use, which is not recorded).
"""

import heapq
from collections.abc import Mapping

from ..ledger import Ledger
from .choose import Choice, Output


class Eviction:
    """Takes outputs off what is there, one by one."""

    def __init__(self, ledger: Ledger, sizes: Mapping[str, int], choice: Choice) -> None:
        self._ledger = ledger
        self._sizes = sizes
        self._fixed = choice.fixed
        self._holders = dict(choice.shared)
        self._left = list(choice.outputs)
        self._makers: dict[str, str] = {}
        for key, produced in ledger.outputs():
            if not ledger.is_raw(key):
                for name in ledger.files_of(produced.artifact):
                    self._makers.setdefault(name, key)
        self.removed: dict[str, int] = {}
        """The objects that go, with their sizes."""

    def run(self, enough_bytes: int | None) -> list[tuple[Output, int]]:
        """Return what goes, in order, each with the bytes that it frees. `enough_bytes` is None for all that may go.

        What several outputs hold goes with the last of them.
        """
        queue = [(self._price(output), place) for place, output in enumerate(self._left)]
        heapq.heapify(queue)
        taken: list[tuple[Output, int]] = []
        freed = 0
        while queue and (enough_bytes is None or freed < enough_bytes):
            price, place = heapq.heappop(queue)
            output = self._left[place]
            now = self._price(output)
            if now > price:
                heapq.heappush(queue, (now, place))  # what it is made of went meanwhile
                continue
            size = self._take(output)
            freed += size
            taken.append((output, size))
        return [
            (output, size) for output, size in taken if not self.removed.keys().isdisjoint(output.objects)
        ]

    def _take(self, output: Output) -> int:
        gone = [name for name in output.objects if self._is_last(name)]
        for name in output.objects:
            self._holders[name] -= 1
        self.removed |= {name: self._sizes[name] for name in gone}
        return sum(self._sizes[name] for name in gone)

    def _is_last(self, name: str) -> bool:
        return self._holders[name] == 1 and name not in self._fixed

    def _price(self, output: Output) -> tuple[float, str]:
        """Return seconds for a byte, and what decides where they are equal."""
        size = sum(self._sizes[name] for name in output.objects if self._is_last(name))
        seconds = min(self.seconds(key) for key in output.keys)
        return (seconds / size if size else float("inf")), output.artifact.digest

    def seconds(self, key: str) -> float:
        """Return how long it takes to execute an action again, with all that it reads and that is not there."""
        total, seen, todo = 0.0, {key}, [key]
        while todo:
            one = todo.pop()
            total += self._ledger.traces[one][0].wall_seconds
            for _, artifact in self._ledger.acts[one].inputs:
                for name in self._ledger.files_of(artifact):
                    maker = self._maker_of_absent(name)
                    if maker is not None and maker not in seen:
                        seen.add(maker)
                        todo.append(maker)
        return total

    def _maker_of_absent(self, name: str) -> str | None:
        if name in self._sizes and name not in self.removed:
            return None
        return self._makers.get(name)
