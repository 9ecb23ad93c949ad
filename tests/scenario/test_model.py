import json
from dataclasses import dataclass
from typing import ClassVar

import pytest

from harness.faults import FAULTS, NOT_BUILT
from harness.faults.fault import Seconds, Targets
from harness.scenario.model import parameters, schema, written


def test_the_schema_knows_every_fault_and_field_and_is_json():
    made = json.loads(json.dumps(schema()))
    step = made["$defs"]["Step"]
    assert step["properties"].keys() >= {"at", "when", "after", "for", *FAULTS, *NOT_BUILT}
    assert step["additionalProperties"] is made["additionalProperties"] is False
    assert made["properties"].keys() >= {"cluster", "workload", "steps", "invariants", "expect", "tags", "seed"}


@pytest.mark.parametrize("word", NOT_BUILT)
def test_the_schema_refuses_what_is_not_built(word):
    assert schema()["$defs"]["Step"]["properties"][word]["not"] == {}


def test_the_schema_refuses_values_that_are_not_built():
    etcd = schema()["$defs"]["EtcdBlock"]["properties"]
    assert etcd["image"]["not"] == {}
    assert etcd["runtime"]["enum"] == ["auto", "process"]


def test_durations_are_text_with_a_unit_in_the_schema():
    assert schema()["properties"]["tail"]["type"] == "string"


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
