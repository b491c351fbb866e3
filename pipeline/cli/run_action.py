"""What `pipe run` does with its options: makes the run, chooses who hears of it. Knows no engine."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import Interrupted
from .project import overrides_of, root_of, targets_of
from .skin import Skin, write

if TYPE_CHECKING:
    from ..events import Listener
    from ..model import Decision, RunResult
    from ..status import StatusResult


def run_now(values: Mapping[str, Any], skin: Skin) -> int:
    """Make the run, and print what became of it."""
    from ..run import RunOptions, run

    root = root_of(values)
    options = RunOptions(
        targets=targets_of(values, root),
        jobs=values["jobs"],
        keep_going=values["keep_going"],
        force=values["force"],
        overrides=overrides_of(values),
        locked=values["locked"],
        debug=values["debug"],
    )
    listener, close = _listener(skin, debug=values["debug"])
    try:
        if values["debug"]:
            with skin.lending_terminal():
                result = run(root, options, listener)
        else:
            result = run(root, options, listener)
    except Interrupted as interrupted:
        close()
        partial: RunResult | None = getattr(interrupted, "result", None)
        if partial is None:
            raise
        _print(partial, skin, interrupted=True)
        return interrupted.exit_code
    finally:
        close()
    _print(result, skin)
    return 0 if result.ok else 1


def forecast(values: Mapping[str, Any], skin: Skin) -> int:
    """Print what a run would do."""
    from ..render import as_json
    from ..status import status

    root = root_of(values)
    start = time.monotonic()
    result = status(
        root,
        targets_of(values, root),
        allow_missing=values["allow_missing"],
        overrides=overrides_of(values),
        force=values["force"],
    )
    print_forecast(result, skin, lambda: as_json.forecast(result, time.monotonic() - start))
    executes = any(decision.verdict in ("stale", "waiting") for decision in result.decisions.values())
    return 1 if values["locked"] and executes else 0


def print_forecast(result: "StatusResult", skin: Skin, plain: Callable[[], Mapping[str, Any]]) -> None:
    """Print verdicts, and the notes beside them."""
    from ..render import grades
    from ..render.words import printable_lines

    known = {name: grades.text_of(graded) for name, graded in result.grades.items()}
    print_decisions(result.decisions, result.bases, result.estimate_seconds, skin, plain, grades=known)
    for note in result.notes:
        skin.say(f"note: {printable_lines(note)}")


def print_decisions(
    decisions: "Mapping[str, Decision]",
    bases: Mapping[str, str],
    estimate_seconds: float | None,
    skin: Skin,
    plain: Callable[[], Mapping[str, Any]],
    *,
    grades: Mapping[str, str] | None = None,
) -> None:
    """Print verdicts; `bases` has of each stage the name that stands in pipeline.yaml."""
    from ..render import status_text

    skin.result(
        plain,
        lambda: status_text.text_of(
            decisions,
            bases,
            estimate_seconds=estimate_seconds,
            style=skin.out,
            verbose=skin.verbose,
            grades=grades or {},
        ),
    )


def _print(result: "RunResult", skin: Skin, *, interrupted: bool = False) -> None:
    from ..render import as_json, run_lines

    skin.report(
        lambda: as_json.run(result), lambda: run_lines.summary(result, skin.out, interrupted=interrupted)
    )


@contextlib.contextmanager
def listening(skin: Skin) -> "Iterator[Listener]":
    """Give a listener that shows what goes on, as it is fit for where stderr goes."""
    listener, close = _listener(skin, debug=False)
    try:
        yield listener
    finally:
        close()


def _listener(skin: Skin, *, debug: bool) -> "tuple[Listener, Callable[[], None]]":
    from ..render import run_lines, style

    def line(text: str) -> None:
        write(sys.stderr, text + "\n")

    if skin.quiet:
        return run_lines.Errors(line, skin.err), _nothing
    if style.is_terminal(sys.stderr) and not debug:  # a debugger needs the terminal for itself
        from ..render.live import Display

        display = Display(sys.stderr, skin.err, verbose=skin.verbose)
        return display, display.close
    return run_lines.Lines(line, skin.err, verbose=skin.verbose), _nothing


def _nothing() -> None:
    pass
