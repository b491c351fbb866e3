"""Proposes stages and runs to the shell. Never fails, and knows no stage."""

from collections.abc import Callable, Iterable
from pathlib import Path

import typer

Proposals = list[tuple[str, str]]
"""Words, each with what is said about it."""


def stages(context: typer.Context, incomplete: str) -> Proposals:
    """Propose the stages and instances whose names begin so."""
    return _fitting(incomplete, lambda: _stages(_folder(context)))


def runs(context: typer.Context, incomplete: str) -> Proposals:
    """Propose the recorded runs whose names begin so."""
    return _fitting(incomplete, lambda: _runs(_folder(context)))


def _fitting(incomplete: str, propose: Callable[[], Iterable[tuple[str, str]]]) -> Proposals:
    try:
        return [(name, about) for name, about in propose() if name.startswith(incomplete)]
    except Exception:  # there is no project here, or a mistake in it
        return []


def _stages(folder: Path) -> Iterable[tuple[str, str]]:
    from .. import config, layout

    root = config.find(folder)
    stages = config.load(root, compiled=layout.of(root).compiled).project.stages.values()
    found = {stage.base: stage.doc for stage in stages}
    return [*found.items(), *((stage.name, stage.doc) for stage in stages if stage.name != stage.base)]


def _runs(folder: Path) -> Iterable[tuple[str, str]]:
    from .. import config, history, layout, tags

    pipe = layout.of(config.find(folder)).pipe
    tagged = tags.read(pipe).items()
    return [("last", "the newest"), *tagged, *((name, "") for name in history.run_ids(pipe))]


def _folder(context: typer.Context) -> Path:
    found = context.params.get("folder") or context.find_root().params.get("folder")
    return Path(str(found)) if found else Path.cwd()
