"""The process that observes: started, heard, and ended with all that it started. Knows no pipeline.yaml."""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

from .. import config, durable
from ..errors import Interrupted, Problem, StageFailed
from ..execute import processes
from ..workspace.ignore import Ignore
from . import merge
from .infer import infer
from .session import Plan, Session, Setting


def in_a_process(
    setting: Setting, plans: Sequence[Plan], ignored: Ignore, tell: Callable[[str, int, int], None]
) -> dict[str, Any]:
    """Run the session in a process of its own, which can have mounts of its own; returns what it found."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _become_session(setting, plans, ignored, writing)
    os.close(writing)
    found: dict[str, Any] = {}
    started: dict[str, None] = {}
    with _ending(pid), open(reading, encoding="utf-8") as lines:
        for line in lines:
            message = json.loads(line)
            if "started" in message:
                name = message["started"]
                is_again = name in started
                started[name] = None
                tell(name, 0 if is_again else len(started), len(plans))
            else:
                found = message
    if not found:
        raise StageFailed(Problem("what observes the stages ended", help="run it again"))
    if "refused" in found:
        raise durable.disk_refused(OSError(*found["refused"]), setting.folder)
    return found


@contextmanager
def _ending(pid: int) -> Iterator[None]:
    """Wait for the process, or end it with all that it started when the user wants no more."""
    caught: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        caught.append(number)
        processes.signal_tree(pid, signal.SIGTERM)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    is_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, on_signal) for number in numbers} if is_main else {}
    try:
        yield
    except BaseException:
        processes.signal_tree(pid, signal.SIGKILL)
        raise
    finally:
        try:
            os.waitpid(pid, 0)
        except ChildProcessError:
            pass
        for number, handler in before.items():
            signal.signal(number, handler)
        if caught:
            raise Interrupted(128 + caught[0], None)


def _become_session(setting: Setting, plans: Sequence[Plan], ignored: Ignore, writing: int) -> NoReturn:
    def ended(_number: int, _frame: FrameType | None) -> None:
        processes.end_orphans(set())
        os._exit(1)

    def say(message: Mapping[str, Any]) -> None:
        os.write(writing, json.dumps(message).encode() + b"\n")

    try:
        signal.signal(signal.SIGTERM, ended)
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        processes.die_with_parent(signal.SIGTERM)
        session = Session(setting, plans, lambda name: say({"started": name}))
        data = json.dumps(_found(session, setting, ignored)).encode() + b"\n"
        durable.write_all(writing, memoryview(data))
    except OSError as error:
        say({"refused": [error.errno or 0, error.strerror or str(error)]})
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(0)


def _found(session: Session, setting: Setting, ignored: Ignore) -> dict[str, Any]:
    ended = session.run()
    seen = {name: one.seen for name, one in ended.items() if one.seen is not None}
    inferred = infer(
        seen,
        ignored=lambda path: ignored(path, is_folder=False),
        is_secret=config.is_secret,
        params_path=setting.params_path,
        home=os.path.expanduser("~"),
    )
    stages = {name: one.stage for name, one in seen.items()}
    changes, notes = merge.changes(stages, inferred, {name: one.text for name, one in seen.items()})
    found: dict[str, Any] = {
        "stages": {},
        "changes": {base: change._asdict() for base, change in changes.items()},
    }
    found["notes"] = session.notes()
    for name, one in ended.items():
        of_base = notes.get(one.seen.stage.base, []) if one.seen is not None else []
        plain = merge.plain(inferred[name]) if name in inferred else merge.NOTHING
        found["stages"][name] = {
            "error": one.why or None,
            "wall_seconds": one.wall_seconds,
            "tail": one.tail,
            "plain": plain,
            "notes": [*(inferred[name].notes if name in inferred else ()), *of_base],
        }
    return found
