"""What a run says while it goes on, line by line, and at its end. Knows no terminal."""

from collections import Counter
from collections.abc import Callable, Sequence

from ..events import Failure
from ..model import RunResult, StageResult
from .problems import failure_text
from .reasons import VERDICT_COLUMNS, lines, name_column, name_columns, phrases, verdict_column
from .style import Style
from .words import about, count, duration, pad, printable, printable_lines, size

OUTCOMES = ("failed", "blocked", "cancelled", "executed", "restored", "fresh")
_TIME_COLUMNS = 8
_MOST_QUIET_LINES = 20
_MOST_RESULTS = 8
_WORTH_TELLING_SECONDS = 10


class Lines:
    """A listener that writes one line for each stage that has ended, and leaves out what is only fresh."""

    def __init__(self, write: Callable[[str], None], style: Style, *, verbose: bool = False) -> None:
        self._write = write
        self._style = style
        self._verbose = verbose
        self._columns = name_columns(())
        self._quiet_lines = 0
        self._explained: set[str] = set()
        self._ahead: tuple[int, int, float | None] | None = None

    def planned(self, stages: int, estimate_seconds: float | None) -> None:
        self._ahead = (stages, stages, estimate_seconds)

    def started(self, name: str, expected_seconds: float | None) -> None:
        if self._ahead:
            # Told when it is known that there is something to wait for, and what is fresh is out of the sum.
            left, total, seconds = self._ahead
            self._ahead = None
            if seconds is not None and seconds >= _WORTH_TELLING_SECONDS:
                self._write(f"up to {left} of {count(total, 'stage')} to run; {about(seconds)}")
        self._columns = max(self._columns, name_columns([name]))
        if self._verbose:
            self._write(f"started  {printable(name)}")

    def waiting_for(self, name: str, who: str) -> None:
        self._write(
            f"{verdict_column('waiting', self._style)}{printable(name)}: {printable(who)} makes it already"
        )

    def finished(
        self,
        result: StageResult,
        done: int,
        total: int,
        expected_left: float | None,
    ) -> None:
        if self._ahead:
            self._ahead = (total - done, total, expected_left)
        if self._verbose or self._is_worth_a_line(result):
            self._columns = max(self._columns, name_columns([result.name]))
            self._write(line_of(result, self._columns, self._style, verbose=self._verbose))

    def failed(self, name: str, failure: Failure) -> None:
        self._explained.add(name)
        self._write(failure_text(failure, self._style))

    def notice(self, text: str) -> None:
        self._write(f"note: {printable_lines(text)}")

    def _is_worth_a_line(self, result: StageResult) -> bool:
        if result.outcome == "failed":
            return result.name not in self._explained
        if result.outcome == "executed":
            return True
        if result.outcome == "cancelled" or (result.outcome == "fresh" and not result.reasons):
            return False
        # A thousand stages that are restored are a number; the first of them are news.
        self._quiet_lines += 1
        if self._quiet_lines == _MOST_QUIET_LINES + 1:
            self._write(f"{result.outcome} … further ones are only counted (-v shows them)")
        return self._quiet_lines <= _MOST_QUIET_LINES


class Errors(Lines):
    """A listener that writes of failures alone."""

    def planned(self, stages: int, estimate_seconds: float | None) -> None:
        pass

    def started(self, name: str, expected_seconds: float | None) -> None:
        pass

    def waiting_for(self, name: str, who: str) -> None:
        pass

    def notice(self, text: str) -> None:
        pass

    def finished(self, result: StageResult, done: int, total: int, expected_left: float | None) -> None:
        pass


def line_of(result: StageResult, columns: int, style: Style, *, verbose: bool) -> str:
    """Write the line of a stage that has ended: outcome, name, time, and what is worth knowing."""
    time = duration(result.wall_seconds) if result.outcome in ("executed", "failed") else ""
    head = (
        verdict_column(result.outcome, style) + name_column(result.name, columns) + pad(time, _TIME_COLUMNS)
    )
    indent = VERDICT_COLUMNS + columns + _TIME_COLUMNS
    return "\n".join(lines(head, indent, _remarks(result, verbose), verbose=verbose))


def summary(result: RunResult, style: Style, *, interrupted: bool = False) -> str:
    """Write what a run did, and where the results are."""
    found = Counter(stage.outcome for stage in result.stages.values())
    took = duration(result.wall_seconds)
    if result.ok and not interrupted and found["fresh"] == len(result.stages):
        return _nothing(result, took)
    parts = ", ".join(style.paint(f"{found[o]:,} {o}", o) for o in OUTCOMES if found[o])
    if interrupted or not result.ok:
        verb = "interrupted" if interrupted else "failed"
        return f"{style.paint(verb, 'failed')} after {took}: {parts}"
    head = f"{count(len(result.stages), 'stage')} in {took}: {parts}"
    return "\n".join([head, *_results(result)])


def _nothing(result: RunResult, took: str) -> str:
    verb = "is" if len(result.stages) == 1 else "are"
    paths = [path for path, _ in _ends(result)]
    where = f"; results: {', '.join(paths)}" if 0 < len(paths) <= 3 else ""
    return f"nothing to do: {count(len(result.stages), 'stage')} {verb} fresh; {took}{where}"


def _results(result: RunResult) -> list[str]:
    ends = _ends(result)
    if len(ends) > _MOST_RESULTS:
        return _by_folder(ends)
    columns = name_columns([path for path, _ in ends])
    return [f"  {name_column(path, columns)}{size(size_bytes)}" for path, size_bytes in ends]


def _by_folder(ends: Sequence[tuple[str, int]]) -> list[str]:
    sizes: dict[str, list[int]] = {}
    for path, size_bytes in ends:
        sizes.setdefault((path.rpartition("/")[0] or ".") + "/", []).append(size_bytes)
    shown = list(sizes.items())[:_MOST_RESULTS]
    columns = name_columns([folder for folder, _ in shown])
    out = [f"  {name_column(f, columns)}{count(len(own), 'result')}, {size(sum(own))}" for f, own in shown]
    more = len(sizes) - len(shown)
    return [*out, f"  and {count(more, 'more folder')} (`pipe show last`)"] if more else out


def _ends(result: RunResult) -> list[tuple[str, int]]:
    stages = [result.stages[name] for name in result.ends if name in result.stages]
    made = [output for stage in stages for output in stage.outputs.values()]
    return [(printable(output.path), output.artifact.size_bytes) for output in made]


def _remarks(result: StageResult, verbose: bool) -> list[str]:
    if result.outcome == "executed" and not verbose:
        # Why it executed; not what it waited for, and not that a first run is the first.
        own = [r for r in result.reasons if r.cause not in ("waiting", "never-run")]
        return ["same output"] if result.same_output else phrases("executed", own[:1])
    if result.outcome in ("failed", "blocked") and result.error:
        return [printable(line) for line in result.error.splitlines()[:1]]
    found = phrases(result.outcome, result.reasons)
    if result.outcome == "restored" and not verbose:
        return found[:1]
    return ["same output", *found] if result.same_output else found
