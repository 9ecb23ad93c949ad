import json
import re
from dataclasses import dataclass
from typing import ClassVar

import pytest

from harness.faults import FAULTS
from harness.faults.fault import Seconds, Targets
from harness.scenario.forms import parameters, written
from harness.scenario.model import schema


def test_the_schema_knows_every_fault_and_field_and_is_json():
    made = json.loads(json.dumps(schema()))
    step = made["$defs"]["Step"]
    assert step["properties"].keys() >= {"at", "when", "after", "for", *FAULTS}
    assert step["additionalProperties"] is made["additionalProperties"] is False
    assert made["properties"].keys() >= {"cluster", "workload", "steps", "invariants", "expect", "tags", "seed"}


def test_the_schema_refuses_a_field_that_is_not_built():
    assert schema()["$defs"]["SystemBlock"]["properties"]["worker"]["not"] == {}


def test_durations_are_text_with_a_unit_in_the_schema():
    assert schema()["properties"]["tail"]["type"] == "string"


def blocks():
    made = schema()
    return {**made["$defs"], "Scenario": made}


def fits(value, form):
    """Whether a value is what the part of the schema that stands beside it allows."""
    options = [one for key in ("anyOf", "oneOf") for one in form.get(key, [])]
    if "$ref" in form:
        return fits(value, blocks()[form["$ref"].rpartition("/")[2]])
    if "not" in form or ("enum" in form and value not in form["enum"]) or value != form.get("const", value):
        return False
    kinds = {"string": str, "integer": int, "number": int | float, "array": list, "object": dict, "null": type(None)}
    return (
        isinstance(value, kinds.get(form.get("type"), object))
        and bool(re.fullmatch(form.get("pattern", ".*"), str(value)))
        and (not options or any(fits(value, one) for one in options))
    )


@pytest.mark.parametrize("name", blocks())
def test_every_field_of_the_schema_is_described_and_its_default_is_allowed(name):
    for field, form in blocks()[name]["properties"].items():
        assert form.get("description"), field
        assert "default" not in form or fits(form["default"], form), field


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (3.0, {"type": "string"}),
        ("soon", {"type": "string", "pattern": "[0-9]+s"}),
        (None, {"oneOf": [{"type": "string"}, {"type": "array"}]}),
        (None, {"not": {}}),
        ([], {"$ref": "#/$defs/EtcdBlock"}),
    ],
)
def test_a_default_of_another_kind_is_seen(value, form):
    assert not fits(value, form)


def test_the_parameters_of_a_fault_are_the_fields_of_its_dataclass():
    @dataclass(frozen=True)
    class Slow:
        name: ClassVar[str] = "slow"
        targets: Targets
        delay: Seconds = 1.0
        share: float = 0.5

    assert list(parameters(Slow)) == ["targets", "delay", "share"]
    assert written(parameters(Slow)["share"]) is float
    assert written(parameters(Slow)["delay"]) is not float
