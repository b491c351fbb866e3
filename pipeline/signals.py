"""The signals that ask `pipe` to end. Knows not what is then to be done."""

import signal
import threading
from collections.abc import Callable
from types import FrameType


def catch(do: Callable[[int], None]) -> Callable[[], None]:
    """Call `do` with the number of each such signal from now on; returns what puts things back.

    Only the main thread can ask for that: elsewhere nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        return lambda: None

    def caught(number: int, _frame: FrameType | None) -> None:
        do(number)

    old = {number: signal.signal(number, caught) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def restore() -> None:
        for number, handler in old.items():
            signal.signal(number, handler)

    return restore
