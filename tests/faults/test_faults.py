import pytest

from harness.core.lasting import FOR_GOOD, PROCEDURES
from harness.core.plan import Step
from harness.faults import FAULTS, fault_of
from harness.faults.partition import Partition
from harness.faults.pause import Pause


def test_every_fault_is_listed_by_its_own_name():
    assert {name: fault.name for name, fault in FAULTS.items()} == {name: name for name in FAULTS}
    assert {*FOR_GOOD, *PROCEDURES} <= FAULTS.keys()


def test_a_step_read_back_from_json_gives_the_same_fault():
    step = Step("partition", {"groups": [["worker-1"], ["rest"]], "from_": [], "to": []}, at_s=1.0)
    assert fault_of(step) == Partition((("worker-1",), ("rest",)))
    assert fault_of(Step("pause", {"targets": ["worker-1"]})) == Pause(("worker-1",))


def test_parameters_of_another_fault_are_refused():
    with pytest.raises(TypeError):
        fault_of(Step("pause", {"targets": ["worker-1"], "signal": "TERM"}))
