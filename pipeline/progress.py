"""What has become of the stages of a run so far, told to whoever listens. Knows no store and no decision."""

import threading
from collections.abc import Mapping, Sequence

from .events import Failure, Listener
from .model import StageResult
from .scheduler import UNKNOWN_SECONDS


class Progress:
    """Results by stage. Usable from several threads: the listener hears one thing at a time."""

    def __init__(
        self, scope: Sequence[str], seconds: Mapping[str, float], jobs: int, listener: Listener
    ) -> None:
        self.results: dict[str, StageResult] = {}
        self._scope = scope
        self._jobs = jobs
        self._listener = listener
        self._lock = threading.RLock()
        # What nobody has seen run is taken to last as long as the others do.
        known = [seconds[name] for name in scope if name in seconds]
        usual = sum(known) / len(known) if known else UNKNOWN_SECONDS
        self._known = bool(known)
        self._expected = {name: seconds.get(name, usual) for name in scope}
        self._measured = {name: seconds[name] for name in scope if name in seconds}
        self._left = set(scope)
        self._left_seconds = sum(self._expected.values())

    def planned(self, estimate_seconds: float | None) -> None:
        with self._lock:
            self._listener.planned(len(self._scope), estimate_seconds)

    def started(self, name: str) -> None:
        with self._lock:
            self._listener.started(name, self._measured.get(name))

    def waiting_for(self, name: str, who: str) -> None:
        with self._lock:
            self._listener.waiting_for(name, who)

    def notice(self, text: str) -> None:
        with self._lock:
            self._listener.notice(text)

    def failed(self, name: str, failure: Failure) -> None:
        with self._lock:
            self._listener.failed(name, failure)

    def end(self, result: StageResult) -> None:
        """Take a stage's outcome, whatever it is."""
        with self._lock:
            self.results[result.name] = result
            if result.name in self._left:
                self._left.discard(result.name)
                self._left_seconds -= self._expected[result.name]
            done = len(self._scope) - len(self._left)
            self._listener.finished(result, done, len(self._scope), self._expected_left())

    def unfinished(self) -> list[str]:
        """Return the stages that have no outcome yet, in order."""
        return [name for name in self._scope if name in self._left]

    def ordered(self) -> dict[str, StageResult]:
        return {name: self.results[name] for name in self._scope}

    def _expected_left(self) -> float | None:
        if not self._known:
            return None
        return max(0.0, self._left_seconds) / max(1, min(self._jobs, len(self._left)))
