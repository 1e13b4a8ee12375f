"""The published schema is the one the code keeps, and a real findings.json meets it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from forensics.findings import json_schema, to_json
from tests.charts.small_case import give

SCHEMA = Path(__file__).parents[2] / "schema" / "findings-1.schema.json"
REMEDY = (
    'renew it: python -c "import orjson, sys; from forensics.findings import json_schema; '
    "sys.stdout.buffer.write(orjson.dumps(json_schema(), option=orjson.OPT_INDENT_2) + b'\\n')\" "
    "> schema/findings-1.schema.json"
)


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(SCHEMA.read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def test_the_published_schema_is_that_of_the_code() -> None:
    assert json.loads(SCHEMA.read_bytes()) == json.loads(json.dumps(json_schema())), REMEDY


def test_findings_meet_the_schema(validator) -> None:
    validator.validate(json.loads(to_json(give("findings"))))


def test_an_unknown_field_breaks_the_schema(validator) -> None:
    document = json.loads(to_json(give("findings"))) | {"surprise": 1}
    assert not validator.is_valid(document)


def test_a_probability_above_one_breaks_the_schema(validator) -> None:
    document = json.loads(to_json(give("findings")))
    document["verdict"]["root_cause"]["probability"] = 1.2
    assert not validator.is_valid(document)
