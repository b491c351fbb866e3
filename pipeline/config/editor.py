"""The JSON Schema of pipeline.yaml: the models, and the short forms that they take. Reads no file."""

from typing import Any

from . import messages, schema

_REFERENCE = {"type": "string", "pattern": r"\$\{"}
_SCALAR = {"type": ["string", "number", "boolean"]}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_DURATION = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?[smh]$"}
_SIZE = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?([KMGT]i?)?B$"}
_OWN = {"^x-": True}


def json_schema() -> dict[str, Any]:
    """Return the schema. It is a little wider than what `load` accepts: references are not followed."""
    definitions = {
        name: _definition(model)
        for name, model in (
            ("input", schema.InputEntry),
            ("output", schema.OutputEntry),
            ("resources", schema.ResourcesEntry),
            ("stage", schema.StageEntry),
        )
    }
    _widen(definitions)
    stage = definitions["stage"]["properties"]
    shared = {key: value for key, value in stage.items() if key not in schema.NOT_IN_DEFAULTS}
    definitions["defaults"] = _object(shared, "Stage keys for all stages; a stage's own win.")
    file = _definition(schema.FileEntry)
    properties = file["properties"]
    properties["version"] = {"const": 1, "description": properties["version"]["description"]}
    _set(properties, "params", {"type": ["string", "object"]})
    _set(properties, "pythonpath", _TEXTS)
    _set(properties, "defaults", {"$ref": "#/$defs/defaults"})
    _set(properties, "stages", _named({"$ref": "#/$defs/stage"}))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pipeline.yaml",
        **file,
        "$defs": definitions,
    }


def _definition(model: Any) -> dict[str, Any]:
    """Return a model's own properties; what is special about them is set by `_widen`."""
    made = model.model_json_schema()
    properties = {}
    for key, value in made["properties"].items():
        kept = {
            name: value[name]
            for name in ("type", "enum", "minimum", "description", "default")
            if name in value
        }
        if isinstance(kept.get("default"), dict) or kept.get("default", 0) is None:
            del kept["default"]
        properties[key] = kept
    result = _object(properties, "")
    if "required" in made:
        result["required"] = made["required"]
    return result


def _object(properties: dict[str, Any], description: str) -> dict[str, Any]:
    made = {
        "type": "object",
        "properties": properties,
        "patternProperties": _OWN,
        "additionalProperties": False,
    }
    return made | ({"description": description} if description else {})


def _named(value: Any) -> dict[str, Any]:
    return {"type": "object", "patternProperties": _OWN, "additionalProperties": value}


def _set(properties: dict[str, Any], key: str, value: dict[str, Any]) -> None:
    properties[key] = {**value, "description": properties[key]["description"]}


def _widen(definitions: dict[str, dict[str, Any]]) -> None:
    """Add the short forms, and a `${...}` wherever a value may be one."""
    inputs, outputs = definitions["input"]["properties"], definitions["output"]["properties"]
    resources, stage = definitions["resources"]["properties"], definitions["stage"]["properties"]
    _set(inputs, "path", {"type": "string"})
    _set(inputs, "digest", {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"})
    tolerances = {name: {"type": "number", "minimum": 0} for name in ("rtol", "atol")}
    _set(outputs, "path", {"type": "string"})
    _set(outputs, "compare", {"anyOf": [{"const": "consumers"}, _object(tolerances, "")]})
    _set(outputs, "better", _named({"enum": ["higher", "lower"]}))
    _set(resources, "memory", _SIZE)
    for key, name in (("inputs", "input"), ("outputs", "output"), ("metrics", "output")):
        entry = {"anyOf": [{"type": "string"}, {"$ref": f"#/$defs/{name}"}]}
        _set(stage, key, {"anyOf": [_named(entry), {"type": "array", "items": entry}]})
    _set(stage, "doc", _SCALAR)
    _set(stage, "run", {"type": "string"})
    _set(stage, "cmd", {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR, "minItems": 1}]})
    _set(stage, "params", {"anyOf": [{"type": "object"}, _TEXTS]})
    _set(stage, "env", {"anyOf": [_named({"type": [*_SCALAR["type"], "null"]}), _TEXTS]})
    _set(stage, "scratch", {"anyOf": [_named({"type": "string"}), _TEXTS]})
    _set(stage, "resources", {"$ref": "#/$defs/resources"})
    _set(stage, "timeout", _DURATION)
    for key in ("after", "secrets", "tools"):
        _set(stage, key, _TEXTS)
    stage["matrix"] = _matrix()
    for properties in (inputs, outputs, resources, stage):
        for key, value in properties.items():
            others = [] if key in ("path", "run", "cmd", "doc") else [_REFERENCE]
            properties[key] = _or(value, [*others, {"type": "null"}] if properties is stage else others)
    assert list(stage) == messages.keys_of("stage"), "an editor is told of every key"


def _matrix() -> dict[str, Any]:
    values = {"anyOf": [{"type": "array", "minItems": 1}, {"type": "object"}, _REFERENCE]}
    excluded = {"type": "array", "items": {"type": "object"}}
    return {
        "description": "Axes: a list, a `${...}` of one, or a mapping by value; `exclude` beside them.",
        "type": "object",
        "properties": {"exclude": {"anyOf": [excluded, _REFERENCE]}},
        "patternProperties": _OWN,
        "additionalProperties": values,
    }


def _or(value: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the schema of a value that may be something else too; what describes it stays outside."""
    around = {k: v for k, v in value.items() if k in ("description", "default")}
    plain = {k: v for k, v in value.items() if k not in around}
    return {"anyOf": [plain, *others], **around}
