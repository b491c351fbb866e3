"""The JSON Schema for editors."""

import jsonschema
import pytest

from pipeline import config
from pipeline.config import messages, schema, yaml

from .test_compiled import TEXT
from .test_example import EXAMPLE

SCHEMA = config.json_schema()


def accepts(text: str) -> bool:
    return bool(jsonschema.Draft202012Validator(SCHEMA).is_valid(yaml.parse(text).value))


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE,
        TEXT.replace("2020:", "'2020':"),  # JSON has no other keys than text
        "stages: {}\nx-note: 1",
        "stages: {a: {cmd: true, x-note: 1, network: '${net}', retries: '${n}', inputs: '${in}'}}",
        "params: {a: 1}\npythonpath: [src]\nstages: {a: {run: m:f, env: {A: null, B: 1, C: x}}}",
        "stages: {a: {outputs: [{path: x, compare: consumers}], inputs: {i: {path: x, store: false}}}}",
        "stages: {a: {cmd: x, doc: , inputs: , timeout: null}}",
    ],
)
def test_what_may_be_written_is_accepted(text):
    assert accepts(text)


@pytest.mark.parametrize(
    "text",
    [
        "version: 1",
        "version: 2\nstages: {}",
        "stages: []",
        "stages: {}\nplots: 1",
        "stages: {a: {imputs: []}}",
        "stages: {a: {retries: x}}",
        "stages: {a: {timeout: 10}}",
        "stages: {a: {sandbox: strct}}",
        "stages: {a: {inputs: 5}}",
        "stages: {a: {inputs: {i: {store: true}}}}",
        "stages: {a: {outputs: {o: {path: x, store: true}}}}",
        "stages: {a: {outputs: {o: {path: x, compare: {tol: 1}}}}}",
        "stages: {a: {resources: {cpus: 0}}}",
        "stages: {a: {matrix: {x: 5}}}",
        "defaults: {run: m:f}\nstages: {}",
    ],
)
def test_what_may_not_be_written_is_refused(text):
    assert not accepts(text)


def test_every_key_is_described():
    definitions = SCHEMA["$defs"]
    for keys in (
        SCHEMA,
        *(definitions[name] for name in ("stage", "input", "output", "resources", "defaults")),
    ):
        assert all(len(value["description"]) > 10 for value in keys["properties"].values())
    assert list(definitions["stage"]["properties"]) == messages.keys_of("stage")
    assert not set(definitions["defaults"]["properties"]) & set(schema.NOT_IN_DEFAULTS)
