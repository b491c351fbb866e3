"""`pipe lineage --format …`: what is recorded of an artifact, as standards have it. Asks nobody, prints nothing."""

import os
from pathlib import Path
from typing import Any

from ..lineage import open_records, resolve
from .evidence import Evidence, gather
from .names import clean

DOCUMENTS = ("openlineage", "prov", "slsa")
"""What one JSON text, or several, can hold."""


def documents(root: Path, target: str, format: str, *, ancestors: bool = False) -> list[dict[str, Any]]:  # noqa: A002
    """Return the history of what `target` names in one of DOCUMENTS: several documents where it has several.

    Raises UsageError for a target that means several things, StoreError for one that no recorded action made.
    """
    records = open_records(root)
    try:
        evidence = gather(records, resolve(records, target), list)
        return [clean(document) for document in _documents(evidence, format, ancestors)]
    finally:
        records.close()


def _documents(evidence: Evidence, format: str, ancestors: bool) -> list[dict[str, Any]]:  # noqa: A002
    if format == "openlineage":
        from . import openlineage

        return list(openlineage.events(evidence, openlineage.namespace_of(os.environ)))
    if format == "prov":
        from . import prov

        return [prov.document(evidence)]
    from . import slsa

    return list(slsa.statements(evidence, ancestors=ancestors))
