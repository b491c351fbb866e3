"""The JSON Schema of pipeline.yaml, for editors. Knows nothing of any project."""

from typing import Any


def schema() -> dict[str, Any]:
    """Return the schema, as `pipe schema` prints it."""
    from .config import json_schema

    return dict(json_schema())
