"""What `pipe diff` found, as text and as JSON. Compares nothing itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..diff import Artifacts, Diff, Metric
from ..metrics import short_names
from .explain_text import diff_lines
from .style import Style
from .words import count, duration, figure, pad, printable, some, width

_MOST = 12
_MOST_DETAILS = 6
_WORTH_TELLING_SECONDS = 0.5


def as_plain(found: Diff) -> dict[str, Any]:
    """Return what differs for --json. What is equal is left out."""
    return {
        "runs": list(found.runs),
        "params": {name: list(pair) for name, pair in found.params.items()},
        "code": {c.unit: {"text": c.text, "stages": list(c.stages), "diff": c.diff} for c in found.code},
        "environment": {name: list(pair) for name, pair in found.environment.items()},
        "inputs": {artifacts.path: _plain(artifacts) for artifacts in found.inputs},
        "outputs": {artifacts.path: _plain(artifacts) for artifacts in found.outputs},
        "metrics": {
            metric.name: {
                "old": metric.old,
                "new": metric.new,
                "change": metric.change,
                "percent": metric.percent,
                "better": metric.is_better,
            }
            for metric in found.metrics
        },
        "declarations": {name: list(texts) for name, texts in found.declarations.items()},
        "stages": {"added": list(found.added), "removed": list(found.removed)},
        "wall_seconds": {name: list(pair) for name, pair in found.seconds.items()},
        "unknown": list(found.unknown),
    }


def _plain(artifacts: Artifacts) -> dict[str, Any]:
    difference = artifacts.difference
    return {
        "old": artifacts.old,
        "new": artifacts.new,
        "difference": difference.text if difference else None,
        "details": {**difference.facts, "lines": list(difference.lines)} if difference else None,
        "gone": list(artifacts.gone),
    }


def text_of(found: Diff, style: Style, *, verbose: bool) -> str:
    """Write what differs, the parameters and metrics first, since they are what is looked for."""
    sections = (
        ("parameters", _params(found)),
        ("metrics", _metrics(found.metrics, style)),
        ("code", _code(found, style)),
        (
            "declarations",
            (f"{printable(n)}: {printable(t)}" for n, ts in found.declarations.items() for t in ts),
        ),
        (
            "environment",
            (
                f"{printable(n)}: {old or 'none'} -> {new or 'none'}"
                for n, (old, new) in found.environment.items()
            ),
        ),
        ("inputs", _artifacts(found.inputs, verbose=verbose)),
        ("outputs", _artifacts(found.outputs, verbose=verbose)),
        ("stages", _stages(found)),
        ("costs", _costs(found)),
    )
    out = [f"{found.runs[0]} -> {found.runs[1]}"]
    for name, lines in sections:
        told = list(lines)
        cut = told if verbose or name in ("code", "metrics") else told[:_MOST]
        if told:
            out += ["", style.paint(name, "bold"), *(f"  {line}".rstrip() for line in cut)]
        if len(cut) < len(told):
            out.append(f"  and {len(told) - len(cut)} more (-v shows them)")
    if len(out) == 1:
        out.append("nothing differs")
    return "\n".join(out)


def help_of(found: Diff) -> str:
    """Say what to do about bytes that are gone; empty if all are there."""
    gone = [each for each in (*found.outputs, *found.inputs) if each.gone]
    if not gone:
        return ""
    run = next((name for name in gone[0].gone if name in found.runs), found.runs[0])
    return f"`pipe rebuild {gone[0].path}@{run}` makes again what the store does not have any more"


def _params(found: Diff) -> Iterator[str]:
    columns = max((width(printable(name)) for name in found.params), default=0) + 2
    for name, (old, new) in found.params.items():
        yield f"{pad(printable(name), columns)}{_value(old)} -> {_value(new)}"


def _metrics(metrics: Sequence[Metric], style: Style) -> Iterator[str]:
    short = short_names([metric.name for metric in metrics])
    columns = [
        [printable(short[metric.name]) for metric in metrics],
        [f"{_value(metric.old)} -> {_value(metric.new)}" for metric in metrics],
        [_change(metric) for metric in metrics],
    ]
    wide = [max(map(width, column), default=0) + 2 for column in columns]
    for place, metric in enumerate(metrics):
        told = "".join(pad(column[place], to) for column, to in zip(columns, wide, strict=True))
        yield told + _VERDICTS[metric.is_better](style)


_VERDICTS: Mapping[bool | None, Callable[[Style], str]] = {
    None: lambda _: "",
    True: lambda style: style.paint("better", "fresh"),
    False: lambda style: style.paint("worse", "failed"),
}


def _change(metric: Metric) -> str:
    if metric.change is None:
        return ""
    percent = f" ({metric.percent:+.1f} %)" if metric.percent is not None else ""
    return f"{metric.change:+.6g}{percent}"


def _code(found: Diff, style: Style) -> Iterator[str]:
    for each in found.code:
        what = each.text.removeprefix("code ").removeprefix("changed: ")
        yield f"{printable(what)}, in {printable(some(each.stages, 4))}"
        if each.diff:
            yield from diff_lines(each.diff, style)


def _artifacts(found: Sequence[Artifacts], *, verbose: bool) -> Iterator[str]:
    for each in found:
        if each.old is None or each.new is None:
            text = "was not there" if each.old is None else "is not there"
        elif each.difference is not None:
            text = each.difference.text
        elif each.gone:
            text = "differs; its bytes are in the store no more"
        else:
            text = "differs"
        yield f"{printable(each.path)}: {printable(text)}"
        if each.difference is not None and verbose:
            yield from (f"  {printable(line)}" for line in each.difference.lines[:_MOST_DETAILS])


def _stages(found: Diff) -> Iterator[str]:
    yield from (f"added {printable(name)}" for name in found.added)
    yield from (f"removed {printable(name)}" for name in found.removed)
    yield from (f"{printable(name)}: the record of an action is gone" for name in found.unknown)


def _costs(found: Diff) -> Iterator[str]:
    """Tell of stages that took clearly longer or shorter, and of their sum."""
    told = [
        (name, old, new)
        for name, (old, new) in found.seconds.items()
        if abs(new - old) >= max(_WORTH_TELLING_SECONDS, 0.2 * old)
    ]
    for name, old, new in sorted(told, key=lambda item: -abs(item[2] - item[1])):
        yield f"{printable(name)}: {duration(old)} -> {duration(new)}"
    if len(told) > 1:
        old, new = (sum(pair[side] for pair in found.seconds.values()) for side in (0, 1))
        yield f"{count(len(found.seconds), 'stage')} that differ: {duration(old)} -> {duration(new)}"


def _value(value: Any) -> str:
    return "none" if value is None else figure(value)
