"""The graph artifact -> action -> artifact over all that was ever recorded. Reads records, never the working tree."""

from .ancestry import Ancestry, Node, ancestry
from .index import Index, Made
from .target import Records, open_records, resolve

__all__ = ["Ancestry", "Index", "Made", "Node", "Records", "ancestry", "open_records", "resolve"]
