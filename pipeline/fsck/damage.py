"""The kinds of damage, and what is said of one. Knows neither how it is found nor how it is healed."""

from typing import NamedTuple

KINDS = {
    "object-changed": "its bytes are not those that its name says",
    "object-truncated": "it is shorter than a record says",
    "object-empty": "it is empty, and its name says otherwise",
    "object-not-a-file": "a folder, link or special file stands in its place",
    "object-unreadable": "it cannot be read",
    "object-writable": "it is right, but may be written to",
    "object-missing": "a record names it, nobody can make it again, and it is not there",
    "manifest-malformed": "a record names it as a folder, and it is no manifest",
    "action-changed": "its bytes are not those that its key says",
    "action-malformed": "its key is right, and it is no action",
    "action-missing": "a trace names it, and it is not there",
    "trace-changed": "its check is wrong",
    "trace-malformed": "it is not the form of a trace",
    "trace-misplaced": "it stands under another key than its own",
    "trace-newer": "a newer pipe wrote it",
    "evidence-changed": "its check is wrong",
    "evidence-malformed": "it is not the form of evidence",
    "evidence-misplaced": "it stands under another name than its own",
    "evidence-newer": "a newer pipe wrote it",
    "record-not-a-file": "a folder, link or special file stands in a record's place",
    "root-changed": "it does not name the project whose mark it is",
    "format-changed": "it is not the line that says what this is",
    "folder": "a folder of the store is missing, or something else stands in its place",
    "stranger": "it is no part of a store",
    "aside": "what was damaged and put aside, of something that records name",
    "temporary": "a pipe that was killed left it",
    "lock-damaged": "pipeline.lock cannot be read",
    "lock-entry": "an entry of pipeline.lock contradicts the action that it names",
    "run-damaged": "the record of a run cannot be read",
    "state-damaged": "the state database cannot be read",
    "state-wrong": "the state database has another digest of a file than the file has",
    "compiled-damaged": "the compiled pipeline.yaml is not what it says it is",
}
"""What each kind means, as docs/format.md has it."""


class Damage(NamedTuple):
    """One thing that is wrong. `digest` is of the object or the key of the record; empty where there is none."""

    kind: str
    digest: str
    text: str
    path: str = ""
    """Where it lies; empty for what is missing."""


class Healed(NamedTuple):
    """What was done about a damage; `is_whole` says whether all is as it was."""

    damage: Damage
    is_whole: bool
    how: str
