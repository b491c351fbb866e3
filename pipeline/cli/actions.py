"""What each command does with its options: calls the verb, prints what it returns. Knows no engine.

Verbs and renderers are imported where they are used: `pipe status` must not load what `pipe init` needs.
"""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import usage
from . import run_action
from .project import records_root_of, root_of, target_of, targets_of
from .skin import Skin, write_bytes

Values = Mapping[str, Any]

_DRAWN = ("text", "dot", "mermaid", "json")


def _status(values: Values, skin: Skin) -> int:
    from ..render import as_json, status_text
    from ..status import status

    root = root_of(values)
    result = status(
        root, targets_of(values, root), allow_missing=values["allow_missing"], graded=skin.verbose
    )
    run_action.print_forecast(result, skin, lambda: as_json.status(result))
    if result.leftovers:
        skin.say(f"note: {status_text.leftovers_text(result.leftovers)}")
    return 1 if values["check"] and not result.ok else 0


def _explain(values: Values, skin: Skin) -> int:
    from ..explain import explain
    from ..render import as_json, explain_text

    found = explain(root_of(values), values["stage"])
    skin.result(
        lambda: as_json.explain(found), lambda: explain_text.text_of(found, skin.out, verbose=skin.verbose)
    )
    return 0


def _graph(values: Values, skin: Skin) -> int:
    from .. import graph_view
    from ..project_graph import project_graph

    root = root_of(values)
    graph = project_graph(root, targets_of(values, root))
    texts: Mapping[str, Callable[[], str]] = {
        "text": lambda: graph_view.as_text(graph, verbose=skin.verbose),
        "dot": lambda: graph_view.as_dot(graph),
        "mermaid": lambda: graph_view.as_mermaid(graph),
    }
    return _in_format(values["format"], skin, lambda: graph_view.as_plain(graph), texts)


def _in_format(
    wanted: str, skin: Skin, plain: Callable[[], Mapping[str, Any]], texts: Mapping[str, Callable[[], str]]
) -> int:
    """Print a graph as --format or --json asks for it."""
    if wanted == "json":
        skin = skin._replace(json=True)
    skin.result(plain, texts.get(wanted, texts["text"]))
    return 0


def _lineage(values: Values, skin: Skin) -> int:
    if values["format"] in _DRAWN:
        from ..lineage import lineage
        from ..render import lineage_text

        if values["into"] or values["all"]:
            raise usage(
                "`-o` and `--all` are for the formats of standards", help="`pipe lineage --help` names them"
            )
        root = records_root_of(values)
        found = lineage(root, target_of(values["target"], root), down=values["down"])
        texts: Mapping[str, Callable[[], str]] = {
            "text": lambda: lineage_text.as_text(found, verbose=skin.verbose),
            "dot": lambda: lineage_text.as_dot(found),
            "mermaid": lambda: lineage_text.as_mermaid(found),
        }
        return _in_format(values["format"], skin, lambda: lineage_text.as_plain(found), texts)
    from .export_action import export_now

    return export_now(values, skin)


def _rebuild(values: Values, skin: Skin) -> int:
    from .. import recorded
    from ..rebuild import rebuild
    from ..render import rebuild_text

    root = records_root_of(values)
    into = Path(values["into"]) if values["into"] else None
    try:
        with run_action.listening(skin) as listener:
            found = rebuild(
                root,
                target_of(values["target"], root),
                listener,
                into=into,
                from_scratch=values["from_scratch"],
                recorded_environment=values["environment"] == "recorded",
            )
    except recorded.Elsewhere as elsewhere:
        there = recorded.command(elsewhere.python, sys.argv[1:])
        os.execv(there[0], there)
    if found.first_difference is not None and not skin.json:
        skin.problems([rebuild_text.problem(found, verbose=skin.verbose)])
        return 1
    skin.report(
        lambda: rebuild_text.as_plain(found), lambda: rebuild_text.as_text(found, verbose=skin.verbose)
    )
    return 0 if found.ok else 1


def _runs(values: Values, skin: Skin) -> int:
    from ..history import as_plain
    from ..render import records_text
    from ..runs import runs

    found = runs(root_of(values))
    skin.result(
        lambda: {
            "runs": [as_plain(record) for record in found.records],
            "under_way": list(found.under_way),
            "notes": list(found.notes),
        },
        lambda: records_text.runs_text(found.records, skin.out),
    )
    for run in found.under_way:
        skin.say(f"note: run {run} is under way")
    for note in found.notes:
        skin.say(f"note: {note}")
    if not found.records and not found.under_way:
        skin.say("no runs yet: `pipe run` makes one")
    return 0


def _show(values: Values, skin: Skin) -> int:
    from ..history import as_plain
    from ..render import records_text
    from ..show import show

    record = show(root_of(values), values["run"] or "last")
    skin.result(
        lambda: as_plain(record), lambda: records_text.show_text(record, skin.out, verbose=skin.verbose)
    )
    return 0


def _init(values: Values, skin: Skin) -> int:
    from ..init import init

    here = Path(values["folder"] or ".")
    made = init(here / (values["into"] or "."))
    place = os.path.relpath(made.root)
    command = "pipe run" if place == "." else f"pipe run -C {place}"

    def text() -> str:
        where = "here" if place == "." else f"in {place}"
        return f"began a project {where}: {', '.join(made.made)}\nnext: {command}"

    skin.report(
        lambda: {"ok": True, "made": list(made.made), "kept": list(made.kept), "next": command},
        text,
    )
    if made.kept:
        skin.say(f"note: kept as they were: {', '.join(made.kept)}")
    if made.enclosing is not None:
        skin.say(f"note: it lies in the folder of another project, {made.enclosing}, which does not see it")
    return 0


def _schema(_: Values, skin: Skin) -> int:
    import json

    from ..schema import schema

    found = schema()
    skin.result(lambda: found, lambda: json.dumps(found, indent=2))
    return 0


def _shell(values: Values, skin: Skin) -> int:
    from ..shell import shell

    root = root_of(values)
    with skin.lending_terminal():
        code = shell(root, values["stage"])
    skin.result(lambda: {"stage": values["stage"], "exit_code": code}, lambda: "")
    return code


def _logs(values: Values, skin: Skin) -> int:
    from ..logs import follow, logs, read

    root = root_of(values)
    log = logs(root, values["stage"], follow=values["follow"])
    pieces = follow(root, log) if values["follow"] else read(log)
    path = os.path.relpath(log.path, root)
    if not skin.json:
        if skin.verbose:
            skin.say(f"{path}{', still growing' if log.is_under_way else ''}")
        write_bytes(pieces)
        return 0
    text = b"".join(pieces).decode("utf-8", "replace")
    plain = {"stage": log.stage, "run": log.run, "path": path, "text": text}
    skin.result(lambda: plain, lambda: text)
    return 0


def _clean(values: Values, skin: Skin) -> int:
    from ..clean import clean
    from ..render.words import count, printable

    dry_run = values["dry_run"]
    result = clean(root_of(values), dry_run=dry_run)

    def text() -> str:
        if not result.removed and not result.kept:
            return "nothing to clean: no file is left over"
        head = f"{'would remove' if dry_run else 'removed'} {count(len(result.removed), 'file')}"
        kept = [f"  kept {printable(path)}: {why}" for path, why in result.kept]
        return "\n".join([head, *(f"  {printable(path)}" for path in result.removed), *kept])

    skin.report(
        lambda: {
            "ok": True,
            "dry_run": dry_run,
            "removed": list(result.removed),
            "kept": [{"path": path, "text": why} for path, why in result.kept],
        },
        text,
    )
    return 0


def _gc(values: Values, skin: Skin) -> int:
    from ..config import bytes_of
    from ..gc import GcOptions, gc
    from ..render import gc_text
    from ..render.words import about

    if values["prove"] and values["unproven"]:
        raise usage("`--prove` and `--unproven` contradict each other", help="leave one of them out")
    most = values["max_size"]
    options = GcOptions(
        values["keep_runs"] or 0,
        None if most is None else bytes_of(most, "--max-size"),
        values["dry_run"],
        values["prove"],
        values["unproven"],
    )
    result = gc(
        records_root_of(values),
        options,
        executing=lambda stage, seconds: skin.say(f"executing {stage} once more, {about(seconds)}"),
    )
    skin.report(lambda: gc_text.as_plain(result), lambda: gc_text.text_of(result, dry_run=options.dry_run))
    for note in gc_text.notes(result, options):
        skin.say(f"note: {note}")
    return 0


def _fsck(values: Values, skin: Skin) -> int:
    from ..fsck import fsck
    from ..render import fsck_text

    with skin.progress() as told:
        result = fsck(records_root_of(values), repair=values["repair"], jobs=values["jobs"], told=told)
    skin.result(
        lambda: fsck_text.as_plain(result), lambda: fsck_text.text_of(result, skin.out, verbose=skin.verbose)
    )
    if result.problems and not values["repair"]:
        skin.say("help: `pipe fsck --repair` puts right what it can")
    return 0 if result.ok else 1


def _doctor(values: Values, skin: Skin) -> int:
    from ..doctor import doctor

    found = doctor(root_of(values))

    def text() -> str:
        lines = [f"isolation: {found.level}" + (f" ({found.why})" if found.why else "")]
        lines += [f"  - {line}" for line in found.means]
        if found.unwatched:
            lines.append(f"watching: what Python opens in a `run` stage, nothing else ({found.unwatched})")
        else:
            lines.append(
                "watching: every path that a stage under `sandbox: warn` asks for, also in what it starts"
            )
        copies = (
            "copies share their bytes (reflink)" if found.reflink else "copies take room: no reflinks here"
        )
        return "\n".join([*lines, f"store: {found.store}", f"  - {copies}", f"python: {found.python}"])

    skin.result(lambda: {"ok": True, **found._asdict(), "means": list(found.means)}, text)
    return 0


def _run(values: Values, skin: Skin) -> int:
    if values["observe"] or values["write"]:
        from .observe_action import observe_now

        return observe_now(values, skin)
    if values["debug"] and len(values["targets"]) != 1:
        raise usage("`--debug` needs one stage", help="`pipe run --debug STAGE`")
    if values["locked"] and values["force"]:
        raise usage("`--locked` and `--force` contradict each other", help="leave one of them out")
    if values["debug"] and values["dry_run"]:
        raise usage("`--debug` and `--dry-run` contradict each other", help="leave one of them out")
    if values["allow_missing"] and not values["dry_run"]:
        raise usage("`--allow-missing` is for a dry run", help="add `-n`, or leave it out")
    return run_action.forecast(values, skin) if values["dry_run"] else run_action.run_now(values, skin)


def _verify(values: Values, skin: Skin) -> int:
    from .verify_action import verify_now

    return verify_now(values, skin)


ACTIONS: Mapping[str, Callable[[Values, Skin], int]] = {
    "run": _run,
    "status": _status,
    "explain": _explain,
    "graph": _graph,
    "lineage": _lineage,
    "rebuild": _rebuild,
    "verify": _verify,
    "runs": _runs,
    "show": _show,
    "init": _init,
    "schema": _schema,
    "shell": _shell,
    "logs": _logs,
    "clean": _clean,
    "doctor": _doctor,
    "fsck": _fsck,
    "gc": _gc,
}
