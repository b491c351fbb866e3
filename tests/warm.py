"""What every new checkout on one machine finds out again, found out once for all throw-away projects.

Neither what the kernel enforces nor which packages lie in the interpreter is what those tests are about, and to find
out takes longer than to build. `tests/transcripts` begin with nothing, as users do.
"""

import sqlite3
import tempfile
from functools import cache
from pathlib import Path

from pipeline.opened import open_project

_KINDS = ("machine:", "environment:")


def warm(root: Path) -> None:
    """Tell a project that has no database yet what the machine is like."""
    pipe = root / ".pipe"
    if (pipe / "state.db").exists():
        return
    pipe.mkdir(parents=True, exist_ok=True)
    (pipe / "state.db").write_bytes(_database())


@cache
def _database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "look.py").write_text("def look(): pass\n")
        (root / "pipeline.yaml").write_text("version: 1\nstages: {look: {run: 'look:look'}}\n")
        opened = open_project(root)
        try:
            opened.survey.of(opened.project.stages["look"])
            assert opened.level
            opened.unwatched  # noqa: B018  it is remembered
        finally:
            opened.close()
        path = root / ".pipe" / "state.db"
        with sqlite3.connect(path) as connection:
            kinds = " AND ".join(["key NOT LIKE ?"] * len(_KINDS))
            connection.execute(f"DELETE FROM memo WHERE {kinds}", [f"{kind}%" for kind in _KINDS])
            for table in ("files", "stages", "written"):
                connection.execute(f"DELETE FROM {table}")
            assert connection.execute("SELECT count(*) FROM memo").fetchone()[0] >= 2
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.close()
        return path.read_bytes()
