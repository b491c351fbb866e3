"""pipeline.lock: per stage its last good action, committed to git. Knows its form, not who decides by it."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from . import action as actions
from . import digest, durable
from .action import Action
from .errors import Mark, UsageError, usage
from .model import Artifact, Produced
from .rebuilder import Locked
from .trace import Trace

NAME = "pipeline.lock"
VERSION = 1
NO_KEY = "0" * digest.HEX_LENGTH
"""Of a stage that never executes."""


class Entry(NamedTuple):
    """One stage. `recipe` is the digest of its action without the machine's environment."""

    key: str
    recipe: str
    params: Mapping[str, Any]
    inputs: Mapping[str, Artifact]
    """By path; every file of a glob has its own. Sizes are not kept: 0."""
    outputs: Mapping[str, Produced]
    pickles: Mapping[str, tuple[str, ...] | None] = {}
    """What each pickle among the inputs refers to, by path: said to who has not their bytes."""
    sandbox: str = "strict"
    """How the stage was watched over when it gave these outputs."""
    observed: Mapping[str, str | None] = {}
    """What it asked for without declaring it: the entry answers for the stage only while that holds."""

    @property
    def locked(self) -> Locked:
        recipe = self.recipe if self.recipe != NO_KEY else ""
        return Locked(self.key, self.outputs, recipe, self.params, self.inputs)


def entry_of(
    action: Action,
    outputs: Mapping[str, Produced],
    pickles: Mapping[str, tuple[str, ...] | None],
    made: Trace | None,
    old: Entry | None,
) -> Entry:
    """Return the entry of a stage that is up to date; `old` if nothing changed.

    `made` is the trace that has the outputs; None where `old` vouched for them.
    """
    if made is not None:
        sandbox, observed = made.level if made.level in ("warn", "off") else "strict", dict(made.observed)
    else:
        sandbox, observed = (old.sandbox, dict(old.observed)) if old is not None else ("strict", {})
    inputs = dict(actions.kind_and_artifacts(action.recipe))
    params = dict(action.recipe["params"])
    portable = actions.portable(action.recipe)
    now = Entry(action.key, portable, params, inputs, dict(outputs), pickles, sandbox, observed)
    # Sizes of inputs and the form of parameters are not kept: the rest says whether anything changed.
    return old if old is not None and old._replace(params=params, inputs=inputs) == now else now


def read(root: Path) -> dict[str, Entry]:
    """Return the entries by stage; empty if there is no lock file. Raises UsageError if it cannot be read."""
    path = root / NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(f"cannot be read: {error}") from error
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _broken(text, error) from error
    if not isinstance(plain, dict) or not isinstance(plain.get("stages"), dict):
        raise _damaged("holds no stages")
    if plain.get("version") != VERSION:
        raise _damaged(f"has version {plain.get('version')!r}; this pipe knows version {VERSION}", newer=True)
    try:
        return {str(name): _entry(entry) for name, entry in plain["stages"].items()}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _damaged(f"has an entry that is damaged: {error}") from error


def is_ours_to_mend(root: Path) -> bool:
    """Say whether a lock file that cannot be read may be written anew: not one of a merge, or of a newer `pipe`."""
    try:
        text = (root / NAME).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return True
    if any(line.startswith("<<<<<<< ") for line in text.split("\n")):
        return False
    try:
        version = json.loads(text).get("version")
    except (ValueError, AttributeError, RecursionError):
        return True
    return not (type(version) is int and version > VERSION)


def merged(old: Mapping[str, Entry], new: Mapping[str, Entry], declared: frozenset[str]) -> dict[str, Entry]:
    """Return what the lock file should hold: the new entries over the old ones, of declared stages alone.

    An entry that differs from the old one only by the machine's environment stays as it was.
    """
    entries = {name: entry for name, entry in old.items() if name in declared}
    for name, entry in new.items():
        was = entries.get(name)
        if was is None or was._replace(key="", params={}, inputs={}) != entry._replace(
            key="", params={}, inputs={}
        ):
            entries[name] = entry
    return entries


def write(root: Path, entries: Mapping[str, Entry], temporary: Callable[[str], str]) -> bool:
    """Write the lock file; says whether that changed a byte.

    `temporary` gives for a path the name under which it is written first: not beside it, where a `pipe` that is
    killed would leave it to the user.
    """
    stages = {name: _plain(entry) for name, entry in entries.items()}
    data = json.dumps({"version": VERSION, "stages": stages}, sort_keys=True, indent=1, ensure_ascii=False)
    content = (data + "\n").encode("utf-8")
    path = root / NAME
    try:
        if path.read_bytes() == content:
            return False
    except FileNotFoundError:
        pass
    durable.write_file(os.fspath(path), content, temporary=temporary(os.fspath(path)))
    return True


def _entry(plain: Mapping[str, Any]) -> Entry:
    outputs = {}
    for name, entry in plain["outputs"].items():
        outputs[name] = Produced(str(entry["path"]), _artifact(entry, entry["size_bytes"]))
    if not digest.is_digest(plain["key"]) or not digest.is_digest(plain["recipe"]):
        raise ValueError("its key")
    inputs = {str(path): _artifact(entry, 0) for path, entry in plain["inputs"].items()}
    sandbox, observed = plain.get("sandbox", "strict"), plain.get("observed", {})
    if sandbox not in ("strict", "warn", "off") or not all(
        name is None or digest.is_digest(name) for name in observed.values()
    ):
        raise ValueError("what it observed")
    pickles = {str(path): _references(text) for path, text in plain.get("pickles", {}).items()}
    params = digest.plain(plain["params"])
    return Entry(plain["key"], plain["recipe"], params, inputs, outputs, pickles, sandbox, observed)


def _references(text: Any) -> tuple[str, ...] | None:
    if text is not None and not isinstance(text, str):
        raise ValueError("what a pickle refers to")
    return None if text is None else tuple(text.split())


def _artifact(entry: Mapping[str, Any], size_bytes: int) -> Artifact:
    kind, name = entry["kind"], entry["digest"]
    if kind not in ("file", "exec", "tree") or not digest.is_digest(name) or type(size_bytes) is not int:
        raise ValueError(f"an artifact of kind {kind!r}")
    return Artifact(kind, name, size_bytes)


def _plain(entry: Entry) -> dict[str, Any]:
    outputs = {
        name: {
            "path": p.path,
            "kind": p.artifact.kind,
            "digest": p.artifact.digest,
            "size_bytes": p.artifact.size_bytes,
        }
        for name, p in entry.outputs.items()
    }
    params = json.loads(digest.canonical(entry.params))
    inputs = {path: {"kind": a.kind, "digest": a.digest} for path, a in entry.inputs.items()}
    plain = {"key": entry.key, "recipe": entry.recipe, "params": params, "inputs": inputs, "outputs": outputs}
    if entry.pickles:
        plain["pickles"] = {
            p: None if found is None else " ".join(found) for p, found in entry.pickles.items()
        }
    if entry.sandbox != "strict":
        plain |= {"sandbox": entry.sandbox}
    if entry.observed:
        plain |= {"observed": dict(entry.observed)}
    return plain


def _broken(text: str, error: Exception) -> UsageError:
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if line.startswith(("<<<<<<< ", "=======", ">>>>>>> ")):
            return usage(
                f"{NAME} has marks of a merge",
                mark=Mark(NAME, number, 1, len(line), line),
                help=f"take either side (`git checkout --ours {NAME}`), then `pipe run` puts it right",
            )
    if isinstance(error, json.JSONDecodeError):
        line = lines[error.lineno - 1] if error.lineno <= len(lines) else ""
        return usage(
            f"{NAME} is damaged: {error.msg}",
            mark=Mark(NAME, error.lineno, error.colno, 1, line),
            help=f"`git checkout {NAME}`, or delete it: `pipe run` writes it anew",
        )
    return _damaged(str(error))


def _damaged(what: str, *, newer: bool = False) -> UsageError:
    help_text = f"`git checkout {NAME}`, or delete it: `pipe run` writes it anew"
    return usage(f"{NAME} {what}", help="upgrade pipe" if newer else help_text)
