"""`pipe lineage`: artifact -> action -> artifact over all that was ever recorded. Knows no pipeline.yaml."""

from pathlib import Path

from .ancestry import Ancestry, Node, ancestry
from .index import Index, Made, Place
from .target import Records, open_records, resolve

__all__ = ["Ancestry", "Index", "Made", "Node", "Place", "Records", "lineage", "open_records", "resolve"]


def lineage(root: Path, target: str, *, down: bool = False) -> Ancestry:
    """Return the recorded history of what `target` names, or with `down` what was made from it.

    Raises UsageError for a target that means several things, StoreError for one that the records do not know.
    """
    records = open_records(root)
    try:
        return ancestry(records.made, resolve(records, target), records.store, down=down)
    finally:
        records.close()
