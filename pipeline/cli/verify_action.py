"""What `pipe verify` does with its options: verifies, prints, writes what CI systems read. Knows no engine."""

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from ..errors import Interrupted, Problem, StoreError, usage
from .project import root_of, targets_of
from .run_action import listening
from .skin import Skin, write

if TYPE_CHECKING:
    from ..verify import VerifyResult


def verify_now(values: Mapping[str, Any], skin: Skin) -> int:
    """Verify, and print what was found."""
    from ..render import as_json, verify_text
    from ..verify import VerifyOptions, verify

    junit_folder = os.path.dirname(values["junit"] or "") or "."
    if not os.path.isdir(junit_folder):
        raise usage(f"there is no folder `{junit_folder}` for the report", help=f"`mkdir -p {junit_folder}`")
    root = root_of(values)
    options = VerifyOptions(
        targets_of(values, root),
        values["skip"],
        values["only"],
        values["twice"],
        values["jobs"],
        values["perturb"],
    )
    try:
        with listening(skin) as listener:
            result = verify(root, options, listener)
    except Interrupted as interrupted:
        skin.problems([Problem("interrupted; nothing of the project was changed")])
        return interrupted.exit_code
    skin.report(
        lambda: as_json.verify(result),
        lambda: verify_text.text_of(result, skin.out, verbose=skin.verbose),
    )
    _for_machines(result, values["junit"], sys.stderr if skin.json else sys.stdout)
    return 0 if result.ok else 1


def _for_machines(result: "VerifyResult", junit_path: str | None, commands: TextIO) -> None:
    if junit_path:
        from ..render import junit

        _put(junit_path, junit.xml_of(result), "wb")
    summary_path = os.environ.get("GITHUB_STEP_SUMMARY")
    in_actions = os.environ.get("GITHUB_ACTIONS") == "true"
    if summary_path or in_actions:
        from ..render import github

        if summary_path:
            _put(summary_path, github.summary(result).encode("utf-8", "replace"), "ab")
        for line in github.annotations(result) if in_actions else ():
            write(commands, line + "\n")


def _put(path: str, data: bytes, mode: str) -> None:
    try:
        with open(path, mode) as file:
            file.write(data)
    except OSError as error:
        raise StoreError(Problem(f"cannot write `{path}`: {error.strerror}")) from error
