"""What `pipe run --sweep` does with its options: makes the sweep, prints the table. Knows no engine."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import Interrupted, Problem, UsageError, usage
from .project import overrides_of, root_of, targets_of
from .run_action import listening, print_decisions
from .skin import Skin, write

if TYPE_CHECKING:
    from ..sweep import Axes, SweepResult


def sweep_now(values: Mapping[str, Any], skin: Skin) -> int:
    """Run each combination, or say what that would do, and print what became of them."""
    from ..run import RunOptions
    from ..sweep import forecast, sweep

    for other in ("locked", "debug", "observe", "write"):
        if values[other]:
            raise usage(f"`--sweep` and `--{other}` contradict each other", help="leave one of them out")
    root = root_of(values)
    fixed = overrides_of(values)
    swept = _axes(values, fixed)
    options = RunOptions(
        targets=targets_of(values, root),
        jobs=values["jobs"],
        keep_going=values["keep_going"],
        force=values["force"],
        overrides=fixed,
        allow_missing=values["allow_missing"],
    )
    if values["dry_run"]:
        from ..render import sweep_text

        found = forecast(root, options, swept)
        print_decisions(
            found.decisions,
            found.bases,
            found.estimate_seconds,
            skin,
            lambda: sweep_text.forecast_plain(found),
        )
        skin.say(f"note: {sweep_text.forecast_line(found)}")
        return 0
    try:
        with listening(skin) as listener:
            result = sweep(root, options, swept, listener)
    except Interrupted as interrupted:
        if interrupted.result is None:
            raise
        _print(interrupted.result, None, swept, skin, interrupted=True)
        return interrupted.exit_code
    unknown = _print(result, values["best"], swept, skin)
    return 1 if not result.ok else 2 if unknown else 0


def _axes(values: Mapping[str, Any], fixed: Mapping[str, Any]) -> "Axes":
    from .. import config
    from ..sweep import axes

    given = []
    for word in values["sweep"]:
        key, equals, listed = word.partition("=")
        if not equals or not key.strip():
            raise usage(f"`--sweep {word}` is no KEY=V1,V2", help="write it like `--sweep train.lr=0.1,0.2`")
        given.append((key.strip(), config.parse_values(listed)))
    return axes(given, fixed)


def _print(
    result: "SweepResult", best: str | None, swept: "Axes", skin: Skin, *, interrupted: bool = False
) -> bool:
    """Print what a sweep did. Says whether it has no such metric, which is known only now."""
    from ..render import problems, sweep_text

    unknown: Sequence[Problem] = ()
    try:
        found = sweep_text.Found(result, best)
    except UsageError as error:  # what was made is told all the same
        found, unknown = sweep_text.Found(result, None), error.problems
    skin.result(
        lambda: sweep_text.as_plain(result, found),
        lambda: sweep_text.text_of(result, found, swept, skin.out, interrupted=interrupted),
    )
    if unknown:
        write(sys.stderr, problems.text_of(unknown, skin.err) + "\n")
    if found.best is not None:
        run = result.runs[found.best].result.run
        skin.say(f"help: `pipe show {run} --restore` puts it into the workspace")
    return bool(unknown)
