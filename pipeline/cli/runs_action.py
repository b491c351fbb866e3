"""What `pipe runs`, `pipe show` and `pipe diff` do with their options. Knows no engine."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import usage
from .project import root_of
from .skin import Skin

if TYPE_CHECKING:
    from ..runs import Runs


def runs_now(values: Mapping[str, Any], skin: Skin) -> int:
    """Print the recorded runs that were asked for, in the form that was."""
    from ..render import runs_text, table
    from ..runs import Selection, runs

    forms = [name for name in ("csv", "json", "parquet") if values[name]]
    if len(forms) > 1:
        raise usage(f"`--{forms[0]}` and `--{forms[1]}` contradict each other", help="leave one of them out")
    if values["best"] and values["sort"]:
        raise usage("`--best` and `--sort` contradict each other", help="leave one of them out")
    root = root_of(values)
    selection = Selection(values["where"], values["sort"], values["limit"], values["best"])
    found = runs(root, selection)
    asked = tuple(name for word in values["columns"] for name in word.split(",") if name)
    shown = runs_text.columns(found, asked or (("*",) if forms else ()))
    if values["parquet"]:
        return _parquet(found, shown, values["parquet"], skin)
    if values["csv"]:
        skin.result(dict, lambda: runs_text.csv_of(found, shown))
        return 0
    skin.result(
        lambda: runs_text.as_plain(found, _records(root, found)),
        lambda: runs_text.text_of(found, shown, skin.out, wide=table.terminal_columns()),
    )
    for run in found.under_way:
        skin.say(f"note: run {run} is under way")
    for note in found.notes:
        skin.say(f"note: {note}")
    if not found.rows:
        if found.total:
            skin.say("no run is as asked for")
        elif not found.under_way:
            skin.say("no runs yet: `pipe run` makes one")
    return 0


def _records(root: Path, found: "Runs") -> Mapping[str, Mapping[str, Any]]:
    from .. import history, layout

    pipe = layout.of(root).pipe
    whole = {}
    for row in found.rows:
        try:
            whole[row.run] = history.as_plain(history.load(pipe, row.run))
        except (OSError, ValueError):
            continue  # what is known of it stands in its row
    return whole


def _parquet(found: "Runs", shown: Any, path: str, skin: Skin) -> int:
    from ..durable import disk_refused
    from ..formats.listing import save_columns
    from ..render import runs_text
    from ..render.words import count

    try:
        save_columns(runs_text.as_columns(found, shown), Path(path))
    except OSError as error:
        raise disk_refused(error, path) from error
    skin.say(f"wrote {count(len(found.rows), 'run')} to {path}")
    return 0


def diff_now(values: Mapping[str, Any], skin: Skin) -> int:
    """Print in what two runs differ, or a run and the workspace."""
    from ..diff import diff
    from ..render import diff_text

    found = diff(root_of(values), values["runs"])
    skin.result(
        lambda: diff_text.as_plain(found), lambda: diff_text.text_of(found, skin.out, verbose=skin.verbose)
    )
    if help_text := diff_text.help_of(found):
        skin.say(f"help: {help_text}")
    return 0


def show_now(values: Mapping[str, Any], skin: Skin) -> int:
    """Print one run; or tag it, or put what it made into the workspace."""
    from .. import layout, tags
    from ..history import as_plain
    from ..render import records_text
    from ..show import show

    root = root_of(values)
    pipe = layout.of(root).pipe
    if values["dry_run"] and not values["restore"]:
        raise usage("`--dry-run` is for `--restore`", help="leave it out: a run that is shown stays as it is")
    if values["untag"]:
        return _untag(values["untag"], os.fspath(pipe), skin)
    if values["restore"]:
        return _restore(root, values, skin)
    record = show(root, values["run"] or "last")
    if values["tag"]:
        before = tags.put(pipe, values["tag"], record.run)
        was = f" (it was {before})" if before not in (None, record.run) else ""
        skin.report(
            lambda: {"ok": True, "tag": values["tag"], "run": record.run, "before": before},
            lambda: f"{values['tag']} is run {record.run}{was}",
        )
        return 0
    names = tags.by_run(pipe).get(record.run, ())
    skin.result(
        lambda: {**as_plain(record), "tags": list(names)},
        lambda: records_text.show_text(record, skin.out, verbose=skin.verbose, tags=names),
    )
    return 0


def _restore(root: Path, values: Mapping[str, Any], skin: Skin) -> int:
    from ..render import restore_text
    from ..restore import restore
    from .run_action import listening

    dry_run = values["dry_run"]
    if values["tag"]:
        raise usage("`--restore` and `--tag` contradict each other", help="give one after the other")
    with listening(skin) as listener:
        found = restore(root, values["run"] or "last", listener, dry_run=dry_run)
    skin.report(
        lambda: restore_text.as_plain(found, dry_run=dry_run),
        lambda: restore_text.text_of(found, dry_run=dry_run),
    )
    for note in restore_text.notes(found):
        skin.say(f"note: {note}")
    return 0


def _untag(tag: str, pipe: str, skin: Skin) -> int:
    from .. import tags

    run = tags.remove(pipe, tag)
    skin.report(
        lambda: {"ok": True, "tag": tag, "run": run}, lambda: f"{tag} is no run any more (it was {run})"
    )
    return 0
